// monitor.js - curves of a training that grow while it runs; Stop, Resume and End are asked of the kernel.

import { explorer, choice, button, readout, h, group } from "./panels.js";
import { plot } from "./plot.js";

const RUNS = ["training", "stopping"];

/** Lowest and highest finite value of several curves, a little widened; a skill far below none is not followed. */
function reach(curves, log, floor) {
  let lo = Infinity;
  let hi = -Infinity;
  for (const { y } of curves) for (const v of y) if (Number.isFinite(v) && (!log || v > 0)) { lo = Math.min(lo, v); hi = Math.max(hi, v); }
  if (lo > hi) return log ? [0.1, 1] : [0, 1];
  if (log) return [lo / 1.15, hi * 1.15];
  if (hi > floor) lo = Math.max(lo, floor);
  const room = (hi - lo) * 0.06 || Math.abs(hi) * 0.1 || 1;
  return [lo >= 0 && lo < hi / 3 ? 0 : lo - room, hi + room];
}

function ofKind(curves, kind) {
  return Object.entries(curves || {}).filter(([, curve]) => curve.kind === kind);
}

function drawCurves(p, chart, kind, scale, ylabel) {
  const { curves, batches, best, now, epochs } = p.result;
  const shown = ofKind(curves, kind);
  const thin = ofKind(batches, kind);
  chart.canvas.parentElement.hidden = kind === "skill" && !shown.length && !thin.length;
  if (chart.canvas.parentElement.hidden) return;
  const all = [...shown, ...thin].map(([, curve]) => curve);
  const log = scale === "log";
  const last = Math.max(1, epochs, ...all.map(({ x }) => x.at(-1) || 0));
  const settled = shown.some(([, { x }]) => x.length > 1); // the first steps would leave no room for the rest
  const y = reach(settled ? shown.map(([, curve]) => curve) : all, log, kind === "skill" ? -1 : -Infinity);
  chart.begin({ x: [0, last * 1.015], y, yscale: scale, xlabel: "Epoch", ylabel });
  const bases = [...new Set([...shown, ...thin].map(([name]) => name.replace(/^val_/, "")))];
  const colour = (name) => p.colour.cycle[bases.indexOf(name.replace(/^val_/, "")) % p.colour.cycle.length];
  for (const [name, { x, y }] of thin) {
    chart.line(x, y, { colour: colour(name), width: 1, alpha: 0.45, label: curves[name] ? null : `${name} ${now[name] ?? ""}` });
  }
  for (const [name, { x, y }] of shown) {
    const held = name.startsWith("val_");
    chart.line(x, y, { colour: colour(name), width: 2, dash: held ? [6, 4] : null, label: `${name} ${now[name] ?? ""}` });
    if (x.length < 40) chart.points(x, y, { colour: colour(name), size: 2.5, shape: held ? "diamond" : "circle" });
  }
  if (best && curves[best.name]?.kind === kind) {
    chart.points([best.epoch], [best.value], { colour: p.colour.text, size: 5, shape: "diamond", label: "best" });
  }
  chart.end();
}

export default explorer((p) => {
  const state = { asked: 0 };
  const ask = (what) => {
    p.ask(what);
    if (what === "best") return;
    clearTimeout(state.asked);
    state.asked = setTimeout(() => { // the kernel answers at once, unless a cell keeps it from hearing
      p.notice.textContent = "The kernel runs a cell and will hear this when the cell has ended. The notebook's own stop button "
        + "(Interrupt) ends the training at once; what it has learnt is kept. Next time monitor.fit(...) leaves the notebook free.";
    }, 1500);
  };
  const heard = () => {
    if (state.asked) { clearTimeout(state.asked); state.asked = 0; p.noticed = null; }
  };
  const row = h("div", { style: "display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: end" });
  p.stage.append(row);
  const hold = button(p, "Stop", () => ask(hold.dataset.act), { kernel: true, into: row });
  const end = button(p, "End", () => ask("end"), { kernel: true, into: row });
  const best = button(p, "Take the best weights", () => ask("best"), { kernel: true, into: row });
  hold.style.minWidth = "6em";
  end.title = "Let the training come to its end now, as it is";
  best.title = "Give the model the weights of the best epoch";
  choice(p, "scale", { into: row });
  const done = h("progress", { style: "width: 100%", max: "1", "aria-label": "Part of the training that is done" });
  readout(p, [["progress", "Epochs done"], ["best", "Best"], ["gone", "Time so far"], ["left", "Time left"]]);
  p.stage.append(done);
  const grid = group(p, { columns: "repeat(auto-fit, minmax(300px, 1fr))" });
  const losses = plot(p, { height: 250, label: "Loss by epoch", into: grid });
  const skills = plot(p, { height: 250, label: "Skill by epoch", into: grid });
  let before = null;
  return (s) => {
    const { status, share, numbers } = p.result;
    if (status !== before) heard();
    before = status;
    if (p.live) {
      hold.dataset.act = status === "stopped" ? "resume" : "stop";
      hold.textContent = status === "stopped" ? "Resume" : "Stop";
      hold.disabled = !(status === "training" || status === "stopped");
      end.disabled = !(RUNS.includes(status) || status === "stopped");
      best.disabled = !p.result.best || RUNS.includes(status);
    } else for (const el of [hold, end, best]) el.hidden = true;
    done.value = share;
    p.root.dataset.status = status;
    drawCurves(p, losses, "loss", s.scale, "Loss");
    drawCurves(p, skills, "skill", "linear", "Skill");
    p.root.dataset.frames = String(Number(p.root.dataset.frames || 0) + 1); // how often it was drawn, for benchmarks
    return numbers;
  };
});
