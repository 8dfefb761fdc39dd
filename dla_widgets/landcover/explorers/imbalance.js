// imbalance.js - stored logits become a map under the chosen prior; the map becomes a confusion matrix, and that the scores.

import { explorer, slider, choice, toggle, button, readout, number, group, stage, h } from "./panels.js";
import { plot } from "./plot.js";
import { raster, palette, ramp } from "./raster.js";
import { confusion, classScores } from "./classes.js";

const STEP = 1 / 24; // of the stored logits
const WEIGHT_WORDS = { none: "none", sqrt: "1/√n", inverse: "1/n", effective: "effective" };
const CROP_WORDS = { random: "anywhere", balanced: "class-aware" };

/** The class with the highest logit less tau times the logarithm of its share in training. */
function corrected(kept, logPrior, tau, out) {
  const classes = logPrior.length;
  const shift = Float64Array.from(logPrior, (v) => tau * v);
  for (let i = 0, at = 0; i < out.length; i += 1) {
    let best = -kept[at] * STEP - shift[0];
    let winner = 0;
    at += 1;
    for (let c = 1; c < classes; c += 1, at += 1) {
      const z = -kept[at] * STEP - shift[c];
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

/** Relevant and selected elements as circles whose areas are pixels; what they share was found. */
function circles(p, into) {
  const canvas = h("canvas", { class: "dla-plot", role: "img", "aria-label": "Relevant and selected pixels of the chosen class as two circles" });
  into.append(canvas);
  const c = canvas.getContext("2d");
  return (relevant, selected, hits, name, colour) => {
    const width = canvas.clientWidth;
    const height = Math.round(150 * p.scale);
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
    const fit = Math.min((width - 8) / Math.max(right - left, 1e-9), (height - 2.6 * 12 * p.scale) / Math.max(2 * ra, 2 * rb, 1e-9));
    const x = (v) => width / 2 + (v - (left + right) / 2) * fit;
    const y = height / 2 + 6;
    const disc = (at, r, fill) => { c.beginPath(); c.arc(x(at), y, r * fit, 0, 7); c.fillStyle = fill; c.fill(); };
    c.globalAlpha = 0.35;
    disc(0, ra, colour);
    disc(gap, rb, p.colour.cycle[1]);
    if (hits > 0) {
      c.save();
      c.beginPath();
      c.arc(x(0), y, ra * fit, 0, 7);
      c.clip();
      c.globalAlpha = 1;
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
    c.font = `${12 * p.scale}px system-ui, sans-serif`;
    c.fillStyle = p.colour.text;
    c.textBaseline = "top";
    c.textAlign = "left";
    c.fillText(`—  is ${name}`, 4, 2);
    c.textAlign = "right";
    c.fillText("- -  mapped as it", width - 4, 2);
  };
}

/** The confusion matrix as a table: rows are the labels, shaded by the share of the row. */
function matrixTable(p, names, into) {
  const short = names.map((name) => name.replace("snow and ice", "snow"));
  const table = h("table", { class: "dla-matrix" }, h("caption", {}, "Of each labelled class, mapped as …"));
  table.append(h("tr", {}, h("th", { scope: "col" }, "label"), ...short.map((name) => h("th", { scope: "col" }, h("span", {}, name)))));
  const rows = names.map((name, r) => {
    const cells = names.map((_, c) => h("td", {}, number(p, `cell.${r}.${c}`)));
    const row = h("tr", {}, h("th", { scope: "row" }, short[r]), ...cells);
    table.append(row);
    return { row, cells };
  });
  into.append(table);
  const style = h("style", {}, `.dla-matrix { font-size: 0.8em; width: 100%; table-layout: fixed; }
    .dla .dla-matrix th, .dla .dla-matrix td { padding: 1px 2px; text-align: center; overflow: hidden; }
    .dla .dla-matrix th[scope="row"] { text-align: right; padding-right: 6px; font-weight: 500; }
    .dla .dla-matrix th[scope="col"] { font-weight: 500; height: 5.6em; vertical-align: bottom; }
    .dla .dla-matrix th[scope="col"]:first-child { width: 5.6em; vertical-align: bottom; text-align: right; padding-right: 6px; }
    .dla .dla-matrix th span { writing-mode: vertical-rl; rotate: 180deg; white-space: nowrap; }`);
  into.append(style);
  const blue = { light: "10 94 168", dark: "60 130 200" };
  return (matrix, support, theme) => {
    rows.forEach(({ row, cells }, r) => {
      row.hidden = !support[r];
      cells.forEach((cell, c) => {
        const part = support[r] ? matrix[r * names.length + c] / support[r] : 0;
        cell.style.background = `rgb(${blue[theme]} / ${Math.round(part * 55)}%)`; // letters stay legible on it
        cell.style.outline = r === c ? "1px solid var(--dla-muted)" : "";
        cell.firstChild.style.opacity = part >= 0.005 ? "" : "0";
      });
    });
  };
}

export default explorer((p) => {
  const { labels, names, forest, log_prior: logPrior, every } = p.data;
  const classes = names.length;
  const [rows, columns] = labels.shape;
  const mapped = new Uint8Array(labels.length);
  const own = p.data.own;

  slider(p, "share");
  if (!own) { choice(p, "weights", { list: true }); choice(p, "crops"); }
  slider(p, "tau");
  choice(p, "focus");
  if (!own) choice(p, "network", { list: true });
  toggle(p, "official");
  if (!own) slider(p, "steps");
  const trainer = own ? null : button(p, "Train it for real", () => p.ask(p.result.running ? "stop" : "train"), { kernel: true });

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

  readout(p, [["accuracy", "Accuracy"], ["macro_f1", "Macro F1"], ["balanced", "Balanced accuracy"], ["mapped_forest", "Mapped as forest"]]);
  const middle = group(p, { columns: "1fr 1.15fr" });
  const scores = plot(p, { height: 250, label: "Precision and recall of each class", into: middle });
  const table = matrixTable(p, names, stage(p, { into: middle }));
  const bottom = group(p, { columns: "1fr 1fr 1fr" });
  const venn = stage(p, { into: bottom });
  const title = h("figcaption", {});
  venn.append(title);
  const drawCircles = circles(p, venn);
  venn.append(h("div", { class: "dla-hidden" }, number(p, "hits"), " found, ", number(p, "missed"), " missed, ", number(p, "false"), " false"));
  const bars = plot(p, { height: 180, caption: "Shares of the pixels", label: "Share of each class in labels and map, on a logarithmic axis", into: bottom });
  const curves = plot(p, { height: 180, caption: "Macro F1 while training", label: "Macro F1 on the validation scenes against training steps", into: bottom });

  const words = (s, now) => {
    if (own) return `Your network ${keyOf(s)}`;
    if (now) return `A network trained here and now, ${p.result.label}`;
    if (s.network === "bundled") return "The bundled model";
    const asked = s.network === "now" ? ", for nothing was trained here yet" : "";
    return `A network trained with loss weights ${WEIGHT_WORDS[s.weights]} on crops ${CROP_WORDS[s.crops]}${asked}`;
  };
  const keyOf = (s) => {
    const wanted = s.network === "bundled" ? "bundled" : `${s.weights}.${s.crops}`;
    return wanted in p.data.logits ? wanted : Object.keys(p.data.logits)[0];
  };

  return (s) => {
    const now = s.network === "now" && p.result.logits !== undefined;
    corrected(now ? p.result.logits : p.data.logits[keyOf(s)], logPrior, s.tau, mapped);
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
    radar.paint();
    truth.paint();
    map.paint();

    const there = names.map((_, k) => k).filter((k) => found.support[k] + found.mapped[k] > 0);
    const at = there.map((_, k) => k);
    scores.begin({ x: [-0.6, there.length - 0.4], y: [0, 1], ylabel: "[-]", xticks: [], nogrid: false });
    scores.bars(at.map((k) => k - 0.2), there.map((k) => found.precision[k]), { colour: p.colour.cycle[0], width: 0.36, label: "precision" });
    scores.bars(at.map((k) => k + 0.2), there.map((k) => found.recall[k]), { colour: p.colour.cycle[4], width: 0.36, label: "recall" });
    scores.custom((c, plotted) => {
      c.textAlign = "left";
      c.textBaseline = "middle";
      there.forEach((k, column) => {
        c.save();
        c.translate(plotted.px(column), plotted.box.bottom - 5);
        c.rotate(-Math.PI / 2);
        c.lineWidth = 3;
        c.strokeStyle = p.colour.surface;
        c.strokeText(names[k], 0, 0);
        c.fillStyle = p.colour.text;
        c.fillText(names[k], 0, 0);
        c.restore();
      });
    });
    scores.end();
    table(plain, found.support, p.root.dataset.theme);

    const k = s.focus;
    const counts = { hits: plain[k * classes + k], missed: found.support[k] - plain[k * classes + k], false: found.mapped[k] - plain[k * classes + k] };
    title.textContent = `${names[k][0].toUpperCase()}${names[k].slice(1)}: precision ${p.say("focus_precision", { focus_precision: found.precision[k] })}, recall ${p.say("focus_recall", { focus_recall: found.recall[k] })}`;
    drawCircles(found.support[k], found.mapped[k], counts.hits, names[k], colours[k]);

    const floor = 2e-4;
    const share = (values) => there.map((c) => Math.max(values[c] / found.total, floor));
    bars.begin({ x: [-0.6, there.length - 0.4], y: [floor, 1], yscale: "log", yticks: [[0.001, "0.1 %"], [0.01, "1 %"], [0.1, "10 %"], [1, "100 %"]], xticks: [] });
    bars.bars(at.map((c) => c - 0.2), share(found.support), { colour: there.map((c) => colours[c]), base: floor, width: 0.36 });
    bars.bars(at.map((c) => c + 0.2), share(found.mapped), { colour: there.map((c) => colours[c]), base: floor, width: 0.36, alpha: 0.55 });
    bars.entries.push({ label: "left: labels", colour: p.colour.text, kind: "bar" }, { label: "right: map", colour: p.colour.muted, kind: "bar" });
    bars.end();

    const runs = Object.entries(p.data.curves);
    const now_ = p.result.step ? Float64Array.from(p.result.step) : null;
    const most = Math.max(...runs.map(([, curve]) => curve.length * every), now_?.at(-1) || 0, 100);
    curves.begin({ x: [0, most], y: [0, 0.45], xlabel: "step", ylabel: "validation" });
    const steps = (n) => Float64Array.from({ length: n }, (_, i) => (i + 1) * every);
    for (const [name, curve] of runs) if (name !== keyOf(s)) curves.line(steps(curve.length), curve, { colour: p.colour.muted, width: 1, alpha: 0.55 });
    const mine = p.data.curves[keyOf(s)];
    if (mine) curves.line(steps(mine.length), mine, { colour: p.colour.cycle[0], width: 2.4, label: "stored" });
    if (now_?.length) {
      curves.line(now_, p.result.macro_f1, { colour: p.colour.cycle[1], width: 2.4, dash: [5, 3], label: "now" });
      curves.points(now_, p.result.macro_f1, { colour: p.colour.cycle[1], size: 3 });
    }
    curves.end();
    if (trainer && p.live) trainer.textContent = p.result.running ? "Stop the training" : "Train it for real";

    const numbers = {
      network: words(s, now), share: s.share, tau: s.tau, steps: s.steps, accuracy: found.accuracy, balanced: found.balanced,
      macro_f1: found.macro_f1, name: names[k], mapped_forest: found.mapped[forest] / found.total, ...counts,
      focus_precision: found.precision[k], focus_recall: found.recall[k],
    };
    for (let r = 0; r < classes; r += 1) {
      for (let c = 0; c < classes; c += 1) numbers[`cell.${r}.${c}`] = found.support[r] ? plain[r * classes + c] / found.support[r] : NaN;
    }
    return numbers;
  };
});
