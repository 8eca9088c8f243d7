// The diagram of one cell, drawn after its plan (cell_plan.js): an SVG that is built once; after that only numbers
// and widths of lines change.

import { precise } from "./cell_numbers.js";
import { BOX, H_RAIL, HEIGHT, LEFT, RIGHT, WIDTH, X_RAIL } from "./cell_plan.js";
import { reversed, ROUND, setAttribute, subscripts, TIP } from "./cell_svg.js";
import { setText, svg } from "./dom.js";

/**
 * Builds the diagram in `parent`; returns {root, nodes (text by number's name), …, update(numbers, words)}.
 * backwards: for a layer that reads from the end.
 */
export function buildDiagram(parent, plan, backwards = false) {
  const root = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "cell-diagram", role: "img" }, parent);
  const size = { refX: 0.5, refY: 7.5, markerWidth: TIP, markerHeight: 15, markerUnits: "userSpaceOnUse" };
  const tip = svg("marker", { id: "cell-tip", orient: "auto", ...size }, root);
  svg("path", { d: `M0 0L${TIP} 7.5L0 15z`, fill: "context-stroke" }, tip);
  svg("rect", { x: 84, y: 3, width: 512, height: X_RAIL - 18, rx: 18, class: "cell-body" }, root);
  const diagram = { root, plan, edges: {}, sparks: {}, nodes: {}, fills: {} };
  buildLines(diagram);
  buildOperators(diagram);
  buildTexts(diagram, backwards ? reversed : (text) => text);
  diagram.update = (numbers, words) => update(diagram, numbers, words);
  return diagram;
}

function buildLines({ root, plan, edges, sparks }) {
  for (const { d, signal } of plan.rails) {
    svg("path", { d, class: "cell-rail", ...(signal && { style: `--signal: var(--${signal})` }) }, root);
  }
  for (const [name, { d, signal, tip, bridges = [] }] of Object.entries(plan.edges)) {
    for (const bridge of bridges) svg("path", { d: bridge, class: "cell-bridge" }, root);
    const style = `--signal: var(--${signal})`;
    edges[name] = svg("path", { d, style, class: "cell-edge", ...(tip && { "marker-end": "url(#cell-tip)" }) }, root);
  }
  for (const [y, signal] of plan.arrows) {
    const head = `M${RIGHT - 15} ${y - 10}L${RIGHT} ${y}L${RIGHT - 15} ${y + 10}z`;
    svg("path", { d: head, class: "cell-arrow", style: `--signal: var(--${signal})` }, root);
  }
  for (const [name, { d, whole, signal }] of Object.entries(plan.edges)) {
    const style = `--signal: var(--${signal})`;
    sparks[name] = svg("path", { d: whole ?? d, pathLength: 1, class: "cell-spark", style }, root);
  }
}

function buildOperators({ root, plan, fills }) {
  for (const [x, y, sign, about] of plan.operators) {
    const group = svg("g", { class: "cell-operator" }, root);
    svg("title", {}, group, about);
    svg("circle", { cx: x, cy: y, r: ROUND }, group);
    svg("text", { x, y: y + 7 }, group, sign);
  }
  for (const [x, y, width, text, about] of plan.pills) {
    const pill = svg("g", { class: "cell-operator" }, root);
    svg("title", {}, pill, about);
    svg("rect", { x: x - width / 2, y: y - 13, width, height: 26, rx: 13 }, pill);
    svg("text", { x, y: y + 5 }, pill, text);
  }
  for (const [gate, { at, text }] of Object.entries(plan.boxes)) {
    const box = svg("g", { class: "cell-gate", style: `--signal: var(--${gate})` }, root);
    svg("title", {}, box, `${plan.about[`out_${gate}`]}: the bar shows how much`);
    const size = { x: at - BOX.width / 2, y: plan.top, width: BOX.width, height: BOX.height, rx: 8 };
    svg("rect", { ...size, class: "cell-gate-back" }, box);
    fills[gate] = svg("rect", { ...size, class: "cell-gate-fill" }, box);
    svg("rect", { ...size, class: "cell-gate-frame" }, box);
    svg("text", { x: at, y: plan.top + 25 }, box, text);
  }
}

function buildTexts({ root, plan, nodes }, worded) {
  const symbol = (text, x, y, signal, anchor = "end", className = "") => {
    const style = signal ? `--signal: var(--${signal})` : "";
    const node = svg("text", { x, y, "text-anchor": anchor, class: `cell-symbol ${className}`, style }, root);
    subscripts(worded(text)).forEach(([words, below], k) => {
      svg("tspan", below ? { class: "cell-sub", dy: 4 } : k ? { dy: -4 } : {}, node, words);
    });
    return node;
  };
  // numbers end at a fixed place, so that a sign that comes and goes moves no digit
  const number = (name, x, y, signal, size = "") => {
    const attributes = { x, y, "data-name": name, class: `cell-number ${size}`, style: `--signal: var(--${signal})` };
    const node = svg("text", attributes, root);
    node.words = document.createTextNode("");
    node.about = svg("title", {}, node);
    node.prepend(node.words);
    nodes[name] = node;
  };
  for (const entry of plan.symbols) symbol(...entry);
  for (const entry of plan.numbers) number(...entry);
  nodes.others = symbol("", LEFT, H_RAIL + 19, "h", "start", "cell-others");
  const input = symbol("x_{t}", LEFT, X_RAIL + 22, null, "start");
  svg("title", {}, input, "what the unit reads at this step; a token is read as a row of numbers, its embedding");
  nodes.x = svg("tspan", { dy: -4, "data-name": "x" }, input);
}

/** words: {about (one sentence), input (what xₜ is), others (whose h comes in, too)}. */
function update({ root, plan, edges, nodes, fills }, numbers, { about, input, others = "" }) {
  setAttribute(root, "aria-label", about);
  setText(nodes.others, others);
  setText(nodes.x, ` ${input}`);
  for (const [name, { value, text }] of Object.entries(numbers)) {
    const node = nodes[name];
    if (name === "x" || !node) continue;
    setText(node.words, text);
    setText(node.about, `${plan.about[name]}: ${precise(value)}`);
  }
  for (const [name, edge] of Object.entries(edges)) {
    const { carries = name, signal, lane = "ch".includes(signal) } = plan.edges[name];
    const size = Math.abs(numbers[carries].value);
    const share = Number.isFinite(size) ? size / (1 + size) : 0;
    edge.style.strokeWidth = ((lane ? 2.5 : 1.5) + (lane ? 8 : 6) * share).toFixed(1);
    edge.style.opacity = Math.min(1, 0.35 + 1.3 * share).toFixed(2);
  }
  for (const [gate, { at, signed }] of Object.entries(plan.boxes)) {
    const open = Math.min(1, Math.max(-1, numbers[`out_${gate}`].value || 0));
    const start = signed ? at + (BOX.width / 2) * Math.min(0, open) : at - BOX.width / 2;
    fills[gate].setAttribute("x", start.toFixed(1));
    fills[gate].style.transformOrigin = open < 0 ? "right" : "left";
    fills[gate].setAttribute("width", (Math.abs(open) * BOX.width * (signed ? 0.5 : 1)).toFixed(1));
  }
}
