// team.js - a team's page: make or join one; hand in; entries, finals, notes, questions.

import { ask, competition, Fault, get, of, poll, send } from "./api.js";
import { entryItem } from "./entry.js";
import { thread } from "./messages.js";
import { $, complain, copying, dialogue, h, many, onSend, score, size } from "./page.js";
import { now, time } from "./times.js";
import { able, upload } from "./upload.js";

const ENDED = ["closed", "final"];
let rules = null, team = null;

// ---- in a team or in none

async function look() {
  [rules, team] = await Promise.all([get(of("")), mine()]);
  $("#loading").hidden = true;
  $("#none").hidden = Boolean(team);
  $("#mine").hidden = !team;
  $("#none-ended").hidden = !ENDED.includes(rules.phase);
  $("#gather").hidden = ENDED.includes(rules.phase);
  $("#cards").hidden = !ENDED.includes(rules.phase);
  if (team) show();
  if (ENDED.includes(rules.phase)) await showCards();
}

async function mine() {
  const { teams } = await get("api/me");
  return competition in teams ? get(of("team")) : null;
}

function trouble(fault) {
  complain($("#trouble"), fault);
}

const again = poll(look, { seconds: 15, hidden: 60, trouble });

/** After a change: what the service says now, at once. A fault of looking is no fault of the change. */
async function changed(answer) {
  if (answer) team = answer;
  await again();
  return "";
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
$("#make [name=time_zone]").value = zone;
$("#zones").append(...(Intl.supportedValuesOf?.("timeZone") ?? []).map((name) => h("option", { value: name })));
onSend($("#make"), async (values) => {
  await changed(await send("POST", of("teams"), { name: values.get("name"), time_zone: values.get("time_zone") }));
  $("#title").focus();
});
onSend($("#join"), async (values) => {
  await changed(await send("POST", of("team/join"), { code: values.get("code") }));
  $("#title").focus();
});

// ---- the team

function show() {
  $("#title").textContent = team.name;
  $("#members").textContent = team.members.join(", ");
  $("#out").hidden = !team.disqualified;
  $("#out").textContent = team.disqualified ? `Your team is disqualified: ${team.disqualified}. Ask your advisor.` : "";
  facts();
  const grouped = team.code.match(/.{1,4}/g).join("-");
  if ($("#code").textContent !== grouped) $("#code").textContent = grouped;
  $("#full").textContent = team.members.length >= rules.team_size ? `The team is full: ${many(rules.team_size, "member")}.`
    : `Up to ${rules.team_size - team.members.length} more can join with this code.`;
  handing();
  entries();
  notes();
}

function facts() {
  const final = rules.phase === "final";
  const put = (name, value, remark = "") => $(`#${name}`).replaceChildren(value, ...(remark ? [h("small", {}, remark)] : []));
  const ended = ENDED.includes(rules.phase);
  for (const el of document.querySelectorAll(".facts .running, #code-line")) el.hidden = ended;
  put("rank", team.rank ? String(team.rank) : "–", team.gap === null ? "" : `${score(team.gap, final ? 4 : 3)} to rank ${team.rank - 1}`);
  put("score", score(team.score, final ? 4 : 3), final ? "private, final" : `${rules.metric}, as heard`);
  put("today", String(team.left_today), `of ${rules.daily}`);
  put("total", String(team.left_total), `of ${rules.total}`);
  put("reset", time(new Date(now() + team.resets_in * 1000).toISOString(), "in"), `midnight in ${team.time_zone.replaceAll("_", " ")}`);
}

$("#code").after(copying(() => team.code, () => $("#code"), "the code"));
onSend($("#renew"), async () => {
  await send("POST", of("team/code"));
  await changed();
  return "This is a new code. The old one lets nobody in any more.";
});
onSend($("#merge"), async (values, form) => {
  await changed(await send("POST", of("team/merge"), { code: values.get("code") }));
  form.reset();
  return "You are one team now. Choose your finals anew.";
});
$("#leave").addEventListener("click", () => dialogue({
  title: `Leave ${team.name}?`, button: "Leave the team", grave: true,
  words: "The entries stay with the team. What you sent today still counts for you in another team. To come back you need the code.",
  run: async () => { await send("POST", of("team/leave")); await changed(); },
}));

// ---- handing in

let stop = null;

function handing() {
  const open = rules.phase === "open";
  const why = { before: ["Files can be handed in when the competition opens, in ", rules.opens && time(rules.opens, "in"), "."],
    closed: ["The competition has ended; nothing can be handed in any more."], final: ["The competition has ended; this is its final state."] };
  $("#not-now").hidden = open;
  if (!open) $("#not-now").replaceChildren(...why[rules.phase]);
  $("#hand-in").hidden = !open || !able();
  $("#unable").hidden = !open || able();
  $("#file").accept = rules.formats.join(",");
  $("#formats").textContent = `${rules.formats.join(", ")}, at most ${size(rules.max_bytes)}`;
}

const box = $("#drop"), chosen = $("#file");
for (const name of ["dragenter", "dragover"]) box.addEventListener(name, (event) => { event.preventDefault(); box.classList.add("over"); });
for (const name of ["dragleave", "drop"]) box.addEventListener(name, () => box.classList.remove("over"));
box.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) chosen.files = event.dataTransfer.files;
});
// beside the box the browser would show the file in place of the page
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());

function fits(file) {
  if (!file) throw new Fault("Choose a file first.");
  if (!rules.formats.some((ending) => file.name.toLowerCase().endsWith(ending))) {
    throw new Fault(`${file.name} is not of a known kind: expected ${rules.formats.join(", ")}. Nothing was sent, no entry was used.`);
  }
  if (file.size > rules.max_bytes || !file.size) {
    throw new Fault(`${file.name} has ${size(file.size)}; a right file has at most ${size(rules.max_bytes)}, and is not empty. Is it the right one? No entry was used.`);
  }
  return file;
}

const SAID = { read: () => "Reading the file …", send: (share) => `Sending: ${Math.floor(share * 100)} %`,
  wait: (share, seconds) => `The service does not answer. It goes on in ${seconds} s, where it stopped (${Math.floor(share * 100)} %).` };

onSend($("#hand-in"), async (values, form) => {
  const file = fits(chosen.files[0]);
  stop = new AbortController();
  $("#way").hidden = false;
  try {
    const id = await upload(file, (what, share, seconds) => {
      $("#way progress").value = share;
      $("#said").textContent = SAID[what](share, seconds);
    }, stop.signal);
    const answer = await ask(of("entries"), { method: "POST", json: { upload: id, tried: values.get("tried"), learned: values.get("learned") } });
    const entry = answer.data;
    form.reset();
    if (answer.status === 200) return `Your team sent this very file before: it is entry ${entry.id}. Nothing was counted.`;
    watch(entry);
    await changed();
    return `Received as entry ${entry.id}. Its score comes below.`;
  } finally {
    $("#way").hidden = true;
    $("#said").textContent = "";
  }
});
$("#stop").addEventListener("click", () => stop?.abort());

/** Look often until an entry has its score. */
async function watch(entry) {
  for (let k = 0; k < 120; k += 1) {
    await new Promise((done) => { setTimeout(done, k < 10 ? 500 : 2000); });
    const is = await get(of(`entries/${entry.id}`)).catch(() => entry);
    if (is.state !== "received") return changed();
  }
  return "";
}

// ---- entries and finals

const items = new Map();

function entries() {
  const list = $("#entries");
  const chosenOnes = team.entries.filter((one) => one.final);
  const climbed = team.entries.filter((one) => one.improved).sort((a, b) => b.score - a.score || Date.parse(a.at) - Date.parse(b.at));
  const counting = new Set((chosenOnes.length ? chosenOnes : climbed.slice(0, rules.finals)).map((one) => one.id));
  for (const one of team.entries) {
    if (!items.has(one.id)) {
      items.set(one.id, entryItem(one, choose));
      list.prepend(items.get(one.id).el);
    }
    items.get(one.id).show(one, { rules, counts: counting.has(one.id), full: chosenOnes.length >= rules.finals, chosen: chosenOnes.length > 0,
      settled: !choosing });
  }
  const there = new Set(team.entries.map((one) => one.id));
  for (const [id, item] of items) if (!there.has(id)) { item.el.remove(); items.delete(id); }
  $("#no-entries").hidden = team.entries.length > 0;
  $("#finals").hidden = !team.entries.some((one) => one.state === "scored");
  const [most, some] = [rules.finals, chosenOnes.length];
  $("#finals-say").textContent = `${ENDED.includes(rules.phase) ? "" : `You may choose up to ${many(most, "final")}. `}`
    + (some ? `${some} of ${most} chosen: the best of them by its private score counts.`
      : `None is chosen, so ${most === 1 ? "the last one that climbed counts" : `the last ${most} that climbed count, the better by its private score`}.`);
}

let choices = Promise.resolve(), choosing = 0;

/** Choose an entry or not; one after the other, since the service hears the whole choice. */
function choose(id, wanted) {
  choosing += 1;
  choices = choices.then(async () => {
    const ids = team.entries.filter((one) => (one.id === id ? wanted : one.final)).map((one) => one.id);
    complain($("#finals-fault"), null);
    $("#finals-done").textContent = "";
    try {
      await send("PUT", of("team/finals"), { entries: ids });
      for (const one of team.entries) one.final = ids.includes(one.id);
      $("#finals-done").textContent = "Your choice is saved.";
    } catch (fault) {
      complain($("#finals-fault"), fault);
    }
    choosing -= 1;
    entries();
  });
}

// ---- notes: what is being written is never replaced

const written = $("#notes [name=text]");
let saved = "";

function notes() {
  if (written.value === saved) written.value = team.notes;
  else if (team.notes !== saved) {
    $("#others").hidden = false;
    $("#others pre").textContent = team.notes;
  }
  saved = written.value === team.notes ? team.notes : saved;
}

onSend($("#notes"), async (values) => {
  const text = values.get("text");
  const answer = await send("PUT", of("team/notes"), { text });
  saved = answer.notes;
  if (written.value === text) written.value = saved;
  $("#others").hidden = true;
  return `Saved, ${new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}.`;
});
addEventListener("beforeunload", (event) => { if (written.value !== saved) event.preventDefault(); });

// ---- everybody's cards, after the end

async function showCards() {
  const all = await get(of("cards"));
  const text = (label, said) => (said ? [h("dt", {}, label), h("dd", { class: "said" }, said)] : []);
  $("#no-cards").hidden = all.length > 0;
  $("#all-cards").replaceChildren(...all.map((one) => h("li", {}, h("h3", {}, one.team, " ", h("span", { class: "soft" }, score(one.score), ", ",
    time(one.at, "exact"))), h("dl", { class: "card" }, ...text("Tried", one.tried), ...text("Learned", one.learned)))));
}

thread($("#thread"));
