// page.js - elements, forms and dialogues. Texts of people are set as text, never as HTML.

import { Fault } from "./api.js";

const SVG = "http://www.w3.org/2000/svg";

function filled(el, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (value === true) el.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) el.setAttribute(name, value);
  }
  el.append(...children);
  return el;
}

/** An element: h("p", { class: "soft" }, "text", child). */
export const h = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);

/** The same of a drawing. */
export const svg = (tag, attributes = {}, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

export const $ = (selector, root = document) => root.querySelector(selector);

/** Words that only a screen reader says. */
export const unseen = (text) => h("span", { class: "unseen" }, text);

/** A score as it is shown: three digits, as it is let out in steps of 0.005; a private one has four. */
export const score = (value, digits = 3) => (value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−"));

export const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

export const many = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;

/** Show what went wrong beside what was done. Faults of ours, not of the service, go to the console too. */
export function complain(place, reason) {
  if (reason && !(reason instanceof Fault)) console.error(reason);
  const text = reason ? reason.message : "";
  if (place.textContent !== text) place.textContent = text; // said once
}

/** Call `run` with the form's values when it is sent, once at a time. What it returns is said beside the button; a fault too,
 *  and then everything that was typed stays.
 */
export function onSend(form, run) {
  const fault = h("p", { class: "fault", role: "alert" });
  const done = h("p", { class: "done", role: "status" });
  form.append(fault, done);
  form.noValidate = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    fault.textContent = done.textContent = "";
    try {
      done.textContent = (await run(new FormData(form), form)) ?? "";
    } catch (reason) {
      complain(fault, reason);
    }
    form.ariaBusy = "false";
  });
  return form;
}

let numbered = 0;

/** A field with its label: field("Reason", "textarea", { name: "reason", required: true }). */
export function field(label, tag, attributes = {}, ...children) {
  const id = attributes.id ?? `field-${(numbered += 1)}`;
  return h("div", { class: "field" }, h("label", { for: id }, label), h(tag, { id, ...attributes }, ...children));
}

/** Ask for a confirmation, with further fields if needed; `run` does it, and its fault stands in the dialogue. */
export function dialogue({ title, words = [], fields = [], button, run, grave = false }) {
  const id = `dialogue-${(numbered += 1)}`;
  const back = document.activeElement;
  const form = h("form", {}, h("h2", { id }, title), ...[words].flat().map((text) => h("p", {}, text)), ...fields,
    h("div", { class: "buttons" }, h("button", { class: grave ? "grave" : "main" }, button),
      h("button", { type: "button", onclick: () => box.close() }, "Cancel")));
  const box = h("dialog", { "aria-labelledby": id }, form);
  onSend(form, async (values) => {
    await run(values);
    box.close();
  });
  box.addEventListener("close", () => {
    box.remove();
    if (back?.isConnected) back.focus();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

/** A button that copies a text; where the browser doesn't let it, the text is marked, for the keyboard to copy. */
export function copying(text, shown, what) {
  const button = h("button", { type: "button", class: "small", "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard?.writeText(text()).then(() => true, () => false);
    if (!copied) getSelection().selectAllChildren(shown());
    button.textContent = copied ? "Copied" : "Marked: press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 3000);
  });
  return button;
}
