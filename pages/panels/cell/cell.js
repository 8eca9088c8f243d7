// One unit of the network at one time step, with all its numbers; it follows the run while it trains.

import { buildBoard, button, colour, fill } from "./cell_board.js";
import { rounded } from "./cell_numbers.js";
import { make, setText } from "./dom.js";
import { followSelection } from "./selection.js";
import { lock } from "./watching.js";

export function render(element, data) {
  if (!element.parts) build(element);
  colour(element, data.colours);
  fill(element, data);
  if (element.token !== data.token) clear(element);
  followSelection(element, data, (frame, selection) => draw(element, frame, selection), ["unit"]);
}

export function remove(element) {
  element.parts?.board?.flow.stop();
  element.unfollow?.();
}

function draw(element, frame, selection) {
  const { parts } = element;
  element.selection = selection;
  const numbers = frame?.meta.numbers;
  if (!numbers) return;
  const { meta } = frame;
  const backwards = meta.directions === 2 && meta.layer % 2 === 1;
  if (parts.board?.kind !== meta.cell || parts.board.backwards !== backwards) newBoard(element, meta.cell, backwards);
  parts.empty.hidden = true;
  parts.board.root.hidden = false;
  drawHead(element, meta, selection.now());
  if (element.frame === frame) return;
  const before = element.frame?.meta;
  element.frame = frame;
  parts.board.show(inFull(numbers, frame.arrays), wordsOf(meta));
  if (before) animate(parts.board, before, meta);
}

function newBoard(element, kind, backwards) {
  const { parts } = element;
  parts.board?.flow.stop();
  parts.board?.root.remove();
  parts.board = buildBoard(element, kind, { backwards });
  element.frame = null;
}

/** The states as the trace has them: to the last bit those that the next step starts from. */
function inFull(numbers, arrays) {
  const at = (name) => arrays[`unit_${name}`]?.values[numbers.time] ?? numbers[name];
  return { ...numbers, c: at("c"), h: at("h") };
}

function animate({ flow, backwards }, before, meta) {
  const [{ time, unit, layer }, was] = [meta.numbers, before.numbers];
  if (time === was.time && unit === was.unit && layer === was.layer) return;
  const same = unit === was.unit && layer === was.layer && before.labels === meta.labels;
  if (same && time === was.time + (backwards ? -1 : 1)) flow.forward();
  else flow.fade();
}

function wordsOf({ numbers, kind, directions = 1, x_title: title, hidden_size: hidden }) {
  const { unit, time, token } = numbers;
  const layer = Math.floor(numbers.layer / directions);
  const read = kind === "series" ? `${title || "x"} ${token}` : `“${token}”`;
  const first = kind === "series" ? `= ${rounded(numbers.x_value)}` : `= “${token}”`;
  const input = layer ? `= ${directions === 2 ? "both h" : "h"} of layer ${layer}` : first;
  const others = `+ ${hidden - 1} others`; // whose hidden states all units read
  return { place: `Unit ${unit} of ${hidden} at step ${time}, ${read}`, input, others };
}

function drawHead(element, meta, now) {
  const { back, forward, where, unit } = element.parts;
  const last = meta.labels.length - 1;
  back.disabled = now.time === 0;
  forward.disabled = now.time === last;
  setText(where, `t = ${now.time} of ${last}`);
  unit.max = meta.hidden_size - 1;
  if (document.activeElement !== unit && unit.value !== String(now.unit)) unit.value = now.unit;
  if (element.selection.channel.following) lock(element.parts.head);
}

function clear(element) {
  element.frame = null;
  element.parts.board?.flow.stop();
  if (element.parts.board) element.parts.board.root.hidden = true;
  element.parts.empty.hidden = false;
}

function build(element) {
  element.classList.add("cell");
  const head = make("div", "cell-head", element);
  const back = button(head, "◀ Back", "One step back in time (left arrow key).");
  const forward = button(head, "Forward ▶", "One step on in time (right arrow key): see what flows where.");
  const where = make("span", "cell-where", head);
  const choice = make("div", "cell-unit", head, "Unit");
  const less = button(choice, "−", "The unit before.", "cell-narrow");
  const unit = make("input", "cell-unit-number", choice);
  Object.assign(unit, { type: "number", min: 0, step: 1, ariaLabel: "Unit" });
  unit.title = "Which of the layer's units is shown, from 0.";
  const more = button(choice, "+", "The unit after.", "cell-narrow");
  less.ariaLabel = "Unit before";
  more.ariaLabel = "Unit after";
  make("span", "cell-about", head, "One unit, one step, every number. ≈: of rounded ones; hover for more digits.");
  const expected = "The cell and its numbers appear here with the first frame.";
  const empty = make("div", "live-empty cell-empty", element, expected);
  element.parts = { head, back, forward, where, unit, board: null, empty };

  const chooseUnit = (value) => {
    const kept = Math.min(Number(unit.max), Math.max(0, Math.round(value)));
    if (Number.isFinite(kept)) element.selection?.choose({ unit: kept });
  };
  const moveUnit = (by) => element.selection?.now() && chooseUnit(element.selection.now().unit + by);
  back.onclick = () => element.selection?.moveTime(-1);
  forward.onclick = () => element.selection?.moveTime(1);
  less.onclick = () => moveUnit(-1);
  more.onclick = () => moveUnit(1);
  unit.onchange = () => chooseUnit(unit.valueAsNumber);
  unit.onblur = () => element.selection?.now() && (unit.value = element.selection.now().unit);
  clear(element);
}
