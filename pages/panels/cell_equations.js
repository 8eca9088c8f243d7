// The six equations of the cell: in symbols, and beneath with the numbers put in.

import { ABOUT, setText, subscripts } from "./cell_diagram.js";
import { GATES, precise } from "./cell_numbers.js";
import { make } from "./dom.js";

/** Builds the equations in `parent`; returns {nodes (lists by number's name), update(numbers, weights)}. */
export function buildEquations(parent, byHand) {
  const root = make("div", "cell-equations", parent);
  const equations = { nodes: {}, factors: {}, byHand };
  for (const gate of GATES) buildGate(equations, root, gate);
  buildCell(equations, root);
  buildHidden(equations, root);
  equations.update = (numbers, play) => update(equations, numbers, play);
  return equations;
}

function buildGate(equations, root, gate) {
  const squash = gate === "g" ? "tanh" : "σ";
  const box = equation(root, gate);
  const out = number(equations);
  if (equations.byHand) {
    symbols(box, `${gate}_{t} = ${squash}(w_{x} x_{t} + w_{h} h_{t−1} + b)`);
    const factors = line(box, `= ${squash}(`);
    for (const part of ["x", "h"]) {
      factor(equations, factors, `w${part}_${gate}`);
      factors.append(" · ");
      factor(equations, factors, part);
      factors.append(" + ");
    }
    factor(equations, factors, `wb_${gate}`);
    factors.append(")");
  } else {
    symbols(box, `${gate}_{t} = ${squash}(W_{i${gate}} x_{t} + W_{h${gate}} h_{t−1} + b_{${gate}})`);
  }
  const sum = line(box, `= ${squash}(`);
  out(sum, `x_${gate}`, "own");
  out(sum, `h_${gate}`, "sum");
  out(sum, `b_${gate}`, "sum");
  sum.append(")");
  const result = line(box, `= ${squash}(`);
  out(result, `pre_${gate}`, "own");
  result.append(") = ");
  out(result, `out_${gate}`, gate === "g" ? "own" : "", gate);
}

function buildCell(equations, root) {
  const box = equation(root, "c");
  const out = number(equations);
  symbols(box, "c_{t} = f_{t} · c_{t−1} + i_{t} · g_{t}");
  const products = line(box, "= ");
  out(products, "out_f", "", "f");
  products.append(" · ");
  out(products, "c_before", "brackets", "c");
  products.append(" + ");
  out(products, "out_i", "", "i");
  products.append(" · ");
  out(products, "out_g", "brackets", "g");
  const sum = line(box, "= ");
  out(sum, "keep", "own");
  out(sum, "write", "sum");
  sum.append(" = ");
  out(sum, "c", "own", "c");
}

function buildHidden(equations, root) {
  const box = equation(root, "h");
  const out = number(equations);
  symbols(box, "h_{t} = o_{t} · tanh c_{t}");
  const given = line(box, "= ");
  out(given, "out_o", "", "o");
  given.append(" · tanh(");
  out(given, "c", "own", "c");
  given.append(")");
  const result = line(box, "= ");
  out(result, "out_o", "", "o");
  result.append(" · ");
  out(result, "tanh_c", "brackets");
  result.append(" = ");
  out(result, "h", "own", "h");
}

function equation(root, signal) {
  const box = make("div", "cell-equation", root);
  box.style.setProperty("--signal", `var(--${signal})`);
  return box;
}

function symbols(box, text) {
  writeSymbols(make("div", "cell-symbols", box), text);
}

/** `text` into `parent`, with what stands in _{…} below the line. */
export function writeSymbols(parent, text) {
  for (const [words, below] of subscripts(text)) parent.append(below ? make("sub", "", null, words) : words);
}

function line(box, start) {
  return make("div", "cell-values", box, start);
}

/**
 * Returns out(parent, name, sign, signal): a place for a number. sign: "own" stands before it; "sum" is the + or −
 * of a sum; "brackets" stand around a negative number; "": it is never negative. Room is kept for all of these.
 */
function number(equations) {
  return (parent, name, sign, signal) => {
    const node = make("span", `cell-value ${signal ? "cell-result" : ""}`, parent);
    node.dataset.name = name;
    if (signal) node.style.setProperty("--signal", `var(--${signal})`);
    node.dataset.sign = sign;
    if (sign === "own" || sign === "sum") node.sign = make("span", "cell-sign", node);
    node.digits = make("span", "cell-digits", node);
    (equations.nodes[name] ??= []).push(node);
  };
}

function factor(equations, parent, name) {
  (equations.factors[name] ??= []).push(make("span", "cell-factor", parent));
}

/** play: {x, h, weights} of a cell that is played by hand. */
function update({ nodes, factors, byHand }, numbers, play) {
  for (const [name, places] of Object.entries(nodes)) {
    const { value, text } = numbers[name];
    const about = `${ABOUT[name]}: ${precise(value)}`;
    for (const node of places) {
      show(node, text);
      if (node.title !== about) node.title = about;
    }
  }
  if (!byHand) return;
  const given = { x: play.x, h: play.h };
  for (const gate of GATES) for (const part of "xhb") given[`w${part}_${gate}`] = play.weights[gate][part];
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
