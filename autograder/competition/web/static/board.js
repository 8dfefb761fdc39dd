// board.js - who leads. The board is asked for again and again; rows move to their new places, and who rose glows for a while.

import { ask, competition, get, of, poll } from "./api.js";
import { common, sparkline } from "./chart.js";
import { $, h, many, score, unseen } from "./page.js";
import { projector } from "./projector.js";
import { hour, now, time } from "./times.js";

const body = $("#rows");
const rows = new Map(); // key -> the <tr>, which stays the same as long as the team is there
const still = matchMedia("(prefers-reduced-motion: reduce)");
const PHASES = { before: "not open yet", open: "open", closed: "ended", final: "final" };
let shown = null, tag = null, mine = null;
let asOf = Date.now();

const key = (row) => `${row.kind} ${row.team}`;
const ranked = (board) => new Map(board.rows.filter((row) => row.rank).map((row) => [row.team, row]));

async function look() {
  const answer = await ask(of("board"), { tag });
  asOf = Date.now();
  if (answer.status === 304) return;
  tag = answer.tag;
  draw(answer.data);
}

function draw(board) {
  const said = shown && shown.final === board.final ? news(ranked(shown), board) : { sentences: [], risen: new Set() };
  const before = new Map([...rows].map(([name, el]) => [name, el.getBoundingClientRect().top]));
  shown = board;
  head(board);
  fill(board);
  room.arrange();
  move(before);
  glow(said.risen);
  if (said.sentences.length) tell(said.sentences.join(" "));
}

// ---- what has happened

/** Sentences on who leads, passes a benchmark or rises, and the rows that rose: only those with a better score. */
function news(was, board) {
  const better = board.rows.filter((row) => row.rank && row.score > (was.get(row.team)?.score ?? -Infinity));
  const risen = better.filter((row) => row.rank < (was.get(row.team)?.rank ?? Infinity));
  const lead = better.find((row) => row.rank === 1 && was.get(row.team)?.rank !== 1);
  const sentences = lead ? [`${lead.team} takes the lead with ${score(lead.score)}.`] : [];
  for (const bar of board.rows.filter((row) => row.kind === "benchmark")) {
    const passed = better.filter((row) => row.score > bar.score && !(was.get(row.team)?.score > bar.score));
    if (passed.length) sentences.push(`${listed(passed)} beat${passed.length > 1 ? "" : "s"} the benchmark ${bar.team}.`);
  }
  const others = risen.filter((row) => row !== lead);
  if (others.length > 2) sentences.push(`${others.length} teams rise.`);
  else sentences.push(...others.map((row) => `${row.team} ${was.has(row.team) ? "rises" : "comes in"} at rank ${row.rank}.`));
  return { sentences, risen: new Set(risen.map(key)) };
}

const listed = (some) => (some.length > 2 ? `${some.length} teams` : some.map((row) => row.team).join(" and "));

let quiet;

function tell(text) {
  $("#news").textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { $("#news").textContent = ""; }, 60_000);
}

// ---- the picture

function head(board) {
  document.body.dataset.phase = board.phase;
  $("#phase").textContent = PHASES[board.phase];
  $("#metric").textContent = board.metric;
  const soon = board.phase === "before" || board.phase === "open";
  $("#countdown").hidden = !soon;
  $("#ends").textContent = board.phase === "before" ? "opens in" : "ends in";
  const at = board.phase === "before" ? $("#countdown").dataset.opens : board.deadline;
  const clock = $("#countdown time");
  if (clock.dateTime !== at) clock.replaceWith(time(at, "countdown"));
  $("#countdown").classList.toggle("soon", Date.parse(at) - now() < 3_600_000);
  $("#result").hidden = soon;
  $("#result").textContent = board.final
    ? "This is the final board. It ranks by the private scores, of the part of the data that nobody was scored on before."
    : "The competition has ended. These are the public scores; the final board, by the private ones, follows.";
  $("#announcements").hidden = !board.announcements.length;
  $("#announcements ol").replaceChildren(...board.announcements.map((one) => h("li", {},
    h("p", { class: "said" }, one.text), h("p", { class: "soft" }, one.author, ", ", time(one.at, "ago")))));
  const teams = board.rows.filter((row) => row.kind === "team");
  $("#empty").hidden = teams.length > 0;
  $("#board").hidden = !board.rows.length;
  $("#count").textContent = many(teams.length, "team");
}

function fill(board) {
  const scale = common(board.rows, now());
  for (const row of board.rows) {
    if (!rows.has(key(row))) rows.set(key(row), h("tr", { role: "row" }));
    const el = rows.get(key(row));
    el.className = [row.kind, row.rank === 1 && row.score !== null ? "first" : "", row.team === mine && row.kind === "team" ? "mine" : "",
      row.note ? "out" : ""].filter(Boolean).join(" ");
    el.replaceChildren(...cells(row, board, scale));
  }
  const there = new Set(board.rows.map(key));
  for (const name of [...rows.keys()]) if (!there.has(name)) rows.delete(name);
  const order = board.rows.map((row) => rows.get(key(row)));
  if (order.some((el, k) => body.children[k] !== el) || body.children.length !== order.length) body.replaceChildren(...order);
}

function cells(row, board, scale) {
  const cell = (name, ...children) => h("td", { role: "cell", class: name }, ...children);
  const digits = board.final ? 4 : 3;
  const told = row.score === null ? ["–", unseen("no score yet")] : [score(row.score, digits)];
  if (row.kind === "benchmark") {
    return [cell("rank", unseen("not ranked")), h("th", { role: "rowheader", scope: "row", class: "team" },
      h("span", { class: "name" }, row.team), " ", h("span", { class: "pill" }, h("span", { class: "more" }, "benchmark "), "to beat")),
    cell("spark"), cell("score", ...told), cell("entries"), cell("last")];
  }
  const team = h("th", { role: "rowheader", scope: "row", class: "team" }, h("span", { class: "name" }, row.team));
  if (row.team === mine) team.append(" ", h("span", { class: "pill" }, "your team"));
  if (row.members.length) team.append(" ", h("span", { class: "members" }, unseen("members: "), row.members.join(", ")));
  if (row.note) team.append(" ", h("span", { class: "why" }, row.note));
  return [cell("rank", row.rank ?? "–", ...moved(row.moved)), team,
    cell("spark", ...(row.kind === "team" && row.history.length ? [sparkline(row.history, scale)] : [])), cell("score", ...told),
    cell("entries", String(row.entries), h("span", { class: "unit" }, row.entries === 1 ? " entry" : " entries")),
    cell("last", row.last ? time(row.last, "ago") : "–")];
}

function moved(by) {
  if (!by) return [];
  const way = by > 0 ? "up" : "down";
  return [h("span", { class: `moved ${way}` }, h("span", { "aria-hidden": "true" }, `${by > 0 ? "▲" : "▼"}${Math.abs(by)}`),
    unseen(` ${way} ${Math.abs(by)} since yesterday`))];
}

/** From where each row was to where it is now. */
function move(before) {
  if (still.matches) return;
  for (const [name, el] of rows) {
    if (!before.has(name) || !el.offsetParent) continue;
    const by = before.get(name) - el.getBoundingClientRect().top;
    if (Math.abs(by) > 1) el.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: 600, easing: "ease-in-out" });
  }
}

function glow(risen) {
  for (const name of risen) {
    const el = rows.get(name);
    el.classList.add("risen");
    setTimeout(() => el.classList.remove("risen"), 5000);
  }
}

// ---- when there is no connection, the last board stays

function trouble(fault) {
  const text = fault ? `No connection since ${hour(asOf)}. This is the board of then; it goes on by itself.` : "Up to date.";
  if ($("#fresh").textContent !== text) $("#fresh").textContent = text;
  $("#fresh").classList.toggle("old", Boolean(fault));
}

const room = projector(body);
if ($('meta[name="csrf"]')) mine = await get("api/me").then((me) => me.teams[competition] ?? null, () => null);
const again = poll(look, { seconds: 5, hidden: 30, trouble });
setInterval(() => { // the phase changes by the clock: look then, whatever has been heard before
  const clock = $("#countdown time");
  if ($("#countdown").hidden || Date.parse(clock.dateTime) > now() || clock.dataset.over) return;
  clock.dataset.over = "yes";
  tag = null;
  setTimeout(again, 500);
}, 1000);
