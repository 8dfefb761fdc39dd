// hyperparameters.js - ask for a setting; the nearest run that was really computed answers, or a training in the kernel.

import { explorer, slider, choice, button, readout, number, group, say, h } from "./panels.js";
import { plot } from "./plot.js";

const FLOOR = -0.2; // scores below it are drawn on the lower edge of the pictures

function shortName(name) { return name.split(" [")[0]; }

/** NSE of the year from stored steps; NaN where the network gave something that is no number. */
function yearNse(observed, simulated, missing, step) {
  let n = 0;
  let sum = 0;
  for (let i = 0; i < observed.length; i += 1) {
    if (simulated[i] === missing) return NaN;
    if (observed[i] !== missing) { n += 1; sum += observed[i] * step; }
  }
  const mean = sum / n;
  let lost = 0;
  let spread = 0;
  for (let i = 0; i < observed.length; i += 1) {
    if (observed[i] === missing) continue;
    lost += ((observed[i] - simulated[i]) * step) ** 2;
    spread += (observed[i] * step - mean) ** 2;
  }
  return 1 - lost / spread;
}

/** Steps between -1 and 1 that look like dice and are the same in every frame. */
function jitter(i) { return (((i * 2654435761) >>> 0) / 4294967295 - 0.5) * 2; }

export default explorer((p) => {
  const d = p.data;
  const names = Object.keys(d.levels);
  const width = names.length;
  const [runs, looks] = d.curve.shape;
  const year = d.observed.shape[1];
  const mine = d.rivers.map((_, r) => Int32Array.from([...d.river.keys()].filter((i) => d.river[i] === r)));
  const days = Float64Array.from({ length: year }, (_, i) => d.first + i);

  choice(p, "river");
  for (const name of names) {
    const input = slider(p, name);
    input.addEventListener("input", () => p.set({ along: name }));
    const remark = number(p, `run.${name}`, { style: "grid-column: 1 / -1; font-size: 0.86em; min-height: 0; color: var(--dla-text); font-weight: 600" });
    input.closest(".dla-field").append(remark);
  }
  choice(p, "along");
  button(p, "Train this setting", () => p.ask("train"), { kernel: true });
  const stop = button(p, "Stop", () => p.ask("stop"));
  if (!p.live) stop.remove();

  const head = h("p", { style: "margin: 0; font-size: 1.05em" },
    h("strong", {}, "Run ", number(p, "run"), " of ", number(p, "runs")), " (", number(p, "source"), "): ", h("strong", {}, number(p, "match")));
  p.stage.append(head);
  readout(p, [["validation", "NSE validation"], ["test", "NSE test"], ["shown", "NSE this year"], ["gain", "vs usual"], ["luck", "seed luck"],
    ["seconds", "CPU s"], ...(p.live ? [["now", "last trained"]] : [])]);
  const above = group(p);
  const curves = plot(p, { height: 200, label: "Learning curves: NSE against updates", caption: "Learning curves", into: above });
  const dots = plot(p, { height: 200, label: "NSE of all runs on this river against one hyperparameter", caption: "All runs on this river", into: above });
  const below = group(p, { columns: "3fr 2fr" });
  const flow = plot(p, { height: 180, label: "Hydrograph of a year, observed and simulated", caption: "A year of the validation", into: below });
  const bars = plot(p, { height: 180, label: "Share of the variance of NSE that each hyperparameter explains", caption: "Importance in the sweep", into: below });

  const kept = (v) => Math.max(v, FLOOR + 0.02);
  const asked = new Uint8Array(width);
  const simulated = new Float64Array(year);
  const observed = new Float64Array(year);

  function nearest(those) {
    let best = -1;
    let least = Infinity;
    for (const i of those) {
      let cost = 0;
      for (let k = 0; k < width; k += 1) {
        const steps = Math.abs(d.places[i * width + k] - asked[k]);
        cost += steps * 10 + (steps > 0 ? 1 : 0);
      }
      if (cost < least) { least = cost; best = i; }
    }
    return best;
  }

  /** The newest training here of the very setting that is asked for. */
  function newestHere(trainings) { return trainings.filter((one) => one.setting.every((place, k) => place === asked[k])).at(-1); }

  function drawCurves(c, row, trainings, usual, river) {
    const updates = d.levels.updates[d.places[row * width + names.indexOf("updates")]];
    const at = Float64Array.from({ length: looks }, (_, k) => Math.round(updates * (k + 1) / looks));
    const of = (series) => Float64Array.from({ length: looks }, (_, k) => kept(series[row * looks + k]));
    curves.begin({ x: [1.4, d.levels.updates.at(-1) * 1.06], y: [FLOOR, 1], xscale: "log", xlabel: "Updates", ylabel: "NSE [-]",
      xticks: [2, 5, 10, 20, 50, 100, 200, 480].map((v) => [v, String(v)]) });
    for (const i of mine[river]) {
      if (d.design[i] !== "usual") continue;
      const n = d.levels.updates[d.places[i * width + names.indexOf("updates")]];
      curves.line(Array.from({ length: looks }, (_, k) => Math.round(n * (k + 1) / looks)),
        Array.from({ length: looks }, (_, k) => kept(d.curve[i * looks + k])), { colour: c.muted, width: 0.8, alpha: 0.55, label: d.seed[i] ? null : "usual" });
    }
    curves.line(at, of(d.taught), { colour: c.cycle[1], dash: [5, 4], width: 1.4, label: "learnt" });
    curves.line(at, of(d.curve), { colour: c.cycle[1], width: 2.4, label: "validation" });
    const newest = newestHere(trainings);
    trainings.forEach((one) => {
      const last = one === newest;
      curves.line(one.at, one.curve.map(kept), { colour: c.cycle[2], width: last ? 2.4 : 1, alpha: last ? 1 : 0.6, label: last ? "now, here" : null });
      if (last && one.at.length) curves.points([one.at.at(-1)], [kept(one.curve.at(-1))], { colour: c.cycle[2], size: 4, shape: "square", edge: c.text });
    });
    curves.end();
  }

  function drawDots(c, row, along, trainings, usual, river) {
    const k = names.indexOf(along); // -1: against the test years
    const levels = d.levels[along];
    const x = levels ? [-0.5, levels.length - 0.5] : [FLOOR, 1];
    const at = (i, spread) => (levels ? d.places[i * width + k] + spread * jitter(i) : kept(d.test[i]));
    dots.begin({ x, y: [FLOOR, 1], xlabel: d.names[along] || "NSE test [-]", ylabel: "NSE validation [-]",
      xticks: levels ? levels.map((v, place) => [place, say(v)]) : null });
    dots.band(x, [usual.low, usual.low], [usual.high, usual.high], { colour: c.muted, alpha: 0.25 });
    const scatter = (those, spread, look) => dots.points(Array.from(those, (i) => at(i, spread)), Array.from(those, (i) => kept(d.validation[i])), look);
    const step = (i) => d.design[i] === "usual" || (d.design[i] === "one step" && (!levels || moved(i, k)));
    scatter(mine[river].filter((i) => d.design[i] === "drawn"), 0.24, { colour: c.muted, size: 2, alpha: 0.75, label: "all moved" });
    scatter(mine[river].filter(step), 0.08, { colour: c.cycle[0], size: 3, label: levels ? "only this" : "one moved" });
    for (const one of trainings) {
      if (levels && one.curve.length) dots.points([one.setting[k]], [kept(one.validation)], { colour: c.cycle[2], size: 4, shape: "square", edge: c.text });
    }
    if (!levels) {
      const best = mine[river].reduce((a, b) => (d.validation[b] > d.validation[a] ? b : a));
      scatter([best], 0, { colour: c.cycle[4], size: 5, shape: "square", edge: c.text, label: "best" });
    }
    scatter([row], 0, { colour: c.cycle[1], size: 5, shape: "diamond", edge: c.text, label: "shown" });
    dots.end();
  }

  /** Whether this run differs from the usual recipe in hyperparameter k. */
  function moved(i, k) { return d.places[i * width + k] !== usualPlaces[k]; }
  const first = d.design.indexOf("usual");
  const usualPlaces = d.places.subarray(first * width, (first + 1) * width);

  function drawYear(c, row, trainings, river) {
    let top = 0;
    let high = 0;
    for (let i = 0; i < year; i += 1) {
      const o = d.observed[river * year + i];
      const q = d.shown[row * year + i];
      observed[i] = o === d.missing ? NaN : o * d.step;
      simulated[i] = q === d.missing ? NaN : q * d.step;
      top = Math.max(top, observed[i] || 0);
      high = Math.max(high, simulated[i] || 0);
    }
    top = Math.max(top * 1.06, Math.min(high * 1.03, top * 2));
    flow.begin({ x: [days[0], days[year - 1]], y: [0, top], xscale: "time", ylabel: "Discharge [mm/day]" });
    flow.line(days, observed, { colour: c.observed, width: 1.5, label: "observed" });
    flow.line(days, simulated, { colour: c.cycle[1], width: 1.9, label: "run shown" });
    const last = newestHere(trainings);
    if (last && last.shown) flow.line(days, last.shown, { colour: c.cycle[2], width: 1.7, dash: [6, 3], label: "now, here" });
    flow.end();
  }

  function drawBars(c, along, river) {
    const { importance } = d;
    const rows = [...importance.river.keys()].filter((i) => importance.river[i] === d.rivers[river]);
    const n = rows.length;
    const top = Math.max(...importance.high) * 1.05;
    const label = (i) => (d.names[importance.hyperparameter[i]] ? shortName(d.names[importance.hyperparameter[i]]) : "luck (dice)");
    bars.begin({ x: [0, top], y: [n - 0.5, -0.5], xlabel: "Share of variance", nogrid: true, yticks: rows.map((i, k) => [k, label(i)]) });
    bars.custom((context, chart) => {
      rows.forEach((i, k) => {
        const thick = Math.abs(chart.py(1) - chart.py(0));
        const moved = importance.hyperparameter[i] === along;
        context.fillStyle = importance.hyperparameter[i] === "luck" ? c.muted : c.cycle[moved ? 1 : 0];
        context.fillRect(chart.px(0), chart.py(k) - thick * 0.32, chart.px(importance.share[i]) - chart.px(0), thick * 0.64);
        context.strokeStyle = c.text;
        context.lineWidth = 1.4 * p.scale;
        context.beginPath();
        context.moveTo(chart.px(importance.low[i]), chart.py(k));
        context.lineTo(chart.px(importance.high[i]), chart.py(k));
        context.stroke();
      });
    });
    bars.end();
  }

  return (s) => {
    const river = d.rivers.indexOf(s.river);
    names.forEach((name, k) => { asked[k] = d.levels[name].indexOf(s[name]); });
    const row = nearest(mine[river]);
    const usual = d.usual[s.river];
    const all = (p.result && p.result.trainings) || [];
    const trainings = all.filter((one) => one.river === s.river);
    const newest = all.at(-1);
    const c = p.colour;
    drawCurves(c, row, trainings, usual, river);
    drawDots(c, row, s.along, trainings, usual, river);
    drawYear(c, row, trainings, river);
    drawBars(c, s.along, river);

    const has = (k) => d.levels[names[k]][d.places[row * width + k]];
    const differences = names.filter((name, k) => d.places[row * width + k] !== asked[k]);
    let distance = 0;
    let rank = 1;
    for (let k = 0; k < width; k += 1) distance += Math.abs(d.places[row * width + k] - asked[k]);
    for (const i of mine[river]) if (d.validation[i] > d.validation[row]) rank += 1;
    const { importance } = d;
    let top = -1;
    for (let i = 0; i < importance.share.length; i += 1) {
      if (importance.river[i] === s.river && d.names[importance.hyperparameter[i]] && (top < 0 || importance.share[i] > importance.share[top])) top = i;
    }
    const found = {
      top: shortName(d.names[importance.hyperparameter[top]]).toLowerCase(), share: importance.share[top],
      saying: differences.length ? "near" : "exact", run: d.number[row], runs, of: mine[river].length, made: d.made, river: d.kinds[river],
      distance: `${distance} slider step${distance === 1 ? "" : "s"}`, differ: differences.length, source: `computed ${d.made}`,
      match: differences.length ? `nearest computed run; differs in ${differences.length} of 7` : "exactly what was asked for",
      differences: differences.map((name) => `${shortName(d.names[name]).toLowerCase()} ${say(has(names.indexOf(name)))} instead of ${say(s[name])}`).join(", "),
      setting: names.map((name) => `${shortName(d.names[name]).toLowerCase()} ${say(s[name])}`).join(", "),
      validation: d.validation[row], test: d.test[row], seconds: d.seconds[row], rank, usual: usual.mean, luck: usual.luck,
      shown: yearNse(d.observed.subarray(river * year, (river + 1) * year), d.shown.subarray(row * year, (row + 1) * year), d.missing, d.step),
      gain: d.validation[row] - usual.mean, now: newest ? newest.validation ?? NaN : NaN, trained: (p.result && p.result.status) || "",
    };
    names.forEach((name, k) => { found[`run.${name}`] = differences.includes(name) ? `≠ shown run: ${say(has(k))}` : ""; });
    return found;
  };
});
