// The diagram of one LSTM cell: an SVG that is built once; after that only numbers and widths of lines change.
// The memory lane runs straight along the top, the four gates stand side by side, x and h come in below.

import { GATES, precise } from "./cell_numbers.js";

const WIDTH = 684;
const HEIGHT = 452;
const COLUMN = { f: 148, i: 274, g: 400, o: 526 }; // where each gate stands
const TAP = 36; // how far left and right of it x and the bias come in
const LANE = 60;
const MIDDLE = (COLUMN.i + COLUMN.g) / 2; // where i and g meet
const MEET = 146;
const SQUASH = 102; // tanh of c
const OUT = 156; // where h leaves
const BOX = { top: 214, height: 38, width: 112 };
const SUM = 294;
const H_RAIL = 398;
const X_RAIL = 426;
const LEFT = 6;
const RIGHT = 680;
const IN = 74; // where numbers on the left end
const ROUND = 13; // radius of an operator
const TIP = 10; // length of an arrow's tip

/** What each number is, for its tooltip. */
export const ABOUT = {
  c_before: "cell state after the step before",
  h_before: "hidden state of this unit after the step before",
  keep: "what the forget gate lets through of the old cell state",
  write: "what the input gate lets through of the candidate",
  c: "cell state, what the unit remembers",
  tanh_c: "cell state, squashed to between −1 and 1",
  h: "hidden state, what the unit says",
  x: "input",
};
for (const [gate, name] of Object.entries({ f: "forget gate", i: "input gate", g: "candidate", o: "output gate" })) {
  ABOUT[`x_${gate}`] = `what the input adds to the ${name}`;
  ABOUT[`h_${gate}`] = `what the hidden states of the step before add to the ${name}`;
  ABOUT[`b_${gate}`] = `bias of the ${name}`;
  ABOUT[`pre_${gate}`] = `sum that goes into the ${gate === "g" ? "tanh" : "σ"} of the ${name}`;
  ABOUT[`out_${gate}`] = `${name}${gate === "g" ? ", new content" : ", 0 is closed and 1 is open"}`;
}

/** Every edge by the name of the number that it carries: its path, and the signal whose colour it has. */
export const EDGES = {
  c_before: { d: `M${LEFT} ${LANE}H${COLUMN.f - ROUND}`, signal: "c" },
  keep: { d: `M${COLUMN.f + ROUND} ${LANE}H${MIDDLE - ROUND}`, signal: "c" },
  write: { d: up(MIDDLE, MEET - ROUND, LANE), signal: "c", tip: true },
  c: { d: `M${MIDDLE + ROUND} ${LANE}H${RIGHT - 14}`, signal: "c" },
  c_tap: { d: `M${COLUMN.o} ${LANE}V${SQUASH - ROUND - TIP}`, signal: "c", tip: true, carries: "c" },
  tanh_c: { d: `M${COLUMN.o} ${SQUASH + ROUND}V${OUT - ROUND - TIP}`, signal: "c", tip: true },
  h: { d: `M${COLUMN.o + ROUND} ${OUT}H${RIGHT - 14}`, signal: "h" },
  out_f: { d: up(COLUMN.f, BOX.top, LANE), signal: "f", tip: true },
  out_i: { d: bent(COLUMN.i, BOX.top, MEET, MIDDLE - ROUND - TIP), signal: "i", tip: true },
  out_g: { d: bent(COLUMN.g, BOX.top, MEET, MIDDLE + ROUND + TIP), signal: "g", tip: true },
  out_o: { d: up(COLUMN.o, BOX.top, OUT), signal: "o", tip: true },
};
for (const gate of GATES) {
  const at = COLUMN[gate];
  const x = bent(at - TAP, X_RAIL, SUM, at - ROUND - TIP);
  const h = up(at, H_RAIL, SUM);
  const along = (rail, path) => path.replace(/^M\S+ \S+/, (start) => `M${LEFT} ${rail}L${start.slice(1)}`);
  EDGES[`x_${gate}`] = { d: x, signal: gate, tip: true, whole: along(X_RAIL, x) };
  EDGES[`h_${gate}`] = { d: h, signal: gate, tip: true, whole: along(H_RAIL, h) };
  EDGES[`b_${gate}`] = { d: bent(at + TAP, H_RAIL - 26, SUM, at + ROUND + TIP), signal: gate, tip: true };
  EDGES[`pre_${gate}`] = { d: `M${at} ${SUM - ROUND}V${BOX.top + BOX.height + TIP}`, signal: gate, tip: true };
}

/** Straight up to the operator at height `to`. */
function up(x, from, to) {
  return `M${x} ${from}V${to + ROUND + TIP}`;
}

/** Up, and round a corner at height `to` sideways to `end`. */
function bent(x, from, to, end) {
  const corner = Math.sign(end - x) * 12;
  return `M${x} ${from}V${to + 12}Q${x} ${to} ${x + corner} ${to}H${end}`;
}

/** Builds the diagram in `parent`; returns {root, nodes (text by number's name), update(cell, numbers, words)}. */
export function buildDiagram(parent) {
  const root = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "cell-diagram", role: "img" }, parent);
  const size = { refX: 0.5, refY: 7.5, markerWidth: TIP, markerHeight: 15, markerUnits: "userSpaceOnUse" };
  const tip = svg("marker", { id: "cell-tip", orient: "auto", ...size }, root);
  svg("path", { d: `M0 0L${TIP} 7.5L0 15z`, fill: "context-stroke" }, tip);
  svg("rect", { x: 84, y: 3, width: 512, height: X_RAIL - 18, rx: 18, class: "cell-body" }, root);
  const diagram = { root, edges: {}, sparks: {}, nodes: {}, fills: {} };
  buildLines(diagram);
  buildOperators(diagram);
  buildTexts(diagram);
  diagram.update = (numbers, words) => update(diagram, numbers, words);
  return diagram;
}

function buildLines({ root, edges, sparks }) {
  svg("path", { d: `M${LEFT} ${H_RAIL}H${COLUMN.o}`, class: "cell-rail", style: "--signal: var(--h)" }, root);
  svg("path", { d: `M${LEFT} ${X_RAIL}H${COLUMN.o - TAP}`, class: "cell-rail" }, root);
  for (const [name, { d, signal, tip }] of Object.entries(EDGES)) {
    const style = `--signal: var(--${signal})`;
    // x passes over the rail of h
    const bridge = `M${COLUMN[signal] - TAP} ${H_RAIL + 5}v-10`;
    if (name.startsWith("x_")) svg("path", { d: bridge, class: "cell-bridge" }, root);
    edges[name] = svg("path", { d, style, class: "cell-edge", ...(tip && { "marker-end": "url(#cell-tip)" }) }, root);
  }
  for (const [y, signal] of [[LANE, "c"], [OUT, "h"]]) {
    const head = `M${RIGHT - 15} ${y - 10}L${RIGHT} ${y}L${RIGHT - 15} ${y + 10}z`;
    svg("path", { d: head, class: "cell-arrow", style: `--signal: var(--${signal})` }, root);
  }
  for (const [name, { d, whole, signal }] of Object.entries(EDGES)) {
    const style = `--signal: var(--${signal})`;
    sparks[name] = svg("path", { d: whole ?? d, pathLength: 1, class: "cell-spark", style }, root);
  }
}

function buildOperators({ root, fills }) {
  const operator = (x, y, sign, about) => {
    const group = svg("g", { class: "cell-operator" }, root);
    svg("title", {}, group, about);
    svg("circle", { cx: x, cy: y, r: ROUND }, group);
    svg("text", { x, y: y + 7 }, group, sign);
  };
  operator(COLUMN.f, LANE, "×", "forget gate times old cell state: what is kept");
  operator(MIDDLE, LANE, "+", "what is kept plus what is written: the new cell state");
  operator(MIDDLE, MEET, "×", "input gate times candidate: what is written");
  operator(COLUMN.o, OUT, "×", "output gate times tanh of the cell state: the hidden state");
  const squash = svg("g", { class: "cell-operator" }, root);
  svg("title", {}, squash, "tanh squashes the cell state to between −1 and 1");
  svg("rect", { x: COLUMN.o - 29, y: SQUASH - 13, width: 58, height: 26, rx: 13 }, squash);
  svg("text", { x: COLUMN.o, y: SQUASH + 5 }, squash, "tanh");
  for (const [gate, name] of [["f", "σ forget"], ["i", "σ input"], ["g", "tanh new"], ["o", "σ output"]]) {
    const at = COLUMN[gate];
    operator(at, SUM, "+", "the parts of input, hidden states and bias are added up");
    const box = svg("g", { class: "cell-gate", style: `--signal: var(--${gate})` }, root);
    svg("title", {}, box, `${ABOUT[`out_${gate}`]}: the bar shows how much`);
    const size = { x: at - BOX.width / 2, y: BOX.top, width: BOX.width, height: BOX.height, rx: 8 };
    svg("rect", { ...size, class: "cell-gate-back" }, box);
    fills[gate] = svg("rect", { ...size, class: "cell-gate-fill" }, box);
    svg("rect", { ...size, class: "cell-gate-frame" }, box);
    svg("text", { x: at, y: BOX.top + 25 }, box, name);
  }
}

function buildTexts({ root, nodes }) {
  const symbol = (text, x, y, signal, anchor = "end") => {
    const style = signal ? `--signal: var(--${signal})` : "";
    const node = svg("text", { x, y, "text-anchor": anchor, class: "cell-symbol", style }, root);
    subscripts(text).forEach(([words, below], k) => {
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
  symbol("c_{t−1}", IN, 20, "c");
  number("c_before", IN, 45, "c", "cell-large");
  const kept = (COLUMN.f + MIDDLE) / 2 + 28;
  symbol("f_{t} · c_{t−1}", kept, 20, "c");
  number("keep", kept, 45, "c", "cell-large");
  symbol("the memory lane", COLUMN.o - 84, 45, "c", "middle").classList.add("cell-lane");
  symbol("c_{t}", RIGHT - 18, 20, "c");
  number("c", RIGHT - 18, 45, "c", "cell-large");
  symbol("i_{t} · g_{t}", MIDDLE - 12, 110, "c");
  number("write", MIDDLE + 70, 110, "c", "cell-large");
  symbol("tanh c_{t}", COLUMN.o - 11, 133, "c");
  number("tanh_c", COLUMN.o + 58, 133, "c");
  symbol("h_{t}", RIGHT - 18, 116, "h");
  number("h", RIGHT - 18, 141, "h", "cell-large");
  symbol("h_{t−1}", IN, H_RAIL - 36, "h");
  number("h_before", IN, H_RAIL - 11, "h", "cell-large");
  for (const gate of GATES) {
    const at = COLUMN[gate];
    symbol(`${gate}_{t}`, at - 11, BOX.top - 15, gate);
    number(`out_${gate}`, at + 66, BOX.top - 15, gate, "cell-large");
    number(`pre_${gate}`, at + 60, SUM - 20, gate);
    number(`x_${gate}`, at - TAP + 20, SUM + 50, gate);
    number(`b_${gate}`, at + TAP + 20, SUM + 50, gate);
    number(`h_${gate}`, at + 20, SUM + 80, gate);
    symbol("b", at + TAP, H_RAIL - 12, gate, "middle");
  }
  nodes.others = symbol("", LEFT, H_RAIL + 19, "h", "start");
  nodes.others.classList.add("cell-others");
  const input = symbol("x_{t}", LEFT, X_RAIL + 22, null, "start");
  svg("title", {}, input, "what the unit reads at this step; a token is read as a row of numbers, its embedding");
  nodes.x = svg("tspan", { dy: -4, "data-name": "x" }, input);
}

/** "c_{t−1} is" → [["c", false], ["t−1", true], [" is", false]]: what stands below the line is true. */
export function subscripts(text) {
  return text.split(/_\{|\}/).map((words, k) => [words, k % 2 === 1]).filter(([words]) => words);
}

/** words: {about (one sentence), input (what xₜ is), others (whose h comes in, too)}. */
function update({ root, edges, nodes, fills }, numbers, { about, input, others = "" }) {
  setAttribute(root, "aria-label", about);
  setText(nodes.others, others);
  setText(nodes.x, ` ${input}`);
  for (const [name, { value, text }] of Object.entries(numbers)) {
    if (name === "x") continue;
    const node = nodes[name];
    setText(node.words, text);
    setText(node.about, `${ABOUT[name]}: ${precise(value)}`);
  }
  for (const [name, edge] of Object.entries(edges)) {
    const { carries = name, signal } = EDGES[name];
    const size = Math.abs(numbers[carries].value);
    const share = Number.isFinite(size) ? size / (1 + size) : 0;
    const lane = "ch".includes(signal);
    edge.style.strokeWidth = ((lane ? 2.5 : 1.5) + (lane ? 8 : 6) * share).toFixed(1);
    edge.style.opacity = Math.min(1, 0.35 + 1.3 * share).toFixed(2);
  }
  for (const gate of GATES) {
    const open = Math.min(1, Math.max(-1, numbers[`out_${gate}`].value || 0));
    const start = gate === "g" ? COLUMN.g + (BOX.width / 2) * Math.min(0, open) : COLUMN[gate] - BOX.width / 2;
    fills[gate].setAttribute("x", start.toFixed(1));
    fills[gate].style.transformOrigin = open < 0 ? "right" : "left";
    fills[gate].setAttribute("width", (Math.abs(open) * BOX.width * (gate === "g" ? 0.5 : 1)).toFixed(1));
  }
}

/** Changes the text of a node only if it differs. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function svg(tag, attributes, parent, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  parent.append(node);
  return node;
}
