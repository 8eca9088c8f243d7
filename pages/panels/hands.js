// Hands on the gates: each as learned or held at a value, for all units or some; and units that are switched off.
// All of it is state of the run, which every frame brings. Only what was sent and has not come back yet counts more.

import { channelFor, follow } from "./channel.js";
import { make } from "./dom.js";

const PATIENCE = 2000; // milliseconds until what no frame brings back is given up
const DECIMALS = 2;
const TRIES = [
  ["Forget everything: f = 0", "f", 0, "Nothing of the cell state is carried to the next step."],
  ["Never forget: f = 1", "f", 1, "Whatever was written once stays in the cell state."],
  ["Write nothing: i = 0", "i", 0, "Nothing that is read gets into the cell state."],
  ["Show nothing: o = 0", "o", 0, "The cell state stays inside: h is 0, so the output knows nothing of it."],
];

export function render(element, data) {
  if (!element.firstChild) {
    element.wishes = new Map(); // name → {value, until}: sent, and not yet echoed
    element.redraw = (data.part === "tries" ? buildTries : buildControls)(element, data);
  }
  element.channel = channelFor(data.base, data.token);
  follow(element, data, (frame) => {
    element.frame = frame;
    draw(element);
  });
}

export function remove(element) {
  element.unfollow?.();
}

/** What is held, in a few words; "" if nothing is. layers: of the network; the layer is named if it has several. */
export function inWords({ scope, selected, off, layer, ...hands }, layers = 1) {
  const gates = [..."ifgo"].filter((gate) => hands[gate] !== null);
  const nobody = scope === "selected" && !selected.length;
  const parts = [];
  if (gates.length && !nobody) {
    const units = scope === "all" ? "all units" : named(selected);
    parts.push(`${gates.map((gate) => `${gate} = ${number(hands[gate])}`).join(", ")} in ${units}`);
  }
  if (off.length) parts.push(`${named(off)} off`);
  const where = parts.length && layers > 1 ? ` of layer ${Math.min(layer, layers - 1) + 1}` : "";
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

/** The run's hands with what was sent meanwhile; null before the first frame. */
function handsOf({ frame, wishes }) {
  const hands = frame?.meta.hands;
  if (!hands) return null;
  const now = { ...hands };
  for (const [name, { value, until }] of wishes) {
    if (JSON.stringify(value) === JSON.stringify(hands[name]) || performance.now() > until) wishes.delete(name);
    else now[name] = value;
  }
  return now;
}

function set(element, name, value) {
  element.wishes.set(name, { value, until: performance.now() + PATIENCE });
  element.channel.send({ type: "hands", name, value });
  draw(element);
}

function draw(element) {
  const hands = handsOf(element);
  if (hands) element.redraw(hands, element.frame.meta.selected?.unit ?? null);
}

// --- controls ---

function buildControls(element, data) {
  element.classList.add("hands");
  const gates = data.gates.map((gate) => buildGate(element, gate));
  const scope = buildScope(element);
  const off = buildUnits(element, "off", (unit) => `Switch off unit ${unit}`, "off");
  const training = buildTraining(element);
  return (hands, unit) => {
    for (const redraw of [...gates, scope, off, training]) redraw(hands, unit);
  };
}

function buildGate(element, { gate, name, about, colour, low, high }) {
  const box = make("div", "hands-gate", element);
  box.style.setProperty("--gate", colour);
  const head = make("div", "hands-head", box);
  make("b", "hands-name", head, `${name} ${gate}`);
  const state = make("button", "hands-switch", head);
  Object.assign(state, { type: "button", role: "switch", ariaLabel: `${sentence(name)} held` });
  const input = make("input", "live-slider-input", box);
  Object.assign(input, { type: "range", min: low, max: high, step: 10 ** -DECIMALS, ariaLabel: `Hold ${name}` });
  input.value = (low + high) / 2;
  const effect = make("div", "hands-effect", box);

  const held = { by: false, sending: 0 };
  input.oninput = () => {
    held.by = true;
    const value = input.valueAsNumber;
    element.wishes.set(gate, { value, until: performance.now() + PATIENCE });
    draw(element);
    // many input events come in one animation frame: the last one counts
    cancelAnimationFrame(held.sending);
    held.sending = requestAnimationFrame(() => set(element, gate, value));
  };
  input.onchange = () => {
    held.by = false;
    cancelAnimationFrame(held.sending);
    set(element, gate, input.valueAsNumber);
  };
  // dragged away and back to where it was, a slider does not say "change"
  input.onpointerup = () => setTimeout(() => (held.by = false));
  state.onclick = () => set(element, gate, state.ariaChecked === "true" ? null : input.valueAsNumber);

  return (hands) => {
    const value = hands[gate];
    const free = value === null;
    if (!free && !held.by) input.value = value;
    const place = input.valueAsNumber;
    input.ariaValueText = free ? "as learned" : number(value);
    input.style.setProperty("--filled", `${(100 * (place - low)) / (high - low)}%`);
    box.toggleAttribute("data-held", !free);
    state.ariaChecked = String(!free);
    write(state, free ? "as learned" : `held at ${number(value)}`);
    write(effect, free ? `as learned: ${about}` : EFFECTS[gate](value));
  };
}

const EFFECTS = {
  i: (value) => `i = ${number(value)}: ${["nothing new is written", "all of the new is written"][value] ?? `${share(value)} of the new is written`}`,
  f: (value) => `f = ${number(value)}: ${["everything is forgotten at each step", "nothing is ever forgotten"][value] ?? `${share(value)} is kept at each step`}`,
  g: (value) => `g = ${number(value)}: ${value === 0 ? "there is nothing to write" : "whatever is read, this is proposed"}`,
  o: (value) => `o = ${number(value)}: ${["nothing is shown, h stays 0", "all of the memory is shown"][value] ?? `${share(value)} of the memory is shown`}`,
};

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
  const add = make("button", "hands-button", box);
  add.type = "button";
  add.title = "The chosen unit: click a row of a heatmap to choose another one.";
  let drawn = null;
  return (hands, unit) => {
    const units = hands[name];
    add.disabled = unit === null || units.includes(unit);
    write(add, adding(unit ?? "…"));
    add.onclick = () => set(element, name, [...units, unit].sort((a, b) => a - b));
    if (drawn === String(units)) return;
    drawn = String(units);
    const none = make("span", "hands-none", null, `no unit is ${what}`);
    chips.replaceChildren(...(units.length ? units.map((one) => chip(element, name, units, one, what)) : [none]));
  };
}

function chip(element, name, units, unit, what) {
  const node = make("button", "hands-chip", null, `${unit} ×`);
  Object.assign(node, { type: "button", ariaLabel: `Unit ${unit}: no longer ${what}` });
  node.title = node.ariaLabel;
  node.onclick = () => set(element, name, units.filter((one) => one !== unit));
  return node;
}

function buildTraining(element) {
  const box = make("div", "hands-training", element);
  const head = make("div", "hands-head", box);
  const name = "Training goes on under these hands";
  make("span", "", head, name);
  const state = make("button", "hands-switch", head);
  Object.assign(state, { type: "button", role: "switch", ariaLabel: name });
  const effect = make("div", "hands-effect", box);
  state.onclick = () => set(element, "training", state.ariaChecked !== "true");
  return ({ training }) => {
    state.ariaChecked = String(training);
    write(effect, training ? "It learns to live with what is held." : "It learns as if nobody held anything.");
  };
}

// --- suggestions ---

function buildTries(element) {
  element.classList.add("hands-tries");
  make("span", "hands-none", element, "Try");
  const buttons = TRIES.map(([text, gate, value, about]) => {
    const button = make("button", "hands-button", element, text);
    Object.assign(button, { type: "button", title: `${about} Press again to let go.` });
    button.onclick = () => {
      const wanted = button.ariaPressed === "true" ? null : value;
      for (const one of "ifgo") set(element, one, one === gate ? wanted : null);
    };
    return button;
  });
  const release = make("button", "hands-button hands-release", element, "Let go of everything");
  Object.assign(release, { type: "button", title: "All gates as learned, all units on." });
  release.onclick = () => {
    element.wishes.clear();
    element.channel.send({ type: "release" });
  };
  return (hands) => {
    TRIES.forEach(([, gate, value], place) => {
      const alone = [..."ifgo"].every((one) => hands[one] === (one === gate ? value : null));
      buttons[place].ariaPressed = String(alone);
    });
    release.disabled = [..."ifgo"].every((gate) => hands[gate] === null) && !hands.off.length && !hands.training;
  };
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
