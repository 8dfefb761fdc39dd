// hydrograph.js - rain above, the river below, the whole record at the foot; scores of the days that are shown.

import { explorer, slider, choice, readout, group } from "./panels.js";
import { dateText, plot, ticks } from "./plot.js";
import { pairedDays, skillScores } from "./scores.js";

/** Values that exceed each share of the days, from the highest. */
function exceeded(values) {
  return Float64Array.from(values).filter((v) => v === v).sort().reverse();
}

export default explorer((p) => {
  const { names, simulations, scored, observed, rain, warmth, simulated, first } = p.data;
  const size = observed.shape[1];
  const indices = (list) => list.map((_, k) => k);
  choice(p, "basin", { values: indices(names), names, list: true });
  if (simulations.length > 1) choice(p, "simulation", { values: indices(simulations), names: simulations, list: true });
  slider(p, "start", { max: Math.max(0, size - 14), show: (v) => dateText(first + Math.min(v, size - 14), true) });
  slider(p, "length", { max: Math.max(14, Math.min(15000, size)) });
  choice(p, "scale");
  if (warmth.length) choice(p, "weather");

  const sky = plot(p, { height: 80, label: "Rain, hanging from above" });
  const river = plot(p, { height: 215, label: "Discharge, observed and simulated" });
  const strip = plot(p, { height: 62, label: "The whole record" });
  const scores = [["nse", "NSE"], ["kge", "KGE"], ["log_nse", "log NSE"], ["bias", "Bias"], ["ratio", "Runoff ratio"]];
  readout(p, scored ? scores : [["rain", "Rain [mm]"], ["flow", "Discharge [mm]"], ["ratio", "Runoff ratio"], ["highest", "Highest [mm/day]"], ["missing", "Days missing"]]);
  const below = group(p, { columns: scored ? "1fr 1fr" : "1fr" });
  const lost = scored ? plot(p, { height: 150, caption: "What NSE lost", label: "NSE lost to timing, variability and volume", into: below }) : null;
  const curve = plot(p, { height: 150, caption: "Flow-duration curve", label: "Flow-duration curve of the days shown", into: below });

  let held = null;
  const canvas = strip.canvas;
  canvas.style.touchAction = "none";
  const bounded = (start) => Math.round(Math.max(0, Math.min(size - Math.min(p.state.length, size), start)));
  canvas.addEventListener("pointerdown", (event) => {
    const x = strip.at(event).x - first;
    const { start, length } = p.state;
    held = x >= start && x <= start + length ? x - start : length / 2; // outside: bring the window there
    canvas.setPointerCapture(event.pointerId);
    p.set({ start: bounded(x - held) });
  });
  canvas.addEventListener("pointermove", (event) => held !== null && p.set({ start: bounded(strip.at(event).x - first - held) }));
  canvas.addEventListener("pointerup", () => { held = null; });
  const shift = (days) => () => p.set({ start: bounded(p.state.start + days) });
  const zoom = (factor) => () => p.set({ length: Math.min(Math.round(p.state.length * factor), size) });
  p.keys(canvas, "The whole record. Left and right arrow move what is shown by a week, Page Up and Page Down by a year, up and down arrow zoom.", {
    ArrowLeft: shift(-7), ArrowRight: shift(7), PageUp: shift(-365), PageDown: shift(365), ArrowUp: zoom(0.8), ArrowDown: zoom(1.25),
    Home: shift(-size), End: shift(size),
  });
  const all = Float64Array.from({ length: size }, (_, k) => first + k);

  return (s) => {
    const basin = Math.min(s.basin, names.length - 1);
    const which = Math.min(s.simulation, simulations.length - 1);
    const start = Math.min(s.start, Math.max(size - 14, 0));
    const end = Math.min(start + s.length, size);
    const row = (matrix, k) => matrix.subarray(k * size, (k + 1) * size);
    const q = row(observed, basin);
    const sim = row(simulated, which * names.length + basin);
    const wet = row(rain, basin);
    const [o, m, w] = [q, sim, wet].map((values) => values.subarray(start, end));
    const time = all.subarray(start, end);

    let [sumRain, flow, fallen, run, missing, highest, highestSimulated, floor] = [0, 0, 0, 0, 0, NaN, NaN, Infinity];
    let mostRain = 1;
    for (let k = 0; k < o.length; k += 1) {
      if (w[k] === w[k]) { sumRain += w[k]; mostRain = Math.max(mostRain, w[k]); }
      if (o[k] === o[k]) { flow += o[k]; if (!(o[k] <= highest)) highest = o[k]; } else missing += 1;
      if (o[k] === o[k] && w[k] === w[k]) { run += o[k]; fallen += w[k]; }
      if (m[k] === m[k] && !(m[k] <= highestSimulated)) highestSimulated = m[k];
      for (const v of [o[k], m[k]]) if (v > 0 && v < floor) floor = v;
    }
    const c = p.colour;
    const left = 54;
    const x = [first + start, first + end - 1];
    const room = p.presenter; // where all has to be seen from the back, and without scrolling
    [sky.height, river.height, strip.height, curve.height] = room ? [62, 168, 50, 104] : [80, 215, 62, 150];
    if (lost) lost.height = curve.height;
    sky.begin({ x, y: [mostRain * 1.05, -0.08 * mostRain], left, xscale: "time", xticks: [], ylabel: room ? "Rain" : "Rain [mm]", yticks: ticks(0, mostRain, 2).map((v) => [v, String(v)]) });
    sky.bars(time, w, { colour: c.cycle[0], width: 1 });
    if (s.weather === "both" && warmth.length) {
      const t = row(warmth, basin).subarray(start, end);
      sky.line(time, t.map((v) => mostRain * (1 - (v + 30) / 70)), { colour: c.cycle[1], width: 1.3 });
      sky.rule({ y: mostRain * (1 - 30 / 70), colour: c.cycle[1] });
      sky.text(x[1], mostRain * (1 - 30 / 70), "0 °C ", { colour: c.cycle[1], align: "right", baseline: "top", bold: true });
    }
    sky.end();

    const top = Math.max(highest || 0, highestSimulated || 0) || 1;
    const y = s.scale === "log" ? [Math.max(Number.isFinite(floor) ? floor : 0.01, top * 1e-4) * 0.8, top * 1.4] : [0, top * 1.06];
    river.begin({ x, y, left, xscale: "time", yscale: s.scale, ylabel: "Discharge [mm/day]" });
    river.line(time, o, { colour: c.observed, width: 1.9, label: "observed" });
    if (highestSimulated === highestSimulated) river.line(time, m, { colour: c.cycle[1], label: simulations[which] });
    river.end();

    let most = 0;
    for (const v of q) if (v > most) most = v;
    strip.begin({ x: [first, first + size - 1], y: [0, most || 1], left, xscale: "time", yticks: [] });
    strip.band([x[0], x[1]], [0, 0], [most, most], { colour: c.accent, alpha: 0.25 });
    strip.line(all, q, { colour: c.muted, width: 1 });
    strip.rule({ x: x[0], colour: c.accent, dash: [] });
    strip.rule({ x: x[1], colour: c.accent, dash: [] });
    strip.end();

    const [a, b] = pairedDays(q, sim, start, end);
    const found = a.length ? skillScores(a, b) : {};
    const parts = ["correlation", "variability", "bias"].map((part) => found[`lost_${part}`] ?? NaN);
    lost?.begin({ x: [-0.6, 2.6], y: [0, Math.max(0.5, ...parts.filter(Number.isFinite)) * 1.15], ylabel: "[-]",
      xticks: [[0, "timing"], [1, "variability"], [2, "volume"]] });
    lost?.bars([0, 1, 2], parts, { colour: [c.cycle[0], c.cycle[2], c.cycle[4]], width: 0.6 });
    lost?.end();

    const [high, low] = [exceeded(o), exceeded(m)];
    const share = (values) => Float64Array.from(values, (_, k) => (k + 1) / (values.length + 1) * 100);
    curve.begin({ x: [0, 100], y: [Math.max(top * 1e-4, 1e-3, Number.isFinite(floor) ? floor * 0.7 : 0), top * 1.4], yscale: "log", xlabel: "days exceeded [%]", ylabel: "mm/day" });
    const flowing = (values) => values.map((v) => Math.max(v, 1e-4));
    curve.line(share(high), flowing(high), { colour: c.observed, width: 1.9 });
    if (low.length) curve.line(share(low), flowing(low), { colour: c.cycle[1], dash: [6, 3] });
    curve.end();

    const value = (name) => found[name] ?? NaN;
    return {
      nse: value("nse"), log_nse: value("log_nse"), kge: value("kge"), r: value("r"), alpha: value("alpha"), bias: value("bias"),
      "lost.correlation": parts[0], "lost.variability": parts[1], "lost.bias": parts[2], name: names[basin],
      simulation: simulations[which], days: o.length, date: dateText(first + start, true), rain: sumRain,
      flow: missing < o.length ? flow : NaN, ratio: fallen > 0 ? run / fallen : NaN, saying: scored ? "scored" : "river", missing, highest, highest_simulated: highestSimulated,
    };
  };
});
