/** How the server fares: the line under the header, and the list of its parts. */

import { find, make, say } from "./dom.js";
import { ago, instant, lately } from "./format.js";

const PARTS = {
  slack: "Slack", log: "Event log", loader: "Store", broker: "Broker", collector: "History",
  schedule: "Schedule",
};
const LEVELS = {
  good: ["connected", "ok", "idle", "running"],
  fair: ["reconnecting", "behind", "down"],
  low: ["disabled", "full", "failed"],
};

/** The parts that the server tells of, each with how it fares: good, fair, low or none. */
function parts(status) {
  return Object.entries(PARTS).filter(([key]) => status[key]).map(([key, title]) => {
    const part = status[key];
    const level = Object.keys(LEVELS).find((each) => LEVELS[each].includes(part.state)) ?? "none";
    const lag = key === "loader" && status.lag_seconds >= 1 && part.state !== "failed";
    const word = lag ? `${status.lag_seconds.toFixed(0)} s behind` : part.state;
    return { ...part, title, level, word };
  });
}

/** The parts as a list of definitions, for the panel and the dialog. */
export function vitals(status) {
  return make("dl.vitals", {}, ...parts(status).map(({ title, level, word, told, since }) =>
    make(`div.${level}`, { title: told },
      make("dt", {}, make("i.dot"), title),
      make("dd", {}, word, make("span.since", {}, ` since ${lately(instant(since))}`)),
      told && make("dd.told", {}, told))));
}

/** The line under the header. It is always there, so that nothing moves when it has to warn. */
export function stateLine() {
  let [stream, status, asOf, newest] = ["", {}, 0, 0];

  function draw() {
    const all = parts(status);
    const worst = all.find(({ level }) => level === "low") ?? all.find(({ level }) => level === "fair");
    const lost = stream === "lost" || stream === "out";
    const level = lost ? "fair" : worst ? worst.level : stream && "good";
    find("state").className = `state ${level}`;
    const of = asOf ? `; figures are of ${lately(asOf)}` : "";
    if (stream === "out") say(find("state-word"), `Signed out${of}. Load the page again to sign in.`);
    else if (lost) say(find("state-word"), `Reconnecting${of}`);
    else if (stream) say(find("state-word"), worst ? `${worst.title} ${worst.word}` : "Live");
    const others = all.filter((each) => each !== worst && each.state !== "off");
    const sentences = [worst?.told, ...others.map(({ title, word }) => `${title} ${word}`)];
    say(find("state-told"), lost ? "" : sentences.filter(Boolean).join(" · "));
    say(find("state-last"), newest ? `Last message ${ago(newest)}` : "");
  }

  setInterval(draw, 5000);
  return {
    stream(now) {
      if (stream === now) return;
      stream = now;
      draw();
    },
    status(now) {
      status = now;
      this.message(instant(now.last_event_at || 0));
    },
    /** A message was written at a moment, in milliseconds. */
    message(at) {
      newest = Math.max(newest, at);
      draw();
    },
    /** The figures are of a moment. */
    asOf(at) {
      asOf = at;
    },
    vitals: () => vitals(status),
  };
}
