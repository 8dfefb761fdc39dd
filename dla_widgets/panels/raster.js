// raster.js - images of pixels on a canvas: values in grey or in a colour ramp, classes in their colours.

import { h, stage } from "./panels.js";

const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
const GREY = ["#000000", "#ffffff"];
const DIVERGING = ["#0b4a8f", "#4393c3", "#d1e5f0", "#f7f7f7", "#fddbc7", "#d6604d", "#8a1029"];
const STOPS = { viridis: VIRIDIS, grey: GREY, diverging: DIVERGING };

function channels(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}

function packed(r, g, b, a = 255) { // little-endian RGBA, as ImageData has it
  return ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** Colours "#rrggbb" as pixels; the entry 255 (no label) is transparent. */
export function palette(colours) {
  const found = new Uint32Array(256);
  colours.forEach((colour, k) => { found[k] = packed(...channels(colour)); });
  return found;
}

/** 256 pixels from one end of a ramp (viridis, grey, diverging) to the other. */
export function ramp(name) {
  const stops = STOPS[name].map(channels);
  return Uint32Array.from({ length: 256 }, (_, k) => {
    const at = k / 255 * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(at));
    return packed(...stops[i].map((v, c) => Math.round(v + (stops[i + 1][c] - v) * (at - i))));
  });
}

/** The same as "rgb(...)" for one value between 0 and 1. */
export function rampColour(name, share) {
  const v = ramp(name)[Math.max(0, Math.min(255, Math.round(share * 255)))];
  return `rgb(${v & 255} ${(v >> 8) & 255} ${(v >> 16) & 255})`;
}

class Raster {
  constructor(p, { columns, rows, label, into, width }) {
    this.p = p;
    this.width = width;
    this.canvas = h("canvas", { class: "dla-raster", role: "img", "aria-label": label });
    this.context = this.canvas.getContext("2d");
    into.append(this.canvas);
    this.size(columns, rows);
  }

  size(columns, rows) {
    [this.columns, this.rows] = [columns, rows];
    this.image = new ImageData(columns, rows);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.behind = h("canvas", { width: columns, height: rows });
    this.inner = this.behind.getContext("2d");
  }

  /** Values between lo and hi as colours of a ramp made by ramp(); NaN is transparent. */
  values(values, lo, hi, colours) {
    const times = 255 / (hi - lo || 1);
    for (let i = 0; i < this.pixels.length; i += 1) {
      const k = (values[i] - lo) * times;
      this.pixels[i] = k !== k ? 0 : colours[k < 0 ? 0 : k > 255 ? 255 : k | 0];
    }
  }

  /** Classes as the colours of a palette made by palette(). */
  classes(indices, colours) {
    for (let i = 0; i < this.pixels.length; i += 1) this.pixels[i] = colours[indices[i]];
  }

  /** Bring the pixels to the page; `overlay(context, scale)` draws on them in units of the raster's pixels times scale. */
  paint(overlay = null) {
    const room = this.canvas.parentElement.clientWidth;
    if (!room) return;
    const most = this.p.presenter ? Math.min(this.width * 1.5, window.innerHeight * 0.42 * this.columns / this.rows) : this.width;
    const wide = Math.min(room, Math.round(most)); // in a room, the numbers below are seen as well
    const high = Math.round(wide * this.rows / this.columns);
    const ratio = window.devicePixelRatio || 1;
    const pixels = [Math.round(wide * ratio), Math.round(high * ratio)];
    if (this.canvas.width !== pixels[0] || this.canvas.height !== pixels[1]) {
      [this.canvas.width, this.canvas.height] = pixels;
      Object.assign(this.canvas.style, { width: `${wide}px`, height: `${high}px` });
    }
    this.inner.putImageData(this.image, 0, 0);
    const c = this.context;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.imageSmoothingEnabled = false;
    c.fillStyle = this.p.colour.surface;
    c.fillRect(0, 0, ...pixels);
    c.drawImage(this.behind, 0, 0, ...pixels);
    if (overlay) {
      c.setTransform(ratio, 0, 0, ratio, 0, 0);
      overlay(c, wide / this.columns);
    }
  }

  /** The column and row under a pointer, within the image. */
  at(event) {
    const seen = this.canvas.getBoundingClientRect();
    const within = (v, n) => Math.max(0, Math.min(n - 1, Math.floor(v * n)));
    return {
      column: within((event.clientX - seen.left) / seen.width, this.columns),
      row: within((event.clientY - seen.top) / seen.height, this.rows),
    };
  }
}

/** An image of columns x rows pixels, at most `width` CSS pixels wide, on the stage or in the container `into`. */
export function raster(p, { columns, rows, label = "Image", caption = "", into = null, width = 320 }) {
  return new Raster(p, { columns, rows, label, width, into: stage(p, { into, caption }) });
}
