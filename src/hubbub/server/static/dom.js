/** Elements, made and kept: what the panels are built with. */

const DRAWN = new Set(["svg", "g", "line", "circle", "text", "title"]);

export const find = (id) => document.getElementById(id);

/**
 * An element: `make("a.who", {href}, "text", child)`. Texts are texts, never markup; attributes and
 * children that are null or false are left out.
 */
export function make(what, attributes = {}, ...children) {
  const [name, ...classes] = what.split(".");
  const space = DRAWN.has(name) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const element = document.createElementNS(space, name);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) {
    if (value != null && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** A name of a person or a channel, which may run from right to left. */
export const name = (text) => make("bdi", {}, String(text ?? ""));

/** A link to Slack, or the bare child if there is no address that a browser may follow. */
export function linked(address, child) {
  if (!/^(https?|slack):\/\//.test(address ?? "")) return child;
  return make("a", { href: address, target: "_blank", rel: "noreferrer noopener" }, child);
}

/** Changes a text only if it is another: screen readers and selections stay undisturbed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes a parent's children be these items, in this order; elements of kept keys are kept. */
export function arrange(parent, items, keyOf, create) {
  const kept = new Map([...parent.children].map((child) => [child.key, child]));
  const made = items.map((item) => {
    const key = keyOf(item);
    const element = kept.get(key) ?? create(item);
    kept.delete(key);
    return Object.assign(element, { key });
  });
  for (const gone of kept.values()) gone.remove();
  made.forEach((element, place) => {
    const there = parent.children[place];
    if (there !== element) parent.insertBefore(element, there ?? null);
  });
}

/** The box in which long rows scroll, by keyboard too. */
export const scroller = (label, child) =>
  make("div.scroll", { tabindex: "0", role: "group", "aria-label": label }, child);

/** A table of texts: the first of each row is its head, columns of `numbers` stand right. */
export function tabular(heads, rows, numbers = []) {
  const cell = (what, place, attributes, text) => make(what + (numbers[place] ? ".n" : ""), attributes, text);
  const line = (row) => make("tr", {}, ...row.map((text, place) =>
    cell(place ? "td" : "th", place, { scope: !place && "row" }, name(text))));
  return make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head, place) => cell("th", place, { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map(line)));
}

/** What stands in a box without figures. */
export const sentence = (text) => make("p.sentence", {}, make("span", {}, text || "There is nothing to show yet."));

/** The width of a letter m in pixels: it grows with the screen. */
export const em = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

export const calm = matchMedia("(prefers-reduced-motion: reduce)");
