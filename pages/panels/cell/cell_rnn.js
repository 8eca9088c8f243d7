// The cell of a plain RNN: no gate and no lane. All of h passes through the weights and a tanh at every step.

import { book } from "./cell_numbers.js";
import { addGate, addRails, emptyPlan, gateEquation, H_RAIL, IN, put, RIGHT } from "./cell_plan.js";

const AT = 340;
const TOP = 206;
const OUT = 128; // where h leaves

export const RNN = emptyPlan(TOP);
RNN.numbersOf = numbersOf;
RNN.equations = equations;
RNN.says = "h";

Object.assign(RNN.about, {
  h_before: "hidden state of this unit after the step before",
  h: "hidden state: what the unit remembers, and what it says",
});
addRails(RNN, AT, AT - 36);
addGate(RNN, "h", AT, { box: "tanh", name: "hidden state", signed: true, shown: false });
RNN.edges.h = { d: `M${AT} ${TOP}V${OUT + 14}Q${AT} ${OUT} ${AT + 14} ${OUT}H${RIGHT - 14}`, signal: "h" };
RNN.arrows.push([OUT, "h"]);
RNN.symbols.push(
  ["no memory lane: all of h passes through", AT, 40, "h", "middle", "cell-lane"],
  ["the weights and the tanh, at every step", AT, 64, "h", "middle", "cell-lane"],
  ["h_{t}", RIGHT - 18, OUT - 40, "h"],
  ["h_{t−1}", IN, H_RAIL - 36, "h"],
);
RNN.numbers.push(["h", RIGHT - 18, OUT - 15, "h", "cell-large"], ["h_before", IN, H_RAIL - 11, "h", "cell-large"]);
RNN.stages.h = [780, 1200];

/** All numbers of a cell (a frame's `meta.numbers`) by name, each {value, text}: x_h h_h b_h pre_h, h_before h, x. */
function numbersOf(cell) {
  const { numbers, one, gate } = book(cell);
  gate("h");
  one("h_before", cell.h_before);
  one("h", cell.h);
  return numbers;
}

function equations() {
  const equation = gateEquation("h", "tanh", ["h_{t} = tanh(W_{ih} x_{t} + W_{hh} h_{t−1} + b_{h})"]);
  equation.lines.at(-1).splice(-1, 1, put("h", "own", "h"));
  return [equation];
}
