// Tokens or the line of a series, coloured by a signal. Only what changed its shade is touched.

import { make } from "./dom.js";
import { shadeOf, shadesOf } from "./shades.js";

const SVG = "http://www.w3.org/2000/svg";

/** One <span> for each label in `parent`, in place of what it held. Line breaks follow a ↵. */
export function tokens(parent, labels) {
  const spans = labels.map((label, t) => {
    // a coloured cell needs no sign for a space
    const span = make("span", "coloured-token", null, label === "␣" ? " " : label);
    span.t = t;
    return span;
  });
  parent.replaceChildren(...spans.flatMap((span) => (span.textContent === "↵" ? [span, make("br", "")] : [span])));
  return spans;
}

/**
 * The line of `values` in `parent`, in place of what it held: a piece for each step, from halfway to the step
 * before to halfway to the one after. Step t stands at t + 0.5 of as many units as there are steps.
 */
export function line(parent, values) {
  const finite = [...values].filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const y = (value) => (high > low ? 92 - (84 * (value - low)) / (high - low) : 50);
  const points = [...values].map((value, t) => [t + 0.5, y(value)]);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${Math.max(1, points.length)} 100`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "coloured-line");
  const path = (className, run) => {
    const node = document.createElementNS(SVG, "path");
    node.setAttribute("class", className);
    node.setAttribute("d", run.map(([x, height], k) => `${k ? "L" : "M"}${x} ${height.toFixed(2)}`).join(""));
    svg.append(node);
    return node;
  };
  const halfway = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const pieces = points.map((point, t) => {
    const before = t ? halfway(points[t - 1], point) : point;
    const after = t + 1 < points.length ? halfway(point, points[t + 1]) : point;
    const piece = path("coloured-piece", [before, point, after]);
    piece.height = point[1]; // in percent, from the top
    return piece;
  });
  path("coloured-base", points); // above them: a value near 0 has the colour of the page
  parent.replaceChildren(svg);
  return pieces;
}

/** Colour nodes by their values on `scale`, a list of [place, colour], from `low` to `high`. */
export function paintNodes(nodes, values, scale, [low, high]) {
  const shades = shadesOf(scale);
  nodes.forEach((node, t) => {
    const shade = shadeOf(shades, values[t], low, high);
    if (node.shade === shade) return;
    node.shade = shade;
    if (node instanceof SVGElement) {
      node.style.stroke = shade?.background ?? "transparent";
      return;
    }
    node.style.backgroundColor = shade?.background ?? "";
    node.style.color = shade?.text ?? "";
  });
}
