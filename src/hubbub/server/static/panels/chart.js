/** A Vega-Lite chart, dressed for the page, drawn when it comes into sight. */

import { make, sentence } from "../dom.js";
import { dressed } from "../dress.js";

let library;

/** Loads the drawing library, once. */
async function load(address) {
  library ??= import(new URL(address, document.baseURI).href);
  await library;
  return window.vegaEmbed;
}

// no evaluator of code and no style element: the page's policy forbids them
const OPTIONS = {
  mode: "vega-lite", renderer: "svg", actions: false, defaultStyle: false, ast: true, logLevel: 1,
  tooltip: { disableDefaultStyle: true },
};

export function chart(body, layout, page) {
  const place = make("div.drawing", { role: "img", "aria-label": `${layout.title}: a chart. “About” has it as a table.` });
  let data, drawn, shape, size, pause;
  let seen = false;
  let turn = Promise.resolve();

  async function draw(again) {
    if (!seen || !data.spec) return;
    const { datasets: { rows }, params, ...rest } = data.spec;
    const now = JSON.stringify(rest);
    if (drawn && !again && now === shape) {
      await drawn.view.signal("rows", rows.length).data("rows", rows).resize().runAsync();
      return;
    }
    const embed = await load(page.vega);
    const { clientWidth: width, clientHeight: height } = place;
    if (width < 40 || height < 40) return;
    drawn?.finalize();
    drawn = await embed(place, dressed(data.spec, width, height), OPTIONS);
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    [shape, size] = [now, `${width} ${height}`];
  }

  const queue = (again) => {
    turn = turn.then(() => draw(again)).catch(page.failed);
  };
  new IntersectionObserver((entries) => {
    if (seen || !entries.some((each) => each.isIntersecting)) return;
    seen = true;
    if (data) queue(false);
  }, { rootMargin: "300px" }).observe(body);
  new ResizeObserver(() => {
    clearTimeout(pause);
    if (drawn) pause = setTimeout(() => size !== `${place.clientWidth} ${place.clientHeight}` && queue(true), 150);
  }).observe(body);

  return {
    show(next) {
      data = next;
      if (next.spec) {
        if (!place.isConnected) body.replaceChildren(place);
        return queue(false);
      }
      drawn?.finalize();
      drawn = null;
      body.replaceChildren(sentence(next.empty));
    },
    restyle: () => drawn && queue(true),
  };
}
