// metrics.js - a small scene to paint on; every stroke is scored.

import { explorer, slider, choice, toggle, button, readout, number, group, stage, h } from "./panels.js";
import { raster, palette } from "./raster.js";
import { plot } from "./plot.js";
import { confusion, classScores } from "./classes.js";

export default explorer((p) => {
  const { truth, names, safe, letters } = p.data;
  const [rows, columns] = truth.shape;
  const classes = names.length;
  const mapped = new Uint8Array(truth.length);
  const colours = palette(safe);
  const undo = [];

  choice(p, "brush");
  slider(p, "width");
  toggle(p, "errors");
  button(p, "Undo the last stroke", () => { if (undo.length) p.set({ painting: undo.pop() }); });
  button(p, "Forest everywhere", () => { undo.push(p.state.painting); p.set({ painting: "" }); });
  const keys = h("ul", { class: "dla-legend" });
  names.forEach((name, k) => keys.append(h("li", {}, h("i", { style: `background:${safe[k]}`, "aria-hidden": "true" }), `${k + 1} ${name}`)));
  p.controls.append(keys);

  const top = group(p);
  const seen = raster(p, { columns, rows, caption: "What is there", label: "The true land cover", into: top, width: 360 });
  const map = raster(p, { columns, rows, caption: "Your map: paint here", label: "The painted map", into: top, width: 360 });
  readout(p, [["accuracy", "Accuracy"], ["macro_f1", "Macro F1"], ["mean_iou", "Mean IoU"], ["balanced", "Balanced accuracy"], ["kappa", "Kappa"]]);
  const below = group(p, { columns: "3fr 2fr" });
  const bars = plot(p, { height: 170, label: "F1 and IoU of each class", into: below });
  const table = h("table", {}, h("caption", {}, "By class"), h("tr", {}, ...["", "precision", "recall", "F1"].map((text) => h("th", { scope: "col" }, text))));
  const lines = names.map((name) => {
    const line = h("tr", {}, h("th", { scope: "row" }, name), ...["precision", "recall", "f1"].map((score) => h("td", {}, number(p, `${score}.${name}`))));
    table.append(line);
    return line;
  });
  stage(p, { into: below }).append(table);

  function read(text) {
    mapped.fill(0);
    let at = 0;
    for (const [, letter, run] of text.matchAll(/([a-i])(\d+)/g)) {
      mapped.fill(letters.indexOf(letter), at, Math.min(at + Number(run), mapped.length));
      at += Number(run);
    }
  }

  function written() {
    let text = "";
    for (let i = 0; i < mapped.length;) {
      let j = i;
      while (j < mapped.length && mapped[j] === mapped[i]) j += 1;
      text += `${letters[mapped[i]]}${j - i}`;
      i = j;
    }
    return text === `${letters[0]}${mapped.length}` ? "" : text;
  }

  const hand = { row: Math.floor(rows / 2), column: Math.floor(columns / 2), shown: false };
  function paint() {
    const { brush, width } = p.state;
    const [from, to] = [-Math.floor((width - 1) / 2), Math.floor(width / 2)];
    for (let r = Math.max(0, hand.row + from); r <= Math.min(rows - 1, hand.row + to); r += 1) {
      for (let c = Math.max(0, hand.column + from); c <= Math.min(columns - 1, hand.column + to); c += 1) mapped[r * columns + c] = brush;
    }
    p.set({ painting: written() });
  }
  const move = (dr, dc) => (event) => {
    hand.row = Math.max(0, Math.min(rows - 1, hand.row + dr));
    hand.column = Math.max(0, Math.min(columns - 1, hand.column + dc));
    hand.shown = true;
    if (!event.shiftKey) return p.schedule();
    undo.push(p.state.painting);
    return paint();
  };
  const digits = Object.fromEntries(names.map((_, k) => [String(k + 1), () => p.set({ brush: k })]));
  p.keys(map.canvas, "Your map. Arrow keys move the brush, Space paints, Shift with arrow keys draws a line, digits choose the class.", {
    ArrowLeft: move(0, -1), ArrowRight: move(0, 1), ArrowUp: move(-1, 0), ArrowDown: move(1, 0),
    " ": () => { undo.push(p.state.painting); hand.shown = true; paint(); }, ...digits,
  });
  let held = false;
  const canvas = map.canvas;
  canvas.style.touchAction = "none";
  canvas.style.cursor = "crosshair";
  canvas.addEventListener("pointerdown", (event) => {
    undo.push(p.state.painting);
    held = true;
    canvas.setPointerCapture(event.pointerId);
    Object.assign(hand, map.at(event), { shown: true });
    paint();
  });
  canvas.addEventListener("pointermove", (event) => {
    Object.assign(hand, map.at(event), { shown: true });
    if (held) paint(); else p.schedule();
  });
  canvas.addEventListener("pointerup", () => { held = false; });

  return (s) => {
    read(s.painting);
    const found = classScores(confusion(truth, mapped, classes), classes);
    seen.classes(truth, colours);
    map.classes(mapped, colours);
    seen.paint();
    map.paint((context, scale) => {
      context.lineWidth = Math.max(1, scale * 0.14);
      if (s.errors) {
        for (let i = 0; i < truth.length; i += 1) {
          if (truth[i] === 255 || truth[i] === mapped[i]) continue;
          const [x, y] = [(i % columns) * scale, Math.floor(i / columns) * scale];
          context.strokeStyle = "#ffffff";
          context.beginPath();
          context.moveTo(x + scale * 0.25, y + scale * 0.25);
          context.lineTo(x + scale * 0.75, y + scale * 0.75);
          context.moveTo(x + scale * 0.75, y + scale * 0.25);
          context.lineTo(x + scale * 0.25, y + scale * 0.75);
          context.stroke();
        }
      }
      if (!hand.shown) return;
      const from = -Math.floor((s.width - 1) / 2);
      for (const [colour, wide] of [["#ffffff", 4], ["#000000", 2]]) {
        context.strokeStyle = colour;
        context.lineWidth = wide;
        context.strokeRect((hand.column + from) * scale, (hand.row + from) * scale, s.width * scale, s.width * scale);
      }
    });

    const there = names.map((_, k) => k).filter((k) => found.support[k] + found.mapped[k] > 0);
    lines.forEach((line, k) => { line.hidden = !there.includes(k); });
    bars.begin({ x: [-0.6, there.length - 0.4], y: [0, 1], ylabel: "[-]", xticks: there.map((k, i) => [i, names[k]]) });
    bars.bars(there.map((_, i) => i - 0.2), there.map((k) => found.f1[k]), { colour: p.colour.cycle[0], width: 0.36, label: "F1" });
    bars.bars(there.map((_, i) => i + 0.2), there.map((k) => found.iou[k]), { colour: p.colour.cycle[4], width: 0.36, label: "IoU" });
    bars.rule({ y: found.macro_f1, colour: p.colour.cycle[0], label: "" });
    bars.end();

    let wrong = 0;
    for (let i = 0; i < truth.length; i += 1) if (truth[i] !== 255 && truth[i] !== mapped[i]) wrong += 1;
    const numbers = {
      accuracy: found.accuracy, balanced: found.balanced, macro_f1: found.macro_f1, mean_iou: found.mean_iou, kappa: found.kappa,
      brush: names[s.brush], width: s.width, wrong, known: found.total, each: there.map((k) => `${names[k]} ${p.say("f1", { f1: found.f1[k] })}`).join(", "),
    };
    for (const score of ["f1", "iou", "precision", "recall"]) names.forEach((name, k) => { numbers[`${score}.${name}`] = found[score][k]; });
    return numbers;
  };
});
