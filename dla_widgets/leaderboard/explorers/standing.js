// standing.js - who stands where at a moment, and the board in sentences; the same as standing.py.

import { say } from "./panels.js";
import { dateText } from "./plot.js";

export const ONE_DAY = 86400;
export const NONE = "–";
const [TOP, AROUND] = [10, 3]; // how many teams "top" shows, and how many rows on each side of the own one "around" shows
const SCORE = ".3f";

/** What the page got, with each team's history at its row. */
export function withHistories({ climbs, ...data }) {
  const rows = data.rows.map((row) => ({ ...row, history: [] }));
  for (let i = 0; i < climbs.length; i += 3) rows[climbs[i]].history.push([climbs[i + 1], climbs[i + 2]]);
  return { ...data, rows };
}

function bestUntil(row, until) {
  let best = null;
  for (const [at, score] of row.history) if (at <= until && (best === null || score > best[0])) best = [score, at];
  return best;
}

function ranking(rows, until) {
  return rows.filter((row) => row.kind === "team" && !row.note).map((row) => [row, bestUntil(row, until)]).filter(([, best]) => best)
    .sort(([, a], [, b]) => b[0] - a[0] || a[1] - b[1]);
}

function rowsThen(data, until) {
  const rows = ranking(data.rows, until).map(([row, [score, at]], k) => ({ ...row, rank: k + 1, score, last: at }));
  const there = new Set(rows.map((row) => row.team));
  for (const row of data.rows) {
    if (row.kind === "benchmark" && (row.history.length || !data.final)) rows.push({ ...row, score: row.history.length ? row.history[0][1] : row.score });
  }
  rows.sort((a, b) => b.score - a.score || (a.kind === "team") - (b.kind === "team"));
  const rest = data.rows.filter((row) => row.kind === "team" && !there.has(row.team));
  return [...rows, ...rest.map((row) => ({ ...row, rank: null, score: null, last: null }))];
}

export function boardLines(data, until, past, you) {
  const rows = past ? rowsThen(data, until) : data.rows.map((row) => ({ ...row }));
  const before = new Map(ranking(data.rows, until - ONE_DAY).map(([row], k) => [row.team, k + 1]));
  let above = null;
  for (const row of rows) {
    const was = before.get(row.team);
    if (past) row.moved = was && row.rank ? was - row.rank : 0;
    row.fresh = Boolean(row.rank) && was === undefined;
    row.gap = row.rank && above !== null ? above - row.score : null;
    row.you = you !== null && row.kind === "team" && row.team === you;
    if (row.rank) above = row.score;
  }
  return rows;
}

export function visibleRows(rows, show) {
  const at = rows.findIndex((row) => row.you);
  if (show === "around" && at >= 0) return rows.slice(Math.max(0, at - AROUND), at + AROUND + 1);
  if (show === "all") return rows;
  const ranked = rows.map((row, k) => (row.rank ? k : -1)).filter((k) => k >= 0);
  return ranked.length <= TOP ? rows : rows.slice(0, ranked[TOP - 1] + 1);
}

const plural = (n) => (n > 1 ? "s" : "");
export const inDigits = (score) => (score === null ? NONE : say(score, SCORE));
export const ended = (data) => data.phase === "closed" || data.phase === "final";

function ago(spent) {
  if (spent < 60) return "just now";
  if (spent < 3600) return `${Math.floor(spent / 60)} min ago`;
  if (spent < ONE_DAY) return `${Math.floor(spent / 3600)} h ago`;
  return `${Math.floor(spent / ONE_DAY)} day${spent >= 2 * ONE_DAY ? "s" : ""} ago`;
}

export function timeSpan(left) {
  const whole = Math.max(0, Math.floor(left + 0.5));
  const [spent, hours, minutes] = [Math.floor(whole / ONE_DAY), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  if (spent) return `${spent} day${plural(spent)}${hours ? ` ${hours} h` : ""}`;
  if (hours) return `${hours} h${minutes ? ` ${minutes} min` : ""}`;
  return minutes ? `${minutes} min` : `${whole} s`;
}

export function rowCells(row, until, past, running) {
  const steps = row.history.filter(([at]) => at <= until).map(([, score]) => score);
  const team = row.kind === "team";
  return {
    rank: row.rank ? String(row.rank) : NONE,
    score: inDigits(row.score),
    gap: inDigits(row.gap),
    entries: team && !past ? String(row.entries) : NONE,
    last: row.last === null ? NONE : running ? ago(until - row.last) : dateText(row.last / ONE_DAY),
    moved: row.fresh ? "new" : row.moved > 0 ? `up ${row.moved}` : row.moved < 0 ? `down ${-row.moved}` : NONE,
    climbs: !team || !steps.length ? "no steps" : steps.length === 1 ? inDigits(steps[0])
      : `climbed ${steps.length} times, from ${inDigits(Math.min(...steps))} to ${inDigits(Math.max(...steps))}`,
  };
}

function phaseSaid(data, day, now, until) {
  if (day) return `The board as it stood on ${dateText(until / ONE_DAY, true)}, ${-day} day${plural(-day)} ${ended(data) ? "before the end" : "ago"}.`;
  if (data.phase === "open") return `It is open for another ${timeSpan(data.deadline - now)}.`;
  return { before: "It has not opened yet.", closed: "It has ended; the private scores are not published yet.",
    final: "It has ended; this is the final board, by the private scores." }[data.phase] || "";
}

function distance(gap, whichWay) {
  const text = inDigits(gap);
  return text === inDigits(0) ? "level with" : `${text} ${whichWay}`;
}

function leadSaid(ranked) {
  if (!ranked.length) return "Nobody has a score yet.";
  const score = inDigits(ranked[0].score);
  if (ranked.length === 1) return `${ranked[0].team} alone has a score: ${score}.`;
  return `${ranked[0].team} leads ${ranked.length} teams with ${score}, ${distance(ranked[1].gap, "ahead of")} ${ranked[1].team}.`;
}

function hereSaid(rows, ranked, you) {
  const mine = rows.find((row) => row.you);
  if (!mine) return "";
  if (!mine.rank) return `You are here: ${you}, ${mine.note || "without a score"}.`;
  if (mine.rank === 1) return `You are here: ${you}, in the lead.`;
  return `You are here: ${you}, rank ${mine.rank} of ${ranked.length} with ${inDigits(mine.score)}, ${distance(mine.gap, "behind")} ${ranked[mine.rank - 2].team}.`;
}

function movesSaid(ranked, shaken) {
  if (!ranked.length) return "";
  const moved = ranked.filter((row) => row.moved || row.fresh)
    .map((row) => (row.fresh ? `${row.team} is new` : `${row.team} ${row.moved > 0 ? "up" : "down"} ${Math.abs(row.moved)}`));
  const since = shaken ? "Against the public board" : "Since the day before";
  const more = moved.length > 3 ? ` and ${moved.length - 3} more` : "";
  return moved.length ? `${since}: ${moved.slice(0, 3).join(", ")}${more}.` : `${since} nobody has moved.`;
}

export function boardSaid(data, rows, day, now, show) {
  const ranked = rows.filter((row) => row.rank);
  const shown = show === "around" && rows.some((row) => row.you) ? "The rows around your team are listed."
    : show === "all" ? "All rows are listed." : `The first ${TOP} teams are listed.`;
  return [
    data.example ? "This is an example with invented teams." : "", `${data.title}, ${data.metric}.`,
    phaseSaid(data, day, now, now + day * ONE_DAY), leadSaid(ranked),
    ...rows.filter((row) => row.kind === "benchmark")
      .map((one) => `${ranked.filter((row) => row.score > one.score).length} of ${ranked.length} beat ${one.team} (${inDigits(one.score)}).`),
    hereSaid(rows, ranked, data.you), movesSaid(ranked, data.final && !day), shown,
  ].filter(Boolean).join(" ");
}
