// The equations of a cell, after its plan: in symbols, and beneath with the numbers put in.

import { precise } from "./cell_numbers.js";
import { reversed, subscripts } from "./cell_svg.js";
import { make, setText } from "./dom.js";

/** Builds the equations in `parent`; returns {nodes (lists by number's name), update(numbers, factors)}. */
export function buildEquations(parent, plan, { byHand = false, backwards = false } = {}) {
  const root = make("div", "cell-equations", parent);
  const equations = { plan, nodes: {}, factors: {} };
  for (const { signal, symbols, lines } of plan.equations(byHand)) {
    const box = make("div", "cell-equation", root);
    box.style.setProperty("--signal", `var(--${signal})`);
    for (const text of symbols) writeSymbols(make("div", "cell-symbols", box), backwards ? reversed(text) : text);
    for (const pieces of lines) {
      const line = make("div", "cell-values", box);
      for (const piece of pieces) line.append(pieceNode(equations, piece));
    }
  }
  equations.update = (numbers, factors) => update(equations, numbers, factors);
  return equations;
}

/** `text` into `parent`, with what stands in _{…} below the line. */
export function writeSymbols(parent, text) {
  for (const [words, below] of subscripts(text)) parent.append(below ? make("sub", "", null, words) : words);
}

/**
 * Words as they are; or a place for the number `of`, or for a weight or an input that is a factor.
 *
 * sign: "own" stands before it; "sum" is the + or − of a sum; "brackets" stand around a negative number; "": it is
 * never negative. Room is kept for all of these. signal: for a number in its colour.
 */
function pieceNode({ nodes, factors }, piece) {
  if (typeof piece === "string") return piece;
  if (piece.factor) {
    const node = make("span", "cell-factor");
    (factors[piece.factor] ??= []).push(node);
    return node;
  }
  const { of, sign, signal } = piece;
  const node = make("span", `cell-value ${signal ? "cell-result" : ""}`);
  Object.assign(node.dataset, { name: of, sign });
  if (signal) node.style.setProperty("--signal", `var(--${signal})`);
  if (sign === "own" || sign === "sum") node.sign = make("span", "cell-sign", node);
  node.digits = make("span", "cell-digits", node);
  (nodes[of] ??= []).push(node);
  return node;
}

/** given: what the factors are, of a cell that is played by hand. */
function update({ plan, nodes, factors }, numbers, given) {
  for (const [name, places] of Object.entries(nodes)) {
    const { value, text } = numbers[name];
    const about = `${plan.about[name]}: ${precise(value)}`;
    for (const node of places) {
      show(node, text);
      if (node.title !== about) node.title = about;
    }
  }
  for (const [name, places] of Object.entries(factors)) for (const node of places) setText(node, short(given[name]));
}

function show(node, text) {
  const negative = text.startsWith("−");
  const { sign } = node.dataset;
  if (sign === "own") setText(node.sign, negative ? "−" : "");
  if (sign === "sum") setText(node.sign, negative ? "−" : "+");
  if (sign === "brackets") setText(node.digits, negative ? `(${text})` : text);
  else setText(node.digits, negative ? text.slice(1) : text);
}

/** At most two decimals: a weight, or an input, as its slider has it. */
function short(value) {
  const text = String(Number(value.toFixed(2)) || 0).replace("-", "−");
  return text.startsWith("−") ? `(${text})` : text;
}
