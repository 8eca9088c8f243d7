// The diagram of a cell, and beside it the equations with the same numbers; for a network and for play by hand.

import { buildDiagram } from "./cell_diagram.js";
import { buildEquations } from "./cell_equations.js";
import { Flow } from "./cell_flow.js";
import { GRU } from "./cell_gru.js";
import { LSTM } from "./cell_lstm.js";
import { rounded } from "./cell_numbers.js";
import { RNN } from "./cell_rnn.js";
import { make } from "./dom.js";

const PLANS = { lstm: LSTM, gru: GRU, rnn: RNN };
const STATES = { c: "cell state", h: "hidden state" };

/**
 * Builds the board of a kind of cell in `parent`; returns {root, kind, backwards, flow, show(cell, words, factors)}.
 * backwards: for a layer that reads from the end.
 */
export function buildBoard(parent, kind, { byHand = false, backwards = false } = {}) {
  const plan = PLANS[kind];
  const root = make("div", "cell-board", parent);
  const picture = make("div", "cell-picture", root);
  const diagram = buildDiagram(picture, plan, backwards);
  const equations = buildEquations(root, plan, { byHand, backwards });
  const flow = new Flow(diagram, equations);
  return {
    root,
    kind,
    backwards,
    flow,
    /** words: {place: which unit and step; input, others: see the diagram}. factors: see the equations. */
    show(cell, { place, ...words }, factors) {
      const numbers = plan.numbersOf(cell);
      const states = [...plan.says].map((signal) => `${STATES[signal]} ${signal} is ${rounded(cell[signal])}`);
      diagram.update(numbers, { about: `${place}: ${states.join(", ")}.`, ...words });
      equations.update(numbers, factors);
    },
  };
}

/** A button of the row above the board. */
export function button(parent, text, about, className = "") {
  const node = make("button", `panel-button transport-button cell-button ${className}`, parent, text);
  node.type = "button";
  node.title = about;
  return node;
}

/** Lets `element` take the rest of the window; above and strip: as pages/panels/cell.py describes them. */
export function fill(element, { above, strip = 0 }) {
  element.style.setProperty("--above", above);
  element.style.setProperty("--strip", strip);
}

/** Colours of the signals, for the style sheet: --i, --f, … */
export function colour(element, colours) {
  for (const [signal, value] of Object.entries(colours)) element.style.setProperty(`--${signal}`, value);
}
