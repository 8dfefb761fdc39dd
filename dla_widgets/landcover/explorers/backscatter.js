// backscatter.js - everything is read from how many pixels of a class lie in each of 256 levels of 1/6 dB.

import { explorer, slider, choice, readout, group } from "./panels.js";
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

/** Shares in bins of three levels, half a decibel. */
function halfDecibels(counts) {
  const n = total(counts);
  const bins = new Float64Array(Math.ceil(LEVELS / 3));
  counts.forEach((v, k) => { bins[Math.floor(k / 3)] += v / n; });
  return bins;
}

export default explorer((p) => {
  const { counts, samples, decibel, power, names, safe, sizes, per_class: perClass } = p.data;
  const classes = names.length;
  const of = (s, band, k) => {
    const at = ((sizes.indexOf(s.smooth) * 2 + band) * classes + k) * LEVELS;
    return counts.subarray(at, at + LEVELS);
  };

  choice(p, "band");
  choice(p, "first");
  choice(p, "second");
  choice(p, "smooth");
  choice(p, "axis");
  slider(p, "threshold");
  choice(p, "scaling");
  const histogram = plot(p, { height: 230, label: "Histograms of the two classes with the threshold" });
  readout(p, [["right", "Told apart"], ["best", "Best threshold [dB]"], ["best_right", "… tells apart"], ["common", "Common area"]]);
  const below = group(p);
  const plane = plot(p, { height: 230, caption: "Pixels in VV and VH", label: "Single pixels of the two classes in the plane of VV and VH", into: below });
  const input = plot(p, { height: 230, caption: "What a network receives", label: "Histogram of all pixels after scaling", into: below });

  let held = false;
  const canvas = histogram.canvas;
  const toDecibel = (x, s) => (s.axis === "dB" ? x : 10 * Math.log10(Math.max(x, 1e-4)));
  const move = (event) => p.set({ threshold: Math.round(toDecibel(histogram.at(event).x, p.state) * 2) / 2 });
  canvas.style.touchAction = "none";
  canvas.addEventListener("pointerdown", (event) => { held = true; canvas.setPointerCapture(event.pointerId); move(event); });
  canvas.addEventListener("pointermove", (event) => held && move(event));
  canvas.addEventListener("pointerup", () => { held = false; });
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
    const values = Float64Array.from(s.scaling === "decibel" ? decibel : power);
    const n = total(pixels);
    let [low, high] = [pixels.findIndex((v) => v > 0), LEVELS - 1];
    while (high > 0 && !pixels[high]) high -= 1;
    if (s.scaling === "clipped") {
      const at = (share) => { let sum = 0; return pixels.findIndex((v) => { sum += v; return sum / n >= share; }); };
      const [floor, top] = [values[at(0.01)], values[at(0.99)]];
      for (let k = 0; k < LEVELS; k += 1) values[k] = Math.min(Math.max(values[k], floor), top);
    }
    if (s.scaling === "standard" || s.scaling === "decibel") {
      const [mean, spread] = moments(values, pixels);
      for (let k = 0; k < LEVELS; k += 1) values[k] = (values[k] - mean) / spread;
    } else if (s.scaling === "minmax" || s.scaling === "clipped") {
      const [floor, span] = [values[low], values[high] - values[low]];
      for (let k = 0; k < LEVELS; k += 1) values[k] = (values[k] - floor) / span;
    }
    const [least, most] = [values[low], values[high]];
    const bins = new Float64Array(100);
    for (let k = 0; k < LEVELS; k += 1) {
      bins[Math.min(99, Math.max(0, Math.floor((values[k] - least) / (most - least) * 100 + 1e-9)))] += pixels[k];
    }
    const [mean, spread] = moments(values, pixels);
    return { low: least, high: most, bins: bins.map((v) => v / n), far: (most - mean) / spread };
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
    const colour = (k) => safe[k];
    const x = s.axis === "dB" ? [-32, 4] : [0, 0.6];
    const curve = (n) => {
      const sum = total(n) || 1;
      return Float64Array.from(n, (v, k) => v / sum / (s.axis === "dB" ? STEP : power[k] * Math.LN10 / 10 * STEP));
    };
    const [ya, yb] = [curve(a), curve(b)];
    histogram.begin({ x, y: [0, Math.max(...ya, ...yb) * 1.08 || 1], xlabel: `${s.band} backscatter [${s.axis === "dB" ? "dB" : "-"}]`, ylabel: "density" });
    const zero = new Float64Array(LEVELS);
    for (const [k, y, dash] of [[s.first, ya, null], [s.second, yb, [7, 3]]]) {
      histogram.band(values, zero, y, { colour: colour(k), alpha: 0.35 });
      histogram.line(values, y, { colour: colour(k), width: 2, dash, label: names[k] });
    }
    histogram.rule({ x: s.axis === "dB" ? s.threshold : 10 ** (s.threshold / 10), colour: c.accent, dash: [], width: 2, label: "threshold" });
    histogram.end();

    plane.begin({ x: [-28, 6], y: [-34, 0], xlabel: "VV [dB]", ylabel: "VH [dB]" });
    for (const [k, shape] of [[s.second, "circle"], [s.first, "square"]]) {
      if (!total(of(s, 0, k))) continue;
      const start = (sizes.indexOf(s.smooth) * classes + k) * perClass * 2;
      const pick = (column) => Float64Array.from({ length: perClass }, (_, i) => LOWEST + (samples[start + 2 * i + column] + 0.5) * STEP);
      plane.points(pick(0), pick(1), { colour: colour(k), size: 2.2, shape, label: names[k], alpha: 0.75 });
    }
    if (s.band === "VV") plane.rule({ x: s.threshold, colour: c.accent, dash: [] });
    else plane.rule({ y: s.threshold, colour: c.accent, dash: [] });
    plane.end();

    const pixels = new Float64Array(LEVELS);
    for (let k = 0; k < classes; k += 1) of(s, band, k).forEach((v, i) => { pixels[i] += v; });
    const got = received(s, pixels);
    const span = got.high - got.low;
    input.begin({ x: [got.low, got.high], y: [0, Math.max(...got.bins) * 1.08], xlabel: "value", ylabel: "share of pixels" });
    input.bars(got.bins.map((_, k) => got.low + (k + 0.5) / 100 * span), got.bins, { colour: c.cycle[0], width: span / 100 });
    input.end();

    const [[meanA, spreadA], [meanB, spreadB]] = [moments(values, a), moments(values, b)];
    return {
      band: s.band, smooth: s.smooth, a: names[s.first], b: names[s.second], unit: s.axis === "dB" ? "dB" : "of power",
      "mean.a": meanA, "mean.b": meanB, "spread.a": spreadA, "spread.b": spreadB, common: total(a) && total(b) ? common : NaN,
      threshold: s.threshold, right: right[level], best: LOWEST + at * STEP, best_right: right[at],
      scaled: p.spec.scaling.names[p.spec.scaling.values.indexOf(s.scaling)], low: got.low, high: got.high, far: got.far,
    };
  };
});
