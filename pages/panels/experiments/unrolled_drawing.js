// What the picture of the unrolled network consists of: built anew when its size or its sequence changes; after
// that only the ribbons, the cut and the mark move.

import { setText, svg } from "./dom.js";

const SPACE = { left: 30, right: 52, top: 26, bottom: 40 };
const NARROWEST = 19; // pixels from one box to the next
const WIDEST = 30; // of a box
const ROW = { c: 0.28, h: 0.72 }; // where the rows of two states stand, as shares of the boxes' height

export class Drawing {
  /** labels: what is read at each step. names: the states that the gradient flows through, "c" and "h" or "h". */
  constructor(root, { width, height, labels, names }) {
    Object.assign(this, { width, height, steps: labels.length });
    this.bottom = height - SPACE.bottom;
    this.rows = Object.fromEntries(names.map((name) => [name, this.at(names.length > 1 ? ROW[name] : 0.5)]));
    this.half = (this.bottom - SPACE.top) * (names.length > 1 ? 0.21 : 0.42);
    root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    root.replaceChildren();
    this.shade = svg("rect", { class: "unrolled-shade", y: SPACE.top, height: this.bottom - SPACE.top }, root);
    this.ribbons = {};
    for (const name of names) this.ribbons[name] = svg("path", { class: "unrolled-ribbon" }, root);
    this.boxes(root, labels);
    for (const name of names) this.name(root, name);
    this.loss(root);
    this.line = svg("line", { class: "unrolled-mark", y1: SPACE.top, y2: this.bottom }, root);
    this.scissors = this.newScissors(root);
  }

  at(share) {
    return SPACE.top + share * (this.bottom - SPACE.top);
  }

  /** Where the middle of step t stands. */
  x(t) {
    return SPACE.left + ((t + 0.5) * (this.width - SPACE.left - SPACE.right)) / this.steps;
  }

  stepAt(x) {
    const share = (x - SPACE.left) / (this.width - SPACE.left - SPACE.right);
    return Math.min(this.steps - 1, Math.max(0, Math.floor(share * this.steps)));
  }

  /** Boxes, and arrows of what flows forward between them; of many steps only some, the first and the last among them. */
  boxes(root, labels) {
    const apart = this.x(1) - this.x(0);
    const gaps = gapsOf(this.steps - 1, Math.max(1, Math.ceil(NARROWEST / apart)));
    const shown = Array.from({ length: gaps + 1 }, (_, k) => Math.round((k * (this.steps - 1)) / gaps));
    const between = ((this.steps - 1) * apart) / gaps;
    const wide = Math.min(WIDEST, 0.62 * between);
    const numbered = Math.max(1, Math.ceil(30 / between));
    const height = this.bottom - SPACE.top;
    shown.forEach((t, place) => {
      const middle = this.x(t);
      svg("rect", { class: "unrolled-box", x: middle - wide / 2, y: SPACE.top, width: wide, height, rx: 5 }, root);
      svg("text", { class: "unrolled-label", x: middle, y: this.bottom + 16 }, root, labels[t]);
      if (place % numbered === 0) {
        svg("text", { class: "unrolled-number", x: middle, y: this.bottom + 33 }, root, String(t));
      }
      if (place === shown.length - 1) return;
      for (const y of Object.values(this.rows)) {
        const [from, to] = [middle + wide / 2, this.x(shown[place + 1]) - wide / 2];
        svg("path", { class: "unrolled-arrow", d: `M${from} ${y}H${to - 1}m-4 -3l4 3l-4 3` }, root);
      }
    });
    svg("text", { class: "unrolled-number", x: 2, y: this.bottom + 33, "text-anchor": "start" }, root, "t");
  }

  name(root, name) {
    svg("text", { class: "unrolled-name", x: 4, y: this.rows[name] + 5 }, root, `${name}ₜ`);
  }

  /** The loss of the last step, which reads its h. */
  loss(root) {
    const [x, y] = [this.width - 22, this.rows.h];
    svg("line", { class: "unrolled-arrow", x1: this.x(this.steps - 1) + 12, x2: x - 14, y1: y, y2: y }, root);
    svg("circle", { class: "unrolled-loss", cx: x, cy: y, r: 14 }, root);
    svg("text", { class: "unrolled-label", x, y: y + 5 }, root, "L");
  }

  /** shares: of the full width, for each step; the ribbon begins before step `first`, as wide as there. */
  ribbon(name, shares, first) {
    const y = this.rows[name];
    const points = shares.map((share, t) => [this.x(t), share]).slice(first);
    if (points.length) points.unshift([points[0][0] - (this.x(1) - this.x(0)) / 2, points[0][1]]);
    const side = (sign) => points.map(([x, share]) => `${x.toFixed(1)} ${(y + sign * share * this.half).toFixed(2)}`);
    const outline = [...side(-1), ...side(1).reverse()];
    this.ribbons[name].setAttribute("d", outline.length ? `M${outline.join("L")}Z` : "");
  }

  /** No gradient arrives before step `first`; null: it is not cut off. */
  cut(first, reach) {
    const hidden = first === null;
    const x = hidden ? 0 : (this.x(first - 1) + this.x(first)) / 2;
    this.shade.setAttribute("x", SPACE.left);
    this.shade.setAttribute("width", Math.max(0, x - SPACE.left));
    this.scissors.root.toggleAttribute("hidden", hidden);
    this.scissors.root.setAttribute("transform", `translate(${x} 0)`);
    const text = `cut off after ${reach} ${reach === 1 ? "step" : "steps"}`;
    setText(this.scissors.text, text);
    // beside the scissors, on the side where there is room
    const left = x > 0.75 * this.width;
    this.scissors.text.setAttribute("text-anchor", left ? "end" : "start");
    this.scissors.text.setAttribute("x", left ? -18 : 18);
  }

  newScissors(root) {
    const group = svg("g", { class: "unrolled-cut" }, root);
    svg("line", { y1: 4, y2: this.bottom + 4 }, group);
    for (const sign of [-1, 1]) {
      svg("circle", { cx: sign * 6, cy: 6, r: 4 }, group);
      svg("path", { d: `M${sign * 4} 9L${-sign * 5} 22` }, group);
    }
    return { root: group, text: svg("text", { y: 16 }, group) };
  }

  /** The step under the pointer; null: there is none. */
  mark(t) {
    this.line.toggleAttribute("hidden", t === null);
    for (const end of ["x1", "x2"]) this.line.setAttribute(end, t === null ? 0 : this.x(t));
  }
}

/** How many gaps there are between boxes, if each spans at least `every` of `steps` steps: equal ones if possible. */
function gapsOf(steps, every) {
  for (let wide = every; wide <= 2 * every; wide++) if (steps % wide === 0) return Math.max(1, steps / wide);
  return Math.max(1, Math.floor(steps / every));
}
