// times.js - times as one says them, by the server's clock. Every <time data-told> of the page is kept up to date.

const EXACT = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
let ahead = 0; // the server's clock before this machine's [ms]

/** Hear what time it is at the server: the head of an answer says so, to the second. */
export function setClock(date) {
  const heard = Date.parse(date) - Date.now();
  if (Math.abs(heard - ahead) > 2000) ahead = heard;
}

export const now = () => Date.now() + ahead;
export const exact = (iso) => EXACT.format(new Date(iso));
export const hour = (moment) => HOUR.format(moment);

/** A span as one says it, as span() of times.py: "3 days 1 h", "59 min", "12 s". */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return `${days} day${days > 1 ? "s" : ""}${hours ? ` ${hours} h` : ""}`;
  if (hours) return `${hours} h${minutes ? ` ${minutes} min` : ""}`;
  return minutes ? `${minutes} min` : `${seconds} s`;
}

const TOLD = {
  exact,
  ago(iso) {
    const ms = now() - Date.parse(iso);
    if (ms < 60_000) return "just now";
    const [days, hours] = [Math.floor(ms / 86_400_000), Math.floor(ms / 3_600_000)];
    if (days) return days === 1 ? "1 day ago" : `${days} days ago`;
    return hours ? `${hours} h ago` : `${Math.floor(ms / 60_000)} min ago`;
  },
  in: (iso) => span(Date.parse(iso) - now()),
  countdown(iso) {
    const seconds = Math.max(0, Math.ceil((Date.parse(iso) - now()) / 1000));
    const two = (number) => String(Math.floor(number)).padStart(2, "0");
    const days = Math.floor(seconds / 86400);
    return `${days ? `${days} d ` : ""}${two(seconds / 3600 % 24)}:${two(seconds / 60 % 60)}:${two(seconds % 60)}`;
  },
};

/** A <time>: "ago", "in", "countdown" or "exact". */
export function time(iso, told) {
  const el = document.createElement("time");
  [el.dateTime, el.dataset.told] = [iso, told];
  tell(el);
  return el;
}

function tell(el) {
  const text = TOLD[el.dataset.told](el.dateTime);
  if (el.textContent !== text) el.textContent = text;
  if (el.dataset.told !== "exact" && !el.title) el.title = exact(el.dateTime);
}

function tellAll() {
  document.querySelectorAll("time[data-told][datetime]").forEach(tell);
}

tellAll();
setInterval(tellAll, 1000);
