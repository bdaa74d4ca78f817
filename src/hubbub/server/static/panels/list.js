/** What happened, newest first: who, where, when, with links to the message and to the member. */

import { records } from "../data.js";
import { arrange, calm, linked, make, name, scroller, sentence } from "../dom.js";
import { called, when } from "../format.js";

const VERBS = { reply: "replied", broadcast: "replied", reaction: "reacted" };
const RESTING = 20_000;
const SLIDE = { duration: 320, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" };

export function list(body, layout) {
  const items = make("ol");
  const scroll = scroller(layout.title, items);
  const more = make("button.more", { type: "button" });
  const limit = layout.limit ?? 20;
  let rows = [];
  let shown = null;
  let moved = 0;

  /** Somebody reads what stands there: it must not move away. A pointer left lying reads nothing. */
  const reading = () =>
    scroll.scrollTop > 4 || body.matches(":focus-within") || (body.matches(":hover") && Date.now() - moved < RESTING);

  function draw(asked) {
    const fresh = rows.filter((item) => shown && !shown.has(keyOf(item)));
    if (fresh.length && !asked && reading()) {
      more.textContent = `${fresh.length} new`;
      if (!more.isConnected) body.prepend(more);
      return;
    }
    more.remove();
    arrange(items, rows, keyOf, entry);
    if (fresh.length && !calm.matches) slide(fresh.length);
    shown = new Set(rows.map(keyOf));
  }

  function slide(count) {
    const come = [...items.children].slice(0, count);
    const height = come.reduce((sum, element) => sum + element.offsetHeight, 0);
    come.forEach((element) => element.classList.add("fresh"));
    items.animate([{ transform: `translateY(${-height}px)` }, { transform: "none" }], SLIDE);
  }

  function put(next) {
    rows = next.slice(0, limit);
    if (rows.length && !scroll.isConnected) body.replaceChildren(scroll);
    if (rows.length) draw(false);
  }

  more.addEventListener("click", () => {
    scroll.scrollTop = 0;
    draw(true);
    scroll.focus();
  });
  body.addEventListener("pointermove", () => (moved = Date.now()));
  const back = () => more.isConnected && draw(false);
  body.addEventListener("pointerleave", back);
  body.addEventListener("focusout", () => setTimeout(back));

  return {
    show(data) {
      put(records(data));
      if (rows.length) return;
      shown = new Set();
      body.replaceChildren(sentence(data.empty));
    },
    /** Puts what has just happened on top, newest last, until a frame brings the list itself. */
    add(happened) {
      const known = new Set(rows.map(keyOf));
      const fresh = happened.filter((item) => !known.has(keyOf(item)) && known.add(keyOf(item)));
      if (fresh.length) put([...fresh.reverse(), ...rows]);
    },
  };
}

const keyOf = (item) => item.key ?? `${item.channel_id}/${item.ts ?? JSON.stringify(item)}`;

/** One entry, of a row or of an event of the stream, which name the same things differently. */
function entry(item) {
  const at = item.at ?? item.posted_at ?? item.asked_at;
  const verb = item.asked_at ? "asked" : VERBS[item.kind] ?? "wrote";
  const who = linked(item.member_url ?? item.profile, make("b", {}, name(called(item.member ?? "Somebody"))));
  const place = item.channel ? [" in ", name("#" + item.channel.replace(/^#/, ""))] : [];
  const link = linked(item.message_url ?? item.permalink, at ? when(at) : "");
  if (link instanceof HTMLAnchorElement) link.append(make("span.unseen", {}, ": the message in Slack"));
  return make("li", {},
    make("p.who", {}, who, make("span", {}, " ", verb, ...place)),
    make("p.at", {}, link),
    item.text && make("p.said", { dir: "auto" }, item.text));
}
