/**
 * Charts are written for a picture 800 px wide, with letters of 19 px. Here they take the page's
 * size and letters, and the theme that fits its colours.
 */

import { em } from "./dom.js";
import { isDark } from "./theme.js";

const LENGTHS = new Set([
  "fontSize", "labelFontSize", "titleFontSize", "lineHeight", "labelPadding", "titlePadding", "dx", "dy",
  "titleY", "strokeWidth", "gridWidth", "labelSeparation", "gradientLength", "offset", "labelLimit",
]);
const LETTERS = { spec: 19, theme: 12 };

/** A spec for a box on the page, in pixels. */
export function dressed(spec, themes, width, height) {
  const small = em() * 0.8125;
  const { datasets, ...rest } = spec;
  const theme = scaled(themes[isDark() ? "dark" : "light"], small / LETTERS.theme);
  const css = getComputedStyle(document.body);
  return {
    ...scaled(rest, small / LETTERS.spec),
    datasets,
    width,
    height,
    padding: { left: 8, right: 8, top: 6, bottom: 2 },
    config: { ...theme, font: css.fontFamily },
  };
}

function scaled(part, scale, key = "") {
  if (typeof part === "number") {
    if (key === "size") return part * scale * scale;
    return LENGTHS.has(key) ? part * scale : part;
  }
  if (Array.isArray(part)) return part.map((each) => scaled(each, scale));
  if (!part || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, scaled(value, scale, name)]));
}
