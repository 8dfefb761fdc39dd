// panels.js - the frame of an explorer: controls, presets, presenter mode, the picture in words, light and dark.

const PALETTES = {
  light: {
    text: "#1f2328", muted: "#57606a", grid: "#e3e6ea", surface: "#ffffff", raised: "#f4f6f8", accent: "#0a5ea8",
    observed: "#000000", cycle: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8A800"],
  },
  dark: {
    text: "#eceff3", muted: "#a9b1ba", grid: "#363b42", surface: "#111111", raised: "#1d2126", accent: "#6cb6ff",
    observed: "#ffffff", cycle: ["#4FA9E6", "#FF8A3C", "#2FC79A", "#E5A1C8", "#F0B429", "#8FD3FF", "#F0E442"],
  },
};

/** An element: h("p", { class: "dla-words", "aria-live": "polite" }, "text", child). */
export function h(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (value === true) el.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) el.setAttribute(name, value);
  }
  el.append(...children);
  return el;
}

// ---- numbers and words; the same as say() in explorer.py

function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function fixed(value, places) {
  const scaled = Math.abs(value) * 10 ** places;
  if (scaled % 1 === 0.5 && (value * 2 ** (places + 1)) % 1 === 0) { // an exact half: Python rounds it to even
    return (2 * Math.round(scaled / 2) / 10 ** places * Math.sign(value)).toFixed(places);
  }
  return value.toFixed(places);
}

function general(value, digits) {
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(Math.max(digits, 1) - 1).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= Math.max(digits, 1)) {
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return `${short}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const text = value.toFixed(Math.max(0, digits - 1 - exponent));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A number or a text as Python's format() would write it: specs like "+.0%", ",d", ".2f", ".3g", ".1e". */
export function say(value, spec = "") {
  if (value === null || value === undefined) return "n/a";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (Number.isNaN(value)) return "n/a";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "-infinite";
  const [, plus, comma, places, kind] = /^(\+?)(,?)(?:\.(\d+))?([fgde%]?)$/.exec(spec || ".6g");
  const n = places === undefined ? 6 : Number(places);
  let text;
  if (kind === "d") text = String(Math.trunc(value));
  else if (kind === "%") text = `${fixed(value * 100, n)}%`;
  else if (kind === "f") text = fixed(value, n);
  else if (kind === "e") text = value.toExponential(n).replace(/e([+-])(\d)$/, "e$10$2");
  else text = general(value, n);
  if (/^-[0.]*0%?$/.test(text)) text = text.slice(1);
  if (comma) text = text.replace(/\d+/, grouped);
  return plus && !text.startsWith("-") ? `+${text}` : text;
}

// ---- data

const ARRAYS = {
  float64: Float64Array, float32: Float32Array, int32: Int32Array, uint32: Uint32Array,
  int16: Int16Array, uint16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
};

/** What Python sent as {dtype, shape, buffer} becomes a typed array with a shape; the rest stays what it is. */
function arrays(value) {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(arrays);
  if (value.buffer !== undefined && value.dtype in ARRAYS) {
    const { buffer, byteOffset, byteLength } = value.buffer;
    const array = new ARRAYS[value.dtype](buffer.slice(byteOffset, byteOffset + byteLength)); // aligned
    return Object.assign(array, { shape: value.shape });
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, arrays(part)]));
}

// ---- the frame

function isDark() {
  const jupyter = document.body.dataset.jpThemeLight;
  return jupyter ? jupyter === "false" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

/** JupyterLab and Notebook 7 keep arrow keys for themselves unless the focused element says otherwise. */
function ownKeys(el) {
  el.setAttribute("data-lm-suppress-shortcuts", "true");
  return el;
}

class Panel {
  constructor(model, el) {
    this.model = model;
    globalThis.dlaPanels = (globalThis.dlaPanels || 0) + 1; // each explorer of a page has a module of its own
    this.id = `dla-${globalThis.dlaPanels}`;
    this.frame = model.get("_frame");
    this.live = typeof model.send === "function";
    this.spec = this.frame.controls;
    this.written = []; // [element, name of the number]
    this.synced = []; // functions that bring a control to the present state
    this.listening = [];
    this.data = arrays(model.get("data"));
    this.result = arrays(model.get("result"));
    this.build(el);
    this.look();
    this.pending = 0;
  }

  get state() {
    return Object.fromEntries(Object.keys(this.spec).map((name) => [name, this.model.get(name)]));
  }

  get presenter() { return this.model.get("presenter"); }

  /** How much larger than usual lines and letters are drawn. */
  get scale() { return this.presenter ? 1.5 : 1; }

  /** Change the state; numbers are kept within the bounds of their trait. */
  set(patch, keepPreset = false) {
    let changed = false;
    for (const [name, wanted] of Object.entries(patch)) {
      const value = inBounds(this.spec[name], wanted);
      if (same(value, this.model.get(name))) continue;
      this.model.set(name, value);
      changed = true;
    }
    if (changed && !keepPreset && this.model.get("_preset") >= 0) this.model.set("_preset", -1);
    if (changed || keepPreset) this.model.save_changes();
  }

  /** Ask the kernel; Python's asked(what, content) answers. */
  ask(what, content = {}) {
    if (this.live) this.send({ ...content, ask: what });
  }

  send(content) {
    try {
      this.model.send(content);
    } catch { // "Cannot send": the kernel that knew this explorer is gone
      this.notice.textContent = "The kernel was restarted: run the cell again.";
    }
  }

  /** Make a drawing work by keyboard: `keys` maps names of keys to functions; words say which. */
  keys(el, words, keys) {
    ownKeys(el).setAttribute("tabindex", "0");
    el.setAttribute("role", "application");
    el.setAttribute("aria-roledescription", "interactive picture");
    el.setAttribute("aria-label", words);
    el.addEventListener("keydown", (event) => {
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      act(event);
    });
  }

  build(el) {
    const { title, presets } = this.frame;
    this.controls = h("div", { class: "dla-controls" });
    this.stage = h("div", { class: "dla-stage" });
    this.caption = h("p", { class: "dla-caption" });
    this.words = h("p", { class: "dla-words", id: `${this.id}-words`, "aria-live": "polite" });
    this.notice = h("p", { class: "dla-notice", role: "status" });
    this.problem = h("p", { class: "dla-problem", role: "alert" });
    this.body = h("div", { class: "dla-body" }, this.controls, this.stage);
    this.bar = h("div", { class: "dla-bar" });
    if (presets.length) this.buildPresets(presets);
    const reset = h("button", { type: "button", title: "Back to the first state", onclick: () => this.open({}, -1) }, "Reset");
    const link = h("button", { type: "button", title: "Copy the state as a short text", onclick: () => this.copy(link) }, "Copy state");
    this.presentButton = h("button", { type: "button", title: "Large type and few controls, for a room", onclick: () => this.present() });
    this.bar.append(reset, link, this.presentButton);
    this.root = h("section", { class: "dla", "aria-label": title, "aria-describedby": `${this.id}-words` },
      h("div", { class: "dla-head" }, h("div", { class: "dla-title" }, title), this.bar),
      this.caption, this.problem, this.notice, this.body, this.words);
    this.root.addEventListener("keydown", (event) => this.step(event));
    el.append(this.root);
  }

  buildPresets(presets) {
    const options = [h("option", { value: "-1" }, "Open an example …"), ...presets.map((preset, k) =>
      h("option", { value: String(k) }, preset.title || preset.name.replaceAll("_", " ")))];
    const select = ownKeys(h("select", { "aria-label": "Examples", onchange: () => this.preset(Number(select.value)) }, ...options));
    const move = (by, sign, label) => h("button", { type: "button", class: "dla-step", "aria-label": label,
      onclick: () => this.next(by) }, sign);
    this.count = h("span", { class: "dla-count" });
    this.bar.append(move(-1, "‹", "Example before"), select, move(1, "›", "Next example"), this.count);
    this.synced.push(() => {
      const at = this.model.get("_preset");
      select.value = String(at);
      this.count.textContent = at >= 0 ? `${at + 1} / ${presets.length}` : "";
      this.caption.textContent = at >= 0 ? presets[at].caption : "";
    });
  }

  open(values, preset) {
    const all = Object.fromEntries(Object.entries(this.spec).map(([name, control]) => [name, values[name] ?? control.default]));
    this.model.set("_preset", preset);
    this.set(all, true);
    this.schedule();
  }

  preset(at) {
    const { presets } = this.frame;
    if (at < 0) return;
    this.open(parseState(presets[at].state, this.spec), at);
  }

  next(by) {
    const { presets } = this.frame;
    const at = this.model.get("_preset");
    const to = at < 0 ? (by > 0 ? 0 : presets.length - 1) : Math.min(presets.length - 1, Math.max(0, at + by));
    this.preset(to);
  }

  step(event) {
    if (!this.presenter || !this.frame.presets.length || event.defaultPrevented) return;
    const busy = event.target.closest("input, select, textarea, canvas, [role=application]");
    const by = { PageDown: 1, PageUp: -1, ...(busy ? {} : { ArrowRight: 1, ArrowLeft: -1 }) }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.next(by);
  }

  stateText() {
    return Object.entries(this.spec).filter(([name, control]) => !same(this.model.get(name), control.default))
      .map(([name]) => `${name}=${asText(this.model.get(name))}`).join(";");
  }

  async copy(button) {
    const text = this.stateText();
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch { // no clipboard in this page: show it to be copied by hand
      this.notice.textContent = `State: ${text || "(the first state)"}`;
    }
    setTimeout(() => { button.textContent = "Copy state"; }, 1500);
  }

  present() {
    const on = !this.presenter;
    this.model.set("presenter", on);
    this.model.save_changes();
    if (on && this.root.requestFullscreen) this.root.requestFullscreen().catch(() => {});
    else if (!on && document.fullscreenElement) document.exitFullscreen().catch(() => {});
    this.root.focus();
  }

  look() {
    const dark = isDark();
    this.root.dataset.theme = dark ? "dark" : "light";
    this.colour = PALETTES[dark ? "dark" : "light"];
    this.root.classList.toggle("dla-presenter", this.presenter);
    this.root.toggleAttribute("tabindex", false);
    if (this.presenter) this.root.setAttribute("tabindex", "-1");
    this.presentButton.textContent = this.presenter ? "End presenting" : "Present";
    for (const name of Object.keys(PALETTES.light)) {
      if (name !== "cycle") this.root.style.setProperty(`--dla-${name}`, this.colour[name]);
    }
  }

  on(target, event, listener) {
    target.on(event, listener);
    this.listening.push(() => target.off(event, listener));
  }

  /** Draw in the next frame, once, however much changes until then. */
  schedule() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  draw() {
    const problem = this.model.get("problem");
    this.problem.textContent = problem;
    this.root.classList.toggle("dla-empty", Boolean(problem));
    if (problem) return;
    for (const bring of this.synced) bring();
    const notice = this.model.get("notice");
    if (notice !== this.noticed) this.notice.textContent = this.noticed = notice;
    const numbers = this.update(this.state) || {};
    for (const [el, name] of this.written) write(el, this.say(name, numbers));
    const { words } = this.frame;
    const template = typeof words === "string" ? words : words[numbers.saying];
    write(this.words, template.replace(/\{([^{}]+)\}/g, (_, name) => this.say(name, numbers)));
    this.root.dataset.state = this.stateText();
  }

  say(name, numbers) {
    const { formats, plain } = this.frame;
    return say(numbers[name], formats[name] ?? formats[name.split(".")[0]] ?? plain);
  }

  failed(error) {
    this.problem.textContent = `This picture could not be drawn (${error.message}). Reset it, or run its cell again.`;
    console.error(error);
  }
}

function write(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

function same(a, b) {
  return Array.isArray(a) ? Array.isArray(b) && a.length === b.length && a.every((x, k) => x === b[k]) : Object.is(a, b);
}

function inBounds(control, value) {
  if (!control || (control.kind !== "int" && control.kind !== "float")) return value;
  const kept = Math.min(control.max, Math.max(control.min, Number(value)));
  return control.kind === "int" ? Math.round(kept) : kept;
}

function asText(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.join(",");
  return encodeURIComponent(value).replace(/%2C/g, ",").replace(/%20/g, " ");
}

function parseState(text, spec) {
  const values = {};
  for (const part of text.split(";").filter(Boolean)) {
    const [name, ...rest] = part.trimStart().split("=");
    const raw = decodeURIComponent(rest.join("="));
    const control = spec[name];
    if (control.kind === "bool") values[name] = raw === "yes" || raw.toLowerCase() === "true";
    else if (control.kind === "int" || control.kind === "float") values[name] = Number(raw);
    else if (control.kind === "list") values[name] = raw.split(",").filter(Boolean).map(Number);
    else if (control.kind === "enum") values[name] = control.values.find((v) => String(v) === raw || (typeof v === "number" && v === Number(raw)));
    else values[name] = raw;
  }
  return values;
}

/** The module of an explorer: `build(panel)` is called once per view and returns what draws a state and returns its numbers. */
export function explorer(build) {
  return {
    render({ model, el }) {
      const p = new Panel(model, el);
      p.update = () => ({});
      const guarded = (act) => { try { act(); } catch (error) { p.failed(error); } };
      const draw = p.draw.bind(p);
      p.draw = () => guarded(draw);
      if (!model.get("problem")) guarded(() => { p.update = build(p); });
      for (const name of [...Object.keys(p.spec), "problem", "notice", "_preset"]) p.on(model, `change:${name}`, () => p.schedule());
      p.on(model, "change:data", () => { p.data = arrays(model.get("data")); p.fresh?.(); p.schedule(); });
      p.on(model, "change:result", () => { p.result = arrays(model.get("result")); p.schedule(); });
      const relook = () => { p.look(); p.schedule(); };
      p.on(model, "change:presenter", relook);
      const theme = new MutationObserver(relook);
      theme.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
      const media = window.matchMedia("(prefers-color-scheme: dark)");
      media.addEventListener("change", relook);
      const size = new ResizeObserver(() => p.schedule());
      size.observe(p.root);
      p.schedule();
      return () => {
        cancelAnimationFrame(p.pending);
        p.listening.forEach((stop) => stop());
        theme.disconnect();
        size.disconnect();
        media.removeEventListener("change", relook);
      };
    },
  };
}

// ---- controls: each shows one trait and sets it

function field(p, name, into, ...children) {
  const control = p.spec[name];
  const el = h("div", { class: `dla-field${control.detail ? " dla-detail" : ""}`, title: control.help }, ...children);
  (into || p.controls).append(el);
  return el;
}

function stepped(control, value) {
  const places = (String(control.step).split(".")[1] || "").length;
  return Number(Number(value).toFixed(Math.max(places, control.kind === "int" ? 0 : 6)));
}

/** A slider for a number, or for an Enum trait one over its values in their order. */
export function slider(p, name, { into = null, label = null, show = null, max = null } = {}) {
  const control = p.spec[name];
  const id = `${p.id}-${name}`;
  const over = control.values || null;
  const range = over ? { min: 0, max: over.length - 1, step: 1 } : { min: control.min, max: max ?? control.max, step: control.step };
  const input = ownKeys(h("input", { type: "range", id, "data-control": name, ...range }));
  const value = h("output", { for: id });
  const written = show || ((v) => (over ? control.names[over.indexOf(v)] : say(v, p.frame.formats[name] || "")));
  input.addEventListener("input", () => p.set({ [name]: over ? over[Number(input.value)] : stepped(control, input.value) }));
  p.synced.push(() => {
    const now = p.model.get(name);
    const at = over ? over.indexOf(now) : now;
    if (Number(input.value) !== at) input.value = at;
    const text = written(now);
    write(value, text);
    if (input.getAttribute("aria-valuetext") !== text) input.setAttribute("aria-valuetext", text);
  });
  field(p, name, into, h("label", { for: id }, label || control.label), value, input);
  return input;
}

/** One of several values: buttons side by side while they are few and short, a list otherwise. */
export function choice(p, name, { into = null, label = null, values = null, names = null, list = null } = {}) {
  const control = p.spec[name];
  const offered = values || control.values;
  const titles = (names || (values ? values.map(String) : control.names)).map(String);
  const asList = list ?? (offered.length > 4 || titles.join("").length > 34);
  const id = `${p.id}-${name}`;
  if (asList) {
    const select = ownKeys(h("select", { id, "data-control": name, onchange: () => p.set({ [name]: offered[Number(select.value)] }) },
      ...titles.map((title, k) => h("option", { value: String(k) }, title))));
    p.synced.push(() => { select.value = String(offered.indexOf(p.model.get(name))); });
    field(p, name, into, h("label", { for: id }, label || control.label), select);
    return select;
  }
  const inputs = offered.map((value, k) => ownKeys(h("input", { type: "radio", name: id, id: `${id}-${k}`, "data-control": name,
    onchange: () => p.set({ [name]: value }) })));
  const set = h("div", { class: "dla-choice", role: "radiogroup", "aria-labelledby": `${id}-label` },
    ...inputs.map((input, k) => h("span", {}, input, h("label", { for: input.id }, titles[k]))));
  p.synced.push(() => inputs.forEach((input, k) => { input.checked = same(offered[k], p.model.get(name)); }));
  field(p, name, into, h("span", { class: "dla-label", id: `${id}-label` }, label || control.label), set);
  return set;
}

/** A check box for a Bool trait. */
export function toggle(p, name, { into = null, label = null } = {}) {
  const id = `${p.id}-${name}`;
  const input = ownKeys(h("input", { type: "checkbox", id, "data-control": name, onchange: () => p.set({ [name]: input.checked }) }));
  p.synced.push(() => { input.checked = p.model.get(name); });
  const el = field(p, name, into, input, h("label", { for: id }, label || p.spec[name].label));
  el.classList.add("dla-toggle");
  return input;
}

/** A button; one that needs the kernel is greyed out in a page without one, and says why. */
export function button(p, label, act, { into = null, kernel = false } = {}) {
  const el = h("button", { type: "button", class: "dla-button", onclick: act }, label);
  if (kernel && !p.live) {
    el.disabled = true;
    el.title = "This needs a running notebook: there is no kernel behind this page.";
    el.textContent = `${label} (needs a notebook)`;
  }
  (into || p.controls).append(el);
  return el;
}

// ---- places for figures and numbers

/** A grid on the stage for things that stand side by side: `columns` as in CSS; it becomes one column where it is narrow. */
export function group(p, { columns = "1fr 1fr", into = null } = {}) {
  const el = h("div", { class: "dla-group", style: `--columns: ${columns}` });
  (into || p.stage).append(el);
  return el;
}

/** A figure with a caption: a container for a canvas or a table. */
export function stage(p, { into = null, caption = "", wide = false } = {}) {
  const el = h("figure", { class: `dla-figure${wide ? " dla-wide" : ""}` });
  if (caption) el.append(h("figcaption", {}, caption));
  (into || p.stage).append(el);
  return el;
}

/** An element that always shows one of the numbers that the drawing returns. */
export function number(p, name, attributes = {}) {
  const el = h("span", { "data-number": name, ...attributes });
  p.written.push([el, name]);
  return el;
}

/** Numbers with their names: [["nse", "NSE"], ["bias", "Bias", "smaller print"]]. */
export function readout(p, entries, { into = null } = {}) {
  const el = h("dl", { class: "dla-readout" });
  for (const [name, label, remark] of entries) {
    el.append(h("div", {}, h("dt", {}, label), h("dd", {}, number(p, name)), ...(remark ? [h("dd", { class: "dla-remark" }, remark)] : [])));
  }
  (into || p.stage).append(el);
  return el;
}

/** Colours and what they stand for: [["#0072B2", "simulated"], ...]. */
export function legend(p, entries, { into = null } = {}) {
  const el = h("ul", { class: "dla-legend" }, ...entries.map(([colour, label]) =>
    h("li", {}, h("i", { style: `background:${colour}`, "aria-hidden": "true" }), label)));
  (into || p.stage).append(el);
  return el;
}
