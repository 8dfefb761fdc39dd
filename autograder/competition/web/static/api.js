// api.js - asks the service: relative to where it is served, with the page's own proof. A fault is a sentence.

import { setClock } from "./times.js";

const { prefix, competition } = document.body.dataset;

/** The address of a competition's data, such as of("board"). */
export const of = (path) => `api/competitions/${encodeURIComponent(competition)}${path ? `/${path}` : ""}`;
export const address = (path) => `${prefix}/${path}`;
export { competition };

/** What the service, or the way to it, has against what was asked. `passing`: asking again may help. */
export class Fault extends Error {
  constructor(sentence, { status = 0, wait = 0, offset } = {}) {
    super(sentence);
    Object.assign(this, { status, wait, offset });
    this.passing = status === 0 || status === 408 || status === 429 || (status >= 500 && status !== 507);
  }
}

/** Ask once. Returns { status, data, tag }; `json` or `body` is what is sent.
 *
 *  Throws a Fault if the service does not answer or says no.
 */
export async function ask(path, { method = "GET", json, body, headers = {}, signal, tag } = {}) {
  const once = async () => {
    const head = new Headers({ Accept: "application/json", ...headers });
    if (method !== "GET") head.set("X-CSRF", proof()?.content ?? "");
    if (json !== undefined) head.set("Content-Type", "application/json");
    if (tag) head.set("If-None-Match", tag);
    try {
      return await fetch(address(path), { method, headers: head, signal, cache: "no-store", body: json === undefined ? body : JSON.stringify(json) });
    } catch (reason) {
      if (signal?.aborted) throw new Fault("Stopped.");
      throw new Fault("The service does not answer. Is this machine online? Nothing that you wrote is lost; try again.");
    }
  };
  let answer = await once();
  if ([401, 403].includes(answer.status) && method !== "GET" && await renewed()) answer = await once();
  setClock(answer.headers.get("Date"));
  if (answer.status === 304) return { status: 304, tag };
  const data = await answer.json().catch(() => null);
  if (answer.ok) return { status: answer.status, data, tag: answer.headers.get("ETag") };
  throw new Fault(data?.error ?? `The service answered ${answer.status}. Try again; if it stays so, tell your advisor.`, {
    status: answer.status, wait: Number(answer.headers.get("Retry-After")) || 0, offset: data?.offset });
}

/** As ask(), only the data. */
export const get = async (path) => (await ask(path)).data;
export const send = async (method, path, json = {}) => (await ask(path, { method, json })).data;

const proof = () => document.querySelector('meta[name="csrf"]');

/** Whoever signed in again in another tab has another proof: take it over, so that nothing has to be typed again. */
async function renewed() {
  const page = await fetch(location.href, { cache: "no-store" }).then((answer) => answer.text()).catch(() => "");
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector('meta[name="csrf"]')?.content;
  if (!fresh || fresh === proof()?.content) return false;
  proof().content = fresh;
  return true;
}

/** Call `look` every `seconds` and a random while, more rarely while nobody sees the page, and ever more rarely while it fails.
 *
 *  Returns a function that looks at once. `trouble` hears the fault, or null when all is well again.
 */
export function poll(look, { seconds = 5, hidden = 30, trouble = () => {} } = {}) {
  let failed = 0, timer, running = null;
  const again = (fault) => {
    const usual = document.hidden ? hidden : seconds;
    const wait = fault ? Math.max(fault.wait, Math.min(60, usual * 2 ** failed)) : usual;
    timer = setTimeout(turn, wait * 1000 * (1 + Math.random() * 0.4));
  };
  const turn = () => {
    clearTimeout(timer);
    running ??= look().then(() => {
      if (failed) trouble(null);
      failed = 0;
      again();
    }, (reason) => {
      if (!(reason instanceof Fault)) console.error(reason);
      failed += 1;
      trouble(reason);
      again(reason instanceof Fault ? reason : new Fault(""));
    }).finally(() => { running = null; });
    return running;
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) turn(); });
  turn();
  return async () => { // what was under way may have been asked before the change that is looked for
    await running;
    return turn();
  };
}
