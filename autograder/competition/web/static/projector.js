// projector.js - the board for a room: large type, no bars to scroll; more teams than fit are shown a page at a time.

import { $ } from "./page.js";

const MOST = 12, FEWEST = 7, SECONDS = 12;

/** Show the rows of `body` for a room when asked to, by the button or by ?room=1. Returns { arrange }, for when rows have changed. */
export function projector(body) {
  let on = new URLSearchParams(location.search).get("room") === "1";
  let page = 0, pages = 1, paused = false, since = Date.now();
  const { classList } = document.documentElement;

  function arrange() {
    const all = [...body.children];
    pages = on ? Math.max(1, Math.ceil(all.length / MOST)) : 1;
    page %= pages;
    const each = Math.ceil(all.length / pages);
    all.forEach((el, k) => { el.hidden = pages > 1 && Math.floor(k / each) !== page; });
    $("#sheet").style.setProperty("--rows", Math.max(FEWEST, each));
    $("#pages").hidden = pages === 1;
    $("#page").textContent = `${page * each + 1} to ${Math.min(all.length, (page + 1) * each)} of ${all.length}`;
    $("#pause").textContent = paused ? "Go on" : "Pause";
  }

  function turn(by) {
    page = (page + by + pages) % pages;
    since = Date.now();
    arrange();
  }

  function pause() {
    paused = !paused;
    since = Date.now();
    arrange();
  }

  function show(wanted) {
    on = wanted;
    classList.toggle("room", on);
    $("#project").hidden = on;
    $("#room-bar").hidden = !on;
    const address = new URL(location.href);
    if (on) address.searchParams.set("room", "1");
    else address.searchParams.delete("room");
    history.replaceState(null, "", address);
    arrange();
  }

  const whole = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen())
    .catch(() => {}); // not allowed here: the window stays as large as it is

  $("#project").addEventListener("click", () => {
    show(true);
    whole();
    $("#leave").focus();
  });
  $("#leave").addEventListener("click", () => {
    if (document.fullscreenElement) whole();
    show(false);
    $("#project").focus();
  });
  $("#whole").addEventListener("click", whole);
  $("#pause").addEventListener("click", pause);
  $("#earlier").addEventListener("click", () => turn(-1));
  $("#later").addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") $("#leave").click();
    if (pages === 1) return;
    if (event.key === " " && !event.target.closest("button, a, summary, input")) pause();
    else if (event.key === "ArrowRight" || event.key === "PageDown") turn(1);
    else if (event.key === "ArrowLeft" || event.key === "PageUp") turn(-1);
    else return;
    event.preventDefault();
  });
  setInterval(() => { if (on && !paused && pages > 1 && Date.now() - since > SECONDS * 1000) turn(1); }, 500);
  if (on) show(true);
  return { arrange };
}
