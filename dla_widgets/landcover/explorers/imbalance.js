// imbalance.js - stored logits become a map under the chosen prior; the map becomes a confusion matrix, and that the scores.

import { explorer, slider, choice, toggle, button, number, group, stage, h } from "./panels.js";
import { plot } from "./plot.js";
import { raster, palette, ramp } from "./raster.js";
import { confusion, classScores } from "./classes.js";

const WEIGHT_WORDS = { none: "none", sqrt: "1/√n", inverse: "1/n", effective: "effective" };
const CROP_WORDS = { random: "anywhere", balanced: "class-aware" };

/** The class with the highest logit less tau times the logarithm of its share in training. */
function corrected(kept, step, logPrior, tau, out) {
  const classes = kept.shape[kept.shape.length - 1]; // fewer than in the legend where training lacked the last ones
  const shift = Float64Array.from(logPrior, (v) => tau * v);
  for (let i = 0, at = 0; i < out.length; i += 1) {
    let best = -kept[at] * step - shift[0];
    let winner = 0;
    at += 1;
    for (let c = 1; c < classes; c += 1, at += 1) {
      const z = -kept[at] * step - shift[c];
      if (z > best) { best = z; winner = c; }
    }
    out[i] = winner;
  }
}

/** How far apart two circles of radii a and b lie that share `overlap` of their areas. */
function apart(a, b, overlap) {
  const small = Math.min(a, b);
  if (overlap >= Math.PI * small * small * 0.9999) return Math.abs(a - b);
  let [near, far] = [Math.abs(a - b), a + b];
  for (let k = 0; k < 40; k += 1) {
    const d = (near + far) / 2;
    const lens = a * a * Math.acos((d * d + a * a - b * b) / (2 * d * a)) + b * b * Math.acos((d * d + b * b - a * a) / (2 * d * b))
      - 0.5 * Math.sqrt(Math.max(0, (-d + a + b) * (d + a - b) * (d - a + b) * (d + a + b)));
    if (lens > overlap) near = d; else far = d;
  }
  return (near + far) / 2;
}

/** Relevant and selected elements as circles whose areas are pixels; what they share was found. Below it the same in words. */
function circles(p, into) {
  const canvas = h("canvas", { class: "dla-plot", role: "img", "aria-label": "Relevant and selected pixels of the chosen class as two circles" });
  const c = canvas.getContext("2d");
  const title = h("figcaption", {});
  const key = (kind, name, text) => h("li", {}, h("i", { class: `dla-im-${kind}`, "aria-hidden": "true" }), h("span", {}, number(p, name, { class: "dla-im-count" }), text));
  const list = h("ul", { class: "dla-im-key" }, key("found", "hits", " found"), key("missed", "missed", " missed"), key("false", "false", " false alarms"));
  const line = (name, score, whole, words) => h("div", {}, h("b", {}, `${name} `, number(p, score)), " = ", number(p, "hits"), " of ", number(p, whole), words);
  into.append(title, canvas, list, h("div", { class: "dla-im-scores" },
    line("Precision", "focus_precision", "selected", " selected"), line("Recall", "focus_recall", "relevant", " relevant")));
  return (relevant, selected, hits, name, colour) => {
    title.textContent = `${name[0].toUpperCase()}${name.slice(1)}`;
    list.style.setProperty("--class", colour);
    const width = canvas.clientWidth;
    const height = 150;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
      canvas.style.height = `${height}px`;
    }
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = p.colour.surface;
    c.fillRect(0, 0, width, height);
    const [ra, rb] = [Math.sqrt(relevant / Math.PI), Math.sqrt(selected / Math.PI)];
    const gap = hits > 0 ? apart(ra, rb, hits) : (ra + rb) * 1.08;
    const left = Math.min(-ra, gap - rb);
    const right = Math.max(ra, gap + rb);
    const em = 12 * p.scale;
    const fit = Math.min((width - 8) / Math.max(right - left, 1e-9), (height - 2.9 * em) / Math.max(2 * ra, 2 * rb, 1e-9));
    const x = (v) => width / 2 + (v - (left + right) / 2) * fit;
    const y = (height + 2.4 * em) / 2;
    const disc = (at, r, fill) => { c.beginPath(); c.arc(x(at), y, r * fit, 0, 7); c.fillStyle = fill; c.fill(); };
    c.globalAlpha = 0.3;
    disc(0, ra, colour);
    disc(gap, rb, p.colour.muted);
    if (hits > 0) {
      c.save();
      c.beginPath();
      c.arc(x(0), y, ra * fit, 0, 7);
      c.clip();
      c.globalAlpha = 1;
      disc(gap, rb, p.colour.surface);
      disc(gap, rb, colour);
      c.restore();
    }
    c.globalAlpha = 1;
    for (const [at, r, dash] of [[0, ra, []], [gap, rb, [6, 4]]]) {
      c.beginPath();
      c.arc(x(at), y, r * fit, 0, 7);
      c.strokeStyle = p.colour.text;
      c.lineWidth = 1.6 * p.scale;
      c.setLineDash(dash);
      c.stroke();
    }
    c.setLineDash([]);
    c.font = `${em}px system-ui, sans-serif`;
    c.fillStyle = p.colour.text;
    c.textBaseline = "top";
    c.textAlign = "left";
    c.fillText("— relevant", 2, 2);
    c.textAlign = "right";
    c.fillText("- - selected", width - 2, 2);
  };
}

/** The confusion matrix as a table: rows are the labels, shaded by the share of the row. */
function matrixTable(p, names, into) {
  const short = names.map((name) => name.replace("snow and ice", "snow"));
  const table = h("table", { class: "dla-matrix" }, h("caption", {}, "Of each labelled class (row), mapped as (column)"));
  const heads = short.map((name) => h("th", { scope: "col" }, h("span", {}, name)));
  table.append(h("tr", {}, h("th", { scope: "col" }, "label"), ...heads));
  const rows = names.map((name, r) => {
    const cells = names.map((_, c) => h("td", {}, number(p, `cell.${r}.${c}`)));
    const swatch = h("i", { "aria-hidden": "true" });
    const head = h("th", { scope: "row" }, short[r], swatch);
    const row = h("tr", {}, head, ...cells);
    table.append(row);
    return { row, head, cells, swatch };
  });
  into.append(table);
  const blue = { light: "10 94 168", dark: "60 130 200" };
  return (matrix, support, mapped, focus, colours) => {
    heads.forEach((head, c) => { head.hidden = !(support[c] + mapped[c]); head.classList.toggle("dla-im-focus", c === focus); });
    rows.forEach(({ row, head, cells, swatch }, r) => {
      row.hidden = !support[r];
      head.classList.toggle("dla-im-focus", r === focus);
      swatch.style.background = colours[r];
      cells.forEach((cell, c) => {
        const part = support[r] ? matrix[r * names.length + c] / support[r] : 0;
        cell.hidden = !(support[c] + mapped[c]);
        cell.style.background = `rgb(${blue[p.root.dataset.theme]} / ${Math.round(part * 55)}%)`; // letters stay legible on it
        cell.style.outline = r === c ? "1px solid var(--dla-muted)" : "";
        cell.firstChild.style.opacity = part >= 0.005 ? "" : "0";
      });
    });
  };
}

/** Accuracy and macro F1 in large figures, each with a bar, and on it what a stamp would get that says forest everywhere. */
function duel(p) {
  const el = h("div", { class: "dla-duel" });
  const part = (name, label, stamp) => {
    const bar = h("span", { class: "dla-duel-bar" });
    const mark = h("span", { class: "dla-duel-mark" });
    el.append(h("div", {}, h("div", { class: "dla-duel-name" }, label), h("div", { class: "dla-duel-number" }, number(p, name)),
      h("div", { class: "dla-duel-track", "aria-hidden": "true" }, bar, mark),
      h("div", { class: "dla-duel-stamp" }, "forest everywhere: ", number(p, stamp))));
    return (value, other) => { bar.style.width = `${value * 100}%`; mark.style.left = `${other * 100}%`; };
  };
  const both = [part("accuracy", "Accuracy", "stamp"), part("macro_f1", "Macro F1", "stamp_f1")];
  el.append(h("dl", { class: "dla-readout dla-detail" }, ...[["balanced", "Balanced acc."], ["mapped_forest", "Mapped forest"]].map(
    ([name, label]) => h("div", {}, h("dt", {}, label), h("dd", {}, number(p, name))))));
  p.controls.append(el);
  return both;
}

const LOOKS = `.dla-matrix { font-size: 0.8em; width: 100%; table-layout: fixed; }
  .dla .dla-matrix th, .dla .dla-matrix td { padding: 1px 2px; text-align: center; overflow: hidden; }
  .dla .dla-matrix th[scope="row"] { text-align: right; padding-right: 4px; font-weight: 500; white-space: nowrap; }
  .dla .dla-matrix th[scope="col"] { font-weight: 500; height: 5.6em; vertical-align: bottom; }
  .dla .dla-matrix th[scope="col"]:first-child { width: 6.6em; text-align: right; padding-right: 20px; }
  .dla .dla-matrix th span { writing-mode: vertical-rl; rotate: 180deg; white-space: nowrap; }
  .dla .dla-matrix th.dla-im-focus { font-weight: 750; text-decoration: underline; }
  .dla-matrix th i { display: inline-block; width: 0.85em; height: 0.85em; border-radius: 3px; border: 1px solid var(--dla-muted); margin-left: 5px; vertical-align: -1px; }
  .dla-duel { display: flex; flex-direction: column; gap: 8px; }
  .dla .dla-duel .dla-readout { gap: 4px 18px; }
  .dla .dla-duel .dla-readout dd { font-size: 1.15em; }
  .dla-duel-name { font-weight: 600; }
  .dla-duel-number { font-size: 2.7em; font-weight: 700; line-height: 1.1; font-variant-numeric: tabular-nums; }
  .dla-duel-track { position: relative; height: 9px; border-radius: 5px; background: var(--dla-raised); border: 1px solid var(--dla-muted); }
  .dla-duel-bar { position: absolute; inset: 0 auto 0 0; background: var(--dla-accent); border-radius: 4px; }
  .dla-duel-mark { position: absolute; top: -4px; bottom: -4px; width: 3px; margin-left: -1px; background: var(--dla-text); }
  .dla-duel-stamp { color: var(--dla-muted); font-size: 0.88em; margin-top: 3px; }
  .dla-controls > .dla-duel-stamp { margin-top: -9px; }
  .dla-im-key { list-style: none; display: flex; flex-wrap: wrap; gap: 0 12px; margin: 4px 0 2px; padding: 0; font-size: 0.92em; }
  .dla-im-key li { display: flex; align-items: center; gap: 5px; margin: 0; }
  .dla-im-key i { width: 13px; height: 13px; border-radius: 50%; border: 1.5px solid var(--dla-text); flex: none; }
  .dla-im-count { font-weight: 650; }
  .dla-im-found { background: var(--class); }
  .dla-im-missed { background: color-mix(in srgb, var(--class) 30%, var(--dla-surface)); }
  .dla .dla-im-false { background: color-mix(in srgb, var(--dla-muted) 30%, var(--dla-surface)); border-style: dashed; }
  .dla-im-scores { font-size: 0.88em; }
  .dla-presenter .dla-im-key, .dla-presenter .dla-im-scores { font-size: 0.75em; }`;

/** Names at the left and one or two bars each; `from` is where the bars begin. */
function rowsOfBars(chart, rows, names, series, { from = 0, log = false, xticks = null } = {}) {
  const thick = 0.36;
  chart.begin({ x: log ? [from, 1] : [-0.02, 1.03], y: [rows.length - 0.5, -0.5], xscale: log ? "log" : "linear", nogrid: true, xticks,
    yticks: rows.map((k, row) => [row, names[k]]) });
  chart.custom((c, plotted) => {
    c.strokeStyle = chart.p.colour.grid;
    c.lineWidth = 1;
    for (const [v] of plotted.xticks) { c.beginPath(); c.moveTo(plotted.px(v), plotted.box.top); c.lineTo(plotted.px(v), plotted.box.bottom); c.stroke(); }
  });
  series.forEach(({ values, colour, label, alpha = 1, legend = colour }, s) => {
    chart.entries.push({ label, colour: legend, kind: "bar" });
    chart.custom((c, plotted) => {
      const up = thick * s - thick;
      c.globalAlpha = alpha;
      rows.forEach((k, row) => {
        const value = Math.max(values[k] || 0, from);
        c.fillStyle = Array.isArray(colour) ? colour[k] : colour;
        c.fillRect(plotted.px(from), plotted.py(row + up), plotted.px(value) - plotted.px(from), plotted.py(row + up + thick * 0.92) - plotted.py(row + up));
        if (alpha < 1 && value > from) {
          c.globalAlpha = 1;
          c.strokeStyle = c.fillStyle;
          c.lineWidth = 1.2;
          c.strokeRect(plotted.px(from), plotted.py(row + up), plotted.px(value) - plotted.px(from), plotted.py(row + up + thick * 0.92) - plotted.py(row + up));
          c.globalAlpha = alpha;
        }
      });
      c.globalAlpha = 1;
    });
  });
}

export default explorer((p) => {
  const { labels, names, forest, log_prior: logPrior, every } = p.data;
  const classes = names.length;
  const [rows, columns] = labels.shape;
  const mapped = new Uint8Array(labels.length);
  const own = p.data.own;

  const [accuracy, macro] = duel(p);
  slider(p, "share");
  p.controls.append(h("div", { class: "dla-duel-stamp" }, "each forest pixel counts ", number(p, "times"), " times"));
  const kinds = Object.keys(p.data.logits);
  if (!own) { choice(p, "network", { list: true }); choice(p, "weights", { list: true }); choice(p, "crops"); }
  else if (kinds.length > 1) choice(p, "which", { values: kinds.map((_, k) => k), names: kinds, list: true, label: "Network" });
  slider(p, "tau");
  choice(p, "focus");
  toggle(p, "official");
  if (!own) slider(p, "steps");
  const trainer = own ? null : button(p, "Train it for real", () => p.ask(p.result.running ? "stop" : "train"), { kernel: true });
  p.root.append(h("style", {}, LOOKS));

  const top = group(p, { columns: "1fr 1fr 1fr" });
  const images = ["Radar (VV, VH)", "Labels", "Map"].map((caption) => raster(p, { columns, rows, caption, label: caption, into: top, width: 300 }));
  const [radar, truth, map] = images;
  const { vv, vh } = p.data;
  const grey = ramp("grey");
  for (let i = 0; i < labels.length; i += 1) { // false colour: VV, VH and their difference, as in the lessons
    const level = (v, lo, hi) => Math.max(0, Math.min(255, (v / 8 - 32 - lo) / (hi - lo) * 255));
    const [r, g, b] = [level(vv[i], -20, 0), level(vh[i], -26, -6), level(vv[i] - vh[i] + 256, 0, 14)];
    radar.pixels[i] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  if (!vv.some((v) => v)) radar.pixels.fill(grey[128]);

  const swatches = names.map(() => h("i", { "aria-hidden": "true" }));
  const entries = names.map((name, k) => h("li", {}, swatches[k], name));
  p.stage.append(h("ul", { class: "dla-legend" }, ...entries));

  const middle = group(p, { columns: "1fr 1.15fr" });
  const scores = plot(p, { height: 240, label: "Precision, recall and F1 of each class", into: middle });
  const table = matrixTable(p, names, stage(p, { into: middle }));
  const bottom = group(p, { columns: own ? "1fr 1fr" : "1fr 1fr 1fr" });
  const venn = stage(p, { into: bottom });
  const drawCircles = circles(p, venn);
  const bars = plot(p, { height: 210, caption: "Share of the pixels", label: "Share of each class in labels and map, on a logarithmic axis", into: bottom });
  const curves = own ? null : plot(p, { height: 190, caption: "Macro F1 while training", label: "Macro F1 on the validation scenes against training steps", into: bottom });
  const progress = h("div", { class: "dla-duel-stamp" });
  if (curves) curves.canvas.after(progress);

  const between = p.data.seam ? (c, size) => { // two pieces of different scenes
    c.fillStyle = p.colour.surface;
    c.fillRect(p.data.seam * size - 1.5, 0, 3, rows * size);
  } : null;

  /** In a room the circles stand beside the maps. */
  const arrange = () => {
    const place = p.presenter ? top : bottom;
    if (venn.parentElement === place) return;
    if (p.presenter) top.append(venn); else bottom.prepend(venn);
    top.style.setProperty("--columns", p.presenter ? "1fr 1fr 1fr 1.15fr" : "1fr 1fr 1fr");
    bottom.style.setProperty("--columns", own || p.presenter ? "1fr 1fr" : "1fr 1fr 1fr");
  };

  const words = (s, now) => {
    if (own) return `Your network ${keyOf(s)}`;
    if (now) return `A network trained here and now, ${p.result.label}`;
    if (s.network === "bundled") return "The bundled model";
    const asked = s.network === "now" ? ", for nothing was trained here yet" : "";
    return `A network trained with loss weights ${WEIGHT_WORDS[s.weights]} on crops ${CROP_WORDS[s.crops]}${asked}`;
  };
  const keyOf = (s) => (own ? kinds[Math.min(s.which, kinds.length - 1)] : s.network === "bundled" ? "bundled" : `${s.weights}.${s.crops}`);

  /** Stored curves in grey, the one that is set in blue, and what is trained now. */
  const drawCurves = (s) => {
    const runs = Object.entries(p.data.curves);
    const at = p.result.step?.length ? Float64Array.from(p.result.step) : null;
    const most = Math.max(...runs.map(([, curve]) => curve.length * every), at?.at(-1) || 0, 100);
    const steps = (n) => Float64Array.from({ length: n }, (_, i) => (i + 1) * every);
    curves.begin({ x: [0, most], y: [0, 0.45], xlabel: "step", ylabel: "validation scenes" });
    for (const [name, curve] of runs) if (name !== keyOf(s)) curves.line(steps(curve.length), curve, { colour: p.colour.muted, width: 1, alpha: 0.55 });
    const mine = p.data.curves[keyOf(s)];
    if (mine) curves.line(steps(mine.length), mine, { colour: p.colour.cycle[0], width: 2.4, label: "stored" });
    if (at) {
      curves.line(at, p.result.macro_f1, { colour: p.colour.cycle[1], width: 2.4, dash: [5, 3], label: "now" });
      curves.points(at, p.result.macro_f1, { colour: p.colour.cycle[1], size: 3 });
    }
    curves.end();
    const told = !p.result.label ? "" : p.result.running ? `Training ${p.result.label}: ${at ? `step ${at.at(-1)}` : "starting"} …` : `Trained now: ${p.result.label}.`;
    if (progress.textContent !== told) progress.textContent = told;
    if (trainer && p.live) trainer.textContent = p.result.running ? "Stop the training" : "Train it for real";
  };

  return (s) => {
    arrange();
    const now = s.network === "now" && p.result.logits !== undefined;
    corrected(now ? p.result.logits : p.data.logits[keyOf(s)], p.data.step, logPrior, s.tau, mapped);
    const plain = confusion(labels, mapped, classes);
    let known = 0;
    let trees = 0;
    for (let i = 0; i < plain.length; i += 1) { known += plain[i]; if (Math.floor(i / classes) === forest) trees += plain[i]; }
    const factor = s.share / (1 - s.share) * (known - trees) / Math.max(trees, 1);
    for (let c = 0; c < classes; c += 1) plain[forest * classes + c] *= factor;
    const found = classScores(plain, classes);

    const colours = s.official ? p.data.official : p.data.safe;
    const pixels = palette(colours);
    truth.classes(labels, pixels);
    map.classes(mapped, pixels);
    for (const image of images) image.paint(between);

    const there = names.map((_, k) => k).filter((k) => found.support[k] + found.mapped[k] > 0);
    entries.forEach((entry, k) => { entry.hidden = !there.includes(k); swatches[k].style.background = colours[k]; });
    const stamp = new Float64Array(classes * classes);
    for (let k = 0; k < classes; k += 1) stamp[k * classes + forest] = found.support[k];
    const lazy = classScores(stamp, classes);
    accuracy(found.accuracy, lazy.accuracy);
    macro(found.macro_f1, lazy.macro_f1);

    scores.height = p.presenter ? 225 : 240;
    rowsOfBars(scores, there, names, [{ values: found.precision, colour: p.colour.cycle[0], label: "precision" },
      { values: found.recall, colour: p.colour.cycle[4], label: "recall" }]);
    scores.rule({ x: found.macro_f1, colour: p.colour.text });
    scores.points(there.map((k) => found.f1[k]), there.map((_, row) => row - 0.02), { colour: p.colour.text, size: 3.4, shape: "diamond", edge: p.colour.surface, label: "F1 (dashed: macro F1)" });
    scores.end();
    table(plain, found.support, found.mapped, s.focus, colours);

    const k = s.focus;
    const counts = { hits: plain[k * classes + k], missed: found.support[k] - plain[k * classes + k], false: found.mapped[k] - plain[k * classes + k] };
    drawCircles(found.support[k], found.mapped[k], counts.hits, names[k], colours[k]);

    const part = (values) => names.map((_, c) => values[c] / found.total);
    rowsOfBars(bars, there, names, [{ values: part(found.support), colour: colours, legend: p.colour.text, label: "labels" },
      { values: part(found.mapped), colour: colours, legend: p.colour.muted, alpha: 0.45, label: "map" }],
    { from: 2e-4, log: true, xticks: [[0.001, "0.1 %"], [0.01, "1 %"], [0.1, "10 %"], [1, "100 %"]] });
    bars.end();
    if (curves) drawCurves(s);

    const numbers = {
      network: words(s, now), share: s.share, tau: s.tau, steps: s.steps, accuracy: found.accuracy, balanced: found.balanced,
      macro_f1: found.macro_f1, name: names[k], mapped_forest: found.mapped[forest] / found.total, ...counts,
      relevant: found.support[k], selected: found.mapped[k], times: factor, stamp: lazy.accuracy, stamp_f1: lazy.macro_f1,
      focus_precision: found.precision[k], focus_recall: found.recall[k],
    };
    for (let r = 0; r < classes; r += 1) {
      for (let c = 0; c < classes; c += 1) numbers[`cell.${r}.${c}`] = found.support[r] ? plain[r * classes + c] / found.support[r] : NaN;
    }
    return numbers;
  };
});
