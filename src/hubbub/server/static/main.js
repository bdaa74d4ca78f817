/** The dashboard: figures from the page itself, then from the stream, into the boxes. */

import { explain, openDialog, prepareDialog } from "./dialog.js";
import { find, make, say } from "./dom.js";
import { filters, query } from "./filters.js";
import { instant, lately, tick, useZone } from "./format.js";
import { card } from "./panels/card.js";
import { chart } from "./panels/chart.js";
import { list } from "./panels/list.js";
import { network } from "./panels/network.js";
import { table } from "./panels/table.js";
import { stateLine, vitals } from "./status.js";
import { follow } from "./stream.js";
import { themeSwitch } from "./theme.js";

const KINDS = { card, chart, list, table, network, status: statusPanel };
const ACTIVITY = "recent_activity";
const SPEAKING = 60_000;

const { dashboard, frame: known, ...drawing } = JSON.parse(find("known").textContent);
useZone(dashboard.timezone);

const panels = new Map();
const waiting = new Map();
const line = stateLine();

function statusPanel(body) {
  return { status: (status) => body.replaceChildren(vitals(status)) };
}

function prepare(layout) {
  const section = find(`panel-${layout.name}`);
  const failed = (error) => fail(section, error);
  const shown = KINDS[layout.kind](section.querySelector(".body"), layout, { ...drawing, failed });
  const panel = { layout, section, shown, data: null };
  section.querySelector(".about")?.addEventListener("click", () => explain(layout, panel.data));
  panels.set(layout.name, panel);
}

/** Says in a panel why it shows nothing; the others go on. */
function excuse(section, { reason, fix }, kind = "p.sentence") {
  section.removeAttribute("aria-busy");
  section.querySelector(".body").replaceChildren(make(kind, {}, make("span", {}, reason, " ", make("small", {}, fix))));
}

const fail = (section, error) =>
  excuse(section, { reason: "This panel could not be drawn.", fix: `${error}` }, "p.sentence.failed");

function show(name, data) {
  const panel = panels.get(name);
  if (!panel) return;
  const { section, shown } = panel;
  panel.data = data;
  try {
    if (data.error) excuse(section, data.error);
    else shown.show(data);
  } catch (error) {
    fail(section, error);
  }
  section.removeAttribute("aria-busy");
  say(section.querySelector(".of"), data.subtitle ?? "");
  say(section.querySelector(".note"), (data.rows.length && data.note) || "");
}

/** Draws what came in, unless nobody looks. */
function draw() {
  if (document.hidden) return;
  tick();
  for (const [name, data] of waiting) show(name, data);
  waiting.clear();
}

function take({ panels: changed, status }) {
  for (const [name, data] of Object.entries(changed)) waiting.set(name, data);
  const newest = Math.max(0, ...Object.values(changed).map(({ as_of }) => instant(as_of ?? 0)));
  if (newest) {
    line.asOf(newest);
    facts(newest);
  }
  find("panels").classList.remove("stale");
  draw();
  takeStatus(status);
}

function takeStatus(status) {
  line.status(status);
  for (const { shown, section } of panels.values()) {
    if (!shown.status) continue;
    shown.status(status);
    section.removeAttribute("aria-busy");
  }
}

function takeActivity({ items }) {
  const channel = new URLSearchParams(location.search).get("channel");
  line.message(Math.max(...items.map(({ at }) => instant(at))));
  const here = items.filter((item) => !channel || item.channel_id === channel);
  if (here.length && !document.hidden) panels.get(ACTIVITY)?.shown.add(here);
}

function facts(asOf) {
  const { title, timezone, policy, smallest_group: few } = dashboard;
  const kept = few > 1 ? `, nothing about fewer than ${few} members` : "";
  say(find("facts"), `${title} · as of ${lately(asOf)}, ${timezone} · ${policy} policy${kept}`);
}

/** A screen reader is told the totals now and then, not with every message. */
function speak() {
  const totals = [...panels.values()].map(({ shown }) => shown.spoken?.()).filter(Boolean);
  if (!document.hidden) say(find("spoken"), totals.join(". "));
}

dashboard.panels.forEach(prepare);
prepareDialog();
if (known) take(known);
themeSwitch(find("theme"), () => panels.forEach(({ shown }) => shown.restyle?.()));
find("state-button").addEventListener("click", async () => {
  openDialog("How the server fares", [line.vitals()]);
  // only where there is a login is there a way out
  const { login } = await fetch("session").then((answer) => answer.json(), () => ({}));
  if (login) find("dialog-links").replaceChildren(make("a", { href: "logout" }, "Log out"));
});

const mark = () => find("panels").classList.toggle("filtered", query() !== "");
filters(find("filters"), dashboard, () => {
  find("panels").classList.add("stale");
  mark();
  reopen();
});
mark();
const reopen = follow({
  address: () => `api/v1/stream${query()}`,
  probe: "api/v1/status",
  on: { frame: take, status: takeStatus, activity: takeActivity },
  state: line.stream,
});
document.addEventListener("visibilitychange", draw);
setInterval(() => document.hidden || tick(), 5000);
setInterval(speak, SPEAKING);
