// static.js - explorers without a kernel: each slot of the page gets its module and a model that lives in the page.

const states = JSON.parse(document.getElementById("dla-states").textContent);
const modules = JSON.parse(document.getElementById("dla-modules").textContent).map((source) =>
  import(URL.createObjectURL(new Blob([source], { type: "text/javascript" }))));

function bytes(base64) {
  const text = atob(base64);
  const found = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) found[i] = text.charCodeAt(i);
  return new DataView(found.buffer);
}

function staticModel({ state, buffers }) {
  for (const { path, data } of buffers) {
    const owner = path.slice(0, -1).reduce((node, key) => node[key], state);
    owner[path.at(-1)] = bytes(data);
  }
  const listeners = [];
  return {
    get: (name) => state[name],
    set(name, value) {
      if (Object.is(state[name], value)) return;
      state[name] = value;
      for (const [event, listener] of [...listeners]) if (event === `change:${name}` || event === "change") listener();
    },
    on(event, listener) { listeners.push([event, listener]); },
    off(event, listener) {
      for (let i = listeners.length - 1; i >= 0; i -= 1) {
        if (listeners[i][0] === event && (!listener || listeners[i][1] === listener)) listeners.splice(i, 1);
      }
    },
    save_changes() {},
  };
}

for (const el of document.querySelectorAll(".dla-slot")) {
  const entry = states[Number(el.dataset.explorer)];
  const { default: widget } = await modules[entry.module];
  widget.render({ model: staticModel(entry), el });
}
