// The GRU cell: h itself is the memory lane. z decides how much of it is kept, and so how much of the candidate n
// is written; r decides how much of the past the candidate looks back at.

import { book, number } from "./cell_numbers.js";
import { addGate, addRails, emptyPlan, gateEquation, H_RAIL, IN, LANE, LEFT, put, RIGHT } from "./cell_plan.js";
import { ROUND, TIP, up } from "./cell_svg.js";

const COLUMN = { z: 170, r: 318, n: 500 }; // where each gate stands
const MEET = 138; // where 1 − z and n meet
const TOP = 196;
const RESET = 342; // where r meets what n takes of the past
const DOWN = 404; // where r comes down to there
const TAP = 64; // from n to its x and bias
const MINUS = [214, 266]; // the ends of "1 −"

export const GRU = emptyPlan(TOP);
GRU.numbersOf = numbersOf;
GRU.equations = equations;
GRU.says = "h";

Object.assign(GRU.about, {
  h_before: "hidden state of this unit after the step before",
  keep: "what the update gate keeps of the old hidden state",
  one_z: "how much of the candidate is written: 1 − z",
  write: "what is written of the candidate",
  h: "hidden state: what the unit remembers, and what it says",
  gated: "what the reset gate lets the candidate see of the past",
});
addRails(GRU, COLUMN.n, COLUMN.n - TAP);
const corner = (x, y, toX, toY) => `Q${x} ${y} ${toX} ${toY}`;
const outR =
  `M${COLUMN.r} ${TOP}V184${corner(COLUMN.r, 172, COLUMN.r + 12, 172)}H${DOWN - 12}` +
  `${corner(DOWN, 172, DOWN, 184)}V${RESET - 12}${corner(DOWN, RESET, DOWN + 12, RESET)}H${COLUMN.n - ROUND - TIP}`;
Object.assign(GRU.edges, {
  h_before: { d: `M${LEFT} ${LANE}H${COLUMN.z - ROUND}`, signal: "h" },
  h_tap: { d: `M24 ${LANE}V${H_RAIL}`, signal: "h", carries: "h_before", lane: false },
  keep: { d: `M${COLUMN.z + ROUND} ${LANE}H${COLUMN.n - ROUND}`, signal: "h" },
  write: { d: up(COLUMN.n, MEET - ROUND, LANE), signal: "h", tip: true },
  h: { d: `M${COLUMN.n + ROUND} ${LANE}H${RIGHT - 14}`, signal: "h" },
  out_z: { d: up(COLUMN.z, TOP, LANE), signal: "z", tip: true },
  z_tap: { d: `M${COLUMN.z} ${MEET}H${MINUS[0]}`, signal: "z", carries: "out_z" },
  one_z: { d: `M${MINUS[1]} ${MEET}H${COLUMN.n - ROUND - TIP}`, signal: "z", tip: true },
  out_r: { d: outR, signal: "r", tip: true },
  out_n: { d: up(COLUMN.n, TOP, MEET), signal: "n", tip: true },
  h_n: { d: up(COLUMN.n, H_RAIL, RESET), signal: "n", tip: true },
  gated: { d: up(COLUMN.n, RESET - ROUND, TOP + 80), signal: "n", tip: true },
});
GRU.arrows.push([LANE, "h"]);
GRU.operators.push(
  [COLUMN.z, LANE, "×", "update gate times old hidden state: what is kept"],
  [COLUMN.n, LANE, "+", "what is kept plus what is written: the new hidden state"],
  [COLUMN.n, MEET, "×", "1 − z times candidate: what is written"],
  [COLUMN.n, RESET, "×", "reset gate times what the hidden states of the step before say: what n sees of the past"],
);
GRU.pills.push([(MINUS[0] + MINUS[1]) / 2, MEET, MINUS[1] - MINUS[0], "1 −", "what is not kept is what may be written"]);
GRU.symbols.push(
  ["h_{t−1}", IN, 20, "h"],
  ["z_{t} · h_{t−1}", 308, 20, "h"],
  ["the memory lane", 404, 45, "h", "middle", "cell-lane"],
  ["h_{t}", RIGHT - 18, 20, "h"],
  ["1 − z_{t}", 344, MEET - 10, "z"],
  ["(1 − z_{t}) · n_{t}", COLUMN.n - 12, 104, "h"],
  ["h_{t−1}", IN, H_RAIL - 11, "h"],
);
GRU.numbers.push(
  ["h_before", IN, 45, "h", "cell-large"],
  ["keep", 308, 45, "h", "cell-large"],
  ["one_z", 408, MEET - 10, "z", "cell-large"],
  ["write", COLUMN.n + 72, 104, "h", "cell-large"],
  ["h", RIGHT - 18, 45, "h", "cell-large"],
  ["gated", COLUMN.n - 5, RESET - 22, "n"],
  ["h_n", COLUMN.n + 62, H_RAIL - 10, "n"],
);
addGate(GRU, "z", COLUMN.z, { box: "σ update", name: "update gate" });
addGate(GRU, "r", COLUMN.r, { box: "σ reset", name: "reset gate" });
const below = { tap: TAP, fromH: false, biasFrom: 348, xAt: 374 };
addGate(GRU, "n", COLUMN.n, { box: "tanh new", name: "candidate", signed: true, ...below });
GRU.edges.x_n.bridges.push(`M${COLUMN.n - TAP} ${RESET + 7}v-14`); // x passes over r, too
// r places its number above its way, which leaves the box to the right
GRU.numbers.find(([name]) => name === "out_r").splice(1, 2, COLUMN.r + 62, 163);
Object.assign(GRU.stages, {
  h_tap: [0, 200],
  h_n: [200, 560],
  h_before: [750, 940],
  out_z: [740, 940],
  z_tap: [740, 840],
  one_z: [840, 1000],
  keep: [940, 1140],
  out_r: [740, 940],
  gated: [940, 1040],
  pre_n: [1040, 1140],
  out_n: [1140, 1260],
  write: [1260, 1380],
  h: [1380, 1600],
});
GRU.opens.n = 1090;

/**
 * All numbers of a cell (a frame's `meta.numbers`) by name, each {value, text}: x_z h_z b_z pre_z out_z, likewise
 * for r and n, with h_n the past before it is gated and `gated` after; one_z h_before keep write h, and x.
 */
function numbersOf(cell) {
  const { numbers, one, gate, sum } = book(cell);
  gate("z");
  gate("r");
  const { x, h, bias, gated, pre, out } = cell.gates.n;
  sum(["x_n", "b_n", "gated", "pre_n"], [x, bias, gated, pre]);
  one("h_n", h);
  one("out_n", out);
  const z = number(cell.gates.z.out);
  sum(["out_z", "one_z", "all"], [z, 1 - z, 1]);
  sum(["keep", "write", "h"], [cell.keep, cell.write, cell.h]);
  one("h_before", cell.h_before);
  return numbers;
}

function equations() {
  const gate = (name) => gateEquation(name, "σ", [`${name}_{t} = σ(W_{i${name}} x_{t} + W_{h${name}} h_{t−1} + b_{${name}})`]);
  const past = [" + ", put("out_r", "", "r"), " · ", put("h_n", "brackets"), ")"];
  const candidate = {
    signal: "n",
    symbols: ["n_{t} = tanh(W_{in} x_{t} + b_{in}", "+ r_{t} · (W_{hn} h_{t−1} + b_{hn}))"],
    lines: [
      ["= tanh(", put("x_n", "own"), put("b_n", "sum"), ...past],
      ["≈ tanh(", put("x_n", "own"), put("b_n", "sum"), put("gated", "sum"), ")"],
      ["= tanh(", put("pre_n", "own"), ") ≈ ", put("out_n", "own", "n")],
    ],
  };
  const hidden = {
    signal: "h",
    symbols: ["h_{t} = (1 − z_{t}) · n_{t} + z_{t} · h_{t−1}"],
    lines: [
      ["= ", put("one_z", "", "z"), " · ", put("out_n", "brackets", "n"), " + ", put("out_z", "", "z"), " · ", put("h_before", "brackets", "h")],
      ["≈ ", put("write", "own"), put("keep", "sum"), " = ", put("h", "own", "h")],
    ],
  };
  return [gate("z"), gate("r"), candidate, hidden];
}
