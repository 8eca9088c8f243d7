// What a cell's diagram is made of, as data; and the lower part that all cells share: x, the hidden states and a
// bias come in from below, are added up, and squashed in a box.

import { bent, ROUND, TIP, up } from "./cell_svg.js";

export const WIDTH = 684;
export const HEIGHT = 452;
export const LANE = 60; // height of the memory lane
export const H_RAIL = 398;
export const X_RAIL = 426;
export const LEFT = 6;
export const RIGHT = 680;
export const IN = 74; // where numbers on the left end
export const BOX = { height: 38, width: 112 };
const TAP = 36; // how far left and right of its gate x and the bias come in

/**
 * A plan without content, to be filled. top: height at which the gates' boxes begin.
 *
 * about: what each number is, for its tooltip. edges: by the name of the number that each carries, its path and
 * the signal whose colour it has. symbols: [text, x, y, signal, anchor, class]. numbers: [name, x, y, signal,
 * class]; they end at x. stages: edge → when its dot starts and arrives, in milliseconds. opens: gate → when its
 * bar grows. carried: which number of the last step becomes which of this one.
 */
export function emptyPlan(top) {
  return {
    top,
    sum: top + 80,
    about: { x: "input" },
    rails: [],
    edges: {},
    arrows: [],
    operators: [],
    pills: [],
    boxes: {},
    symbols: [],
    numbers: [],
    stages: {},
    opens: {},
    carried: [["h", "h_before"]],
  };
}

/** The rails of x and h along the bottom; x: how far each goes to the right. */
export function addRails(plan, hEnd, xEnd) {
  plan.rails.push({ d: `M${LEFT} ${H_RAIL}H${hEnd}`, signal: "h" }, { d: `M${LEFT} ${X_RAIL}H${xEnd}` });
}

/**
 * A gate that stands at `at`: its box, called `box`, and the sum below.
 *
 * name: in words. signed: it goes from −1 to 1. tap: see TAP. fromH: false if h comes in otherwise than straight.
 * biasFrom, xAt, hAt: heights at which the bias begins, and of the numbers of x and h. shown: false for a gate
 * whose value is written elsewhere.
 */
export function addGate(plan, gate, at, { box, name, signed = false, tap = TAP, fromH = true, shown = true, ...heights }) {
  const { top, sum, about, edges, numbers, symbols, stages } = plan;
  const { biasFrom = H_RAIL - 26, xAt = sum + 50, hAt = sum + 80 } = heights;
  about[`x_${gate}`] = `what the input adds to the ${name}`;
  about[`h_${gate}`] = `what the hidden states of the step before add to the ${name}`;
  about[`b_${gate}`] = `bias of the ${name}`;
  about[`pre_${gate}`] = `sum that goes into the ${signed ? "tanh" : "σ"} of the ${name}`;
  about[`out_${gate}`] = `${name}${signed ? ", new content" : ", 0 is closed and 1 is open"}`;

  const x = bent(at - tap, X_RAIL, sum, at - ROUND - TIP);
  const h = up(at, H_RAIL, sum);
  const along = (rail, path) => path.replace(/^M\S+ \S+/, (start) => `M${LEFT} ${rail}L${start.slice(1)}`);
  const look = { signal: gate, tip: true, lane: false };
  // x passes over the rail of h
  const bridges = [`M${at - tap} ${H_RAIL + 5}v-10`];
  edges[`x_${gate}`] = { ...look, d: x, whole: along(X_RAIL, x), bridges };
  if (fromH) edges[`h_${gate}`] = { ...look, d: h, whole: along(H_RAIL, h) };
  edges[`b_${gate}`] = { ...look, d: bent(at + tap, biasFrom, sum, at + ROUND + TIP) };
  edges[`pre_${gate}`] = { ...look, d: `M${at} ${sum - ROUND}V${top + BOX.height + TIP}` };
  for (const part of "xhb") if (edges[`${part}_${gate}`]) stages[`${part}_${gate}`] = [200, 560];
  stages[`pre_${gate}`] = [560, 740];
  plan.opens[gate] = 640;

  plan.operators.push([at, sum, "+", "the parts of input, hidden states and bias are added up"]);
  plan.boxes[gate] = { at, text: box, signed };
  if (shown) {
    symbols.push([`${gate}_{t}`, at - 11, top - 15, gate]);
    numbers.push([`out_${gate}`, at + 66, top - 15, gate, "cell-large"]);
  }
  numbers.push([`pre_${gate}`, at + 60, sum - 20, gate], [`x_${gate}`, at - tap + 20, xAt, gate]);
  numbers.push([`b_${gate}`, at + tap + 20, Math.min(sum + 50, biasFrom - 20), gate]);
  if (fromH) numbers.push([`h_${gate}`, at + 20, hAt, gate]);
  symbols.push(["b", at + tap, biasFrom + 14, gate, "middle"]);
}

/** A piece of an equation: the number `of`. sign: see cell_equations.js. signal: for a number in its colour. */
export function put(of, sign = "", signal = "") {
  return { of, sign, signal };
}

/** The equation of a gate with `squash` (σ or tanh), in symbols and with its numbers. */
export function gateEquation(gate, squash, symbols, more = []) {
  const parts = ["x", "h", "b"].map((part, k) => put(`${part}_${gate}`, k ? "sum" : "own"));
  return {
    signal: gate,
    symbols,
    lines: [
      ...more,
      [`${more.length ? "≈" : "="} ${squash}(`, ...parts, ")"], // products of rounded numbers; their sum is exact
      [`= ${squash}(`, put(`pre_${gate}`, "own"), ") ≈ ", put(`out_${gate}`, squash === "tanh" ? "own" : "", gate)],
    ],
  };
}
