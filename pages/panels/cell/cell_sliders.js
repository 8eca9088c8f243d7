// Sliders for the cell that is played by hand: its inputs, and the weights of its gates. All act while dragged.

import { colour } from "./cell_board.js";
import { writeSymbols } from "./cell_equations.js";
import { computeCell, GATES, rounded } from "./cell_numbers.js";
import { play, RANGES } from "./cell_play.js";
import { make, setText } from "./dom.js";

const INPUTS = [
  ["x", "x_{t}", "x", "What the unit reads at this step."],
  ["h", "h_{t−1}", "h before", "What the unit said at the step before."],
  ["c", "c_{t−1}", "c before", "What the unit remembers from the step before."],
];
const WEIGHTS = [
  ["x", "w_{x}", "w_x", "what x is multiplied by"],
  ["h", "w_{h}", "w_h", "what h of the step before is multiplied by"],
  ["b", "b", "b", "the bias, which is always added"],
];

export function render(element, data) {
  if (!element.sliders) build(element, data.names);
  colour(element, data.colours);
  element.unsubscribe ??= play.subscribe(() => draw(element));
  draw(element);
}

export function remove(element) {
  element.unsubscribe?.();
}

function draw({ sliders, outputs }) {
  for (const show of sliders) show();
  const { x, h, c, weights } = play;
  const { gates } = computeCell({ x, h, c, weights });
  for (const gate of GATES) setText(outputs[gate], `${gate} = ${rounded(gates[gate].out)}`);
}

function build(element, names) {
  element.classList.add("cell-sliders");
  element.sliders = [];
  element.outputs = {};
  const inputs = group(element, "What comes in", "");
  for (const [name, symbol, label, about] of INPUTS) {
    const read = () => play[name];
    const write = (value) => play.setInput(name, value);
    element.sliders.push(slider(inputs, { symbol, label, about, range: RANGES[name], read, write }));
  }
  for (const gate of GATES) {
    const box = group(element, names[gate], gate);
    element.outputs[gate] = make("span", "cell-group-value", box.firstChild);
    for (const [part, symbol, label, about] of WEIGHTS) {
      const read = () => play.weights[gate][part];
      const write = (value) => play.setWeight(gate, part, value);
      const whole = `${label} of the ${names[gate]}`;
      const sentence = `${names[gate]}: ${about}.`;
      element.sliders.push(slider(box, { symbol, label: whole, about: sentence, range: RANGES.weight, read, write }));
    }
  }
}

function group(element, title, signal) {
  const box = make("div", "cell-group", element);
  if (signal) box.style.setProperty("--signal", `var(--${signal})`);
  make("span", "", make("div", "cell-group-name", box), title);
  return box;
}

function slider(parent, { symbol, label, about, range, read, write }) {
  const row = make("label", "cell-slider", parent);
  row.title = about;
  writeSymbols(make("span", "cell-slider-name", row), symbol);
  const input = make("input", "live-slider-input", row);
  const [min, max, step] = range;
  Object.assign(input, { type: "range", min, max, step, ariaLabel: label });
  const output = make("output", "cell-slider-value", row);
  input.oninput = () => write(Number(input.valueAsNumber.toFixed(2)));
  return () => {
    const value = read();
    // what a step brought may lie between two positions, and c beyond the end
    const place = Math.min(max, Math.max(min, value));
    if (Math.abs(input.valueAsNumber - place) > step / 2) input.value = place;
    input.style.setProperty("--filled", `${(100 * (place - min)) / (max - min)}%`);
    setText(output, rounded(value, 2));
    input.ariaValueText = output.textContent;
  };
}
