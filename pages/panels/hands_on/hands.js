// Hands on the gates: each as learned or held at a value, for all units or some; and units that are switched off.
// All of it is state of the run. Those who follow it hear of that with its frames.

import { channelFor, follow } from "./channel.js";
import { make, setText } from "./dom.js";
import { buildTries } from "./hands_tries.js";
import { rowName } from "./selection.js";
import { lock } from "./watching.js";

const DECIMALS = 2;
const GATES = [..."ifgorzn"]; // of all cells

export function render(element, data) {
  if (!element.firstChild) {
    element.redraw = data.part === "tries" ? buildTries(element, data, set) : buildControls(element, data);
  }
  element.channel = channelFor(data.base, data.token);
  element.unheed?.();
  element.unheed = element.channel.onSettings(() => draw(element));
  follow(element, data, (frame) => {
    element.frame = frame;
    draw(element);
  });
}

export function remove(element) {
  element.unfollow?.();
  element.unheed?.();
  for (const gate of GATES) element.channel?.move(`hands ${gate}`, false);
}

/** What is held, in a few words; "" if nothing is. The layer is named if the network has several. */
export function inWords({ hands, signals = [], num_layers: layers, directions = 1 }) {
  const { scope, selected, off, layer } = hands;
  const gates = GATES.filter((gate) => signals.includes(gate) && hands[gate] !== null);
  const nobody = scope === "selected" && !selected.length;
  const parts = [];
  if (gates.length && !nobody) {
    const units = scope === "all" ? "all units" : named(selected);
    parts.push(`${gates.map((gate) => `${gate} = ${number(hands[gate])}`).join(", ")} in ${units}`);
  }
  if (off.length) parts.push(`${named(off)} off`);
  const rows = layers * directions;
  const where = parts.length && rows > 1 ? ` of layer ${rowName(Math.min(layer, rows - 1), directions)}` : "";
  return parts.join("; ") + where;
}

function named(units) {
  const shown = units.slice(0, 6).join(", ") + (units.length > 6 ? ", …" : "");
  return `unit${units.length === 1 ? "" : "s"} ${shown}`;
}

function number(value) {
  return String(Number(value.toFixed(DECIMALS))).replace("-", "−");
}

// --- state ---

/** The run's hands as they are now; null before the first frame. */
function handsOf({ frame, channel }) {
  const hands = frame?.meta.hands;
  if (!hands) return null;
  return Object.fromEntries(Object.keys(hands).map((name) => [name, channel.setting("hands", name, hands[name])]));
}

/** Change a field of the hands, here at once, and in the run. */
function set(element, name, value) {
  element.channel.send({ type: "hands", name, value });
  draw(element);
}

function draw(element) {
  const hands = handsOf(element);
  if (hands) element.redraw(hands, element.frame.meta.selected?.unit ?? null, element.frame.meta);
  if (element.channel.following) lock(element);
}

// --- controls ---

const GATELESS = "A plain RNN has no gate to hold: all of h passes through the tanh at every step. Units can be switched off.";

function buildControls(element, data) {
  element.classList.add("hands");
  if (!data.gates.length) make("p", "hands-gateless", element, GATELESS);
  const parts = data.gates.map((gate) => buildGate(element, gate));
  if (data.gates.length) parts.push(buildScope(element));
  parts.push(buildUnits(element, "off", (unit) => `Switch off unit ${unit}`, "off"), buildTraining(element));
  return (hands, unit) => {
    for (const redraw of parts) redraw(hands, unit);
  };
}

function buildGate(element, { gate, name, about, colour, low, high }) {
  const control = `hands ${gate}`; // among the live settings that are being moved
  const box = make("div", "hands-gate", element);
  box.style.setProperty("--gate", colour);
  const head = make("div", "hands-head", box);
  const title = make("b", "hands-name hands-label", head, `${name} ${gate}`);
  const state = make("button", "hands-switch", head);
  title.onclick = () => state.click(); // what names a switch turns it, too
  Object.assign(state, { type: "button", role: "switch", ariaLabel: `${sentence(name)} held` });
  const input = make("input", "live-slider-input", box);
  Object.assign(input, { type: "range", min: low, max: high, step: 10 ** -DECIMALS, ariaLabel: `Hold ${name}` });
  input.value = (low + high) / 2;
  const effect = make("div", "hands-effect", box);

  let sending = 0;
  input.oninput = () => {
    element.channel.move(control);
    // many input events come in one animation frame: the last one counts
    cancelAnimationFrame(sending);
    sending = requestAnimationFrame(() => set(element, gate, input.valueAsNumber));
  };
  input.onchange = () => {
    cancelAnimationFrame(sending);
    set(element, gate, input.valueAsNumber);
    element.channel.move(control, false);
  };
  // dragged away and back to where it was, or when the page is scrolled instead, a slider does not say "change"
  const ended = () => setTimeout(() => element.channel.moving.has(control) && input.onchange());
  input.onpointerup = input.onpointercancel = input.onblur = ended;
  state.onclick = () => set(element, gate, state.ariaChecked === "true" ? null : input.valueAsNumber);

  return (hands) => {
    const value = hands[gate];
    const free = value === null;
    if (!free && !element.channel.moving.has(control)) input.value = value;
    const place = input.valueAsNumber;
    input.ariaValueText = free ? "as learned" : number(value);
    input.style.setProperty("--filled", `${(100 * (place - low)) / (high - low)}%`);
    box.toggleAttribute("data-held", !free);
    state.ariaChecked = String(!free);
    setText(state, free ? "as learned" : `held at ${number(value)}`);
    setText(effect, free ? `as learned: ${about}` : EFFECTS[gate](value));
  };
}

const EFFECTS = {
  i: (value) => `i = ${number(value)}: ${["nothing new is written", "all of the new is written"][value] ?? `${share(value)} of the new is written`}`,
  f: (value) => `f = ${number(value)}: ${["everything is forgotten at each step", "nothing is ever forgotten"][value] ?? `${share(value)} is kept at each step`}`,
  g: (value) => `g = ${number(value)}: ${value === 0 ? "there is nothing to write" : "whatever is read, this is proposed"}`,
  o: (value) => `o = ${number(value)}: ${["nothing is shown, h stays 0", "all of the memory is shown"][value] ?? `${share(value)} of the memory is shown`}`,
  r: (value) => `r = ${number(value)}: ${["n sees nothing of the past", "n sees all of the past"][value] ?? `n sees ${share(value)} of the past`}`,
  z: (value) => `z = ${number(value)}: ${["nothing is kept, h becomes n", "all is kept, nothing is written"][value] ?? `${share(value)} is kept at each step`}`,
};
EFFECTS.n = (value) => EFFECTS.g(value).replace("g =", "n =");

function share(value) {
  return `${Math.round(100 * value)} %`;
}

function buildScope(element) {
  const box = make("div", "hands-scope", element);
  box.setAttribute("role", "radiogroup");
  box.ariaLabel = "Whom the held gates concern";
  const choices = ["all", "selected"].map((value) => {
    const label = make("label", "hands-choice", box);
    const input = make("input", "", label);
    Object.assign(input, { type: "radio", name: `hands-scope-${scopes}`, value });
    input.onchange = () => set(element, "scope", value);
    make("span", "", label, `${value} units`);
    return input;
  });
  scopes += 1;
  const units = buildUnits(element, "selected", (unit) => `+ unit ${unit}`, "selected");
  return (hands, unit) => {
    for (const input of choices) input.checked = input.value === hands.scope;
    units(hands, unit);
  };
}
let scopes = 0; // radio buttons belong together by their name, page-wide

/** A line of chips, one a unit of the list `name`, each with a × that takes it out; and a button for one more. */
function buildUnits(element, name, adding, what) {
  const box = make("div", "hands-units", element);
  const chips = make("span", "hands-chips", box);
  const add = make("button", "panel-button hands-button", box);
  add.type = "button";
  add.title = "The chosen unit: click a row of a heatmap to choose another one.";
  let drawn = null;
  return (hands, unit) => {
    const units = hands[name];
    add.disabled = unit === null || units.includes(unit);
    setText(add, adding(unit ?? "…"));
    add.onclick = () => set(element, name, [...units, unit].sort((a, b) => a - b));
    if (drawn === String(units)) return;
    drawn = String(units);
    const none = make("span", "hands-none", null, `no unit is ${what}`);
    chips.replaceChildren(...(units.length ? units.map((one) => chip(element, name, units, one, what)) : [none]));
  };
}

function chip(element, name, units, unit, what) {
  const node = make("button", "panel-button hands-chip", null, `${unit} ×`);
  Object.assign(node, { type: "button", ariaLabel: `Unit ${unit}: no longer ${what}` });
  node.title = node.ariaLabel;
  node.onclick = () => set(element, name, units.filter((one) => one !== unit));
  return node;
}

function buildTraining(element) {
  const box = make("div", "hands-training", element);
  const head = make("div", "hands-head", box);
  const name = "Training goes on under these hands";
  const title = make("span", "hands-label", head, name);
  const state = make("button", "hands-switch", head);
  title.onclick = () => state.click();
  Object.assign(state, { type: "button", role: "switch", ariaLabel: name });
  const effect = make("div", "hands-effect", box);
  state.onclick = () => set(element, "training", state.ariaChecked !== "true");
  return ({ training }) => {
    state.ariaChecked = String(training);
    setText(effect, training ? "It learns to live with what is held." : "It learns as if nobody held anything.");
  };
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}
