// skill.js - a hydrograph to be spoiled by sliders and by hand, and the scores that notice.

import { explorer, slider, choice, button, readout, group } from "./panels.js";
import { plot } from "./plot.js";
import { pairedDays, skillScores } from "./scores.js";

const YEAR = 365;

function byHand(text, size) {
  const days = new Map();
  for (const [, day, value] of text.matchAll(/(\d+):([\d.]+)/g)) if (Number(day) < size) days.set(Number(day), Number(value));
  return days;
}

/** The simulation as the sliders and the hand have it; its ups and downs are those around the mean of days from..to. */
function spoil(simulated, s, hand, from, to, out) {
  const n = simulated.length;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < n; i += 1) {
    const then = i - s.lag;
    out[i] = then >= 0 && then < n ? simulated[then] * s.volume : NaN;
    if (i >= from && i < to && out[i] === out[i]) { sum += out[i]; count += 1; }
  }
  const mean = sum / count;
  let most = 0;
  for (let i = 0; i < n; i += 1) {
    out[i] = Math.max(mean + (1 - s.damping) * (out[i] - mean), 0);
    if (out[i] > most) most = out[i];
  }
  const top = s.cap * most;
  for (let i = 0; i < n; i += 1) if (out[i] > top) out[i] = top;
  for (const [day, value] of hand) out[day] = value;
}

export default explorer((p) => {
  const { observed, simulated, first, years } = p.data;
  const n = observed.length;
  const made = new Float64Array(n);
  const days = Float64Array.from({ length: n }, (_, i) => first + i);
  for (const name of ["lag", "volume", "damping", "cap"]) slider(p, name);
  choice(p, "scale");
  choice(p, "scope");
  slider(p, "year", { max: years - 1, show: (v) => `${Math.min(v, years - 1) + 1} of ${years}` });
  button(p, "Forget the days set by hand", () => p.set({ hand: "" }));

  const chart = plot(p, { height: 260, label: "Hydrograph, observed and simulated" });
  const below = group(p, { columns: "3fr 2fr" });
  readout(p, [["nse", "NSE"], ["kge", "KGE"], ["log_nse", "log NSE"], ["r", "timing r"], ["alpha", "variability"], ["bias", "bias"]], { into: below });
  const lost = plot(p, { height: 120, label: "What NSE lost, by timing, variability and volume", into: below });

  let cursor = 60; // the day of the year that the keys move
  let dragged = false;
  const shown = (s) => Math.min(s.year, years - 1) * YEAR;
  const place = (day, value) => {
    const hand = byHand(p.state.hand, n);
    hand.set(day, Math.max(0, Number(value.toPrecision(3))));
    p.set({ hand: [...hand].map(([d, v]) => `${d}:${v}`).join(",") });
  };
  const move = (by) => () => { cursor = Math.max(0, Math.min(YEAR - 1, cursor + by)); p.schedule(); };
  const lift = (factor) => () => {
    const day = shown(p.state) + cursor;
    place(day, Math.max(made[day] || 0, 0.05) * factor);
  };
  p.keys(chart.canvas, "Hydrograph. Left and right arrow choose a day, up and down arrow raise or lower its simulated discharge.", {
    ArrowLeft: move(-1), ArrowRight: move(1), ArrowUp: lift(1.1), ArrowDown: lift(1 / 1.1), Home: move(-YEAR), End: move(YEAR),
  });
  chart.canvas.addEventListener("pointerdown", (event) => {
    dragged = true;
    chart.canvas.setPointerCapture(event.pointerId);
    drag(event);
  });
  chart.canvas.addEventListener("pointermove", (event) => dragged && drag(event));
  chart.canvas.addEventListener("pointerup", () => { dragged = false; });
  chart.canvas.style.touchAction = "none";
  function drag(event) {
    const { x, y } = chart.at(event);
    const start = shown(p.state);
    cursor = Math.max(0, Math.min(YEAR - 1, Math.round(x - first) - start));
    place(start + cursor, y);
  }

  return (s) => {
    const hand = byHand(s.hand, n);
    const start = shown(s);
    const end = start + YEAR;
    const [from, to] = s.scope === "year" ? [start, end] : [0, n];
    spoil(simulated, s, hand, from, to, made);
    let top = 0;
    let floor = Infinity;
    for (let i = start; i < end; i += 1) {
      for (const v of [observed[i], made[i]]) {
        if (v > top) top = v;
        if (v > 0 && v < floor) floor = v;
      }
    }
    const c = p.colour;
    const axis = s.scale === "log" ? [Math.max(floor, top * 1e-4) * 0.8, top * 1.3] : [0, top * 1.06];
    chart.begin({ x: [first + start, first + end - 1], y: axis, ylabel: "Discharge [mm/day]", yscale: s.scale, xscale: "time" });
    const time = days.subarray(start, end);
    chart.rule({ x: first + start + cursor, colour: c.accent, width: 1 });
    chart.line(time, observed.subarray(start, end), { colour: c.observed, label: "observed", width: 1.8 });
    chart.line(time, made.subarray(start, end), { colour: c.cycle[1], label: "simulated", width: 1.6 });
    const set = [...hand].filter(([day]) => day >= start && day < end);
    chart.points(set.map(([day]) => first + day), set.map(([, value]) => value), { colour: c.cycle[1], size: 4, edge: c.text, label: set.length ? "set by hand" : null });
    chart.end();

    const found = skillScores(...pairedDays(observed, made, from, to));
    const parts = [found.lost_correlation, found.lost_variability, found.lost_bias];
    lost.begin({ x: [-0.6, 2.6], y: [0, Math.max(1, ...parts.filter(Number.isFinite)) * 1.15], ylabel: "NSE lost [-]",
      xticks: [[0, "timing"], [1, "variability"], [2, "volume"]] });
    lost.bars([0, 1, 2], parts, { colour: [c.cycle[0], c.cycle[2], c.cycle[4]], width: 0.6 });
    lost.end();
    return {
      ...found, lag: s.lag, volume: s.volume, damping: s.damping, cap: s.cap, set: hand.size,
      "lost.correlation": parts[0], "lost.variability": parts[1], "lost.bias": parts[2],
      days: s.scope === "year" ? "the year shown" : "all years",
    };
  };
});
