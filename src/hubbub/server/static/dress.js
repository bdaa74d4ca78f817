/**
 * Charts are written for a picture 800 px wide on white, with letters of 19 px. Here they take the
 * page's size and letters and, where it is dark, dark counterparts of the theme's colours.
 */

import { em } from "./dom.js";
import { isDark } from "./theme.js";

/** The colours of `charts/theme.json`. */
const DARK = {
  "#ffffff": "#151d26", "#17202b": "#e9eef3", "#323f4b": "#c3cdd7", "#4d5a68": "#a6b3c0",
  "#9aa5b1": "#566372", "#e4e8ec": "#2a3643",
  "#0b63a8": "#5aa9e6", "#00766c": "#3fb8a9", "#b4540a": "#f0954a", "#8b3a8f": "#c98bd0",
  "#eef2f6": "#1d2833", "#a9cbe6": "#1f4a70", "#4a90c6": "#2f7ab5", "#08335c": "#c3e3fb",
};
const LENGTHS = new Set([
  "fontSize", "labelFontSize", "titleFontSize", "lineHeight", "labelPadding", "titlePadding", "dx", "dy",
  "titleY", "strokeWidth", "gridWidth", "labelSeparation", "gradientLength", "gradientThickness", "offset", "labelLimit",
]);

/** A spec for a box on the page, in pixels. */
export function dressed({ datasets, ...rest }, width, height) {
  const spec = adapted(rest, (em() * 0.8125) / 19, isDark());
  const padding = { left: 8, right: 8, top: 6, bottom: 2 };
  const config = { ...spec.config, font: getComputedStyle(document.body).fontFamily };
  return { ...spec, datasets, width, height, padding, config };
}

function adapted(part, scale, dark, key = "") {
  if (typeof part === "string") return (dark && DARK[part]) || part;
  if (typeof part === "number") return key === "size" ? part * scale ** 2 : LENGTHS.has(key) ? part * scale : part;
  if (Array.isArray(part)) return part.map((each) => adapted(each, scale, dark));
  if (!part || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, adapted(each, scale, dark, name)]));
}
