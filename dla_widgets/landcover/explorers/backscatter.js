// backscatter.js - everything is read from how many pixels of a class lie in each of 256 levels of 1/6 dB.

import { explorer, slider, choice, readout, group, stage, h } from "./panels.js";
import { plot } from "./plot.js";

const LOWEST = -36;
const STEP = 1 / 6;
const LEVELS = 256;
const BANDS = ["VV", "VH"];

function total(counts) { let sum = 0; for (const n of counts) sum += n; return sum; }

function moments(values, counts) {
  const n = total(counts);
  if (!n) return [NaN, NaN];
  let mean = 0;
  for (let k = 0; k < LEVELS; k += 1) mean += values[k] * counts[k];
  mean /= n;
  let square = 0;
  for (let k = 0; k < LEVELS; k += 1) square += (values[k] - mean) ** 2 * counts[k];
  return [mean, Math.sqrt(square / n)];
}

/** Shares in bins of three levels, half a decibel; the last level, far above all radar, belongs to none. */
function halfDecibels(counts) {
  const n = total(counts) || 1;
  const bins = new Float64Array((LEVELS - 1) / 3);
  for (let k = 0; k < LEVELS - 1; k += 1) bins[Math.floor(k / 3)] += counts[k];
  return bins.map((v) => v / n);
}

/** Jeffries-Matusita distance of two Gaussians: [mean of x, mean of y, variance of x, covariance, variance of y]. */
function jeffriesMatusita(a, b) {
  const det = (m) => m[2] * m[4] - m[3] * m[3];
  const [da, db] = [det(a), det(b)];
  if (!(da * db > 0)) return NaN;
  const both = a.map((v, k) => (v + b[k]) / 2);
  const [dx, dy] = [a[0] - b[0], a[1] - b[1]];
  const apart = (dx * dx * both[4] - 2 * dx * dy * both[3] + dy * dy * both[2]) / det(both);
  return 2 * (1 - Math.exp(-(apart / 8 + Math.log(det(both) / Math.sqrt(da * db)) / 2)));
}

/** A colour "#rrggbb" on its way to white by a share, for dark pages. */
function lightened(colour, share) {
  const parts = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
  return `#${parts.map((v) => Math.round(v + (255 - v) * share).toString(16).padStart(2, "0")).join("")}`;
}

/** Points of the ellipse two spreads around the mean of a Gaussian. */
function ellipse([x, y, xx, xy, yy]) {
  const [along, across] = [Math.sqrt(xx), xy / Math.sqrt(xx)];
  const rest = Math.sqrt(yy - across * across);
  const turn = Float64Array.from({ length: 61 }, (_, k) => k / 30 * Math.PI);
  return [turn.map((t) => x + 2 * along * Math.cos(t)), turn.map((t) => y + 2 * (across * Math.cos(t) + rest * Math.sin(t)))];
}

/** Shares of the pixels in the bins 0 to 1, 1 to 2, ... of levels between `edges`, each spread evenly over its width. */
function hundredths(edges, counts, size) {
  const bins = new Float64Array(size);
  for (let k = 0; k < LEVELS; k += 1) {
    if (!counts[k]) continue;
    const [low, high] = [edges[k], edges[k + 1]];
    const first = Math.max(0, Math.min(size - 1, Math.floor(low)));
    if (high - low < 1e-9) { bins[first] += counts[k]; continue; } // clipped: all at one value
    for (let at = first; at < size && at < high; at += 1) {
      bins[at] += counts[k] * Math.max(0, Math.min(high, at + 1) - Math.max(low, at)) / (high - low);
    }
  }
  const n = total(counts);
  return bins.map((v) => v / n);
}

/** Check boxes for the classes that are drawn besides the two; those of which there is no pixel can't be. */
function classBoxes(p, names, colours, there) {
  const boxes = names.map((name, k) => h("input", { type: "checkbox", "data-lm-suppress-shortcuts": "true", onchange: () => {
    const chosen = names.map((_, i) => i).filter((i) => (i === k ? boxes[k].checked : p.state.also.includes(i)));
    p.set({ also: chosen });
  } }));
  p.synced.push(() => boxes.forEach((box, k) => { box.checked = p.state.also.includes(k); }));
  const rows = boxes.map((box, k) => h("label", { style: "display: flex; gap: 5px; align-items: center" }, box,
    h("i", { style: `background: ${colours[k]}; width: 11px; height: 11px; border-radius: 3px; flex: none`, "aria-hidden": "true" }), names[k]));
  p.controls.append(h("div", { class: "dla-detail", role: "group", "aria-label": p.spec.also.label },
    h("div", {}, p.spec.also.label),
    h("div", { style: "display: grid; grid-template-columns: 1fr 1fr; gap: 2px 6px" }, ...rows.filter((_, k) => there(k)))));
}

export default explorer((p) => {
  const { counts, samples, plane: gauss, decibel, power, decibel_edges: decibelEdges, power_edges: powerEdges, names, safe, sizes, bins } = p.data;
  const classes = names.length;
  const dots = samples.shape[2];
  const of = (s, band, k) => {
    const at = ((sizes.indexOf(s.smooth) * 2 + band) * classes + k) * LEVELS;
    return counts.subarray(at, at + LEVELS);
  };
  const gaussian = (s, k) => {
    const at = (sizes.indexOf(s.smooth) * classes + k) * 5;
    return Array.from(gauss.subarray(at, at + 5));
  };

  choice(p, "band");
  choice(p, "first");
  choice(p, "second");
  choice(p, "smooth");
  choice(p, "axis");
  slider(p, "threshold");
  choice(p, "scaling");
  classBoxes(p, names, safe, (k) => total(of({ smooth: 1 }, 0, k)) > 0);
  const histogram = plot(p, { height: 190, label: "Histograms of the two classes with the threshold" });
  readout(p, [["right", "Told apart"], ["best", "Best threshold [dB]"], ["best_right", "… tells apart"], ["common", "Common area"], ["jm", "Jeffries-Matusita, both bands"]]);
  const below = group(p);
  const plane = plot(p, { height: 215, caption: "Pixels, and two spreads around", into: below,
    label: "Single pixels and ellipses of the classes in the plane of VV and VH" });
  const right = stage(p, { into: below });
  const input = plot(p, { height: 150, caption: "What a network receives", label: "Histogram of all pixels after scaling", into: right });
  readout(p, [["low", "From"], ["high", "to"], ["far", "Spreads above mean"], ["crowded", "In the fullest 1 %"]], { into: right });

  let held = false;
  const canvas = histogram.canvas;
  const toDecibel = (x, s) => (s.axis === "dB" ? x : 10 * Math.log10(Math.max(x, 1e-4)));
  const move = (event) => p.set({ threshold: Math.round(toDecibel(histogram.at(event).x, p.state) * 2) / 2 });
  Object.assign(canvas.style, { touchAction: "none", cursor: "ew-resize" });
  canvas.addEventListener("pointerdown", (event) => { held = true; canvas.setPointerCapture(event.pointerId); move(event); });
  canvas.addEventListener("pointermove", (event) => held && move(event));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = false; });
  const by = (step) => () => p.set({ threshold: p.state.threshold + step });
  p.keys(canvas, "Histograms. Left and right arrow move the threshold.", { ArrowLeft: by(-0.5), ArrowRight: by(0.5) });

  function tellApart(a, b) {
    const [na, nb] = [total(a), total(b)];
    const right = new Float64Array(LEVELS + 1).fill(NaN);
    if (!na || !nb) return [right, 0];
    const [dark, bright, nd, nl] = moments(decibel, a)[0] <= moments(decibel, b)[0] ? [a, b, na, nb] : [b, a, nb, na];
    let [seenDark, seenBright, at] = [0, 0, 0];
    for (let k = 0; k <= LEVELS; k += 1) {
      right[k] = (seenDark / nd + 1 - seenBright / nl) / 2;
      if (right[k] > right[at]) at = k;
      if (k < LEVELS) { seenDark += dark[k]; seenBright += bright[k]; }
    }
    return [right, at];
  }

  function received(s, pixels) {
    const inDecibel = s.scaling === "decibel";
    let values = inDecibel ? decibel : power;
    let edges = inDecibel ? decibelEdges : powerEdges;
    const n = total(pixels);
    const first = pixels.findIndex((v) => v > 0);
    let last = LEVELS - 1;
    while (last > 0 && !pixels[last]) last -= 1;
    if (s.scaling === "clipped") {
      const at = (share) => { let sum = 0; return pixels.findIndex((v) => { sum += v; return sum / n >= share; }); };
      const [floor, top] = [values[at(0.01)], values[at(0.99)]];
      const clipped = (v) => Math.min(Math.max(v, floor), top);
      [values, edges] = [values.map(clipped), edges.map(clipped)];
    }
    let [shift, width] = [0, 1];
    if (s.scaling === "standard" || inDecibel) [shift, width] = moments(values, pixels);
    else if (s.scaling !== "none") [shift, width] = [edges[first], edges[last + 1] - edges[first]];
    values = values.map((v) => (v - shift) / width);
    edges = edges.map((v) => (v - shift) / width);
    const [low, high] = [edges[first], edges[last + 1]];
    const [mean, spread] = moments(values, pixels);
    return { low, high, far: (high - mean) / spread, shares: hundredths(edges.map((v) => (v - low) / (high - low) * bins), pixels, bins) };
  }

  return (s) => {
    const band = BANDS.indexOf(s.band);
    const [a, b] = [of(s, band, s.first), of(s, band, s.second)];
    const values = s.axis === "dB" ? decibel : power;
    const [right, at] = tellApart(a, b);
    const level = Math.min(LEVELS, Math.max(0, Math.round((s.threshold - LOWEST) / STEP)));
    const [wideA, wideB] = [halfDecibels(a), halfDecibels(b)];
    let common = 0;
    wideA.forEach((v, k) => { common += Math.min(v, wideB[k]); });

    const c = p.colour;
    const shade = safe.map((colour) => (p.root.dataset.theme === "dark" ? lightened(colour, 0.4) : colour));
    const inDecibel = s.axis === "dB";
    const [edges, middle] = [inDecibel ? decibelEdges : powerEdges, Float64Array.from(wideA, (_, k) => values[3 * k + 1])];
    const curve = (shares) => shares.map((v, k) => v / (edges[3 * k + 3] - edges[3 * k]));
    const others = s.also.filter((k) => k !== s.first && k !== s.second && total(of(s, band, k)));
    const [ya, yb, ...rest] = [wideA, wideB, ...others.map((k) => halfDecibels(of(s, band, k)))].map(curve);
    const top = Math.max(...ya, ...yb, ...rest.map((y) => Math.max(...y)));
    histogram.begin({ x: inDecibel ? [-32, 4] : [0, s.band === "VV" ? 0.6 : 0.2], y: [0, top * 1.08 || 1], xlabel: `${s.band} backscatter [${inDecibel ? "dB" : "-"}]`, ylabel: "density" });
    const zero = new Float64Array(middle.length);
    rest.forEach((y, k) => histogram.line(middle, y, { colour: shade[others[k]], width: 2, dash: [3, 2], label: names[others[k]] }));
    for (const [k, y, dash] of [[s.first, ya, null], [s.second, yb, [7, 3]]]) {
      histogram.band(middle, zero, y, { colour: shade[k], alpha: 0.35 });
      histogram.line(middle, y, { colour: shade[k], width: 2.4, dash, label: names[k] });
    }
    histogram.rule({ x: inDecibel ? s.threshold : 10 ** (s.threshold / 10), colour: c.accent, dash: [], width: 2, label: "threshold" });
    histogram.end();

    plane.begin({ x: [-28, 6], y: [-34, 0], xlabel: "VV [dB]", ylabel: "VH [dB]" });
    for (const [k, shape] of [[s.second, "circle"], [s.first, "square"]]) {
      if (!total(of(s, 0, k))) continue;
      const start = (sizes.indexOf(s.smooth) * classes + k) * dots * 2;
      const pick = (column) => Float64Array.from({ length: dots }, (_, i) => LOWEST + (samples[start + 2 * i + column] + 0.5) * STEP);
      plane.points(pick(0), pick(1), { colour: shade[k], size: 1.8, shape, label: names[k], alpha: 0.6 });
    }
    for (const [k, dash, width] of [...others.map((k) => [k, [3, 2], 2]), [s.second, [7, 3], 2.4], [s.first, null, 2.4]]) {
      plane.line(...ellipse(gaussian(s, k)), { colour: shade[k], dash, width });
    }
    plane.rule({ [s.band === "VV" ? "x" : "y"]: s.threshold, colour: c.accent, dash: [] });
    plane.end();

    const pixels = new Float64Array(LEVELS);
    for (let k = 0; k < classes; k += 1) of(s, band, k).forEach((v, i) => { pixels[i] += v; });
    const got = received(s, pixels);
    const span = got.high - got.low;
    input.begin({ x: [got.low, got.high], y: [0, Math.max(...got.shares) * 1.08], xlabel: "value", ylabel: "share of pixels" });
    input.bars(Float64Array.from(got.shares, (_, k) => got.low + (k + 0.5) / bins * span), got.shares, { colour: c.cycle[0], width: span / bins });
    input.end();

    const [[meanA, spreadA], [meanB, spreadB]] = [moments(values, a), moments(values, b)];
    return {
      band: s.band, smooth: s.smooth, a: names[s.first], b: names[s.second], unit: s.axis === "dB" ? "dB" : "of power",
      "mean.a": meanA, "mean.b": meanB, "spread.a": spreadA, "spread.b": spreadB, common: total(a) && total(b) ? common : NaN,
      threshold: s.threshold, right: right[level], best: LOWEST + at * STEP, best_right: right[at],
      scaled: p.spec.scaling.names[p.spec.scaling.values.indexOf(s.scaling)], low: got.low, high: got.high, far: got.far,
      crowded: Math.max(...got.shares), jm: jeffriesMatusita(gaussian(s, s.first), gaussian(s, s.second)),
    };
  };
});
