/** One figure, shown big, with others small beside it. */

import { named, records, trend, words } from "../data.js";
import { calm, make, sentence } from "../dom.js";
import { counted, percent, told, when } from "../format.js";

const COUNTING = 700;
const LEVELS = { low: "Low", fair: "Fair", good: "Good" };

export function card(body, layout) {
  const figure = make("b", { "aria-hidden": "true" });
  const exact = make("span.unseen");
  const unit = make("span");
  const mark = make("span.mark");
  const scale = make("div.scale", { "aria-hidden": "true" }, make("i"));
  const parts = make("ul.parts");
  const count = counter(figure);
  let spoken = "";

  return {
    show(data) {
      const row = records(data)[0] ?? {};
      const [column] = named(data, [layout.value]);
      spoken = "";
      if ((row[layout.value] ?? null) === null) return body.replaceChildren(sentence(data.empty || data.note));
      unit.textContent = layout.title.toLowerCase().includes(column.unit) ? "" : counted(column.unit, row[layout.value]);
      exact.textContent = told(row[layout.value], column);
      spoken = `${layout.title}: ${exact.textContent} ${unit.textContent}`.trim();
      count(row[layout.value], column);
      if (layout.colours) judge(mark, scale, row[layout.colours.column], layout.colours);
      const known = named(data, layout.parts).filter(({ name }) => (row[name] ?? null) !== null);
      parts.replaceChildren(...known.map((each) => part(each, row[each.name], layout.labels?.[each.name])));
      if (figure.isConnected) return;
      const big = make("p.figure", {}, figure, exact, unit, layout.colours && mark);
      body.replaceChildren(big, ...(layout.colours ? [scale] : []), parts);
    },
    /** What a screen reader is told now and then. */
    spoken: () => spoken,
  };
}

/** A small figure in its phrase, `{}` in which is the figure; a change says its direction too. */
function part(column, value, phrase = `{} ${words(column)}`) {
  const [before, after = ""] = phrase.split("{}");
  return make("li", {}, before, figureOf(column, value), counted(after, value));
}

function figureOf(column, value) {
  if (column.type === "instant") return make("b", {}, when(value));
  if (!column.name.endsWith("_change") || column.unit !== "%") return make("b", {}, told(value, column));
  const [kind, arrow] = trend(value);
  const word = make("span.unseen", {}, { rising: "up ", falling: "down ", steady: "" }[kind]);
  return make(`b.${kind}`, {}, make("span", { "aria-hidden": "true" }, `${arrow} `), word, percent(Math.abs(value)));
}

/** Below `red` red, up to `yellow` yellow, above green; a word says the same as the colour. */
function judge(mark, scale, value, { red, yellow }) {
  const level = value < red ? "low" : value <= yellow ? "fair" : "good";
  const most = Math.max(2 * yellow - red, value);
  mark.className = `mark ${level}`;
  mark.replaceChildren(make("i.dot"), LEVELS[level]);
  const widths = [red, yellow - red, most - yellow];
  const bands = Object.keys(LEVELS).map((name, place) => {
    const band = make(`span.${name}${name === level ? ".here" : ""}`);
    band.style.flexGrow = widths[place];
    return band;
  });
  const pin = scale.querySelector("i");
  pin.style.left = `${(100 * Math.max(0, value)) / most}%`;
  scale.replaceChildren(...bands, pin);
}

/** Counts from the figure that stands there to the next; who wants no motion sees it at once. */
function counter(element) {
  let at = null;
  let running = 0;
  return (to, column) => {
    cancelAnimationFrame(running);
    const write = (value) => {
      const text = told(value, column);
      element.style.setProperty("--letters", text.length);
      if (element.textContent !== text) element.textContent = text;
      at = value;
    };
    const from = at;
    if (typeof from !== "number" || typeof to !== "number" || calm.matches || document.hidden) return write(to);
    const began = performance.now();
    const step = (time) => {
      const share = Math.min(1, Math.max(0, (time - began) / COUNTING));
      write(share < 1 ? from + (to - from) * (1 - (1 - share) ** 3) : to);
      if (share < 1) running = requestAnimationFrame(step);
    };
    running = requestAnimationFrame(step);
  };
}
