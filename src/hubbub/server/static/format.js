/** Figures and moments in words. Moments are of the workspace's time zone, as in the charts. */

const figures = [0, 1].map((maximumFractionDigits) => new Intl.NumberFormat("en", { maximumFractionDigits }));
let timeZone = "UTC";

export function useZone(name) {
  timeZone = name;
}

/** A value of a column as people read it. */
export function told(value, { type }) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return figures[type === "integer" ? 0 : 1].format(value).replace("-", "−");
  return type === "instant" ? moment(instant(value)) : String(value);
}

/** A member whose name is not known is called by the end of the id. */
export const called = (text) =>
  /^[UW](?=.*\d)[A-Z0-9]{8,}$/.test(text) ? `${text[0]}…${text.slice(-4)}` : String(text ?? "");

/** Units as one says them of a figure: 1 message, 2 messages. */
export const counted = (unit, value) => (value === 1 ? unit.replace(/^(\s*\w+)s\b/, "$1") : unit);

/** A number with its sign, for changes. */
export const signed = (value) => (value > 0 ? "+" : "") + told(value, { type: "integer" });

/** Whole per cents, but nothing that has changed is 0. */
export const percent = (value) => `${told(value, { type: Math.abs(value) < 1 ? "number" : "integer" })} %`;

/** Milliseconds since 1970, of a text or of seconds. */
export const instant = (value) => (typeof value === "number" ? value * 1000 : Date.parse(value));

export const clock = (at) => new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone }).format(at);

const day = (at) => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone }).format(at);

export const moment = (at) => `${day(at)}, ${clock(at)}`;

/** The hour of a moment, with its day if that is not today's. */
export const lately = (at) => (day(at) === day(Date.now()) ? clock : moment)(at);

/** How long ago a moment was, in steps that do not flicker. */
export function ago(at) {
  const seconds = (Date.now() - at) / 1000;
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds / 10) * 10} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return seconds < 7 * 86400 ? `${Math.floor(seconds / 86400)} d ago` : day(at);
}

/** An element that goes on saying how long ago a moment was. */
export function when(value) {
  const at = instant(value);
  const element = document.createElement("time");
  element.dateTime = new Date(at).toISOString();
  element.title = moment(at);
  element.textContent = ago(at);
  return element;
}

/** Renews what all `when` elements of the page say. */
export function tick() {
  for (const element of document.querySelectorAll("time")) {
    const text = ago(Date.parse(element.dateTime));
    if (element.textContent !== text) element.textContent = text;
  }
}
