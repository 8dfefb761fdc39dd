// board.js - a board that follows the competition, and that a slider winds back. Who stands where is told by standing.js.

import { explorer, slider, choice, readout, number, stage, h } from "./panels.js";
import { plot, dateText } from "./plot.js";
import { ONE_DAY, NONE, withHistories, boardLines, visibleRows, rowCells, boardSaid, timeSpan, inDigits, ended } from "./standing.js";

const ROOM = 12; // rows that a projector shows
const DASHES = [null, [7, 3], [2, 3], [9, 3, 2, 3], [5, 2], null, [3, 2]];
const COLUMNS = [ // name, heading, what it is sorted by at first
  ["rank", "Rank", 1], ["team", "Team", 1], ["score", "Score", -1], ["gap", "To the next", 0], ["entries", "Entries", -1],
  ["last", "Last entry", -1], ["climbs", "Progress", 0], ["moved", "Moved", -1],
];
const WIDTHS = { gap: "dla-board-wide", last: "dla-board-wide", entries: "dla-board-roomy", climbs: "dla-board-roomy" };
const STYLE = `
.dla-board-row { display: flex; flex-wrap: wrap; gap: 8px 22px; align-items: end; }
.dla-board-row > .dla-field { flex: 0 1 300px; }
.dla-board-row > .dla-field:has(input[type="radio"]) { flex-basis: auto; }
.dla-board-title { font-size: 1.1em; font-weight: 600; margin: 0 !important; overflow-wrap: anywhere; }
.dla-board-note { border-left: 4px solid var(--dla-accent); padding-left: 10px; overflow-wrap: anywhere; }
.dla-board-more { color: var(--dla-muted); }
.dla-board-scroll { overflow-x: auto; }
.dla .dla-board { width: 100%; border-collapse: separate; border-spacing: 0; font-size: 1em; table-layout: auto; }
.dla .dla-board caption { color: var(--dla-muted); font-weight: 400; }
.dla .dla-board th, .dla .dla-board td { padding: 5px 8px; border-bottom: 1px solid var(--dla-grid); text-align: right; vertical-align: middle; white-space: nowrap; }
.dla .dla-board thead th { color: var(--dla-muted); font-weight: 500; }
.dla .dla-board thead th:has(button) { padding: 0; }
.dla .dla-board thead button { border-color: transparent; background: none; color: inherit; padding: 2px 7px; white-space: nowrap; font-weight: inherit; }
.dla .dla-board thead [aria-sort] button { color: var(--dla-text); font-weight: 650; }
.dla-board thead button i { font-style: normal; display: inline-block; width: 1em; }
.dla .dla-board .dla-board-team { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 8em; font-weight: 600; }
.dla .dla-board .dla-board-rank { width: 1%; font-weight: 650; }
.dla .dla-board td.dla-board-score { font-weight: 650; font-size: 1.08em; }
.dla-board small { display: block; font-size: 0.86em; font-weight: 400; color: var(--dla-muted); }
.dla-board .dla-board-narrow, .dla-board .dla-board-tiny { display: none; }
.dla-board em { font-style: normal; font-size: 0.8em; font-weight: 650; color: var(--dla-surface); background: var(--dla-accent); border-radius: 9px; padding: 1px 8px; margin-left: 6px; white-space: nowrap; }
.dla .dla-board tr[data-you] > * { background: var(--dla-raised); }
.dla .dla-board tr[data-you] > :first-child { box-shadow: inset 4px 0 var(--dla-accent); }
.dla .dla-board tr[data-kind="benchmark"] > * { border-top: 2px solid var(--dla-muted); color: var(--dla-muted); }
.dla-board svg { display: block; width: 96px; height: 24px; margin-left: auto; overflow: visible; }
.dla-board polyline { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.dla-board .dla-board-arrow { font-size: 0.8em; }
.dla .dla-board tr.dla-rose > * { animation: dla-rose 4s ease-out; }
@keyframes dla-rose { 0%, 30% { background-color: color-mix(in srgb, var(--dla-accent) 32%, var(--dla-surface)); } }
@media (prefers-reduced-motion: reduce) {
  .dla .dla-board tr.dla-rose > * { animation: none; background-color: color-mix(in srgb, var(--dla-accent) 18%, var(--dla-surface)); }
}
@container (max-width: 760px) {
  .dla .dla-board .dla-board-wide { display: none; }
  .dla-board .dla-board-narrow { display: block; }
}
@container (max-width: 520px) {
  .dla .dla-board .dla-board-roomy { display: none; }
  .dla-board .dla-board-tiny { display: inline; }
  .dla .dla-board th, .dla .dla-board td { padding: 5px 3px; }
  .dla .dla-board thead button { padding: 2px; }
  .dla .dla-board .dla-board-team { min-width: 0; }
  .dla-board em { margin-left: 0; display: table; }
}
.dla-presenter .dla-board { font-size: 1.2em; }
.dla-presenter .dla-board svg { width: 150px; height: 34px; }
.dla-presenter .dla-board small { display: none; }
`;

const SVG = "http://www.w3.org/2000/svg";

/** A small step line, and what it says in words. */
function sparkline() {
  const line = document.createElementNS(SVG, "polyline");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(line);
  return { svg, line };
}

function stepsThrough(history, from, until, low, high) {
  const x = (at) => ((at - from) / (until - from || 1)) * 100;
  const y = (score) => 23 - ((score - low) / (high - low || 1)) * 22;
  const points = [];
  for (const [at, score] of history) {
    if (at > until) break;
    if (points.length) points.push([x(at), points.at(-1)[1]]);
    points.push([x(at), y(score)]);
  }
  if (points.length) points.push([100, points.at(-1)[1]]);
  return points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(" ");
}

export default explorer((p) => {
  p.stage.append(h("style", {}, STYLE));
  const title = h("p", { class: "dla-board-title" });
  const note = h("p", { class: "dla-board-note" });
  const row = h("div", { class: "dla-board-row" });
  const news = h("div", { class: "dla-hidden", role: "status" });
  p.stage.append(title, note, row, news);
  const wind = slider(p, "day", { into: row, show: (v) => (v < 0 ? dateText((p.result.now + Math.max(v, -span) * ONE_DAY) / ONE_DAY) : "now") });
  choice(p, "rows", { into: row });
  readout(p, [["when", "When"], ["leader", "In the lead"], ["you.rank", "You are here"], ["you.gap", "To the next"]]);
  const mine = ["you.rank", "you.gap"].map((name) => p.stage.querySelector(`[data-number="${name}"]`).closest("div"));

  // a row of the table has its cells in the order of COLUMNS; team and small print stand in one cell
  const order = { by: "rank", sign: 1 };
  const heads = COLUMNS.map(([name, label, sign]) => {
    const wide = WIDTHS[name] || "";
    const mark = h("i", { "aria-hidden": "true" });
    const act = () => {
      Object.assign(order, order.by === name ? { sign: -order.sign } : { by: name, sign });
      p.schedule();
    };
    const parts = name === "team" ? [label, mark] : [mark, label]; // the mark on the side where the column is ragged
    const inside = sign ? h("button", { type: "button", onclick: act }, ...parts) : label;
    return { name, mark, th: h("th", { scope: "col", class: `${wide} dla-board-${name}` }, inside) };
  });
  const caption = h("caption");
  const body = h("tbody");
  const table = h("table", { class: "dla-board" }, caption, h("thead", {}, h("tr", {}, ...heads.map(({ th }) => th))), body);
  p.stage.append(h("div", { class: "dla-board-scroll" }, table));
  const more = h("p", { class: "dla-board-more" });
  p.stage.append(more);
  const chart = plot(p, { height: 230, label: "Best scores of the teams over time", into: stage(p, { caption: "Best scores over time" }) });

  const pool = [];
  const fixed = p.written.length;
  function makeRow() {
    const at = p.written.length;
    const make = (name, attributes = {}) => number(p, name, attributes);
    const [team, members, tag, narrow] = [h("span"), h("small"), h("em", {}, "you are here"), h("small", { class: "dla-board-narrow" })];
    const [arrow, { svg, line }] = [h("span", { class: "dla-board-arrow", "aria-hidden": "true" }), sparkline()];
    const next = h("span", {}, ", to the next: ", make("gap"));
    narrow.append(h("span", { class: "dla-board-tiny" }, "entries: ", make("entries"), ", "), "last: ", make("last"), next);
    const tr = h("tr", {},
      h("td", { class: "dla-board-rank" }, make("rank")),
      h("th", { scope: "row", class: "dla-board-team" }, team, tag, members, narrow),
      h("td", { class: "dla-board-score" }, make("score")),
      h("td", { class: "dla-board-wide" }, make("gap")),
      h("td", { class: "dla-board-roomy" }, make("entries")),
      h("td", { class: "dla-board-wide" }, make("last")),
      h("td", { class: "dla-board-roomy" }, svg, make("climbs", { class: "dla-hidden" })),
      h("td", {}, arrow, " ", make("moved")));
    body.append(tr);
    const written = p.written.slice(at).map((entry) => [entry, entry[1]]);
    return { tr, team, members, tag, narrow, next, arrow, svg, line, written };
  }

  function fill(n) {
    while (pool.length > n) pool.pop().tr.remove();
    while (pool.length < n) pool.push(makeRow());
    p.written.length = fixed + pool.reduce((sum, made) => sum + made.written.length, 0);
  }

  function sorted(rows) {
    const { by, sign } = order;
    if (by === "rank") return sign > 0 ? rows : [...rows].reverse();
    const value = (one) => (by === "team" ? one.team.toLowerCase() : one[by]);
    return [...rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      return (x < y ? -1 : x > y ? 1 : 0) * sign;
    });
  }

  // what has changed on the board since it was drawn last, said once and shown for a moment
  let before = null;
  const rose = new Map();
  function compare(rows) {
    const now = new Map(rows.filter((one) => one.rank).map((one) => [one.team, one]));
    if (before && before.title === p.data.title && before.final === p.data.final) {
      const climbed = [...now.values()].filter((one) => !before.ranks.has(one.team) || before.ranks.get(one.team).score < one.score);
      for (const one of climbed) rose.set(one.team, performance.now() + 4000);
      if (climbed.length) {
        news.textContent = climbed.slice(0, 3).map((one) => `${one.you ? "Your team" : one.team}: ${inDigits(one.score)}, rank ${one.rank}.`).join(" ");
        setTimeout(() => p.schedule(), 4100);
      }
    }
    before = { title: p.data.title, final: p.data.final, ranks: now };
  }

  if (p.live) {
    const sign = () => { if (p.data.live && !document.hidden) p.send({ shown: true }); };
    const beat = setInterval(sign, (p.data.live || 60) * 1000);
    document.addEventListener("visibilitychange", sign);
    p.listening.push(() => {
      clearInterval(beat);
      document.removeEventListener("visibilitychange", sign);
      if (p.data.live) p.send({ shown: false });
    });
    sign();
  }

  let span = 0;
  let asked = null;
  let [known, data] = [null, null];
  return (s) => {
    if (known !== p.data) [known, data] = [p.data, withHistories(p.data)];
    const { now } = p.result;
    const first = Math.min(now, ...data.rows.filter((one) => one.kind === "team").flatMap((one) => one.history.map(([at]) => at)));
    span = Math.max(0, Math.floor((now - first) / ONE_DAY));
    wind.min = -Math.max(1, span);
    wind.closest(".dla-field").hidden = !span;
    const day = Math.max(s.day, -span);
    const until = now + day * ONE_DAY;
    const state = `${day} ${s.rows}`;
    p.words.setAttribute("aria-live", state === asked ? "off" : "polite"); // what the hand asked for is said, what time brings is not
    asked = state;
    const running = !day && !ended(data);
    const rows = boardLines(data, until, day < 0, data.you);
    if (!day && data.phase) compare(rows);
    const all = visibleRows(rows, s.rows);
    const shown = p.presenter ? all.slice(0, ROOM) : all;
    const ranked = rows.filter((one) => one.rank);
    const coloured = data.rows.filter((one) => one.rank).slice(0, p.colour.cycle.length); // the same on every day
    const own = data.rows.find((one) => one.rank && one.team === data.you);
    if (own && !coloured.includes(own)) coloured[coloured.length - 1] = own; // whoever looks at it always has a colour
    const looks = new Map(coloured.map((one, k) => [one.team, { colour: p.colour.cycle[k], dash: DASHES[k] }]));

    title.textContent = data.example ? `An example: ${data.title} (a recorded competition, its teams are invented)` : data.title;
    note.hidden = !data.said.length || Boolean(day);
    if (data.said.length) note.textContent = `${data.said[0].author}, ${dateText(data.said[0].at / ONE_DAY)}: ${data.said[0].text}`;
    for (const part of mine) part.hidden = !rows.some((one) => one.you);
    table.closest(".dla-board-scroll").hidden = !rows.length;
    caption.textContent = `${data.metric}${day ? `, as it stood on ${dateText(until / ONE_DAY, true)}` : data.final ? ", the final board by private scores" : ""}`;
    more.hidden = shown.length === all.length;
    more.textContent = `and ${all.length - shown.length} more`;
    for (const { name, mark, th } of heads) {
      const on = order.by === name;
      mark.textContent = on ? (order.sign > 0 ? "▴" : "▾") : "";
      if (on) th.setAttribute("aria-sort", order.sign > 0 ? "ascending" : "descending"); else th.removeAttribute("aria-sort");
    }

    const numbers = {};
    const scores = rows.flatMap((one) => one.history.filter(([at]) => at <= until).map(([, score]) => score));
    const [low, high] = [Math.min(...scores), Math.max(...scores)];
    fill(shown.length);
    sorted(shown).forEach((one, k) => {
      const line = pool[k];
      for (const [name, text] of Object.entries(rowCells(one, until, day < 0, running))) numbers[`${name}.${one.team}`] = text;
      for (const [entry, name] of line.written) {
        entry[1] = `${name}.${one.team}`;
        entry[0].dataset.number = entry[1];
      }
      line.team.textContent = one.team;
      line.members.textContent = one.note || one.members.join(", ");
      line.members.hidden = !line.members.textContent;
      line.tag.hidden = !one.you;
      line.narrow.hidden = !one.rank;
      line.next.hidden = one.gap === null;
      line.tr.dataset.kind = one.kind;
      line.tr.toggleAttribute("data-you", one.you);
      line.tr.classList.toggle("dla-rose", !day && (rose.get(one.team) || 0) > performance.now());
      line.arrow.textContent = one.fresh || one.moved > 0 ? "▲" : one.moved < 0 ? "▼" : "";
      const drawn = one.kind === "team" && scores.length > 0;
      line.svg.style.display = drawn ? "" : "none";
      if (!drawn) return;
      line.line.setAttribute("points", stepsThrough(one.history, first, until, low, high));
      line.line.style.stroke = looks.get(one.team)?.colour || p.colour.muted;
    });

    chart.canvas.parentElement.hidden = !scores.length;
    if (scores.length) drawRace(p, chart, rows, ranked, looks, { first, now, until, day });
    return {
      ...numbers, said: data.phase ? boardSaid(data, rows, day, now, s.rows) : "There is no board to show yet.",
      when: day ? dateText(until / ONE_DAY, true) : { before: "not open yet", open: `${timeSpan(data.deadline - now)} left`, closed: "closed", final: "final board" }[data.phase] || "",
      leader: ranked.length ? ranked[0].team : NONE,
      "you.rank": placeOf(ranked), "you.gap": inDigits(ranked.find((one) => one.you)?.gap ?? null),
    };
  };
});

function placeOf(ranked) {
  const mine = ranked.find((one) => one.you);
  return mine ? `${mine.rank} of ${ranked.length}` : NONE;
}

/** The best scores over time: faint as they went on, full up to the day shown. */
function drawRace(p, chart, rows, ranked, looks, { first, now, until, day }) {
  const marks = rows.filter((one) => one.kind === "benchmark");
  const scores = [...rows.flatMap((one) => one.history.map(([, score]) => score)), ...rows.map((one) => one.score).filter((score) => score !== null)];
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const room = (high - low) * 0.06 || 0.01;
  const time = (at) => at / ONE_DAY;
  const hours = (now - first) / 3600;
  const every = [1 / 60, 1 / 12, 0.25, 1, 3, 6, 12].find((step) => hours / step <= 8);
  const xticks = [];
  for (let at = Math.ceil(first / (every * 3600)) * every * 3600; every && at <= now; at += every * 3600) {
    xticks.push([time(at), new Date(at * 1000).toISOString().slice(11, 16)]);
  }
  const end = Math.max(now + (now - first) * 0.012, first + 60);
  chart.begin({ x: [time(first), time(end)], y: [low - room, high + room], xscale: "time", ylabel: p.data.metric,
    ...(every ? { xticks, xlabel: "Time (UTC)" } : {}) });
  const stairs = (history, end) => {
    const steps = history.filter(([at]) => at <= end);
    return steps.length ? [[...steps.map(([at]) => time(at)), time(end)], [...steps.map(([, score]) => score), steps.at(-1)[1]]] : null;
  };
  for (const one of ranked) {
    const { colour = p.colour.muted, dash = null } = looks.get(one.team) || {};
    const style = { colour, dash, width: one.you ? 3 : 1.7, step: true, alpha: looks.has(one.team) ? 1 : 0.4 };
    if (day) {
      const whole = stairs(one.history, now);
      if (whole) chart.line(...whole, { ...style, alpha: 0.18 });
    }
    const part = stairs(one.history, until);
    if (part) chart.line(...part, { ...style, label: looks.has(one.team) ? one.team + (one.you ? " (you)" : "") : null });
    if (!day && p.data.final) chart.points([time(now)], [one.score], { colour, size: 4, shape: "diamond", edge: p.colour.text });
  }
  for (const one of marks) chart.rule({ y: one.score, label: one.team });
  if (day) chart.rule({ x: time(until), colour: p.colour.accent });
  chart.end();
}
