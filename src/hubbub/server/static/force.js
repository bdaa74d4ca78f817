/** Where the dots of a network go: ties pull, dots push, and the same rows give the same picture. */

const STEPS = 320;

/**
 * Places dots in a box of 1 by 1 that will be drawn `shape` times as wide as high, by Fruchterman
 * and Reingold's forces. A dot starts where it was `before`, else where its id says.
 */
export function settle(dots, ties, shape, before) {
  for (const dot of dots) {
    const old = before.get(dot.id);
    const [angle, distance] = [2 * Math.PI * share(dot.id), 0.15 + 0.35 * share(dot.id + "'")];
    dot.x = (old ? old.x - 0.5 : Math.cos(angle) * distance) * shape;
    dot.y = old ? old.y - 0.5 : Math.sin(angle) * distance;
  }
  const ideal = 0.9 * Math.sqrt(shape / dots.length);
  const heaviest = Math.max(1, ...ties.map((tie) => tie.weight));
  const pulls = ties.map(({ ends, weight }) => [...ends, 0.15 + 0.6 * Math.sqrt(weight / heaviest)]);
  // what is known already moves little: the picture must not jump with each message
  const known = dots.filter((dot) => before.has(dot.id)).length;
  const farthest = known > dots.length / 2 ? 0.02 : 0.12;
  for (let step = 0; step < STEPS; step += 1) {
    move(dots, pulls, ideal, farthest * (1 - step / STEPS));
  }
  for (const axis of ["x", "y"]) stretch(dots, axis);
}

/** One step: `ideal` is how long a tie wants to be, `farthest` how far a dot may move. */
function move(dots, pulls, ideal, farthest) {
  const pushes = dots.map((dot) => [-dot.x * 3 * ideal, -dot.y * 4 * ideal]);
  const push = (a, b, force) => {
    const [dx, dy] = [(dots[a].x - dots[b].x) * force, (dots[a].y - dots[b].y) * force];
    pushes[a][0] += dx;
    pushes[a][1] += dy;
    pushes[b][0] -= dx;
    pushes[b][1] -= dy;
  };
  const far = (a, b) => Math.max(1e-3, Math.hypot(dots[a].x - dots[b].x, dots[a].y - dots[b].y));
  for (let a = 1; a < dots.length; a += 1) {
    for (let b = 0; b < a; b += 1) push(a, b, (ideal / far(a, b)) ** 2);
  }
  for (const [a, b, pull] of pulls) push(a, b, (-pull * far(a, b)) / ideal);
  dots.forEach((dot, place) => {
    const [dx, dy] = pushes[place];
    const step = Math.min(1, farthest / Math.hypot(dx, dy, 1e-9));
    dot.x += dx * step;
    dot.y += dy * step;
  });
}

/** Spreads the dots over the whole box; a few stay near its middle. */
function stretch(dots, axis) {
  const all = dots.map((dot) => dot[axis]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const spread = Math.min(1, 0.2 + dots.length / 20);
  for (const dot of dots) dot[axis] = 0.5 + (high > low ? spread * ((dot[axis] - low) / (high - low) - 0.5) : 0);
}

/** A number from 0 to 1 that a text always gives. */
function share(text) {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}
