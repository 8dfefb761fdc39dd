// chart.js - scores over time, as steps: what counts is the best one so far.

import { score, svg } from "./page.js";

const f = (number) => number.toFixed(1);

/** The line of `points` [[time, value]] within a box; before the first point there is none. */
function steps(points, x, y, end) {
  const [[t0, v0], ...rest] = points;
  return `M${f(x(t0))} ${f(y(v0))}` + rest.map(([t, v]) => `H${f(x(t))}V${f(y(v))}`).join("") + `H${f(x(end))}`;
}

/** What the rows of a board have in common, so that their small drawings can be compared: times, scores, the line to beat. */
export function common(rows, now) {
  const histories = rows.flatMap((row) => row.history.map(([at, value]) => [Date.parse(at), value]));
  const present = rows.map((row) => row.history.at(-1)?.[1] ?? (row.kind === "benchmark" ? row.score : null)).filter((v) => v !== null);
  const high = Math.max(...present);
  const span = high - Math.min(...present) || high - Math.min(...histories.map(([, value]) => value)) || 1;
  return { from: Math.min(...histories.map(([t]) => t)), to: now, high, low: high - 1.25 * span,
    beat: Math.max(...rows.filter((row) => row.kind === "benchmark").map((row) => row.score)) };
}

/** A small drawing of a team's progress. What is far below the others is drawn at the bottom. */
export function sparkline(history, { from, to, high, low, beat }) {
  const [width, height, edge] = [132, 32, 4];
  const x = (t) => edge + (width - 2 * edge) * (to > from ? (t - from) / (to - from) : 1);
  const y = (v) => edge + (height - 2 * edge) * Math.min(1, (high - v) / (high - low));
  const points = history.map(([at, value]) => [Date.parse(at), value]);
  const [first, last] = [points[0][1], points.at(-1)[1]];
  const words = points.length === 1 ? `at ${score(last)} since the first entry`
    : `from ${score(first)} to ${score(last)} in ${points.length} steps`;
  const drawing = svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  if (Number.isFinite(beat)) drawing.append(svg("path", { class: "beat", d: `M0 ${f(y(beat))}H${width}` }));
  drawing.append(svg("path", { class: "line", d: steps(points, x, y, to) }), svg("circle", { cx: f(x(to)), cy: f(y(last)), r: 3 }));
  return drawing;
}

/** A larger one, with its axes: the best score of all teams. `points` [[iso, value]] only rise. */
export function rise(points, now, words) {
  const [width, height, left, right, top, bottom] = [640, 220, 56, 14, 14, 30];
  const known = points.map(([at, value]) => [Date.parse(at), value]);
  const from = known[0][0], to = Math.max(now, from + 60_000);
  const [low, high] = [known[0][1], known.at(-1)[1]];
  const room = (high - low || 0.1) * 0.12;
  const x = (t) => left + (width - left - right) * (t - from) / (to - from);
  const y = (v) => top + (height - top - bottom) * (high + room - v) / (high - low + 2 * room);
  const day = new Intl.DateTimeFormat("en-GB", to - from > 172_800_000 ? { day: "numeric", month: "short" }
    : { weekday: "short", hour: "2-digit", minute: "2-digit" });
  const drawing = svg("svg", { class: "rise", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  for (const value of new Set([low, (low + high) / 2, high])) {
    drawing.append(svg("path", { class: "grid", d: `M${left} ${f(y(value))}H${width - right}` }),
      svg("text", { x: left - 8, y: f(y(value) + 4), "text-anchor": "end" }, score(value)));
  }
  for (const [t, anchor] of [[from, "start"], [(from + to) / 2, "middle"], [to, "end"]]) {
    drawing.append(svg("text", { x: f(x(t)), y: height - 8, "text-anchor": anchor }, day.format(t)));
  }
  drawing.append(svg("path", { class: "line", d: steps(known, x, y, to) }));
  for (const [t, v] of known) drawing.append(svg("circle", { cx: f(x(t)), cy: f(y(v)), r: 3.5 }));
  return drawing;
}
