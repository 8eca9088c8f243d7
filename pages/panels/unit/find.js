// Finds units: one says what is to be told apart, and the units that tell it best come back, beside what an
// untrained network can do. A click on one colours the sequence by it.

import { make, setText } from "./dom.js";
import { followSelection } from "./selection.js";
import { lock } from "./watching.js";

const KINDS = {
  text: [
    ["quotes", "inside quotes"],
    ["brackets", "inside brackets"],
    ["newline", "after a newline"],
    ["uppercase", "uppercase"],
    ["regex", "matches a pattern"],
    ["stretch", "the marked tokens"],
  ],
  series: [
    ["rising", "rising"],
    ["above", "above a value"],
    ["stretch", "the marked values"],
  ],
};
const ABOUT = "AUC: 0.5 guesses, 1 tells perfectly.";
const EXACTLY =
  "Area under the ROC curve: how often the unit's value is higher (↑) or lower (↓) at a marked place than at an " +
  "unmarked one. The grey stroke is the same unit of the untrained network.";
const PATIENCE = 15_000; // milliseconds until an answer is no longer waited for
const whole = new Intl.NumberFormat("en");
const forms = new Map(); // token → what was last chosen and asked, also on an earlier visit to the page

export function render(element, data) {
  const changed = element.cell !== data.cell;
  Object.assign(element, { cell: data.cell, following: data.following });
  if (element.kinds !== KINDS[data.kind]) build(element, KINDS[data.kind]);
  if (element.token !== data.token || changed) restore(element, data);
  followSelection(element, data, (frame, selection) => draw(element, frame, selection));
}

export function remove(element) {
  element.unfollow?.();
}

// --- asking ---

/** The question that the form now holds, or null with the reason shown. */
function question(element) {
  const { kind, text, value } = element.parts;
  const stretch = element.selection.stretch;
  const refuse = (reason) => {
    say(element, reason);
    return null;
  };
  if (kind.value === "regex") return text.value ? { kind: "regex", text: text.value } : refuse("Type a pattern first.");
  if (kind.value === "above") {
    return Number.isFinite(value.valueAsNumber)
      ? { kind: "above", value: value.valueAsNumber }
      : refuse("Type a number first.");
  }
  if (kind.value !== "stretch") return { kind: kind.value };
  return stretch ? { kind: "stretch", stretch } : refuse("Drag over the coloured sequence to mark a part of it first.");
}

function ask(element, message) {
  if (message) element.selection.ask(message); // `draw` is called at once, and notes it
}

function restore(element, data) {
  const { kind, text, value } = element.parts;
  element.form = forms.get(data.token) ?? { kind: element.kinds[0][0], text: "", value: "", message: null };
  forms.set(data.token, element.form);
  [kind.value, text.value, value.value] = [element.form.kind, element.form.text, element.form.value];
  Object.assign(element, { asking: null, shown: null, selection: null });
  showFields(element);
  drawFound(element, null);
}

function showFields(element) {
  const { kind, text, value } = element.parts;
  Object.assign(element.form, { kind: kind.value, text: text.value, value: value.value });
  text.hidden = kind.value !== "regex";
  value.hidden = kind.value !== "above";
  if (kind.value === "stretch" && !element.selection?.stretch) {
    say(element, "Drag over the coloured sequence, or hold Shift and press the arrow keys, to mark a part of it.");
  }
}

// --- drawing ---

function draw(element, frame, selection) {
  if (element.selection !== selection) Object.assign(element, { selection, seen: selection.asked });
  if (!frame?.meta.labels) return;
  const { meta } = frame;
  if (element.following) lock(element);
  const found = meta.found ?? null;
  const key = JSON.stringify(found);
  if (selection.asked && selection.asked !== element.seen) {
    element.seen = selection.asked;
    element.form.message = selection.asked;
    element.asking = { before: key, until: performance.now() + PATIENCE };
    const { kind } = element.parts;
    if (kind.value !== selection.asked.kind) {
      kind.value = selection.asked.kind;
      showFields(element);
    }
    say(element, "Asking every unit …");
  }
  if (element.asking) {
    // an answer that repeats itself differs in nothing: then it is enough that it was asked at this step
    const same = found && found.kind === element.seen.kind && found.step === meta.step;
    const refused = selection.channel.notice;
    if (key !== element.asking.before || same || refused) {
      element.asking = null;
      say(element, refused || (found?.note ?? ""));
    } else if (performance.now() > element.asking.until) {
      element.asking = null;
      say(element, "There was no answer. Ask again.");
    }
  }
  if (element.shown !== key) {
    element.shown = key;
    drawFound(element, found);
  }
  if (!found) return;
  const { rows, ask: again } = element.parts;
  const now = selection.now();
  for (const row of rows.children) row.setAttribute("aria-pressed", row.unit === now?.unit && row.signal === now.signal);
  const old = meta.step !== found.step; // the network that is shown is another one by now
  const text = `step ${whole.format(found.step)}${old ? " · ask again" : ""}`;
  setText(again, text);
  again.disabled = !old || element.following;
}

function drawFound(element, found) {
  const { title, counted, rows, best, result } = element.parts;
  result.hidden = !found || Boolean(found.error);
  if (!found) return say(element, element.asking ? "Asking every unit …" : about(element));
  if (found.error) return say(element, found.error);
  if (!element.asking) say(element, found.note ?? "");
  title.textContent = title.title = found.question;
  counted.textContent = `${whole.format(found.marked)} of ${whole.format(found.count)} marked in ${found.where}`;
  rows.replaceChildren(...found.units.map((unit) => unitRow(element, unit)));
  best.textContent = `Best of the untrained network: ${found.untrained_best.toFixed(2)}`;
}

const STATES = { lstm: "c or h", gru: "h", rnn: "h" };

function about({ cell, following }) {
  if (following) return "The units that tell best what was looked for are listed here, as soon as somebody has looked.";
  return `Say what to look for: the units whose ${STATES[cell]} tells it best are listed, beside what they told untrained.`;
}

function unitRow(element, { unit, signal, auc, higher, untrained }) {
  const row = make("button", "find-row");
  row.type = "button";
  Object.assign(row, { unit, signal });
  row.title =
    `${signal} of unit ${unit} is ${higher ? "higher" : "lower"} where marked: ` +
    `AUC ${auc.toFixed(3)}; before training ${untrained.toFixed(3)}. Click to colour by it.`;
  make("span", "find-unit", row, `unit ${unit}`);
  make("span", "find-signal", row, signal).dataset.signal = signal;
  make("span", "find-way", row, higher ? "↑" : "↓");
  const track = make("span", "find-track", row);
  make("span", "find-bar", track).style.width = share(auc);
  make("span", "find-untrained", track).style.left = share(untrained);
  make("span", "find-auc", row, auc.toFixed(2));
  row.onclick = () => element.selection.choose({ unit, signal });
  return row;
}

/** Place of an AUC on a bar that reaches from 0.5 to 1. */
function share(auc) {
  return `${Math.min(100, Math.max(0, 200 * (auc - 0.5)))}%`;
}

function say(element, text) {
  const { note } = element.parts;
  setText(note, text);
  note.hidden = !text;
}

// --- building ---

function build(element, kinds) {
  element.classList.add("find");
  element.kinds = kinds;
  element.replaceChildren();
  const form = make("form", "find-form", element);
  const kind = make("select", "find-field find-kind", form);
  kind.setAttribute("aria-label", "Find units for");
  for (const [value, name] of kinds) make("option", "", kind, name).value = value;
  const button = make("button", "find-button", form, "Find");
  button.type = "submit";
  const text = make("input", "find-field find-input", form);
  Object.assign(text, { type: "text", placeholder: "for example [aeiou]", maxLength: 200, spellcheck: false });
  text.setAttribute("aria-label", "Regular expression");
  const value = make("input", "find-field find-input", form);
  Object.assign(value, { type: "number", step: "any", placeholder: "for example 0" });
  value.setAttribute("aria-label", "Value");

  const note = make("p", "find-note", element);
  note.setAttribute("role", "status");
  const result = make("div", "find-result", element);
  const top = make("div", "find-top", result);
  const title = make("div", "find-title", top);
  const again = make("button", "find-again", top);
  again.type = "button";
  const counted = make("div", "find-small", result);
  const head = make("div", "find-row find-head", result);
  for (const name of ["find-unit", "find-signal", "find-way"]) make("span", name, head);
  const scale = make("span", "find-scale", head);
  for (const end of ["0.5", "1"]) make("span", "", scale, end);
  make("span", "find-auc", head, "AUC");
  const rows = make("div", "find-rows", result);
  const best = make("div", "find-small find-best", result);
  const about = make("p", "find-small", result, ABOUT);
  about.title = EXACTLY;
  element.parts = { kind, text, value, note, result, title, counted, rows, best, ask: again };

  kind.onchange = () => {
    if (!element.asking) say(element, "");
    showFields(element);
    if (!text.hidden) text.focus();
    if (!value.hidden) value.focus();
  };
  text.oninput = value.oninput = () => showFields(element);
  form.onsubmit = (event) => {
    event.preventDefault();
    if (element.selection) ask(element, question(element));
  };
  again.onclick = () => ask(element, element.form.message ?? question(element));
}
