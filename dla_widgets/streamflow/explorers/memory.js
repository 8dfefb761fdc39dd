// memory.js - the network runs in the page: once as the weather was, and again from the changed day on.

import { explorer, slider, choice, toggle, readout } from "./panels.js";
import { dateText, plot, ticks } from "./plot.js";
import { ramp } from "./raster.js";

const YEAR = 365;
const KEPT = { input: 0, forget: 1, candidate: 2, output: 3, cell: 4 };

/** An LSTM over days `from`..`to`, from the state after day from - 1; keeps gates, cell and hidden state of every day. */
class Network {
  constructor(data) {
    Object.assign(this, data);
    this.n = data.hidden;
    this.days = data.forcings.shape[1];
    this.width = data.inputs.length;
  }

  memory() { return { kept: new Float64Array(this.days * 6 * this.n), discharge: new Float64Array(this.days) }; }

  run(basin, weather, memory, from, to) {
    const { n, width, mean, spread, kernel, recurrent, steady, head } = this;
    const z = new Float64Array(4 * n);
    const { kept, discharge } = memory;
    for (let t = from; t < to; t += 1) {
      for (let j = 0; j < 4 * n; j += 1) z[j] = steady[basin * 4 * n + j];
      for (let k = 0; k < width; k += 1) {
        const x = (weather[t * width + k] - mean[k]) / spread[k];
        for (let j = 0, at = k * 4 * n; j < 4 * n; j += 1, at += 1) z[j] += x * kernel[at];
      }
      const before = (t - 1) * 6 * n;
      if (t > 0) {
        for (let k = 0; k < n; k += 1) {
          const hidden = kept[before + 5 * n + k];
          for (let j = 0, at = k * 4 * n; j < 4 * n; j += 1, at += 1) z[j] += hidden * recurrent[at];
        }
      }
      const now = t * 6 * n;
      let raw = this.head_bias;
      for (let k = 0; k < n; k += 1) {
        const i = 1 / (1 + Math.exp(-z[k]));
        const f = 1 / (1 + Math.exp(-z[n + k]));
        const g = Math.tanh(z[2 * n + k]);
        const o = 1 / (1 + Math.exp(-z[3 * n + k]));
        const cell = f * (t > 0 ? kept[before + 4 * n + k] : 0) + i * g;
        const hidden = o * Math.tanh(cell);
        kept[now + k] = i;
        kept[now + n + k] = f;
        kept[now + 2 * n + k] = g;
        kept[now + 3 * n + k] = o;
        kept[now + 4 * n + k] = cell;
        kept[now + 5 * n + k] = hidden;
        raw += hidden * head[k];
      }
      discharge[t] = Math.max(raw * this.scale + this.shift, 0);
    }
  }
}

export default explorer((p) => {
  const network = new Network(p.data);
  const { inputs, names, first } = p.data;
  const { n, width, days } = network;
  const rainColumn = inputs.indexOf("prcp");
  const warmColumns = ["tmax", "tmin"].map((name) => inputs.indexOf(name)).filter((k) => k >= 0);

  choice(p, "basin", { values: names.map((_, k) => k), names, list: true });
  slider(p, "day", { show: (v) => dateText(first + YEAR + v) });
  choice(p, "what");
  const amounts = { rain: slider(p, "rain"), warmth: slider(p, "warmth") };
  slider(p, "days");
  choice(p, "view", { list: true });
  toggle(p, "log");

  const weatherChart = plot(p, { height: 95, label: "Weather of the year from the changed day on" });
  const discharge = plot(p, { height: 165, label: "Discharge with and without the change" });
  const difference = plot(p, { height: 115, label: "Difference of the discharge" });
  const cells = plot(p, { height: 130, label: "The network's cells, one row each" });
  readout(p, [["peak", "Peak [mm/day]"], ["lag", "Lag [days]"], ["total", "In a year [mm]"], ["half", "Half after [days]"],
    ["memory", "Remembered [days]"], ["awake", "Cells awake after 30"]]);

  const shift = (by) => () => p.set({ day: p.state.day + by });
  p.keys(weatherChart.canvas, "Weather. Left and right arrow move the changed day, Page Up and Page Down by a month.", {
    ArrowLeft: shift(-1), ArrowRight: shift(1), PageDown: shift(30), PageUp: shift(-30),
  });
  let held = false;
  const move = (event) => p.set({ day: Math.round(weatherChart.at(event).x - first) - YEAR });
  weatherChart.canvas.style.touchAction = "none";
  weatherChart.canvas.addEventListener("pointerdown", (event) => { held = true; weatherChart.canvas.setPointerCapture(event.pointerId); move(event); });
  weatherChart.canvas.addEventListener("pointermove", (event) => held && move(event));
  weatherChart.canvas.addEventListener("pointerup", () => { held = false; });

  const before = network.memory();
  const after = network.memory();
  let [knownBasin, order] = [-1, []];
  let changed = new Float64Array(days * width);
  const colours = { change: ramp("diverging"), cell: ramp("diverging"), gate: ramp("viridis") };
  const image = new ImageData(days, n);
  const pixels = new Uint32Array(image.data.buffer);
  const behind = document.createElement("canvas");
  [behind.width, behind.height] = [days, n];

  function original(basin) {
    return p.data.forcings.subarray(basin * days * width, (basin + 1) * days * width);
  }

  function asItWas(basin) {
    network.run(basin, original(basin), before, 0, days);
    const memory = Array.from({ length: n }, (_, k) => {
      let sum = 0;
      for (let t = YEAR; t < days; t += 1) sum += before.kept[t * 6 * n + n + k];
      return sum;
    });
    order = memory.map((_, k) => k).sort((a, b) => memory[b] - memory[a]); // the longest memory first
    after.kept.set(before.kept);
    after.discharge.set(before.discharge);
    knownBasin = basin;
  }

  return (s) => {
    const basin = Math.min(s.basin, names.length - 1);
    if (basin !== knownBasin) asItWas(basin);
    amounts.rain.parentElement.hidden = s.what !== "rain";
    amounts.warmth.parentElement.hidden = s.what !== "warmth";
    const start = YEAR + s.day;
    const end = start + YEAR;
    const weather = original(basin);
    changed.set(weather);
    let rain = 0;
    for (let t = start; t < start + s.days; t += 1) {
      if (s.what === "rain") {
        const now = weather[t * width + rainColumn];
        changed[t * width + rainColumn] = Math.max(now + s.rain, 0);
        rain += changed[t * width + rainColumn] - now;
      } else for (const k of warmColumns) changed[t * width + k] += s.warmth;
    }
    // up to the change, both have the same past
    after.kept.set(before.kept.subarray((start - 1) * 6 * n, start * 6 * n), (start - 1) * 6 * n);
    network.run(basin, changed, after, start, end);

    const delta = new Float64Array(YEAR);
    let [peak, total, all] = [0, 0, 0];
    for (let k = 0; k < YEAR; k += 1) {
      delta[k] = after.discharge[start + k] - before.discharge[start + k];
      if (Math.abs(delta[k]) > Math.abs(delta[peak])) peak = k;
      total += delta[k];
      all += Math.abs(delta[k]);
    }
    const largest = Math.abs(delta[peak]);
    let [half, memory, running] = [0, 0, 0];
    for (let k = 0; k < YEAR; k += 1) {
      running += Math.abs(delta[k]);
      if (running < all / 2) half = k + 1;
      if (Math.abs(delta[k]) > 0.05 * largest) memory = k + 1;
    }
    let awake = 0;
    const span = new Float64Array(n);
    for (let c = 0; c < n; c += 1) {
      const of = (t) => Math.abs(after.kept[t * 6 * n + 4 * n + c] - before.kept[t * 6 * n + 4 * n + c]);
      for (let t = start; t < end; t += 1) span[c] = Math.max(span[c], of(t));
      if (span[c] > 0 && of(start + 30) > 0.05 * span[c]) awake += 1;
    }

    const c = p.colour;
    const left = 54; // all four charts have the same days above each other
    const x = [first + start - 30, first + end - 1];
    const time = Float64Array.from({ length: YEAR + 30 }, (_, k) => first + start - 30 + k);
    const part = (values) => values.subarray(start - 30, end);
    const column = (values, k) => Float64Array.from({ length: YEAR + 30 }, (_, i) => values[(start - 30 + i) * width + k]);
    const shown = s.what === "rain" ? rainColumn : warmColumns[0];
    const [now, then] = [column(changed, shown), column(weather, shown)];
    const top = Math.max(...now, ...then);
    if (s.what === "rain") {
      weatherChart.begin({ x, y: [top * 1.05 || 1, 0], left, xscale: "time", xticks: [], ylabel: "Rain [mm]",
        yticks: ticks(0, top, 3).map((v) => [v, String(v)]) });
      weatherChart.bars(time, now, { colour: c.cycle[1], width: 1 });
      weatherChart.bars(time, then.map((v, k) => Math.min(v, now[k])), { colour: c.cycle[0], width: 1 });
    } else {
      weatherChart.begin({ x, y: [Math.min(...now, ...then) - 1, top + 1], left, xscale: "time", xticks: [], ylabel: "Tmax [°C]" });
      weatherChart.rule({ y: 0 });
      weatherChart.line(time, now, { colour: c.cycle[1], width: 2 });
      weatherChart.line(time, then, { colour: c.cycle[0], width: 1.2 });
    }
    weatherChart.rule({ x: first + start, colour: c.accent });
    weatherChart.end();

    const high = Math.max(...part(before.discharge), ...after.discharge.subarray(start, end));
    discharge.begin({ x, y: [0, high * 1.06], left, xscale: "time", xticks: [], ylabel: "Discharge [mm/day]" });
    discharge.line(time, part(before.discharge), { colour: c.observed, label: "as it was", width: 1.8 });
    discharge.line(time.subarray(30), after.discharge.subarray(start, end), { colour: c.cycle[1], label: `with ${s.what} added`, dash: [5, 2] });
    discharge.rule({ x: first + start, colour: c.accent });
    discharge.end();

    const size = largest || 1;
    const y = s.log ? [size * 1e-4, size * 1.3] : [Math.min(0, ...delta) * 1.1, Math.max(0, ...delta) * 1.1 || 1];
    difference.begin({ x, y, left, xscale: "time", xticks: [], yscale: s.log ? "log" : "linear", ylabel: "Difference" });
    if (!s.log) difference.rule({ y: 0, dash: [] });
    difference.line(time.subarray(30), s.log ? delta.map(Math.abs) : delta, { colour: c.cycle[1], width: 2 });
    difference.rule({ x: first + start + memory, label: "5 % of the largest" });
    difference.end();

    const kind = s.view === "change" ? 4 : KEPT[s.view];
    const scale = s.view === "change" || s.view === "cell" ? colours.change : colours.gate;
    for (let row = 0; row < n; row += 1) {
      const cell = order[row];
      for (let t = start - 30; t < end; t += 1) {
        const at = t * 6 * n + kind * n + cell;
        const state = t < start ? before.kept[at] : after.kept[at];
        const v = s.view === "change" ? (t < start ? 0 : (after.kept[at] - before.kept[at]) / (span[cell] || 1)) * 0.5 + 0.5
          : s.view === "cell" ? Math.tanh(state) * 0.5 + 0.5 : state;
        pixels[row * days + (t - start + 30)] = scale[Math.max(0, Math.min(255, Math.round(v * 255)))];
      }
    }
    cells.begin({ x, y: [n, 0], left, xscale: "time", ylabel: "Cells", yticks: [[n * 0.04 + 1, "slow"], [n * 0.96, "fast"]], nogrid: true });
    cells.custom((context, chart) => {
      behind.getContext("2d").putImageData(image, 0, 0);
      const { left, right, top: upper, bottom } = chart.box;
      context.imageSmoothingEnabled = false;
      context.drawImage(behind, 0, 0, YEAR + 30, n, left, upper, right - left, bottom - upper);
    });
    cells.rule({ x: first + start, colour: c.accent });
    cells.end();

    return {
      saying: s.what, name: names[basin], date: dateText(first + start), amount: s.what === "rain" ? s.rain : s.warmth, days: s.days,
      peak: delta[peak], lag: peak, total, share: s.what === "rain" && Math.abs(rain) > 1e-9 ? total / rain : NaN, half, memory,
      awake, cells: n,
    };
  };
});
