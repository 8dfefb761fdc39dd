// plot.js - charts on a canvas: what is drawn between begin() and end() gets axes, ticks and a legend that fit around it.

import { h, stage } from "./panels.js";

const DAY = 86400000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A day, counted from 1970, in words: "9 Jan", or with its year. */
export function dateText(day, withYear = false) {
  const date = new Date(day * DAY);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}${withYear ? ` ${date.getUTCFullYear()}` : ""}`;
}

/** Steps of 1, 2 or 5 times a power of ten, about `n` of them between lo and hi. */
export function ticks(lo, hi, n) {
  const raw = (hi - lo) / Math.max(1, n);
  if (!(raw > 0)) return [lo];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(lo / step - 1e-9); k * step <= hi + step * 1e-9; k += 1) found.push(k * step);
  return found;
}

function logTicks(lo, hi, n) {
  const found = [];
  const decades = Math.log10(hi / lo);
  const every = decades < 1.2 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / Math.max(2, n)));
  for (let e = Math.floor(Math.log10(lo)); e <= Math.ceil(Math.log10(hi)); e += 1) {
    if (((e % stride) + stride) % stride) continue;
    for (const m of every) if (m * 10 ** e >= lo * 0.999 && m * 10 ** e <= hi * 1.001) found.push(m * 10 ** e);
  }
  return found;
}

function timeTicks(lo, hi, n) {
  const months = (hi - lo) / 30.4;
  const found = [];
  if (months < 2.5) {
    const step = [1, 2, 5, 7, 10, 14].find((s) => (hi - lo) / s <= n) || 30;
    for (let day = Math.ceil(lo / step) * step; day <= hi; day += step) {
      found.push([day, dateText(day)]);
    }
    return found;
  }
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((s) => months / s <= n) || 240;
  const first = new Date(lo * DAY);
  let month = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step;
  for (;; month += step) {
    const day = Date.UTC(Math.floor(month / 12), month % 12, 1) / DAY;
    if (day > hi) return found;
    if (day < lo) continue;
    const year = Math.floor(month / 12);
    found.push([day, step >= 12 || month % 12 === 0 ? String(year) : MONTHS[month % 12]]);
  }
}

function tickText(value, step) {
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4)) return value.toExponential(0).replace("e+", "e");
  const places = step ? Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) : 0;
  return value.toFixed(Math.min(6, places));
}

class Plot {
  constructor(p, { height, label, into }) {
    this.p = p;
    this.height = height;
    this.canvas = h("canvas", { class: "dla-plot", role: "img", "aria-label": label });
    this.context = this.canvas.getContext("2d");
    into.append(this.canvas);
  }

  /** Start a picture. x, y: [lo, hi]; xscale, yscale: linear, log, time; xticks, yticks: [[position, text], ...];
   * left: width of the left margin, for charts that share an axis of x. */
  begin(axes) {
    this.axes = { xlabel: "", ylabel: "", xscale: "linear", yscale: "linear", legend: true, ...axes };
    this.acts = [];
    this.entries = [];
  }

  line(xs, ys, { colour, width = 1.6, dash = null, label = null, alpha = 1, step = false } = {}) {
    if (label) this.entries.push({ label, colour, dash, kind: "line" });
    this.acts.push((c) => {
      c.strokeStyle = colour;
      c.lineWidth = width * this.p.scale;
      c.globalAlpha = alpha;
      c.lineJoin = "round";
      c.setLineDash(dash ? dash.map((d) => d * this.p.scale) : []);
      c.beginPath();
      if (step) this.traceSteps(c, xs, ys); else this.trace(c, xs, ys);
      c.stroke();
      c.setLineDash([]);
      c.globalAlpha = 1;
    });
  }

  points(xs, ys, { colour, size = 3, label = null, shape = "circle", edge = null, alpha = 1 } = {}) {
    if (label) this.entries.push({ label, colour, kind: "point", shape });
    this.acts.push((c) => {
      const r = size * this.p.scale;
      c.globalAlpha = alpha;
      for (let i = 0; i < xs.length; i += 1) {
        const x = this.px(xs[i]);
        const y = this.py(ys[i]);
        if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
        c.beginPath();
        if (shape === "square") c.rect(x - r, y - r, 2 * r, 2 * r);
        else if (shape === "diamond") { c.moveTo(x, y - r * 1.3); c.lineTo(x + r * 1.3, y); c.lineTo(x, y + r * 1.3); c.lineTo(x - r * 1.3, y); c.closePath(); }
        else c.arc(x, y, r, 0, 7);
        c.fillStyle = Array.isArray(colour) ? colour[i] : colour;
        c.fill();
        if (edge) { c.strokeStyle = edge; c.lineWidth = this.p.scale; c.stroke(); }
      }
      c.globalAlpha = 1;
    });
  }

  /** Bars from `base` to ys, `width` in data units of x; hanging ones have a base above them. */
  bars(xs, ys, { colour, base = 0, width = 0.8, label = null, alpha = 1 } = {}) {
    if (label) this.entries.push({ label, colour, kind: "bar" });
    this.acts.push((c) => {
      c.globalAlpha = alpha;
      for (let i = 0; i < xs.length; i += 1) {
        if (!Number.isFinite(ys[i])) continue;
        const left = this.px(xs[i] - width / 2);
        const right = this.px(xs[i] + width / 2);
        const foot = this.py(Array.isArray(base) || ArrayBuffer.isView(base) ? base[i] : base);
        const top = this.py(ys[i]);
        c.fillStyle = Array.isArray(colour) ? colour[i] : colour;
        c.fillRect(left, Math.min(foot, top), Math.max(right - left, 0.6), Math.abs(top - foot));
      }
      c.globalAlpha = 1;
    });
  }

  band(xs, low, high, { colour, alpha = 0.25, label = null } = {}) {
    if (label) this.entries.push({ label, colour, kind: "bar" });
    this.acts.push((c) => {
      c.globalAlpha = alpha;
      c.fillStyle = colour;
      c.beginPath();
      for (let i = 0; i < xs.length; i += 1) c.lineTo(this.px(xs[i]), this.py(high[i]));
      for (let i = xs.length - 1; i >= 0; i -= 1) c.lineTo(this.px(xs[i]), this.py(low[i]));
      c.fill();
      c.globalAlpha = 1;
    });
  }

  /** A line across the picture at x or at y. */
  rule({ x = null, y = null, colour = null, dash = [4, 4], width = 1.2, label = null }) {
    this.acts.push((c) => {
      const { left, right, top, bottom } = this.box;
      c.strokeStyle = colour || this.p.colour.muted;
      c.lineWidth = width * this.p.scale;
      c.setLineDash(dash);
      c.beginPath();
      if (x !== null) { c.moveTo(this.px(x), top); c.lineTo(this.px(x), bottom); } else { c.moveTo(left, this.py(y)); c.lineTo(right, this.py(y)); }
      c.stroke();
      c.setLineDash([]);
      if (label) {
        const back = x !== null && this.px(x) > (left + right) / 2;
        c.fillStyle = colour || this.p.colour.muted;
        c.textAlign = back ? "right" : "left";
        c.textBaseline = "top";
        c.fillText(label, x !== null ? this.px(x) + (back ? -5 : 5) : left + 5, x !== null ? top + 2 : this.py(y) + 3);
      }
    });
  }

  text(x, y, text, { colour = null, align = "center", baseline = "middle", bold = false } = {}) {
    this.acts.push((c) => {
      c.font = this.font(bold);
      c.fillStyle = colour || this.p.colour.text;
      c.textAlign = align;
      c.textBaseline = baseline;
      c.fillText(text, this.px(x), this.py(y));
      c.font = this.font();
    });
  }

  /** Anything else: `act(context, plot)` draws with px() and py() inside the axes. */
  custom(act) { this.acts.push((c) => act(c, this)); }

  /** Draw it all. */
  end() {
    const width = this.canvas.clientWidth || this.canvas.parentElement.clientWidth;
    if (!width) return;
    const height = Math.round(this.height * (this.p.presenter ? 1.35 : 1));
    const ratio = window.devicePixelRatio || 1;
    const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== pixels[0] || this.canvas.height !== pixels[1]) {
      [this.canvas.width, this.canvas.height] = pixels;
      this.canvas.style.height = `${height}px`;
    }
    const c = this.context;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = this.p.colour.surface;
    c.fillRect(0, 0, width, height);
    c.font = this.font();
    this.arrange(c, width, height);
    this.drawAxes(c);
    c.save();
    c.beginPath();
    c.rect(this.box.left, this.box.top - 1, this.box.right - this.box.left, this.box.bottom - this.box.top + 2);
    c.clip();
    this.acts.forEach((act) => act(c));
    c.restore();
    this.drawLegend(c);
  }

  font(bold = false) { return `${bold ? "600 " : ""}${Math.round(12 * this.p.scale)}px system-ui, sans-serif`; }

  arrange(c, width, height) {
    const { x, y, xscale, yscale, xlabel, ylabel, legend } = this.axes;
    const em = 12 * this.p.scale;
    const entries = legend ? this.entries : [];
    const rows = this.legendRows(c, entries, width - 60);
    const across = Math.max(2, Math.floor(width / (em * 6)));
    const up = Math.max(2, Math.floor(height / (em * 3.2)));
    const of = (scale, [lo, hi], n, given) => {
      if (given) return given;
      if (scale === "time") return timeTicks(lo, hi, n);
      if (scale === "log") return logTicks(lo, hi, n).map((v) => [v, tickText(v, v)]);
      const found = ticks(lo, hi, n);
      return found.map((v) => [v, tickText(v, found.length > 1 ? found[1] - found[0] : 0)]);
    };
    this.yticks = of(yscale, y, up, this.axes.yticks);
    this.xticks = of(xscale, x, across, this.axes.xticks);
    const wide = Math.max(...this.yticks.map(([, text]) => c.measureText(text).width), 8);
    this.box = {
      left: this.axes.left ? this.axes.left * this.p.scale : wide + 8 + (ylabel ? em * 1.45 : 0), right: width - Math.max(8, em * 0.8),
      top: 6 + rows.length * em * 1.5, bottom: height - (this.xticks.length ? em * 1.6 : 4) - (xlabel ? em * 1.4 : 0),
    };
    this.rows = rows;
    const map = (scale, [lo, hi], from, to) => {
      if (scale === "log") {
        const a = Math.log(lo);
        const b = Math.log(hi);
        return (v) => from + (Math.log(Math.max(v, lo * 1e-9)) - a) / (b - a) * (to - from);
      }
      return (v) => from + (v - lo) / (hi - lo || 1) * (to - from);
    };
    this.px = map(xscale, x, this.box.left, this.box.right);
    this.py = map(yscale, y, this.box.bottom, this.box.top);
  }

  legendRows(c, entries, room) {
    const em = 12 * this.p.scale;
    const rows = [];
    let at = Infinity;
    for (const entry of entries) {
      const w = c.measureText(entry.label).width + em * 3.2;
      if (at + w > room) { rows.push([]); at = 0; }
      rows.at(-1).push([entry, at]);
      at += w;
    }
    return rows;
  }

  drawAxes(c) {
    const { left, right, top, bottom } = this.box;
    const { text, muted, grid } = this.p.colour;
    const em = 12 * this.p.scale;
    c.lineWidth = 1;
    c.strokeStyle = grid;
    c.fillStyle = muted;
    c.beginPath();
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (const [v, label] of this.yticks) {
      const y = Math.round(this.py(v)) + 0.5;
      if (y < top - 2 || y > bottom + 2) continue;
      if (!this.axes.nogrid) { c.moveTo(left, y); c.lineTo(right, y); }
      c.fillText(label, left - 6, y);
    }
    c.textAlign = "center";
    c.textBaseline = "top";
    let free = -Infinity;
    for (const [v, label] of this.xticks) {
      const x = Math.round(this.px(v)) + 0.5;
      if (x < left - 2 || x > right + 2) continue;
      if (!this.axes.nogrid) { c.moveTo(x, top); c.lineTo(x, bottom); }
      const half = c.measureText(label).width / 2;
      if (x - half < free) continue; // no two labels over each other
      c.fillText(label, Math.min(x, right + em * 0.8 - half), bottom + 5);
      free = x + half + 4;
    }
    c.stroke();
    c.strokeStyle = muted;
    c.beginPath();
    c.moveTo(left + 0.5, top);
    c.lineTo(left + 0.5, bottom + 0.5);
    c.lineTo(right, bottom + 0.5);
    c.stroke();
    c.fillStyle = text;
    if (this.axes.xlabel) c.fillText(this.axes.xlabel, (left + right) / 2, bottom + (this.xticks.length ? em * 1.6 : 4));
    if (this.axes.ylabel) {
      c.save();
      c.translate(em * 0.75, (top + bottom) / 2);
      c.rotate(-Math.PI / 2);
      c.textBaseline = "middle";
      c.fillText(this.axes.ylabel, 0, 0);
      c.restore();
    }
  }

  drawLegend(c) {
    const em = 12 * this.p.scale;
    c.textAlign = "left";
    c.textBaseline = "middle";
    this.rows.forEach((row, k) => row.forEach(([{ label, colour, dash, kind, shape }, at]) => {
      const x = this.box.left + at;
      const y = 4 + em * (0.75 + 1.5 * k);
      c.fillStyle = c.strokeStyle = Array.isArray(colour) ? colour[0] : colour;
      c.lineWidth = 2 * this.p.scale;
      if (kind === "line") {
        c.setLineDash(dash || []);
        c.beginPath(); c.moveTo(x, y); c.lineTo(x + em * 1.5, y); c.stroke();
        c.setLineDash([]);
      } else if (kind === "point" && shape !== "square") {
        c.beginPath(); c.arc(x + em * 0.75, y, em * 0.35, 0, 7); c.fill();
      } else c.fillRect(x + em * 0.4, y - em * 0.4, em * 0.8, em * 0.8);
      c.fillStyle = this.p.colour.text;
      c.fillText(label, x + em * 1.9, y);
    }));
  }

  /** A line through the points; where there are several in a column of pixels, through the lowest and the highest. */
  trace(c, xs, ys) {
    const n = xs.length;
    const dense = n > 3 * (this.box.right - this.box.left);
    let pen = false;
    let column = NaN;
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < n; i += 1) {
      const y = this.py(ys[i]);
      if (!Number.isFinite(y) || Number.isNaN(ys[i])) { pen = false; continue; }
      const x = this.px(xs[i]);
      if (!dense) {
        if (pen) c.lineTo(x, y); else c.moveTo(x, y);
        pen = true;
        continue;
      }
      const at = Math.round(x);
      if (at !== column) {
        if (pen && high > low) { c.moveTo(column, low); c.lineTo(column, high); }
        if (pen) { c.moveTo(column, y); c.lineTo(at, y); }
        [column, low, high, pen] = [at, y, y, true];
      } else { low = Math.min(low, y); high = Math.max(high, y); }
    }
    if (dense && pen) { c.moveTo(column, low); c.lineTo(column, high); }
  }

  traceSteps(c, xs, ys) {
    for (let i = 0; i < xs.length; i += 1) {
      const x = this.px(xs[i]);
      if (i) c.lineTo(x, this.py(ys[i - 1]));
      c.lineTo(x, this.py(ys[i]));
    }
  }

  /** The data coordinates under a pointer. */
  at(event) {
    const seen = this.canvas.getBoundingClientRect();
    const part = (v, a, b, [lo, hi], scale) => {
      const share = (v - a) / (b - a);
      return scale === "log" ? Math.exp(Math.log(lo) + share * (Math.log(hi) - Math.log(lo))) : lo + share * (hi - lo);
    };
    const { left, right, top, bottom } = this.box;
    return {
      x: part(event.clientX - seen.left, left, right, this.axes.x, this.axes.xscale),
      y: part(event.clientY - seen.top, bottom, top, this.axes.y, this.axes.yscale),
    };
  }
}

/** A chart on the stage, or in the container `into`; `label` names it for screen readers. */
export function plot(p, { height = 240, label = "Chart", caption = "", into = null } = {}) {
  return new Plot(p, { height, label, into: stage(p, { into, caption }) });
}
