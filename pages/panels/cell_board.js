// The diagram of a cell, and beside it the equations with the same numbers; for a network and for play by hand.

import { buildDiagram } from "./cell_diagram.js";
import { buildEquations } from "./cell_equations.js";
import { Flow } from "./cell_flow.js";
import { numbersOf, rounded } from "./cell_numbers.js";
import { make } from "./dom.js";

/** Builds the board in `parent`; returns {flow, show(cell, words, play)}. */
export function buildBoard(parent, byHand = false) {
  const root = make("div", "cell-board", parent);
  const picture = make("div", "cell-picture", root);
  const diagram = buildDiagram(picture);
  const equations = buildEquations(root, byHand);
  const flow = new Flow(diagram, equations);
  return {
    root,
    flow,
    /** words: {place: which unit and step; input, others: see the diagram}. play: by hand, {x, h, weights}. */
    show(cell, { place, ...words }, play) {
      const numbers = numbersOf(cell);
      const about = `${place}: cell state c is ${rounded(cell.c)}, hidden state h is ${rounded(cell.h)}.`;
      diagram.update(numbers, { about, ...words });
      equations.update(numbers, play);
    },
  };
}

/** A button of the row above the board. */
export function button(parent, text, about, className = "") {
  const node = make("button", `transport-button cell-button ${className}`, parent, text);
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
