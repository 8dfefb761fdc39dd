// advisor.js - all of a competition, with the scores that are told to nobody else, and what an advisor may do.

import { get, of, poll, send } from "./api.js";
import { rise } from "./chart.js";
import { announce, thread } from "./messages.js";
import { $, complain, dialogue, field, h, many, onSend, score } from "./page.js";
import { exact, now, time } from "./times.js";

const LINES = 200; // of the audit log, unless all are asked for
let view = null, log = [], rules = null, all = false;

const again = poll(async () => {
  [rules, view, log] = await Promise.all([get(of("")), get(of("advisor")), get(of("audit"))]);
  show();
}, { seconds: 15, hidden: 120, trouble: (fault) => complain($("#trouble"), fault) });

function show() {
  $("#phase").textContent = { before: "not open yet", open: "open", closed: "ended, the final board is not published", final: "final board published" }[rules.phase];
  $("#queue").textContent = view.queue ? `${many(view.queue, "entry waits", "entries wait")} for a score` : "no entry waits for a score";
  $("#close").hidden = rules.phase !== "before" && rules.phase !== "open";
  $("#publish").hidden = rules.phase !== "closed";
  teams();
  names("not-submitted", view.not_submitted, "Every team has handed in something.");
  names("without-team", view.without_team, "Everybody who is known here is in a team.");
  overTime();
  $("#flags").replaceChildren(...(view.flags.length ? view.flags.map((one) => h("li", {}, one.text, " ", h("span", { class: "soft" }, time(one.at, "ago"))))
    : [h("li", { class: "soft" }, "Nothing looks odd.")]));
  audit();
}

function names(id, found, none) {
  $(`#${id}`).replaceChildren(...(found.length ? found.map((name) => h("li", {}, name)) : [h("li", { class: "soft" }, none)]));
}

// ---- teams

const lines = new Map();

function teams() {
  $("#no-teams").hidden = view.teams.length > 0;
  $("#teams").hidden = !view.teams.length;
  const body = $("#teams tbody");
  const order = [...view.teams].sort((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity));
  for (const one of order) {
    if (!lines.has(one.team)) lines.set(one.team, line(one.team));
    lines.get(one.team).fill(one);
  }
  const wanted = order.map((one) => lines.get(one.team).el);
  if (wanted.some((el, k) => body.children[k] !== el) || body.children.length !== wanted.length) body.replaceChildren(...wanted);
}

/** A team's row. Its buttons stay the same, so that the keyboard does not lose its place when the numbers change. */
function line(name) {
  let is = null;
  const button = (text, act, grave = false) => h("button", { type: "button", class: `small${grave ? " grave" : ""}`, "aria-label": `${text}: ${name}`, onclick: () => act(is) }, `${text} …`);
  const [out, back] = [button("Disqualify", disqualify, true), button("Put back", putBack)];
  const cells = { members: "", entries: "n", refused: "n", score: "n", public: "n", private: "n", points: "n" };
  for (const key of Object.keys(cells)) cells[key] = h("td", { class: cells[key] });
  const why = h("div", { class: "why" });
  const el = h("tr", {}, h("th", { scope: "row" }, name, why), ...Object.values(cells),
    h("td", { class: "acts" }, button("Mark", mark), button("Merge", merge), out, back));
  const fill = (one) => {
    is = one;
    const flagged = one.duplicates.length ? `same file as ${one.duplicates.join(", ")}` : "";
    why.textContent = [one.disqualified && `disqualified: ${one.disqualified}`, flagged].filter(Boolean).join("; ");
    cells.members.textContent = one.members.join(", ") || "nobody";
    for (const key of ["entries", "refused"]) cells[key].textContent = String(one[key]);
    cells.score.textContent = score(one.score);
    for (const key of ["public", "private"]) cells[key].textContent = score(one[key], 4);
    cells.points.textContent = one.points === null ? "–" : String(one.points);
    [out.hidden, back.hidden] = [Boolean(one.disqualified), !one.disqualified];
  };
  return { el, fill };
}

function mark(one) {
  const comment = field("Comment, which goes into the gradebook", "textarea", { name: "comment", maxlength: 4000 });
  comment.querySelector("textarea").value = one.comment;
  dialogue({ title: `Mark the explanation of ${one.team}`, button: "Save the mark",
    words: "Points for how well the team explained what it did: half of the grade at most. The other half is the score.",
    fields: [field("Points", "input", { name: "points", type: "number", min: 0, step: "any", required: true, value: one.points }), comment],
    run: async (values) => {
      await send("PUT", of("mark"), { team: one.team, points: Number(values.get("points")), comment: values.get("comment") });
      await again();
    } });
}

function merge(one) {
  const others = view.teams.filter((other) => other.team !== one.team && !other.disqualified);
  dialogue({ title: `Merge a team into ${one.team}`, button: "Merge the two", grave: true,
    words: `Members and entries of the other team come to ${one.team}; the other team is gone. This can't be undone.`,
    fields: [field("The other team", "select", { name: "second", required: true }, h("option", { value: "" }, "Choose …"),
      ...others.map((other) => h("option", { value: other.team }, other.team)))],
    run: async (values) => {
      await send("POST", of("merge"), { first: one.team, second: values.get("second") });
      await again();
    } });
}

function disqualify(one) {
  dialogue({ title: `Disqualify ${one.team}?`, button: "Disqualify", grave: true,
    words: "The team is taken out of the ranking and can hand in nothing more. All can read the reason on the board.",
    fields: [field("Reason", "textarea", { name: "reason", required: true, minlength: 3, maxlength: 1000 })],
    run: async (values) => {
      await send("PUT", of("disqualified"), { team: one.team, reason: values.get("reason") });
      await again();
    } });
}

function putBack(one) {
  dialogue({ title: `Put ${one.team} back?`, words: `It was disqualified: ${one.disqualified}.`, button: "Put it back",
    run: async () => {
      await send("PUT", of("disqualified"), { team: one.team, reason: null });
      await again();
    } });
}

// ---- the competition

$("#close").addEventListener("click", () => dialogue({ title: `Close ${rules.title} now?`, button: "Close the competition", grave: true,
  words: ["Nobody can hand in anything more. This can't be undone.", `The deadline would be ${exact(rules.deadline)}.`],
  run: async () => { await send("POST", of("close")); await again(); } }));
$("#publish").addEventListener("click", () => dialogue({ title: "Publish the final board?", button: "Publish it", grave: true,
  words: ["The board then ranks by the private scores, for all to see. This can't be undone.",
    ...(view.queue ? [`${many(view.queue, "entry still waits", "entries still wait")} for a score: wait a moment.`] : [])],
  run: async () => { await send("POST", of("publish")); await again(); } }));
onSend($("#announce"), async (values, form) => {
  await announce(values.get("text"));
  form.reset();
  messages();
  return "Announced: on the board, and in the channels.";
});
const messages = thread($("#thread"));

// ---- over time

function overTime() {
  const found = view.over_time;
  $("#no-scores").hidden = found.length > 0;
  $("#rise").hidden = !found.length;
  if (!found.length) return;
  const [[start, low], [end, high]] = [found[0], found.at(-1)];
  const words = found.length === 1 ? `The first score, ${score(low)}, came on ${exact(start)}; nobody was better since.`
    : `The best score rose from ${score(low)} (${exact(start)}) to ${score(high)} (${exact(end)}) in ${many(found.length - 1, "step")}.`;
  $("#rise").replaceChildren(rise(found, now(), words), h("figcaption", {}, words));
}

// ---- what was done, by whom

const told = (details) => Object.entries(details).filter(([, value]) => value !== null && value !== "")
  .map(([name, value]) => `${name}: ${plain(value)}`).join(" · ");
const plain = (value) => (Array.isArray(value) ? value.join(", ") : typeof value === "number" ? String(Number(value.toFixed(4))) : String(value));

function audit() {
  const word = $("#filter").value.trim().toLowerCase();
  const found = log.map((one) => ({ ...one, text: told(one.details) })).reverse()
    .filter((one) => !word || `${one.who} ${one.what} ${one.text}`.toLowerCase().includes(word));
  const some = all ? found : found.slice(0, LINES);
  $("#log tbody").replaceChildren(...some.map((one) => h("tr", {}, h("td", {}, time(one.at, "exact")), h("td", {}, one.who), h("td", {}, one.what),
    h("td", { class: "details" }, one.text))));
  $("#log-count").textContent = `${some.length} of ${many(log.length, "line")}`;
  $("#log-all").hidden = some.length === found.length;
}

$("#filter").addEventListener("input", audit);
$("#log-all").addEventListener("click", () => { all = true; audit(); });
