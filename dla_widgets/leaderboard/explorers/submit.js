// submit.js - the panel that hands in a file. What it says comes from the kernel; a token goes there once and stays nowhere here.

import { explorer, button, h } from "./panels.js";

const BUSY = ["checking", "sending", "waiting"];
const LOOK = 30_000; // ms between two looks at the service while the panel is seen
const STYLE = `
.dla-submit { display: flex; flex-direction: column; gap: 12px; }
.dla .dla-submit h3 { font-size: 1.05em; font-weight: 650; margin: 0; color: inherit; outline: none; }
.dla-submit p { margin: 0; overflow-wrap: anywhere; }
.dla-submit form, .dla-submit-part { display: flex; flex-direction: column; gap: 8px; }
.dla-submit-pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px 24px; align-items: start; }
.dla-submit-row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.dla-submit label, .dla-submit-label { display: block; font-weight: 600; margin-bottom: 3px; }
.dla-submit label small { font-weight: 400; color: var(--dla-muted); }
.dla-submit input[type="text"], .dla-submit input[type="url"], .dla-submit input[type="password"], .dla-submit textarea, .dla-submit select {
  font: inherit; width: 100%; color: var(--dla-text); background: var(--dla-surface); border: 1px solid #7d8590; border-radius: 6px;
  padding: 4px 8px; min-height: 32px; box-sizing: border-box;
}
.dla-submit textarea { resize: vertical; min-height: 4.4em; }
.dla-submit select[size] { min-height: 7em; }
.dla .dla-submit button { min-height: 32px; padding: 3px 14px; }
.dla .dla-submit button.dla-submit-main { background: var(--dla-accent); border-color: var(--dla-accent); color: var(--dla-surface); font-weight: 650; }
.dla .dla-submit button[aria-disabled="true"] { color: var(--dla-muted); background: var(--dla-raised); border: 1px dashed #7d8590; cursor: not-allowed; }
.dla-submit-said { border-left: 4px solid var(--dla-accent); background: var(--dla-raised); border-radius: 0 6px 6px 0; padding: 8px 12px; overflow-wrap: anywhere; white-space: pre-wrap; }
.dla-submit-said:empty { display: none; }
.dla-submit-said[data-tone="bad"] { border-left-color: #d55e00; }
.dla-submit-said[data-tone="good"] { border-left-color: #009e73; }
.dla-submit-said[data-tone="same"] { border-left-color: #e69f00; }
.dla-submit progress { width: 100%; accent-color: var(--dla-accent); }
.dla-submit code { font-family: ui-monospace, monospace; font-size: 0.95em; overflow-wrap: anywhere; }
.dla-submit-muted { color: var(--dla-muted); }
.dla-submit-scroll { overflow-x: auto; }
.dla .dla-submit table { width: 100%; }
.dla .dla-submit table th, .dla .dla-submit table td { text-align: left; vertical-align: top; padding: 5px 8px; border-bottom: 1px solid var(--dla-grid); overflow-wrap: anywhere; }
.dla .dla-submit table thead th { color: var(--dla-muted); font-weight: 500; white-space: nowrap; }
.dla .dla-submit table td:last-child, .dla .dla-submit table th:last-child { text-align: center; }
.dla-submit table small { display: block; color: var(--dla-muted); white-space: pre-wrap; }
@container (max-width: 560px) {
  .dla-submit-pair { grid-template-columns: 1fr; }
  .dla .dla-submit .dla-submit-when { display: none; }
  .dla .dla-submit table th, .dla .dla-submit table td { padding: 5px 4px; }
}
`;

/** A text field with its label; JupyterLab keeps its hands off the keys. */
function labelled(p, name, label, { kind = "text", hint = "", ...attributes } = {}) {
  const id = `${p.id}-${name}`;
  const tag = kind === "area" ? "textarea" : "input";
  const input = h(tag, { id, ...(kind === "area" ? { rows: "3" } : { type: kind }), autocomplete: "off", spellcheck: "false",
    "data-lm-suppress-shortcuts": "true", "data-field": name, ...attributes });
  if (tag === "input") {
    input.addEventListener("keydown", (event) => { // by itself Enter does not send a form in JupyterLab
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      input.form.requestSubmit();
    });
  }
  return [h("div", {}, h("label", { for: id }, label, ...(hint ? [" ", h("small", {}, hint)] : [])), input), input];
}

/** A field that shows one of the panel's traits and sets it. */
function kept(p, name, label, options) {
  const [el, input] = labelled(p, name, label, options);
  const keep = () => { p.model.set(name, input.value); p.model.save_changes(); };
  input.addEventListener("change", keep);
  const show = () => { if (input.value !== p.model.get(name)) input.value = p.model.get(name); };
  p.on(p.model, `change:${name}`, show);
  show();
  return [el, input];
}

export default explorer((p) => {
  p.bar.hidden = true; // there is no state to copy and nothing to present
  p.words.setAttribute("aria-live", "off"); // what happens is said by the line below
  p.stage.append(h("style", {}, STYLE));
  const place = h("div", { class: "dla-submit" });
  p.stage.append(place);
  if (!p.live) {
    place.append(h("p", {}, "This panel needs a running notebook: there is no kernel behind this page."));
    return () => p.result.numbers;
  }

  const busy = () => BUSY.includes(p.result.stage);
  const pressed = (el, act) => () => { if (el().getAttribute("aria-disabled") !== "true") act(); };
  const ask = (what, ...values) => p.ask(what, { with: values });
  const form = (act, ...children) => h("form", { onsubmit: (event) => { event.preventDefault(); act(); } }, ...children);
  const heading = (text) => h("h3", { tabindex: "-1" }, text);
  const submitButton = (text, main = true) => h("button", { type: "submit", class: main ? "dla-submit-main" : "" }, text);
  const waits = []; // buttons that wait while the kernel works
  const action = (text, act, main = false) => {
    const el = button(p, text, pressed(() => el, act), { into: document.createDocumentFragment() });
    el.classList.toggle("dla-submit-main", main);
    waits.push(el);
    return el;
  };

  // ---- the parts, one for each pane

  const [serviceField, service] = labelled(p, "service", "Address of the leaderboard", { kind: "url", placeholder: "https://…", required: true });
  const [tokenField, token] = labelled(p, "token", "Your token", { kind: "password", hint: "from your advisor; kept in a file that only you can read", required: true });
  const signIn = form(() => ask("sign in", service.value, token.value), heading("Sign in"), serviceField, tokenField,
    h("div", { class: "dla-submit-row" }, submitButton("Sign in")));

  const which = h("select", { id: `${p.id}-which`, "data-lm-suppress-shortcuts": "true" });
  const choose = form(() => ask("which", which.value), heading("Which competition?"),
    h("div", {}, h("label", { for: which.id }, "Competition"), which), h("div", { class: "dla-submit-row" }, submitButton("Choose")));

  const zones = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const [nameField, name] = labelled(p, "team-name", "Name of the new team", { required: true, maxlength: "40" });
  const [zoneField, zone] = labelled(p, "time-zone", "Time zone", { hint: "in which its days begin" });
  zone.value = zones;
  const [codeField, code] = labelled(p, "code", "Code of the team", { required: true, hint: "its members have it" });
  const teamPart = h("div", { class: "dla-submit-part" }, heading("Your team"), h("div", { class: "dla-submit-pair" },
    form(() => ask("make", name.value, zone.value), nameField, zoneField, h("div", { class: "dla-submit-row" }, submitButton("Make the team"))),
    form(() => ask("join", code.value), codeField, h("div", { class: "dla-submit-row" }, submitButton("Join the team", false)))));

  const about = h("p");
  const invite = h("span", { role: "status" });
  const inviting = h("div", { class: "dla-submit-row" }, action("Show the team's code", () => ask("code")), invite);
  const [fileField, file] = kept(p, "file", "File to hand in", { hint: "path, from the notebook's folder" });
  const files = h("select", { size: "6", "aria-label": "Files of the right kind, the newest first", "data-lm-suppress-shortcuts": "true",
    onchange: () => { p.model.set("file", files.value); p.model.save_changes(); } });
  const browse = action("Browse", () => { files.hidden = !files.hidden; if (!files.hidden) ask("browse"); });
  files.hidden = true;
  const [triedField, tried] = kept(p, "tried", "What was tried", { kind: "area", maxlength: "4000" });
  const [learnedField, learned] = kept(p, "learned", "What was learned", { kind: "area", maxlength: "4000" });
  const check = action("Check only", () => ask("check", file.value));
  const send = action("Hand in", () => ask("submit", file.value, tried.value, learned.value), true);
  const card = h("fieldset", { style: "border: 0; padding: 0; margin: 0; min-width: 0" },
    h("legend", { class: "dla-submit-muted", style: "padding: 0; margin-bottom: 4px" }, "Model card: teammates read it now, everybody after the end"),
    h("div", { class: "dla-submit-pair" }, triedField, learnedField));
  fileField.style.flex = "1 1 220px";
  const hand = form(() => (send.getAttribute("aria-disabled") === "true" ? null : ask("check", file.value)),
    h("div", { class: "dla-submit-row", style: "align-items: end" }, fileField, browse), files, card, h("div", { class: "dla-submit-row" }, check, send));
  const main = h("div", { class: "dla-submit-part" }, heading(""), about, inviting, hand);

  const bar = h("progress", { max: "1", "aria-label": "Part of the file that is sent" });
  const sent = h("p", { class: "dla-submit-muted" });
  const sending = h("div", {}, bar, sent);
  const said = h("div", { class: "dla-submit-said", role: "status" });
  const receipt = h("p", { class: "dla-submit-muted" });
  const again = action("Try again", () => ask("retry"), true);
  const retry = h("div", { class: "dla-submit-row" }, again);

  const list = h("tbody");
  const finals = h("th", { scope: "col" }, "Final");
  const table = h("table", {}, h("caption", {}, "Entries of the team, the newest first"), h("thead", {}, h("tr", {},
    h("th", { scope: "col" }, "Entry"), h("th", { scope: "col" }, "File"), h("th", { scope: "col" }, "What came of it"), finals)), list);
  const refresh = action("Look again", () => ask("retry"));
  const listed = h("div", { class: "dla-submit-part" }, h("div", { class: "dla-submit-scroll" }, table), h("div", { class: "dla-submit-row" }, refresh));

  const panes = { "not-signed-in": signIn, which: choose, "in-no-team": teamPart };
  place.append(choose, teamPart, main, sending, said, receipt, retry, signIn, listed);

  p.on(p.model, "msg:custom", (content) => {
    if (!content?.code) return;
    invite.replaceChildren("For teammates: ", h("code", {}, content.code));
  });

  // ---- drawing

  let drawnEntries = "";
  function drawEntries({ entries, rules, stage }) {
    const text = JSON.stringify([entries, rules.finals, stage === "ended"]);
    if (text === drawnEntries) return;
    drawnEntries = text;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.entry : null;
    const most = rules.finals || 0;
    list.replaceChildren(...entries.map((one) => {
      const box = h("input", { type: "checkbox", "aria-label": `Entry ${one.id} is a final`, "data-entry": String(one.id), "data-lm-suppress-shortcuts": "true" });
      box.checked = one.final;
      box.disabled = stage === "ended";
      box.addEventListener("change", () => {
        ask("finals", one.id, box.checked);
        box.checked = one.final; // until the service has taken it
      });
      return h("tr", { "data-state": one.state }, h("th", { scope: "row" }, String(one.id)),
        h("td", {}, one.name, h("small", { class: "dla-submit-when" }, `${one.by}, ${one.when}`)),
        h("td", {}, one.came, ...one.card.map((line) => h("small", {}, line))),
        h("td", {}, ...(one.state === "scored" ? [box] : [])));
    }));
    finals.textContent = most > 1 ? `Final (up to ${most})` : "Final";
    if (focused) list.querySelector(`[data-entry="${focused}"]`)?.focus();
  }

  let shown; // null is one of what it can be
  function showPane(pane) {
    if (pane === shown) return;
    const had = place.contains(document.activeElement);
    for (const el of [signIn, choose, teamPart, main]) el.hidden = el !== pane;
    if (shown && had) (retry.hidden ? pane?.querySelector("h3") : again)?.focus(); // the field that had the focus is gone
    shown = pane;
  }

  p.ask("look");
  const looks = setInterval(() => { // time goes on, and teammates hand in as well
    if (shown === main && p.result.stage !== "ended" && !document.hidden) p.ask("look");
  }, LOOK);
  p.listening.push(() => clearInterval(looks));
  return () => {
    const { stage, numbers, rules } = p.result;
    const team = Boolean(numbers.team);
    retry.hidden = stage !== "unreachable";
    showPane(panes[stage] || (team ? main : stage === "unreachable" ? signIn : null));
    if (p.root.dataset.stage !== stage) token.value = ""; // it is in the kernel now, and nowhere else
    p.words.classList.toggle("dla-hidden", shown === main); // it says what stands above
    p.root.dataset.stage = stage;
    if (!service.value && document.activeElement !== service) service.value = p.result.service;
    if (which.options.length !== p.result.choices.length) {
      which.replaceChildren(...p.result.choices.map(([value, title]) => h("option", { value }, title)));
    }
    main.querySelector("h3").textContent = team ? `${numbers.team} · ${numbers.title}` : "";
    about.textContent = [numbers.left, numbers.standing].filter(Boolean).join(" ");
    hand.hidden = stage === "ended";
    inviting.hidden = stage === "ended" || p.result.members.length >= rules.team_size;
    if (inviting.hidden) invite.replaceChildren();
    const offers = JSON.stringify(p.result.files);
    if (files.dataset.offers !== offers) {
      files.dataset.offers = offers;
      files.replaceChildren(...p.result.files.map(([value, title]) => h("option", { value }, title)));
    }
    files.value = file.value;
    for (const el of waits) el.setAttribute("aria-disabled", String(busy()));
    sending.hidden = stage !== "sending" || !p.result.sent;
    if (p.result.sent) {
      bar.value = p.result.sent.total ? p.result.sent.done / p.result.sent.total : 1;
      sent.textContent = p.result.sent.text;
    }
    const words = { checking: "The file is being checked.", sending: "The file is being sent.", ...(stage === "unreachable" ? { unreachable: p.result.said } : {}) };
    const line = p.result.said || words[stage] || "";
    if (said.textContent !== line) said.textContent = line;
    said.dataset.tone = p.result.tone;
    receipt.hidden = !p.result.receipt;
    if (p.result.receipt) {
      receipt.replaceChildren("Receipt ", h("code", {}, p.result.receipt.code), " for the file with SHA-256 ", h("code", {}, p.result.receipt.sha256));
    }
    listed.hidden = !p.result.entries.length;
    drawEntries(p.result);
    return numbers;
  };
});
