// scene.js - two layers of a scene with a divider between them, and a cursor that says what is there.

import { explorer, slider, choice, toggle, readout, legend, group, stage, number, h } from "./panels.js";
import { raster, palette, ramp } from "./raster.js";
import { confusion, classScores } from "./classes.js";

const LOWEST = -36;
const STEP = 1 / 6;
const NODES = 17;

function decibels(level) { return level === 255 ? NaN : LOWEST + (level + 0.5) * STEP; }

export default explorer((p) => {
  const { labels, truth, prediction, vv, vh, names, nodes, transform, layers, crs } = p.data;
  const [rows, columns] = p.data.shape;
  const n = rows * columns;
  const there = Object.keys(layers).filter((name) => !(name in p.data) || p.data[name].length);
  const titles = there.map((name) => layers[name]);
  choice(p, "left", { values: there, names: titles, list: true });
  choice(p, "right", { values: there, names: titles, list: true });
  slider(p, "divider");
  slider(p, "row", { max: rows - 1 });
  slider(p, "column", { max: columns - 1 });
  toggle(p, "official");

  const sides = group(p, { columns: "1.6fr 1fr" });
  const view = raster(p, { columns, rows, label: "The scene", into: sides, width: 520 });
  const facts = stage(p, { into: sides, caption: "Under the cursor" });
  const table = h("table", {});
  for (const [label, ...keys] of [["VV [dB]", "vv"], ["VH [dB]", "vh"], ["Label", "label"], ["Truth", "truth"], ["Map", "prediction"],
    ["Easting [m]", "x"], ["Northing [m]", "y"], ["Longitude [°]", "lon"], ["Latitude [°]", "lat"]]) {
    table.append(h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, ...keys.map((key) => number(p, key)))));
  }
  facts.append(table, h("p", { class: "dla-remark" }, crs));
  readout(p, [["accuracy", "Map against labels"], ["macro_f1", "Macro F1"], ["wrong_labels", "Labels that are wrong"]], { into: facts });
  let shownLegend = null;
  const legends = stage(p, {});

  const known = (name) => p.data[name].length > 0;
  const score = known("prediction") && labels.some((k, i) => k !== 255 && prediction[i] !== 255) ? classScores(confusion(labels, prediction, names.length), names.length) : null;
  let wrong = NaN;
  if (known("truth")) {
    let [bad, all] = [0, 0];
    for (let i = 0; i < n; i += 1) if (labels[i] !== 255) { all += 1; if (truth[i] !== labels[i]) bad += 1; }
    wrong = all ? bad / all : NaN;
  }

  const grey = ramp("grey");
  const level = (v, low, high) => Math.max(0, Math.min(255, Math.round((LOWEST + v * STEP - low) / (high - low) * 255)));
  const images = {
    VV: () => Uint32Array.from(vv, (v) => grey[level(v, -20, 0)]), VH: () => Uint32Array.from(vh, (v) => grey[level(v, -26, -6)]),
    colour: () => Uint32Array.from(vv, (v, i) => {
      const ratio = Math.max(0, Math.min(255, Math.round((v - vh[i]) * STEP / 14 * 255)));
      return ((255 << 24) | (ratio << 16) | (level(vh[i], -26, -6) << 8) | level(v, -20, 0)) >>> 0;
    }),
  };
  const made = {};
  function layer(name, official) {
    const key = name in images ? name : `${name} ${official}`;
    if (!(key in made)) {
      if (name in images) made[key] = images[name]();
      else {
        const colours = palette(official ? p.data.official : p.data.safe);
        made[key] = Uint32Array.from(p.data[name].length ? p.data[name] : new Uint8Array(n).fill(255), (k) => colours[k]);
      }
    }
    return made[key];
  }

  const canvas = view.canvas;
  canvas.style.touchAction = "none";
  const share = (event) => {
    const seen = canvas.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - seen.left) / seen.width));
  };
  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    held = Math.abs(share(event) - p.state.divider) < 0.02 ? "divider" : "cursor";
    canvas.setPointerCapture(event.pointerId);
    drag(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    canvas.style.cursor = Math.abs(share(event) - p.state.divider) < 0.02 ? "ew-resize" : "crosshair";
    if (held) drag(event);
  });
  canvas.addEventListener("pointerup", () => { held = null; });
  function drag(event) {
    if (held === "divider") p.set({ divider: Math.round(share(event) * 100) / 100 });
    else p.set(view.at(event));
  }
  const move = (dr, dc) => (event) => {
    const by = event.shiftKey ? 10 : 1;
    p.set({ row: Math.max(0, Math.min(rows - 1, p.state.row + dr * by)), column: Math.max(0, Math.min(columns - 1, p.state.column + dc * by)) });
  };
  const swipe = (by) => () => p.set({ divider: Math.round((p.state.divider + by) * 100) / 100 });
  p.keys(canvas, "The scene. Arrow keys move the cursor, with Shift by ten pixels; comma and full stop move the divider.", {
    ArrowLeft: move(0, -1), ArrowRight: move(0, 1), ArrowUp: move(-1, 0), ArrowDown: move(1, 0), ",": swipe(-0.05), ".": swipe(0.05),
  });

  function between(row, column) {
    const [v, u] = [row / Math.max(rows - 1, 1) * (NODES - 1), column / Math.max(columns - 1, 1) * (NODES - 1)];
    const [i, j] = [Math.min(Math.floor(v), NODES - 2), Math.min(Math.floor(u), NODES - 2)];
    const at = (a, b, k) => nodes[((i + a) * NODES + j + b) * 2 + k];
    return [0, 1].map((k) => {
      const above = at(0, 0, k) * (1 - (u - j)) + at(0, 1, k) * (u - j);
      const below = at(1, 0, k) * (1 - (u - j)) + at(1, 1, k) * (u - j);
      return above * (1 - (v - i)) + below * (v - i);
    });
  }

  return (s) => {
    const [one, other] = [layer(s.left, s.official), layer(s.right, s.official)];
    const split = Math.round(s.divider * columns);
    for (let r = 0, i = 0; r < rows; r += 1) {
      for (let c = 0; c < columns; c += 1, i += 1) view.pixels[i] = c < split ? one[i] : other[i];
    }
    const row = Math.min(s.row, rows - 1);
    const column = Math.min(s.column, columns - 1);
    view.paint((context, scale) => {
      const [x, y] = [(column + 0.5) * scale, (row + 0.5) * scale];
      for (const [colour, wide] of [["#000000", 4], ["#ffffff", 2]]) {
        context.strokeStyle = colour;
        context.lineWidth = wide;
        context.beginPath();
        context.moveTo(split * scale, 0);
        context.lineTo(split * scale, rows * scale);
        context.stroke();
        context.beginPath();
        context.arc(x, y, 8, 0, 7);
        context.moveTo(x - 14, y); context.lineTo(x - 5, y);
        context.moveTo(x + 5, y); context.lineTo(x + 14, y);
        context.moveTo(x, y - 14); context.lineTo(x, y - 5);
        context.moveTo(x, y + 5); context.lineTo(x, y + 14);
        context.stroke();
      }
      const metres = [100, 200, 500, 1000, 2000, 5000].find((m) => m / Math.abs(transform[0]) * scale > 60) || 10000;
      const wide = metres / Math.abs(transform[0]) * scale;
      context.fillStyle = "rgb(0 0 0 / 65%)";
      context.fillRect(8, rows * scale - 32, wide + 16, 26);
      context.fillStyle = "#ffffff";
      context.fillRect(16, rows * scale - 14, wide, 3);
      context.font = "12px system-ui, sans-serif";
      context.textAlign = "left";
      context.textBaseline = "alphabetic";
      context.fillText(metres < 1000 ? `${metres} m` : `${metres / 1000} km`, 16, rows * scale - 18);
    });
    if (shownLegend !== s.official) {
      legends.replaceChildren();
      const used = names.map((_, k) => k).filter((k) => [labels, truth, prediction].some((image) => image.includes(k)));
      legend(p, used.map((k) => [(s.official ? p.data.official : p.data.safe)[k], names[k]]), { into: legends });
      shownLegend = s.official;
    }
    const i = row * columns + column;
    const named = (image) => (!image.length ? "not given" : image[i] === 255 ? "unknown" : names[image[i]]);
    const [a, b, c, d, e, f] = transform;
    const [lon, lat] = between(row, column);
    return {
      name: p.data.name, left: layers[s.left], right: layers[s.right], divider: s.divider, row, column,
      x: a * (column + 0.5) + b * (row + 0.5) + c, y: d * (column + 0.5) + e * (row + 0.5) + f, lon, lat,
      vv: decibels(vv[i]), vh: decibels(vh[i]), label: named(labels), truth: named(truth),
      prediction: named(prediction), accuracy: score ? score.accuracy : NaN, macro_f1: score ? score.macro_f1 : NaN, wrong_labels: wrong,
    };
  };
});
