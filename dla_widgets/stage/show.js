// show.js - one explorer at a time, and the keys that step from preset to preset across all of them.
import { h } from "./panels.js";

const KEYS = { PageDown: 1, PageUp: -1, ArrowRight: 1, ArrowLeft: -1 };
const SCROLL = { ArrowDown: 1, ArrowUp: -1 };
const BUSY = "input, select, textarea, canvas, [role=application]"; // these have a use of their own for arrow keys

async function render({ model, el }) {
  const manager = model.widget_manager;
  const steps = model.get("steps");
  const models = await Promise.all(model.get("explorers").map((name) => manager.get_model(name.replace("IPY_MODEL_", ""))));
  const places = models.map(() => h("div", { class: "dla-show-place", hidden: true }));
  const count = h("span", { class: "dla-show-count" });
  const jump = h("select", { "aria-label": "Steps", onchange: () => go(Number(jump.value) - model.get("step")) },
    ...steps.map(({ title, name }, k) => h("option", { value: String(k) }, `${k + 1}  ${title}  ${name.replaceAll("_", " ")}`)));
  const expect = h("p", { class: "dla-show-expect", role: "status" });
  const button = (label, words, act) => h("button", { type: "button", title: words, "aria-label": words, onclick: act }, label);
  const before = button("‹", "Step back (PageUp)", () => go(-1));
  const after = button("›", "Next step (PageDown)", () => go(1));
  const answer = button("What to see", "Show or hide what the room should see (E)", () => reveal());
  const bar = h("div", { class: "dla-show-bar", role: "group", "aria-label": "Steps of the demo" }, before, count, after, jump,
    answer, button("Back to the step", "Undo what was moved by hand (R)", () => act()), button("Full screen", "Fill the screen, or leave it (F)", () => fill()));
  const stageArea = h("div", { class: "dla-show-stage" }, ...places);
  const root = h("section", { class: "dla-show", "aria-label": `Demo: ${model.get("title")}` }, stageArea, expect, bar);
  el.append(root);

  const filled = new Map(); // an explorer is drawn when its turn comes: a picture needs a size
  async function place(at) {
    if (places[at].hidden) stageArea.scrollTop = 0;
    places.forEach((where, k) => { where.hidden = k !== at; });
    if (!filled.has(at)) filled.set(at, manager.create_view(models[at]).then((view) => places[at].append(view.el)));
    await filled.get(at);
  }

  async function act() {
    const at = model.get("step");
    const { explorer, state, preset } = steps[at];
    count.textContent = `${at + 1} / ${steps.length}`;
    jump.value = String(at);
    before.disabled = at === 0;
    after.disabled = at === steps.length - 1;
    expect.textContent = "";
    answer.disabled = !steps[at].expect;
    await place(explorer);
    if (at !== model.get("step")) return; // stepped on meanwhile
    const shown = models[explorer];
    shown.set({ ...state, _preset: preset });
    shown.save_changes();
  }

  function go(by) {
    const to = model.get("step") + by;
    if (to < 0 || to >= steps.length) return;
    model.set("step", to);
    model.save_changes();
  }

  function reveal() {
    expect.textContent = expect.textContent ? "" : steps[model.get("step")].expect;
  }

  function fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {});
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const busy = event.target.closest?.(BUSY);
    const page = event.key.startsWith("Page");
    if (KEYS[event.key] && (page || !busy)) go(KEYS[event.key]);
    else if (!busy && event.key in SCROLL) stageArea.scrollBy({ top: SCROLL[event.key] * stageArea.clientHeight / 3 });
    else if (!busy && event.key.toLowerCase() === "f") fill();
    else if (!busy && event.key.toLowerCase() === "e") reveal();
    else if (!busy && event.key.toLowerCase() === "r") act();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  document.addEventListener("keydown", press, true); // before the explorer, which would step through its own presets alone
  model.on("change:step", act);
  await act();
  return () => document.removeEventListener("keydown", press, true);
}

export default { render };
