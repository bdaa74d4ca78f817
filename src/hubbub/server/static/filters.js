/** Period and channel: chosen in the header, kept in the address. */

import { make } from "./dom.js";

const NAMES = ["period", "channel"];
const asked = (name) => new URLSearchParams(location.search).get(name) ?? "";

/** The address's query, of the filters alone: "" or "?period=…". */
export function query() {
  const chosen = NAMES.filter(asked).map((name) => [name, asked(name)]);
  return chosen.length ? "?" + new URLSearchParams(chosen) : "";
}

/** Fills the form. Filters that no panel follows are left out. */
export function filters(form, dashboard, changed) {
  const offered = {
    period: [{ value: "", title: "Usual periods" }, ...dashboard.periods],
    channel: [
      { value: "", title: "All channels" },
      ...dashboard.channels.map(({ id, name }) => ({ value: id, title: "#" + name })),
    ],
  };
  for (const name of NAMES) {
    const select = form.elements[name];
    const followed = dashboard.panels.some((panel) => panel.filters.includes(name));
    if (!followed || offered[name].length < 2) select.closest("label").remove();
    else select.append(...offered[name].map(({ value, title }) => make("option", { value }, title)));
  }
  const read = () => {
    for (const select of form.elements) select.value = asked(select.name);
  };
  read();
  // an old address may ask for what is not offered any more
  const isKnown = (name) => !asked(name) || form.elements[name]?.value === asked(name);
  if (!NAMES.every(isKnown)) history.replaceState(null, "", location.pathname);
  form.addEventListener("change", () => {
    const now = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.pushState(null, "", now.size ? "?" + now : location.pathname);
    changed();
  });
  addEventListener("popstate", () => {
    read();
    changed();
  });
}
