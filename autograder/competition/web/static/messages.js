// messages.js - announcements, questions and answers: read, asked and answered on the team's page and on the advisor's.

import { get, of, poll, send } from "./api.js";
import { field, h, onSend } from "./page.js";
import { time } from "./times.js";

const post = (kind, text, about = null) => send("POST", of("messages"), { kind, text, about });

/** Show all messages in `el` and keep them fresh; returns a function that looks at once. */
export function thread(el) {
  const items = new Map(); // id -> its element, which stays, so that a half-written answer does too
  const list = h("ol", { class: "messages" });
  const none = h("p", { class: "soft" }, "Nobody has asked anything yet.");
  const ask = onSend(h("form", {}, field("Ask all teams and advisors", "textarea", { name: "text", required: true, maxlength: 4000 }),
    h("div", { class: "buttons" }, h("button", { class: "main" }, "Ask"))), async (values, form) => {
    await post("question", values.get("text"));
    form.reset();
    look();
    return "Asked.";
  });
  el.append(none, list, ask);

  async function fresh() {
    const all = await get(of("messages"));
    none.hidden = all.length > 0;
    for (const one of all.filter((each) => each.kind !== "answer" && !items.has(each.id))) {
      items.set(one.id, item(one, () => look()));
      list.prepend(items.get(one.id)); // the newest first
    }
    for (const one of all.filter((each) => each.kind === "answer")) {
      const answers = items.get(one.about)?.querySelector("ol");
      if (!answers || answers.querySelector(`[data-id="${Number(one.id)}"]`)) continue;
      answers.append(h("li", { "data-id": one.id }, ...said(one)));
    }
  }
  const look = poll(fresh, { seconds: 15, hidden: 120 });
  return look;
}

/** Announce: an advisor only. */
export const announce = (text) => post("announcement", text);

const said = (one) => [h("p", { class: "said" }, one.text), h("p", { class: "soft by" }, one.author, ", ", time(one.at, "ago"))];

function item(one, look) {
  if (one.kind === "announcement") return h("li", { class: "announcement" }, h("span", { class: "tag" }, "announcement"), ...said(one));
  const form = onSend(h("form", {}, field("Your answer", "textarea", { name: "text", required: true, maxlength: 4000 }),
    h("div", { class: "buttons" }, h("button", { class: "main" }, "Answer"))), async (values) => {
    await post("answer", values.get("text"), one.id);
    form.reset();
    form.parentElement.open = false;
    look();
  });
  return h("li", {}, ...said(one), h("ol", { class: "answers" }), h("details", {}, h("summary", {}, "Answer"), form));
}
