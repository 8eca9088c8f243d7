// A range input over a live setting: it sends its value while it is dragged, and else stands where the run's does.

import { channelFor } from "./channel.js";
import { make } from "./dom.js";

const STEPS = 200; // positions of a slider that is not over whole numbers

export function render(element, data) {
  if (!element.firstChild) build(element);
  const { label, name, input, output } = element.parts;
  const scale = scaleOf(data);
  name.textContent = data.label;
  label.title = data.about;
  Object.assign(input, { min: 0, max: scale.positions, step: 1, ariaLabel: data.label });
  const channel = channelFor(data.base, data.token);
  const ends = `${data.low} ${data.high}`;
  const draw = () => {
    const value = channel.setting(data.kind, data.name, data.value);
    // a hand's position is finer than the rounded value
    if (channel.moving.has(data.name) || (value === element.value && ends === element.ends)) return;
    element.ends = ends;
    show(scale.position(value), value);
  };
  element.unsubscribe?.();
  element.unsubscribe = channel.onSettings(draw);
  element.rest = () => channel.move(data.name, false);
  draw();

  let sending = 0;
  const send = () => channel.send({ type: data.kind, name: data.name, value: scale.value(input.valueAsNumber) });
  input.oninput = () => {
    channel.move(data.name);
    show(input.valueAsNumber);
    // many input events come in one animation frame: the last one counts
    cancelAnimationFrame(sending);
    sending = requestAnimationFrame(send);
  };
  input.onchange = () => {
    cancelAnimationFrame(sending);
    send();
    element.rest();
  };
  // dragged away and back to where it was, or when the page is scrolled instead, a slider does not say "change"
  const ended = () => setTimeout(() => channel.moving.has(data.name) && input.onchange());
  input.onpointerup = input.onpointercancel = input.onblur = ended;

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
  element.rest?.();
}

function build(element) {
  const label = make("label", "live-slider", element);
  const name = make("span", "live-slider-name", label);
  const output = make("output", "live-slider-value", label);
  const input = make("input", "live-slider-input", label);
  input.type = "range";
  element.parts = { label, name, input, output };
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
