// basin_map.js - the outlines are a picture, the basins are drawn live: on the map, and against another variable.

import { explorer, slider, choice, button, readout, group } from "./panels.js";
import { plot } from "./plot.js";
import { rampColour } from "./raster.js";

const SHADES = Array.from({ length: 64 }, (_, k) => rampColour("viridis", k / 63));

/** The quantile of sorted values, between neighbours as NumPy has it. */
function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values) {
  const order = values.map((_, k) => k).sort((a, b) => values[a] - values[b]);
  const found = new Array(values.length);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1]] === values[order[i]]) j += 1;
    for (let k = i; k <= j; k += 1) found[order[k]] = (i + j) / 2 + 1;
    i = j + 1;
  }
  return found;
}

function rankCorrelation(a, b) {
  const varied = (v) => v.some((x) => x !== v[0]);
  if (a.length < 3 || !varied(a) || !varied(b)) return NaN;
  const [ra, rb] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  ra.forEach((v, k) => { ab += (v - mean) * (rb[k] - mean); aa += (v - mean) ** 2; bb += (rb[k] - mean) ** 2; });
  return ab / Math.sqrt(aa * bb);
}

export default explorer((p) => {
  const { ids, x, y, variables, labels, values, aspect } = p.data;
  const n = ids.length;
  const row = (k) => values.subarray(k * n, (k + 1) * n);
  const named = (name, otherwise) => (variables.includes(name) ? variables.indexOf(name) : Math.min(otherwise, variables.length - 1));
  const picker = (name, otherwise) => {
    const titles = variables.map((variable, k) => (labels[k].startsWith(variable) ? labels[k] : `${variable}: ${labels[k]}`));
    const select = choice(p, name, { values: variables, names: titles, list: true });
    p.synced.push(() => { select.value = String(named(p.model.get(name), otherwise)); });
  };
  picker("colour", 0);
  picker("across", 1);
  slider(p, "least");
  slider(p, "most");
  slider(p, "cursor", { max: n - 1, show: (k) => ids[Math.min(k, n - 1)] });
  button(p, "Forget the picked ones", () => p.set({ picked: [] }));

  const views = group(p); // one below the other, and side by side on the wide screen of a room
  const map = plot(p, { height: 300, label: "Map of the basins", into: views });
  const below = group(p, { columns: "3fr 2fr", into: views });
  readout(p, [["count", "Basins chosen"], ["median", "Median"], ["low", "Lower quarter"], ["high", "Upper quarter"], ["rank", "Rank correlation"]]);
  const against = plot(p, { height: 230, caption: "Against another variable", label: "Basins in the plane of both variables", into: below });
  const bars = plot(p, { height: 230, caption: "How many have which value", label: "Histogram of the chosen and of all basins", into: below });

  const outlines = new Image();
  outlines.onload = () => p.schedule();
  outlines.src = p.data.outlines;
  const sized = document.createElement("canvas"); // the outlines in the size of the screen: scaling them takes longer than all else
  function drawOutlines(context, left, top, width, height) {
    if (!outlines.complete || !outlines.naturalWidth) return;
    const ratio = window.devicePixelRatio || 1;
    const [w, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (sized.width !== w || sized.height !== high) {
      [sized.width, sized.height] = [w, high];
      const small = sized.getContext("2d");
      small.imageSmoothingQuality = "high";
      small.drawImage(outlines, 0, 0, w, high);
    }
    context.drawImage(sized, left, top, width, height);
  }

  const west = ids.map((_, k) => k).sort((a, b) => x[a] - x[b]);
  const toggle_ = (k) => {
    const picked = p.state.picked;
    p.set({ picked: picked.includes(k) ? picked.filter((one) => one !== k) : [...picked, k].sort((a, b) => a - b) });
  };
  let drag = null;
  let box = null;
  /** Hover names the nearest basin, a click picks it, a drawn rectangle picks all within. */
  function pointing(chart, places) {
    const canvas = chart.canvas;
    canvas.style.touchAction = "none";
    const nearest = (event) => {
      const seen = canvas.getBoundingClientRect();
      let [best, found] = [400, -1];
      places().forEach(([px, py], k) => {
        const d = (chart.px(px) - event.clientX + seen.left) ** 2 + (chart.py(py) - event.clientY + seen.top) ** 2;
        if (d < best) [best, found] = [d, k];
      });
      return found;
    };
    canvas.addEventListener("pointermove", (event) => {
      if (drag) { box = { chart, from: drag, to: chart.at(event) }; p.schedule(); return; }
      const k = nearest(event);
      if (k >= 0) p.set({ cursor: k });
    });
    canvas.addEventListener("pointerdown", (event) => { drag = chart.at(event); canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", (event) => {
      const [from, to] = [drag, chart.at(event)];
      const moved = box !== null && Math.hypot(chart.px(from.x) - chart.px(to.x), chart.py(from.y) - chart.py(to.y)) > 6;
      drag = box = null;
      if (moved) {
        const within = (v, a, b) => v >= Math.min(a, b) && v <= Math.max(a, b);
        p.set({ picked: places().flatMap(([px, py], k) => (within(px, from.x, to.x) && within(py, from.y, to.y) ? [k] : [])) });
      } else {
        const k = nearest(event);
        if (k >= 0) toggle_(k);
      }
      p.schedule();
    });
    const step = (by) => () => p.set({ cursor: west[Math.max(0, Math.min(n - 1, west.indexOf(Math.min(p.state.cursor, n - 1)) + by))] });
    p.keys(canvas, "Basins. Left and right arrow go to the next basin west or east, Space picks it, Escape forgets all that were picked.", {
      ArrowLeft: step(-1), ArrowRight: step(1), " ": () => toggle_(Math.min(p.state.cursor, n - 1)), Escape: () => p.set({ picked: [] }),
    });
  }
  const onMap = ids.map((_, k) => [x[k], y[k]]);
  let onPlane = onMap;
  pointing(map, () => onMap);
  pointing(against, () => onPlane);

  return (s) => {
    const [k, j] = [named(s.colour, 0), named(s.across, 1)];
    const [v, w] = [row(k), row(j)];
    const sorted = Float64Array.from(v).filter(Number.isFinite).sort();
    const [low, high] = sorted.length ? [quantile(sorted, s.least), quantile(sorted, Math.max(s.most, s.least))] : [NaN, NaN];
    const picked = new Set(s.picked);
    const keep = ids.map((_, i) => Number.isFinite(v[i]) && v[i] >= low && v[i] <= high && (!picked.size || picked.has(i)));
    const kept = Float64Array.from(v).filter((_, i) => keep[i]).sort();
    const pairs = ids.map((_, i) => i).filter((i) => keep[i] && Number.isFinite(w[i]));
    const cursor = Math.min(s.cursor, n - 1);

    const c = p.colour;
    const [dark, bright] = sorted.length ? [quantile(sorted, 0.02), quantile(sorted, 0.98)] : [0, 1];
    const groups = SHADES.map(() => []); // basins of one colour are painted in one go
    const left_out = [];
    keep.forEach((chosen, i) => {
      const share = Math.min(1, Math.max(0, (v[i] - dark) / (bright - dark || 1)));
      (chosen ? groups[Math.round(share * (SHADES.length - 1))] : left_out).push(i);
    });
    const dots = (chart, places) => chart.custom((context) => {
      const size = (n > 200 ? 3.2 : 5.5) * p.scale;
      const trace = (list, radius) => {
        context.beginPath();
        for (const i of list) {
          const [px, py] = [chart.px(places[i][0]), chart.py(places[i][1])];
          if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
          context.moveTo(px + radius, py);
          context.arc(px, py, radius, 0, 7);
        }
      };
      context.globalAlpha = 0.25;
      context.fillStyle = c.muted;
      trace(left_out, size * 0.6);
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = c.text;
      context.lineWidth = n > 200 ? 0.4 : 0.8;
      groups.forEach((list, k) => { // the chosen ones on top
        if (!list.length) return;
        trace(list, size);
        context.fillStyle = SHADES[k];
        context.fill();
        context.stroke();
      });
      trace([...picked].filter((i) => keep[i]), size);
      context.strokeStyle = c.cycle[1];
      context.lineWidth = 2.5;
      context.stroke();
      trace([cursor], size * 1.8);
      context.strokeStyle = c.accent;
      context.lineWidth = 2.5 * p.scale;
      context.stroke();
      if (box?.chart === chart) {
        context.strokeRect(chart.px(box.from.x), chart.py(box.from.y), chart.px(box.to.x) - chart.px(box.from.x), chart.py(box.to.y) - chart.py(box.from.y));
      }
    });

    views.style.setProperty("--columns", p.presenter ? "5fr 3fr" : "1fr");
    below.style.setProperty("--columns", p.presenter ? "1fr" : "3fr 2fr");
    [against.height, bars.height] = p.presenter ? [170, 120] : [215, 215];
    map.height = Math.min(420, (map.canvas.clientWidth || 600) * aspect / (p.presenter ? 1.35 : 1));
    map.begin({ x: [0, 1], y: [1, 0], xticks: [], yticks: [], nogrid: true });
    map.custom((context) => {
      const { left, right, top, bottom } = map.box;
      context.fillStyle = c.surface;
      context.fillRect(left - 1, top - 2, right - left + 2, bottom - top + 4); // a map has no axes
      drawOutlines(context, left, top, right - left, bottom - top);
      const [barLeft, barWidth, barTop, barHigh] = [left + 12, Math.min(190 * p.scale, (right - left) / 3), bottom - 34 * p.scale, 10 * p.scale];
      SHADES.forEach((shade, i) => {
        context.fillStyle = shade;
        const at = Math.round(barLeft + i / SHADES.length * barWidth); // whole pixels, or stripes show between them
        context.fillRect(at, Math.round(barTop), Math.round(barLeft + (i + 1) / SHADES.length * barWidth) - at, Math.round(barHigh));
      });
      context.fillStyle = c.text;
      context.textBaseline = "top";
      context.textAlign = "left";
      context.fillText(dark.toPrecision(2), barLeft, barTop + barHigh + 3);
      context.textAlign = "right";
      context.fillText(bright.toPrecision(2), barLeft + barWidth, barTop + barHigh + 3);
      context.textAlign = "left";
      context.textBaseline = "bottom";
      context.fillText(labels[k], barLeft, barTop - 3);
    });
    dots(map, onMap);
    map.custom((context) => {
      const [px, py] = [map.px(x[cursor]), map.py(y[cursor])];
      context.font = map.font(true);
      context.textBaseline = "bottom";
      context.textAlign = px > (map.box.left + map.box.right) / 2 ? "right" : "left";
      context.lineWidth = 4;
      context.strokeStyle = c.surface;
      const at = px + (context.textAlign === "left" ? 10 : -10) * p.scale;
      context.strokeText(ids[cursor], at, py - 6);
      context.fillStyle = c.text;
      context.fillText(ids[cursor], at, py - 6);
    });
    map.end();

    const span = (values_) => {
      const found = Float64Array.from(values_).filter(Number.isFinite).sort();
      const [a, b] = [found[0] ?? 0, found.at(-1) ?? 1];
      const pad = (b - a) * 0.04 || 1;
      return [a - pad, b + pad];
    };
    const fitting = (i, length, em) => (labels[i].length * em * p.scale < length ? labels[i] : variables[i]);
    const wide = (chart, i) => fitting(i, (chart.canvas.clientWidth || 300) - 40, 6.6);
    onPlane = ids.map((_, i) => [w[i], v[i]]);
    against.begin({ x: span(w), y: span(v), xlabel: wide(against, j), ylabel: fitting(k, against.height * (p.presenter ? 1.35 : 1) - 30, 6.6) });
    dots(against, onPlane);
    against.end();

    const [from, to] = span(v);
    const bins = 16;
    const count = (want) => {
      const found = new Float64Array(bins);
      v.forEach((value, i) => { if (Number.isFinite(value) && want(i)) found[Math.min(bins - 1, Math.floor((value - from) / (to - from) * bins))] += 1; });
      return found;
    };
    const [all, some] = [count(() => true), count((i) => keep[i])];
    const centres = Float64Array.from({ length: bins }, (_, i) => from + (i + 0.5) / bins * (to - from));
    bars.begin({ x: [from, to], y: [0, Math.max(...all) * 1.1], xlabel: wide(bars, k), ylabel: "basins" });
    bars.bars(centres, all, { colour: c.muted, width: (to - from) / bins * 0.9, alpha: 0.4, label: "all" });
    bars.bars(centres, some, { colour: c.cycle[0], width: (to - from) / bins * 0.9, label: "chosen" });
    bars.end();

    const quarter = (share) => (kept.length ? quantile(kept, share) : NaN);
    return {
      count: kept.length, all: n, label: labels[k], against: labels[j], median: quarter(0.5), low: quarter(0.25), high: quarter(0.75),
      name: ids[cursor], value: v[cursor], other: w[cursor], least: s.least, most: s.most,
      rank: rankCorrelation(pairs.map((i) => v[i]), pairs.map((i) => w[i])),
    };
  };
});
