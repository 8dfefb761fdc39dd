// entry.js - an entry in the team's list: its state, what was heard, its receipt and its card.

import { of, send } from "./api.js";
import { copying, field, h, onSend, score, size, unseen } from "./page.js";
import { time } from "./times.js";

/** The element of an entry, and a function that brings it up to date. A card that is being written stays as it is. */
export function entryItem(first, choose) {
  let now = first;
  const state = h("p", { class: "state", role: "status" });
  const value = h("strong", { class: "value" });
  const box = h("input", { type: "checkbox", id: `final-${first.id}`, onchange: () => choose(first.id, box.checked) });
  const label = h("label", { for: box.id, class: "final" }, box, h("span", {}, "Final", unseen(`: entry ${first.id}`)));
  const receipt = h("code", {}, first.receipt);
  const form = h("form", {}, field("What was tried", "textarea", { name: "tried", maxlength: 4000 }),
    field("What was learned", "textarea", { name: "learned", maxlength: 4000 }),
    h("div", { class: "buttons" }, h("button", { class: "main" }, "Save the card")));
  onSend(form, async (values) => {
    const sent = { tried: values.get("tried"), learned: values.get("learned") };
    keep(await send("PUT", of(`entries/${first.id}/card`), sent), sent);
    return "Saved. Your teammates see it now, everybody after the end.";
  });
  const [tried, learned] = form.querySelectorAll("textarea");
  const summary = h("summary", {});
  const mark = h("span", { class: "pill", hidden: true }, "counts");
  const el = h("li", { class: "entry" },
    h("div", { class: "line" }, h("h3", {}, h("span", { class: "soft" }, `${first.id} · `), first.name), mark, value),
    h("p", { class: "soft by" }, first.by, ", ", time(first.at, "ago")), h("div", { class: "line" }, state, label),
    h("details", { class: "cards" }, summary, form),
    h("details", {}, h("summary", {}, "Receipt"), h("p", {}, receipt, " ", copying(() => first.receipt, () => receipt, `the receipt of entry ${first.id}`)),
      h("p", { class: "soft" }, `${size(first.size)}, SHA-256 `, h("code", {}, first.sha256))));

  function keep(one, sent = {}) {
    for (const [area, name] of [[tried, "tried"], [learned, "learned"]]) {
      if (area.value === now[name] || area.value === sent[name]) area.value = one[name];
    }
    now = one;
    summary.textContent = one.tried || one.learned ? "Card" : "Card: empty. What did you try, what did you learn?";
  }

  function show(one, { rules, counts, full, chosen, settled }) {
    keep(one);
    const heard = one.improved ? "Better than all before it." : "Not better than your best by more than chance: you hear that one's score again.";
    const said = { received: "Waiting for its score …", refused: `Not used: ${one.message}`, scored: one.message || heard }[one.state];
    const text = one.private === null ? said : `${said} Private score ${score(one.private, 4)}.`;
    if (state.textContent !== text) state.textContent = text;
    el.dataset.state = one.state;
    value.textContent = one.state === "scored" ? score(one.score) : "";
    label.hidden = one.state !== "scored" || rules.phase !== "open";
    if (settled) box.checked = one.final;
    box.disabled = full && !one.final;
    mark.hidden = !counts;
    mark.textContent = chosen ? "final" : "counts";
  }

  [tried.value, learned.value] = [first.tried, first.learned];
  return { el, show };
}
