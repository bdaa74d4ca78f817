/** The one connection that brings all figures, and how it comes back when it is lost. */

const QUIET = 40_000;
const SLOWEST = 30_000;

/**
 * Follows the stream at `address()`: `on` has a function for each kind of event, `state` is told
 * "live", "lost" or "out" (signed out). Returns what begins anew, for another address.
 *
 * The browser itself reconnects after a break. This adds what it does not do: to try again after a
 * refusal, and to ask after the server (`probe`) when nothing was heard for long, since a connection
 * may die without a sign, as when a laptop sleeps.
 */
export function follow({ address, probe, on, state }) {
  let source, heard, retry;
  let wait = 1000;

  function open() {
    clearTimeout(retry);
    source?.close();
    heard = Date.now();
    const opened = (source = new EventSource(address()));
    for (const [name, handle] of Object.entries(on)) {
      opened.addEventListener(name, (event) => {
        heard = Date.now();
        wait = 1000;
        state("live");
        handle(JSON.parse(event.data));
      });
    }
    opened.addEventListener("error", () => {
      if (opened !== source) return;
      state("lost");
      if (opened.readyState === EventSource.CLOSED) later();
    });
  }

  function later() {
    clearTimeout(retry);
    retry = setTimeout(async () => {
      if ((await ask()) === "out") state("out");
      else open();
    }, wait);
    wait = Math.min(wait * 2, SLOWEST);
  }

  async function ask() {
    try {
      const answer = await fetch(probe, { signal: AbortSignal.timeout(5000), redirect: "manual" });
      if (answer.status === 401 || answer.type === "opaqueredirect") return "out";
      return answer.ok ? "here" : "gone";
    } catch {
      return "gone";
    }
  }

  setInterval(async () => {
    if (Date.now() - heard < QUIET || source.readyState !== EventSource.OPEN) return;
    heard = Date.now();
    if ((await ask()) === "here") return;
    source.close();
    state("lost");
    later();
  }, 5000);
  addEventListener("online", open);
  addEventListener("pageshow", ({ persisted }) => persisted && open());
  open();
  return open;
}
