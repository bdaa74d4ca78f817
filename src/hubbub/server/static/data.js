/** How the parts of a panel's rows are found; what the parts are: `/openapi.json`, PanelData. */

/** The rows as objects, by the columns' names. */
export function records({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, place) => [name, row[place]])));
}

/** The columns with these names, in this order. */
export const named = (data, names) =>
  names.flatMap((name) => data.columns.find((column) => column.name === name) ?? []);

export const isNumber = (column) => column.type === "integer" || column.type === "number";

/** A column that links the name beside it to Slack. */
export const isAddress = ({ name }) => /(^|_)(url|permalink|profile)$/.test(name);

/** A column's name in words. */
export const words = ({ name }) => name.replaceAll("_", " ");

/** Which way a figure goes: the class that colours it, and the arrow. */
export const trend = (change) =>
  change > 0 ? ["rising", "▲"] : change < 0 ? ["falling", "▼"] : ["steady", "●"];
