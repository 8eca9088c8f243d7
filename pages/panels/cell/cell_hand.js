// One unit played by hand: steps, set-ups, the inputs in a row with what c became, and the board.

import { buildBoard, button, colour, fill } from "./cell_board.js";
import { writeSymbols } from "./cell_equations.js";
import { rounded } from "./cell_numbers.js";
import { play, PRESETS } from "./cell_play.js";
import { make, setText } from "./dom.js";

const CELLS = 10; // inputs that are seen

export function render(element, data) {
  if (!element.parts) build(element);
  colour(element, data.colours);
  fill(element, data);
  element.unsubscribe ??= play.subscribe((what) => draw(element, what));
  document.addEventListener("keydown", onKey);
  draw(element, "");
}

export function remove(element) {
  element.unsubscribe?.();
  document.removeEventListener("keydown", onKey);
  element.parts?.board.flow.stop();
}

/** Left and right step, where they do not already mean something. */
function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, [role=radiogroup]")) return;
  if (event.key === "ArrowRight") play.step();
  if (event.key === "ArrowLeft") play.back();
}

function draw(element, what) {
  const { board, back, presets, about, cells, prompt } = element.parts;
  const cell = play.now();
  back.disabled = play.time === 0;
  for (const [name, node] of Object.entries(presets)) node.setAttribute("aria-pressed", name === play.preset);
  setText(about, play.verdict() || PRESETS[play.preset].about);
  setText(prompt, `t = ${play.time}`);
  const first = Math.max(0, play.inputs.length - CELLS);
  cells.forEach((node, k) => drawInput(node, first + k, cell.c));
  const words = { place: `One unit by hand at step ${play.time}`, input: `= ${short(play.x)}` };
  board.show(cell, words, play.factors());
  if (what === "step") board.flow.forward();
  else if (what === "slide") board.flow.stop();
  else if (what) board.flow.fade();
}

function drawInput(node, time, c) {
  const { box, input, state } = node;
  const past = time < play.time;
  setText(input, short(play.inputs[time]));
  setText(state, past ? rounded(play.past[time].after) : time === play.time ? rounded(c) : "");
  input.time = time;
  input.disabled = past;
  input.ariaLabel = `x at step ${time}`;
  box.dataset.when = past ? "past" : time === play.time ? "now" : "later";
}

function short(value) {
  return String(Number(value.toFixed(2)) || 0).replace("-", "−");
}

function build(element) {
  element.classList.add("cell");
  const head = make("div", "cell-head", element);
  const back = button(head, "◀ Back", "Undo the last step (left arrow key).");
  const onward = "cₜ and hₜ become cₜ₋₁ and hₜ₋₁, and the next input is read (right arrow key).";
  const step = button(head, "Step ▶", onward, "cell-step");
  const again = button(head, "Start over", "Back to the first step, with the weights and inputs as they are.");
  const prompt = make("span", "cell-where", head);
  make("span", "cell-try", head, "Start from");
  const presets = {};
  for (const name of Object.keys(PRESETS)) {
    presets[name] = button(head, name, PRESETS[name].about, "cell-preset");
    presets[name].onclick = () => play.start(name);
  }
  const about = make("div", "cell-task", element);
  about.setAttribute("role", "status");
  const row = make("div", "cell-inputs", element);
  const names = make("div", "cell-input-names", row);
  writeSymbols(make("span", "", names), "x_{t}");
  writeSymbols(make("span", "cell-input-c", names), "c_{t}");
  row.title = "The inputs, one a step: click one that is still to be read to change it. Below, what c became.";
  const cells = Array.from({ length: CELLS }, () => {
    const box = make("div", "cell-input", row);
    const input = make("button", "cell-input-x", box);
    input.type = "button";
    input.onclick = () => play.flip(input.time);
    return { box, input, state: make("span", "cell-input-c", box) };
  });
  const board = buildBoard(element, "lstm", { byHand: true });
  element.parts = { board, back, presets, about, cells, prompt };
  back.onclick = () => play.back();
  step.onclick = () => play.step();
  again.onclick = () => play.again();
}
