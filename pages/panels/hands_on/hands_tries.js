// Interventions worth trying, one button each; and one that lets go of everything.

import { make } from "./dom.js";

// label, the gate, the value that it is held at, what that does
const GATE_TRIES = {
  lstm: [
    ["Forget everything: f = 0", "f", 0, "Nothing of the cell state is carried to the next step."],
    ["Never forget: f = 1", "f", 1, "Whatever was written once stays in the cell state."],
    ["Write nothing: i = 0", "i", 0, "Nothing that is read gets into the cell state."],
    ["Show nothing: o = 0", "o", 0, "The cell state stays inside: h is 0, so the output knows nothing of it."],
  ],
  gru: [
    ["Keep nothing: z = 0", "z", 0, "h becomes the candidate at every step: only through n does the past go on."],
    ["Keep all: z = 1", "z", 1, "h stays what it is: nothing that is read gets in."],
    ["Never look back: r = 0", "r", 0, "The candidate knows only what is read now."],
    ["Always look back: r = 1", "r", 1, "The candidate sees all of the past, as in a plain RNN."],
  ],
  rnn: [],
};
// label, one unit in how many stays on, what that does
const UNIT_TRIES = [
  ["Half of the units off", 2, "Every other unit stays 0. How much of what was learnt is left?"],
  ["Three in four off", 4, "Only every fourth unit is left."],
];

/**
 * Builds the buttons for a kind of cell in `element`; returns redraw(hands, unit, meta).
 * set(element, name, value): changes a field of the hands.
 */
export function buildTries(element, { cell, gates }, set) {
  element.classList.add("hands-tries");
  make("span", "hands-none", element, "Try");
  const names = gates.map(({ gate }) => gate);
  const tries = GATE_TRIES[cell].map((one) => gateTry(element, set, names, ...one));
  if (!tries.length) tries.push(...UNIT_TRIES.map((one) => unitTry(element, set, ...one)));
  if (!names.length) make("span", "hands-none", element, "A plain RNN has no gate to hold.");
  const release = make("button", "panel-button hands-button hands-release", element, "Let go of everything");
  Object.assign(release, { type: "button", title: "All gates as learned, all units on." });
  release.onclick = () => element.channel.send({ type: "release" });
  return (hands, _, meta) => {
    for (const redraw of tries) redraw(hands, meta);
    release.disabled = names.every((gate) => hands[gate] === null) && !hands.off.length && !hands.training;
  };
}

function gateTry(element, set, names, text, gate, value, about) {
  const button = tryButton(element, text, about);
  button.onclick = () => {
    const wanted = button.ariaPressed === "true" ? null : value;
    for (const one of names) set(element, one, one === gate ? wanted : null);
  };
  return (hands) => {
    button.ariaPressed = String(names.every((one) => hands[one] === (one === gate ? value : null)));
  };
}

function unitTry(element, set, text, every, about) {
  const button = tryButton(element, text, about);
  let off = [];
  button.onclick = () => set(element, "off", button.ariaPressed === "true" ? [] : off);
  return (hands, { hidden_size: hidden }) => {
    if (off.length !== hidden - Math.ceil(hidden / every)) {
      off = Array.from({ length: hidden }, (_, unit) => unit).filter((unit) => unit % every);
    }
    button.ariaPressed = String(hands.off.length === off.length && hands.off.every((unit, k) => unit === off[k]));
  };
}

function tryButton(element, text, about) {
  const button = make("button", "panel-button hands-button", element, text);
  Object.assign(button, { type: "button", title: `${about} Press again to let go.` });
  return button;
}
