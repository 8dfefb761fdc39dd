// speckle.js - a scene of so many looks, a filter, and what it took away; looks are counted in a box that can be moved.

import { explorer, slider, choice, readout, group } from "./panels.js";
import { plot } from "./plot.js";
import { raster, ramp } from "./raster.js";
import { despeckle } from "./filters.js";

const FLOOR = 1e-5; // of power, before its logarithm is taken

function toDecibel(power) { return 10 * Math.log10(Math.max(power, FLOOR)); }

/** Mean and looks of the pixels in a box. */
function boxLooks(image, columns, top, left, size) {
  let sum = 0;
  for (let r = top; r < top + size; r += 1) for (let c = left; c < left + size; c += 1) sum += image[r * columns + c];
  const mean = sum / size / size;
  let square = 0;
  for (let r = top; r < top + size; r += 1) for (let c = left; c < left + size; c += 1) square += (image[r * columns + c] - mean) ** 2;
  const variance = square / size / size;
  return { mean, looks: variance > 0 ? mean * mean / variance : Infinity };
}

/** Correlation of the Laplacians of two images. */
function edgesKept(a, b, rows, columns) {
  const n = (rows - 2) * (columns - 2);
  const [la, lb] = [new Float64Array(n), new Float64Array(n)];
  let [sa, sb, k] = [0, 0, 0];
  for (let r = 1; r < rows - 1; r += 1) {
    for (let c = 1; c < columns - 1; c += 1, k += 1) {
      const i = r * columns + c;
      la[k] = a[i - columns] + a[i + columns] + a[i - 1] + a[i + 1] - 4 * a[i];
      lb[k] = b[i - columns] + b[i + columns] + b[i - 1] + b[i + 1] - 4 * b[i];
      sa += la[k];
      sb += lb[k];
    }
  }
  const [ma, mb] = [sa / n, sb / n];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i += 1) {
    ab += (la[i] - ma) * (lb[i] - mb);
    aa += (la[i] - ma) ** 2;
    bb += (lb[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

export default explorer((p) => {
  const [rows, columns] = p.data.shape;
  const own = p.data.own.length > 0;
  const n = rows * columns;
  const size = p.data.box;
  const surface = new Float64Array(n);
  const surfaceSingle = new Float32Array(n);
  if (!own) p.data.surface.forEach((level, k) => { surface[k] = p.data.surface_power[level]; surfaceSingle[k] = surface[k]; });

  if (!own) slider(p, "looks");
  choice(p, "filter");
  choice(p, "size", { list: true });
  slider(p, "assumed");
  slider(p, "row", { max: rows - size });
  slider(p, "column", { max: columns - size });

  const top = group(p, { columns: "1fr 1fr 1fr" });
  const [before, after, ratio] = ["As it came", "Filtered", "Ratio of the two"].map((caption) =>
    raster(p, { columns, rows, caption, label: caption, into: top, width: 300 }));
  readout(p, [["enl_before", "Looks in the box"], ["enl", "… after filtering"], ["edges", "Edges kept"], ["error", "Error [dB]"], ["ratio_enl", "Looks of the ratio"]]);
  const profile = plot(p, { height: 170, caption: "Along the line through the box", label: "Backscatter along a row of the image" });

  let held = false;
  const move = (image) => (event) => {
    const at = image.at(event);
    p.set({ row: Math.max(0, Math.min(rows - size, at.row - size / 2)), column: Math.max(0, Math.min(columns - size, at.column - size / 2)) });
  };
  const by = (dr, dc) => () => p.set({ row: Math.max(0, Math.min(rows - size, p.state.row + dr)), column: Math.max(0, Math.min(columns - size, p.state.column + dc)) });
  for (const image of [before, after, ratio]) {
    const canvas = image.canvas;
    canvas.style.touchAction = "none";
    canvas.addEventListener("pointerdown", (event) => { held = true; canvas.setPointerCapture(event.pointerId); move(image)(event); });
    canvas.addEventListener("pointermove", (event) => held && move(image)(event));
    canvas.addEventListener("pointerup", () => { held = false; });
    p.keys(canvas, `${canvas.getAttribute("aria-label")}. Arrow keys move the box in which looks are counted.`, {
      ArrowLeft: by(0, -2), ArrowRight: by(0, 2), ArrowUp: by(-2, 0), ArrowDown: by(2, 0),
    });
  }

  const image = new Float32Array(n);
  const filtered = new Float32Array(n);
  const taken = new Float32Array(n);
  const [inDecibel, outDecibel] = [new Float32Array(n), new Float32Array(n)];
  const [grey, diverging] = [ramp("grey"), ramp("diverging")];
  let shownLooks = 0;

  function scene(looks) {
    if (own) { image.set(p.data.own); return; }
    if (looks === shownLooks) return;
    const { singles, look_power: power } = p.data;
    for (let k = 0; k < n; k += 1) {
      let sum = power[singles[k]];
      for (let one = 1; one < looks; one += 1) sum += power[singles[one * n + k]];
      image[k] = surface[k] * (sum / looks);
    }
    shownLooks = looks;
  }

  function error(values) {
    let square = 0;
    for (let k = 0; k < n; k += 1) square += (toDecibel(values[k]) - toDecibel(surface[k])) ** 2;
    return Math.sqrt(square / n);
  }

  return (s) => {
    scene(s.looks);
    despeckle(s.filter, image, rows, columns, s.size, s.assumed, filtered);
    for (let k = 0; k < n; k += 1) {
      taken[k] = filtered[k] > 0 ? image[k] / filtered[k] : 1;
      inDecibel[k] = toDecibel(image[k]);
      outDecibel[k] = toDecibel(filtered[k]);
    }
    const row = Math.min(s.row, rows - size);
    const column = Math.min(s.column, columns - size);
    const box = (context, scale) => {
      context.strokeStyle = "#ffffff";
      context.lineWidth = 4;
      context.strokeRect(column * scale, row * scale, size * scale, size * scale);
      context.strokeStyle = p.colour.cycle[1];
      context.lineWidth = 2;
      context.strokeRect(column * scale, row * scale, size * scale, size * scale);
      context.fillStyle = p.colour.cycle[1];
      context.fillRect(0, (row + size / 2) * scale, columns * scale, 1);
    };
    before.values(inDecibel, -18, -2, grey);
    after.values(outDecibel, -18, -2, grey);
    ratio.values(taken, 0, 2, diverging);
    for (const each of [before, after, ratio]) each.paint(box);

    const line = row + Math.floor(size / 2);
    const c = p.colour;
    const x = Float64Array.from({ length: columns }, (_, k) => k);
    const part = (values) => values.subarray(line * columns, (line + 1) * columns);
    profile.begin({ x: [0, columns - 1], y: [-22, 2], xlabel: "column", ylabel: "VV [dB]" });
    profile.band([column, column + size], [-22, -22], [2, 2], { colour: c.cycle[1], alpha: 0.12 });
    profile.line(x, part(inDecibel), { colour: c.muted, width: 1, label: "as it came" });
    if (!own) profile.line(x, Float64Array.from(part(surface), toDecibel), { colour: c.observed, width: 1.6, dash: [5, 3], label: "surface" });
    profile.line(x, part(outDecibel), { colour: c.cycle[0], width: 2.2, label: "filtered" });
    profile.end();

    const inBox = (values) => boxLooks(values, columns, row, column, size);
    const left = inBox(taken);
    return {
      filter: p.spec.filter.names[p.spec.filter.values.indexOf(s.filter)], size: s.filter === "refined_lee" ? 7 : s.size,
      assumed: s.assumed, looks: s.looks, enl: inBox(filtered).looks, enl_before: inBox(image).looks, ratio: left.mean, ratio_enl: left.looks,
      edges: own ? NaN : edgesKept(surfaceSingle, filtered, rows, columns), edges_before: own ? NaN : edgesKept(surfaceSingle, image, rows, columns),
      error: own ? NaN : error(filtered), error_before: own ? NaN : error(image),
    };
  };
});
