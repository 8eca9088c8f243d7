// A range input that sends its value while it is dragged, and tells Python once it is let go.

import { channelFor } from "./channel.js";
import { make } from "./dom.js";
import { Pending } from "./pending.js";

const STEPS = 200; // positions of a slider that is not over whole numbers

export function render(element, data, actions) {
  if (!element.firstChild) build(element);
  const { label, name, input, output } = element.parts;
  const scale = scaleOf(data);
  name.textContent = data.label;
  label.title = data.about;
  Object.assign(input, { min: 0, max: scale.positions, step: 1, ariaLabel: data.label });
  // while the hand is on it, and until Python has heard of the last move, the slider is right
  if (!element.held && data.heard >= element.moves && element.told !== data.value) {
    element.told = data.value;
    element.pending.sent(data.value);
    show(scale.position(data.value), data.value);
  }
  element.unsubscribe?.();
  const channel = channelFor(data.base, data.token);
  element.unsubscribe = channel.subscribe((frame) => {
    const theirs = frame?.meta.settings?.[data.name];
    if (channel.state !== "open" || theirs === undefined || element.held || !element.pending.believes(theirs)) return;
    if (theirs !== element.value) show(scale.position(theirs), theirs);
  });

  let sending = 0;
  input.oninput = () => {
    element.held = true;
    show(input.valueAsNumber);
    // many input events come in one animation frame: the last one counts
    cancelAnimationFrame(sending);
    sending = requestAnimationFrame(() => send(scale.value(input.valueAsNumber)));
  };
  input.onchange = () => {
    element.held = false;
    element.moves = Math.max(element.moves, data.heard) + 1;
    cancelAnimationFrame(sending);
    const value = scale.value(input.valueAsNumber);
    const unheard = channel.state !== "open"; // it will be sent later
    send(value);
    actions.setStateValue("value", { value, move: element.moves, unheard });
  };

  // dragged away and back to where it was, a slider does not say "change"
  input.onpointerup = () => setTimeout(() => (element.held = false));

  function send(value) {
    const type = data.kind;
    element.pending.sent(value, channel.state === "open");
    channel.send({ type, name: data.name, value });
  }
  function show(position, value = scale.value(position)) {
    element.value = value;
    input.value = position;
    const text = scale.text(value);
    input.ariaValueText = output.textContent = text;
    input.style.setProperty("--filled", `${(100 * position) / scale.positions}%`);
  }
}

export function remove(element) {
  element.unsubscribe?.();
}

function build(element) {
  const label = make("label", "live-slider", element);
  const name = make("span", "live-slider-name", label);
  const output = make("output", "live-slider-value", label);
  const input = make("input", "live-slider-input", label);
  input.type = "range";
  element.parts = { label, name, input, output };
  element.moves = 0; // that Python was told of
  element.pending = new Pending();
}

/** Between slider positions 0 … positions and values. */
function scaleOf({ low, high, scale, decimals, whole, unlimited }) {
  const log = scale === "log";
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const numbers = whole && !log ? high - low : STEPS;
  const positions = numbers + (unlimited ? 1 : 0); // the last one stands for "as fast as it goes"
  const round = (value) => (whole ? Math.round(value) : Number(value.toPrecision(log ? 2 : 6)));
  return {
    positions,
    value(position) {
      if (unlimited && position > numbers) return null;
      const at = from + ((to - from) * position) / numbers;
      return Math.min(high, Math.max(low, round(log ? Math.exp(at) : at)));
    },
    position(value) {
      if (value === null) return unlimited ? positions : 0;
      const at = log ? Math.log(value) : value;
      return Math.min(numbers, Math.max(0, Math.round((numbers * (at - from)) / (to - from))));
    },
    text(value) {
      if (value === null) return "max";
      if (log && !whole) return String(Number(value.toPrecision(2)));
      return value.toFixed(whole ? 0 : decimals);
    },
  };
}
