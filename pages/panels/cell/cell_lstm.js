// The LSTM cell: the memory lane runs straight along the top, the four gates stand side by side, x and h come in
// below.

import { book, GATES } from "./cell_numbers.js";
import { addGate, addRails, emptyPlan, gateEquation, H_RAIL, IN, LANE, LEFT, put, RIGHT } from "./cell_plan.js";
import { bent, ROUND, TIP, up } from "./cell_svg.js";

const COLUMN = { f: 148, i: 274, g: 400, o: 526 }; // where each gate stands
const MIDDLE = (COLUMN.i + COLUMN.g) / 2; // where i and g meet
const MEET = 146;
const SQUASH = 102; // tanh of c
const OUT = 156; // where h leaves
const TOP = 214;
const TAP = 36; // from the last gate to where x comes in
const BOXES = {
  f: { box: "σ forget", name: "forget gate" },
  i: { box: "σ input", name: "input gate" },
  g: { box: "tanh new", name: "candidate", signed: true },
  o: { box: "σ output", name: "output gate" },
};

export const LSTM = emptyPlan(TOP);
LSTM.numbersOf = numbersOf;
LSTM.equations = equations;
LSTM.says = "ch"; // what a sentence about the cell tells

Object.assign(LSTM.about, {
  c_before: "cell state after the step before",
  h_before: "hidden state of this unit after the step before",
  keep: "what the forget gate lets through of the old cell state",
  write: "what the input gate lets through of the candidate",
  c: "cell state, what the unit remembers",
  tanh_c: "cell state, squashed to between −1 and 1",
  h: "hidden state, what the unit says",
});
addRails(LSTM, COLUMN.o, COLUMN.o - TAP);
Object.assign(LSTM.edges, {
  c_before: { d: `M${LEFT} ${LANE}H${COLUMN.f - ROUND}`, signal: "c" },
  keep: { d: `M${COLUMN.f + ROUND} ${LANE}H${MIDDLE - ROUND}`, signal: "c" },
  write: { d: up(MIDDLE, MEET - ROUND, LANE), signal: "c", tip: true },
  c: { d: `M${MIDDLE + ROUND} ${LANE}H${RIGHT - 14}`, signal: "c" },
  c_tap: { d: `M${COLUMN.o} ${LANE}V${SQUASH - ROUND - TIP}`, signal: "c", tip: true, carries: "c" },
  tanh_c: { d: `M${COLUMN.o} ${SQUASH + ROUND}V${OUT - ROUND - TIP}`, signal: "c", tip: true },
  h: { d: `M${COLUMN.o + ROUND} ${OUT}H${RIGHT - 14}`, signal: "h" },
  out_f: { d: up(COLUMN.f, TOP, LANE), signal: "f", tip: true },
  out_i: { d: bent(COLUMN.i, TOP, MEET, MIDDLE - ROUND - TIP), signal: "i", tip: true },
  out_g: { d: bent(COLUMN.g, TOP, MEET, MIDDLE + ROUND + TIP), signal: "g", tip: true },
  out_o: { d: up(COLUMN.o, TOP, OUT), signal: "o", tip: true },
});
LSTM.arrows.push([LANE, "c"], [OUT, "h"]);
LSTM.operators.push(
  [COLUMN.f, LANE, "×", "forget gate times old cell state: what is kept"],
  [MIDDLE, LANE, "+", "what is kept plus what is written: the new cell state"],
  [MIDDLE, MEET, "×", "input gate times candidate: what is written"],
  [COLUMN.o, OUT, "×", "output gate times tanh of the cell state: the hidden state"],
);
LSTM.pills.push([COLUMN.o, SQUASH, 58, "tanh", "tanh squashes the cell state to between −1 and 1"]);
const KEPT = (COLUMN.f + MIDDLE) / 2 + 28;
LSTM.symbols.push(
  ["c_{t−1}", IN, 20, "c"],
  ["f_{t} · c_{t−1}", KEPT, 20, "c"],
  ["the memory lane", COLUMN.o - 84, 45, "c", "middle", "cell-lane"],
  ["c_{t}", RIGHT - 18, 20, "c"],
  ["i_{t} · g_{t}", MIDDLE - 12, 110, "c"],
  ["tanh c_{t}", COLUMN.o - 11, 133, "c"],
  ["h_{t}", RIGHT - 18, 116, "h"],
  ["h_{t−1}", IN, H_RAIL - 36, "h"],
);
LSTM.numbers.push(
  ["c_before", IN, 45, "c", "cell-large"],
  ["keep", KEPT, 45, "c", "cell-large"],
  ["c", RIGHT - 18, 45, "c", "cell-large"],
  ["write", MIDDLE + 70, 110, "c", "cell-large"],
  ["tanh_c", COLUMN.o + 58, 133, "c"],
  ["h", RIGHT - 18, 141, "h", "cell-large"],
  ["h_before", IN, H_RAIL - 11, "h", "cell-large"],
);
for (const gate of GATES) {
  addGate(LSTM, gate, COLUMN[gate], BOXES[gate]);
  LSTM.stages[`out_${gate}`] = [740, 1000];
}
Object.assign(LSTM.stages, {
  c_before: [750, 1000],
  keep: [1000, 1160],
  write: [1000, 1160],
  c: [1160, 1360],
  c_tap: [1180, 1280],
  tanh_c: [1280, 1420],
  h: [1420, 1600],
});
LSTM.carried.unshift(["c", "c_before"]);

/**
 * All numbers of a cell (a frame's `meta.numbers`, or what `computeCell` returns) by name, each {value, text}:
 * x_f h_f b_f pre_f out_f and likewise for i g o; c_before h_before keep write c tanh_c h, and x.
 */
function numbersOf(cell) {
  const { numbers, one, gate, sum } = book(cell);
  for (const name of GATES) gate(name);
  sum(["keep", "write", "c"], [cell.keep, cell.write, cell.c]);
  for (const name of ["c_before", "h_before", "tanh_c", "h"]) one(name, cell[name]);
  return numbers;
}

/** byHand: with the weights of a cell that is played by hand, which has one x and one h. */
function equations(byHand) {
  const gates = GATES.map((gate) => {
    const squash = gate === "g" ? "tanh" : "σ";
    if (!byHand) {
      return gateEquation(gate, squash, [`${gate}_{t} = ${squash}(W_{i${gate}} x_{t} + W_{h${gate}} h_{t−1} + b_{${gate}})`]);
    }
    const factors = ["x", "h"].flatMap((part) => [{ factor: `w${part}_${gate}` }, " · ", { factor: part }, " + "]);
    const given = [`= ${squash}(`, ...factors, { factor: `wb_${gate}` }, ")"];
    return gateEquation(gate, squash, [`${gate}_{t} = ${squash}(w_{x} x_{t} + w_{h} h_{t−1} + b)`], [given]);
  });
  const state = {
    signal: "c",
    symbols: ["c_{t} = f_{t} · c_{t−1} + i_{t} · g_{t}"],
    lines: [
      ["= ", put("out_f", "", "f"), " · ", put("c_before", "brackets", "c"), " + ", put("out_i", "", "i"), " · ", put("out_g", "brackets", "g")],
      ["≈ ", put("keep", "own"), put("write", "sum"), " = ", put("c", "own", "c")],
    ],
  };
  const hidden = {
    signal: "h",
    symbols: ["h_{t} = o_{t} · tanh c_{t}"],
    lines: [
      ["= ", put("out_o", "", "o"), " · tanh(", put("c", "own", "c"), ")"],
      ["≈ ", put("out_o", "", "o"), " · ", put("tanh_c", "brackets"), " ≈ ", put("h", "own", "h")],
    ],
  };
  return [...gates, state, hidden];
}
