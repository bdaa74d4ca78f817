/** What a panel means, its rows as a table, and where they are as a file. */

import { isAddress, isNumber, words } from "./data.js";
import { find, make, tabular } from "./dom.js";
import { query } from "./filters.js";
import { told } from "./format.js";

/** Lets the dialog close by its button and by a click beside it. */
export function prepareDialog() {
  const dialog = find("dialog");
  find("dialog-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

export function openDialog(title, body, links = []) {
  find("dialog-title").textContent = title;
  find("dialog-body").replaceChildren(...body.filter(Boolean));
  find("dialog-links").replaceChildren(...links.filter(Boolean));
  find("dialog").showModal();
  find("dialog-body").scrollTop = 0;
}

/** Explains a panel; `data` is what it shows, if it shows anything. */
export function explain({ name, title, chart, explain: { question, note, columns } }, data) {
  const address = `api/v1/panels/${name}`;
  openDialog(title, [
    make("p.question", {}, question),
    note && make("p", {}, note),
    ...[data?.subtitle, data?.note, data?.empty].map((remark) => remark && make("p.remark", {}, remark)),
    data?.rows.length && rowsOf(data),
    tabular(["Column", "What it means", "Unit"], columns.map((each) => [words(each), each.doc, each.unit])),
  ], [
    make("a.pill", { href: `${address}.csv${query()}`, download: `${name}.csv` }, "CSV"),
    chart && make("a.pill", { href: `${address}.png${query()}`, target: "_blank" }, "PNG"),
  ]);
}

function rowsOf(data) {
  const { rows, total_rows: all } = data;
  // ids and addresses are for programs: the CSV has them
  const places = [...data.columns.keys()].filter((place) => data.columns[place].type !== "id" && !isAddress(data.columns[place]));
  const columns = places.map((place) => data.columns[place]);
  const texts = rows.map((row) => places.map((place) => told(row[place], data.columns[place])));
  const more = all > rows.length && make("p", {}, `The first ${rows.length} of ${all}; the CSV has all.`);
  return make("details", {}, make("summary.pill", {}, "As a table"), more,
    tabular(columns.map(words), texts, columns.map(isNumber)));
}
