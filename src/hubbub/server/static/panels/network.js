/** Who talks with whom: members as dots, near those they talk with. */

import { records } from "../data.js";
import { em, make, sentence, tabular } from "../dom.js";
import { settle } from "../force.js";
import { called } from "../format.js";

const MOST = 60;
const LONGEST = 18;

export function network(body, { title }) {
  const drawing = make("svg.net", { role: "img" });
  const told = make("div.unseen");
  let before = new Map();
  let data;

  function draw() {
    const { clientWidth: width, clientHeight: height } = drawing;
    if (!drawing.isConnected || width < 40 || height < 40) return;
    const { dots, ties } = strongest(records(data));
    settle(dots, ties, width / height, before);
    before = new Map(dots.map((dot) => [dot.id, dot]));
    paint(drawing, dots, ties, width, height);
    drawing.setAttribute("aria-label", `${title}: ${dots.length} members, ${ties.length} pairs. A table follows.`);
    const rows = dots.slice(0, 20).map(({ label, partners, weight }) => [label, partners, weight]);
    told.replaceChildren(tabular(["Member", "Partners", "Times"], rows));
  }

  new ResizeObserver(draw).observe(body);
  return {
    show(next) {
      data = next;
      if (!next.rows.length) return body.replaceChildren(sentence(next.empty));
      if (!drawing.isConnected) body.replaceChildren(drawing, told);
      draw();
    },
  };
}

/** The members with the most ties, and the ties among them; both directions are one tie. */
function strongest(rows) {
  const dots = new Map();
  const pairs = new Map();
  for (const row of rows) {
    const ends = ["source", "target"].map((end) => [row[`${end}_id`] ?? row[end], called(row[end])]);
    const ids = ends.map(([id]) => id).sort();
    if (ids[0] === ids[1]) continue;
    const key = ids.join("\t");
    const isNew = !pairs.has(key);
    const pair = pairs.get(key) ?? { ids, weight: 0 };
    pair.weight += row.weight;
    pairs.set(key, pair);
    for (const [id, label] of ends) {
      const dot = dots.get(id) ?? { id, label, weight: 0, partners: 0 };
      dot.weight += row.weight;
      dot.partners += Number(isNew);
      dots.set(id, dot);
    }
  }
  const kept = [...dots.values()].sort((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1)).slice(0, MOST);
  const place = new Map(kept.map((dot, index) => [dot.id, index]));
  const ties = [...pairs.values()]
    .map(({ ids, weight }) => ({ ends: ids.map((id) => place.get(id)), weight }))
    .filter(({ ends }) => !ends.includes(undefined));
  return { dots: kept, ties };
}

function paint(svg, dots, ties, width, height) {
  const unit = em();
  const most = Math.max(...dots.map((dot) => dot.weight));
  const heaviest = Math.max(1, ...ties.map((tie) => tie.weight));
  const at = dots.map(({ x, y }) => [unit * (3 + x * (width / unit - 6)), unit * (1.2 + y * (height / unit - 3.4))]);
  const lines = ties.map(({ ends, weight }) => {
    const [[x1, y1], [x2, y2]] = ends.map((end) => at[end]);
    const share = Math.sqrt(weight / heaviest);
    const look = { "stroke-width": unit * (0.04 + 0.14 * share), "stroke-opacity": 0.12 + 0.38 * share };
    return make("line", { x1, y1, x2, y2, ...look });
  });
  const radii = dots.map(({ weight }) => unit * (0.25 + 0.65 * Math.sqrt(weight / most)));
  const taken = radii.map((r, place) => [at[place][0] - r, at[place][1] - r, at[place][0] + r, at[place][1] + r]);
  const groups = dots.map(({ label, weight, partners }, place) => {
    const [[cx, cy], r] = [at[place], radii[place]];
    const short = label.length > LONGEST ? label.slice(0, LONGEST - 1) + "…" : label;
    const [below, above] = [{ x: cx, y: cy + r + unit * 0.9 }, { x: cx, y: cy - r - unit * 0.3 }];
    const text = [below, above].find((each) => isFree(taken, each, short, unit, width));
    return make(text ? "g" : "g.crowded", {},
      make("title", {}, `${label}: ${weight} times, with ${partners}`),
      make("circle", { cx, cy, r }), make("text", text ?? below, short));
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...lines, ...groups);
  groups.forEach((group, place) => {
    group.addEventListener("pointerenter", () => choose(svg, ties, lines, groups, place));
    group.addEventListener("pointerleave", () => svg.classList.remove("chosen"));
  });
}

/** Whether a name meets no other; where it stands is then taken. */
function isFree(taken, { x, y }, label, unit, width) {
  // letters of Chinese, Japanese and Korean are twice as wide
  const half = 0.22 * unit * [...label].reduce((sum, letter) => sum + (letter > "\u2e80" ? 2 : 1), 1);
  const box = [x - half, y - unit * 0.8, x + half, y + unit * 0.3];
  const isOut = box[0] < 0 || box[2] > width;
  const meets = (other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3];
  if (isOut || taken.some(meets)) return false;
  return taken.push(box) > 0;
}

/** Shows a member and their partners, and lets the others fade. */
function choose(svg, ties, lines, groups, place) {
  const near = new Set([place]);
  ties.forEach(({ ends }, index) => {
    const own = ends.includes(place);
    lines[index].classList.toggle("near", own);
    if (own) ends.forEach((end) => near.add(end));
  });
  groups.forEach((group, index) => group.classList.toggle("near", near.has(index)));
  svg.classList.add("chosen");
}
