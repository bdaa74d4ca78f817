/** Rows with ranks, bars for the amounts, arrows and words for changes. */

import { isAddress, isNumber, named, records, trend, words } from "../data.js";
import { arrange, linked, make, name, scroller, sentence } from "../dom.js";
import { called, percent, signed, told, when } from "../format.js";

const LINKED = new Set(["member", "channel"]);
const isChange = (column) => /(^|_)change(_|$)/.test(column.name) && isNumber(column);

export function table(body, layout) {
  const head = make("tr");
  const rows = make("tbody");
  const scroll = scroller(layout.title, make("table", {}, make("thead", {}, head), rows));

  return {
    show(data) {
      const all = records(data).slice(0, layout.limit ?? undefined);
      if (!all.length) return body.replaceChildren(sentence(data.empty));
      const cells = plan(data, layout, all);
      head.replaceChildren(...cells.map(({ column, kind }) =>
        make(`th.${kind}.c-${column.name}`, { scope: "col" }, make(kind === "rank" ? "span.unseen" : "span", {}, layout.labels?.[column.name] ?? words(column)))));
      const keyOf = (row) => row.user_id ?? row.channel_id ?? JSON.stringify(row);
      arrange(rows, all, keyOf, () => make("tr"));
      all.forEach((row, place) => fill(rows.children[place], row, cells));
      if (!scroll.isConnected) body.replaceChildren(scroll);
    },
  };
}

/** The columns to show, each with what its cells are. */
function plan(data, layout, rows) {
  const usual = data.columns.filter((each) => each.type !== "id" && !isAddress(each));
  const columns = layout.columns.length ? named(data, layout.columns) : usual;
  const direction = columns.find(isChange);
  const first = columns.find((each) => !isNumber(each));
  const amount = columns.some(isChange) ? null : columns.find((each) => isNumber(each) && each.name !== "rank");
  const address = data.columns.find(isAddress)?.name;
  return columns.map((column) => ({
    column,
    kind: column.name === "rank" ? "rank" : column === first ? "main" : column === amount ? "amount.n"
      : isNumber(column) || column.type === "instant" ? "n" : "other",
    isDirection: column === direction,
    most: Math.max(1, ...rows.map((row) => Number(row[column.name]) || 0)),
    address: LINKED.has(column.name) ? address : null,
  }));
}

function fill(line, row, cells) {
  cells.forEach(({ column, kind, isDirection, most, address }, place) => {
    const value = row[column.name];
    const isMain = kind === "main";
    const cell = line.children[place] ??
      line.appendChild(make(`${isMain ? "th" : "td"}.${kind}.c-${column.name}`, { scope: isMain && "row" }));
    const text = column.name === "member" ? called(value) : told(value, column);
    if (kind === "amount.n") bar(cell, text, value / most);
    else if (isDirection && value !== null) cell.replaceChildren(change(value, column));
    else if (isChange(column) && value !== null) cell.textContent = changed(value, column);
    else if (column.type === "instant" && value) cell.replaceChildren(when(value));
    else if (cell.textContent !== text) cell.replaceChildren(linked(row[address], name(text)));
    if (isMain) cell.title = text;
  });
}

function bar(cell, text, share) {
  if (!cell.firstChild) cell.append(make("div", {}, make("i"), make("b")));
  const [drawn, figure] = cell.firstChild.children;
  drawn.style.width = `${100 * share}%`;
  figure.textContent = text;
}

const changed = (value, { unit }) => (unit === "%" ? (value > 0 ? "+" : "") + percent(value) : signed(value));

/** The first change of a row says its direction by arrow, colour and, unseen, a word. */
function change(value, column) {
  const [kind, arrow] = trend(value);
  return make(`span.${kind}`, {}, make("span", { "aria-hidden": "true" }, `${arrow} `),
    changed(value, column), make("span.unseen", {}, ` ${kind}`));
}
