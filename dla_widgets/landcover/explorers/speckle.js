// speckle.js - a scene of so many looks, a filter, and what it took away; looks are counted in a box that can be moved.

import { explorer, slider, choice, readout, group } from "./panels.js";
import { plot } from "./plot.js";
import { raster, ramp } from "./raster.js";
import { despeckle } from "./filters.js";

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

/** Root of the mean squared difference. */
function rootMeanSquare(a, b) {
  let square = 0;
  for (let k = 0; k < a.length; k += 1) square += (a[k] - b[k]) ** 2;
  return Math.sqrt(square / a.length);
}

export default explorer((p) => {
  const { shape: [rows, columns], floor, not_told: notTold, no_window: noWindow, box: size } = p.data;
  const own = p.data.own.length > 0;
  const n = rows * columns;
  const toDecibel = (power, out) => { for (let k = 0; k < n; k += 1) out[k] = 10 * Math.log10(Math.max(power[k], floor)); };

  if (!own) {
    slider(p, "looks");
    choice(p, "grain");
  }
  choice(p, "filter");
  const window = choice(p, "size", { list: true });
  const told = slider(p, "assumed");
  slider(p, "row", { max: rows - size, show: (v) => String(Math.min(v, rows - size)) });
  slider(p, "column", { max: columns - size, show: (v) => String(Math.min(v, columns - size)) });

  const top = group(p, { columns: "1fr 1fr 1fr" });
  const [before, after, ratio] = ["As it came", "Filtered", "Ratio of the two"].map((caption) =>
    raster(p, { columns, rows, caption, label: caption, into: top, width: 300 }));
  readout(p, [["enl_before", "Looks in the box"], ["enl", "… after filtering"], ["ratio_enl", "Looks of the ratio"],
    ...(own ? [] : [["edges", "Edges kept"], ["error", "Error [dB]"]])]);
  const profile = plot(p, { height: 150, caption: "Along the line through the box", label: "Backscatter along a row of the image" });

  const within = (row, column) => ({ row: Math.max(0, Math.min(rows - size, row)), column: Math.max(0, Math.min(columns - size, column)) });
  const move = (image) => (event) => {
    const at = image.at(event);
    p.set(within(at.row - size / 2, at.column - size / 2));
  };
  const by = (down, right) => () => p.set(within(Math.min(p.state.row, rows - size) + down, Math.min(p.state.column, columns - size) + right));
  let held = false;
  for (const image of [before, after, ratio]) {
    const canvas = image.canvas;
    Object.assign(canvas.style, { touchAction: "none", cursor: "move" });
    canvas.addEventListener("pointerdown", (event) => { held = true; canvas.setPointerCapture(event.pointerId); move(image)(event); });
    canvas.addEventListener("pointermove", (event) => held && move(image)(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = false; });
    p.keys(canvas, `${canvas.getAttribute("aria-label")}. Arrow keys move the box in which looks are counted.`, {
      ArrowLeft: by(0, -2), ArrowRight: by(0, 2), ArrowUp: by(-2, 0), ArrowDown: by(2, 0),
    });
  }

  const [image, filtered, taken] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  const [inDecibel, outDecibel, ratioDecibel] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const [surface, surfaceSingle, surfaceDecibel] = [new Float64Array(n), new Float32Array(n), new Float64Array(n)];
  const x = Float64Array.from({ length: columns }, (_, k) => k);
  const grey = ramp("grey");
  let seen = ""; // what the image was made from, and what the filter was set to: a moved box needs neither again
  let made = "";
  let judged = {};
  if (own) {
    image.set(p.data.own);
    toDecibel(image, inDecibel);
  } else {
    for (let k = 0; k < n; k += 1) surfaceSingle[k] = surface[k] = p.data.surface_power[p.data.surface[k]];
    toDecibel(surface, surfaceDecibel);
  }

  /** The surface under the mean of so many single looks. */
  function expose(s) {
    const key = `${s.grain} ${s.looks}`;
    if (own || key === seen) return;
    seen = key;
    const [singles, power] = [p.data[s.grain], p.data.look_power];
    for (let k = 0; k < n; k += 1) {
      let sum = power[singles[k]];
      for (let one = 1; one < s.looks; one += 1) sum += power[singles[one * n + k]];
      image[k] = surface[k] * (sum / s.looks);
    }
    toDecibel(image, inDecibel);
    judged.edges_before = edgesKept(surfaceSingle, image, rows, columns);
    judged.error_before = rootMeanSquare(inDecibel, surfaceDecibel);
  }

  function filter(s) {
    const key = `${seen} ${s.filter} ${s.size} ${s.assumed}`;
    if (key === made) return;
    made = key;
    despeckle(s.filter, image, rows, columns, s.size, s.assumed, filtered);
    toDecibel(filtered, outDecibel);
    for (let k = 0; k < n; k += 1) taken[k] = filtered[k] > 0 ? image[k] / filtered[k] : 1;
    toDecibel(taken, ratioDecibel);
    if (own) return;
    judged.edges = edgesKept(surfaceSingle, filtered, rows, columns);
    judged.error = rootMeanSquare(outDecibel, surfaceDecibel);
  }

  function setting(s) {
    if (s.filter === "none") return "no filter";
    const wide = noWindow.includes(s.filter) ? 7 : s.size;
    const looks = notTold.includes(s.filter) ? "" : `, told ${s.assumed} look${s.assumed > 1 ? "s" : ""}`;
    return `filter ${p.spec.filter.names[p.spec.filter.values.indexOf(s.filter)]}, ${wide} x ${wide} pixels${looks}`;
  }

  if (own) judged = { edges: NaN, edges_before: NaN, error: NaN, error_before: NaN };

  return (s) => {
    expose(s);
    filter(s);
    window.disabled = noWindow.includes(s.filter);
    told.disabled = notTold.includes(s.filter);
    const { row, column } = within(s.row, s.column);
    const c = p.colour;
    const box = (context, scale) => {
      for (const [colour, width] of [["#ffffff", 4], ["#D55E00", 2]]) {
        context.strokeStyle = context.fillStyle = colour;
        context.lineWidth = width;
        context.strokeRect(column * scale, row * scale, size * scale, size * scale);
      }
      context.fillRect(0, (row + size / 2) * scale, columns * scale, 1);
    };
    before.values(inDecibel, -18, -2, grey);
    after.values(outDecibel, -18, -2, grey);
    ratio.values(ratioDecibel, -6, 6, grey);
    for (const each of [before, after, ratio]) each.paint(box);

    const line = row + size / 2;
    const part = (values) => values.subarray(line * columns, (line + 1) * columns);
    profile.begin({ x: [0, columns - 1], y: [-22, 2], xlabel: "column", ylabel: "VV [dB]" });
    profile.band([column, column + size], [-22, -22], [2, 2], { colour: c.cycle[1], alpha: 0.14, label: "box" });
    profile.line(x, part(inDecibel), { colour: c.muted, width: 1, label: "as it came" });
    if (!own) profile.line(x, part(surfaceDecibel), { colour: c.observed, width: 1.6, dash: [5, 3], label: "surface" });
    profile.line(x, part(outDecibel), { colour: c.cycle[0], width: 2.2, label: "filtered" });
    profile.end();

    const inBox = (values) => boxLooks(values, columns, row, column, size);
    const left = inBox(taken);
    return {
      ...judged, setting: setting(s), looks: s.looks, grain: s.grain === "white" ? "white" : "the radar's",
      saying: own ? "own" : "simulated", enl: inBox(filtered).looks, enl_before: inBox(image).looks, ratio: left.mean, ratio_enl: left.looks,
    };
  };
});
