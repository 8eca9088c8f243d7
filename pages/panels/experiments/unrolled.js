// The network unrolled in time: a box per step, states that flow forward, and the gradient of the last step's loss
// that flows back as a ribbon. The ribbon's width is the length of the gradient by the state at that step; where
// back-propagation is truncated, it ends.

import { follow } from "./channel.js";
import { make, setText, svg } from "./dom.js";
import { themeOf } from "./theme.js";
import { Drawing } from "./unrolled_drawing.js";

const POWERS = 12; // of ten that a ribbon of logarithmic width tells apart
const ABOUT = { c: "by the cell state", h: "by the hidden state" };

export function render(element, data) {
  element.data = data;
  if (!element.parts) build(element);
  element.parts.drawn = ""; // the theme may have changed
  follow(element, data, (frame) => show(element, frame));
  if (element.frame) show(element, element.frame);
}

export function remove(element) {
  element.unfollow?.();
  element.parts?.resizer.disconnect();
}

function build(element) {
  element.classList.add("unrolled");
  const plot = make("div", "unrolled-plot", element);
  const root = svg("svg", { role: "img", "aria-label": "The unrolled network and its gradient." }, plot);
  root.dataset.testid = "unrolled";
  const note = make("div", "live-empty", plot, "The unrolled network appears here as soon as the first frame arrives.");
  const readout = make("div", "unrolled-readout", element);
  const resizer = new ResizeObserver(() => element.frame && show(element, element.frame));
  resizer.observe(plot);
  element.parts = { plot, root, note, readout, resizer, drawn: "" };
  root.addEventListener("pointermove", (event) => point(element, event));
  root.addEventListener("pointerleave", () => point(element, null));
}

function show(element, frame) {
  const { data, parts } = element;
  const meta = frame?.meta;
  const h = frame?.arrays[`${data.lane}_h`]?.values;
  if (meta?.kind !== "race" || !h || h.length !== meta.labels.length) return;
  element.frame = frame;
  const c = frame.arrays[`${data.lane}_c`]?.values;
  element.lengths = c ? { c, h } : { h };
  const { width, height } = parts.plot.getBoundingClientRect();
  if (!width || !height) return;
  const theme = themeOf(element);
  const names = Object.keys(element.lengths);
  const key = JSON.stringify([width, height, theme, meta.labels, names, data.colours]);
  if (parts.drawn !== key) {
    parts.drawn = key;
    parts.note.remove();
    parts.drawing = new Drawing(parts.root, { width, height, labels: meta.labels, names });
    parts.root.style.setProperty("--lane", data.colours[theme.dark ? 1 : 0]);
  }
  const all = names.flatMap((name) => [...element.lengths[name]]).filter((value) => value > 0);
  element.most = Math.max(0, ...all);
  const share = data.logarithmic ? logarithmic : linear;
  const first = firstReached(h);
  for (const name of names) {
    const shares = Array.from(element.lengths[name], (value) => share(value, element.most));
    parts.drawing.ribbon(name, shares, first);
  }
  parts.drawing.cut(meta.reach !== null && first > 0 ? first : null, meta.reach);
  Object.assign(parts.root.dataset, { lane: data.lane, length: h.length, first, step: meta.step });
  point(element, element.pointer ?? null);
}

/** The share of the full width; a gradient that does not arrive has none. */
function linear(value, most) {
  return value > 0 && most > 0 ? value / most : 0;
}

function logarithmic(value, most) {
  return value > 0 && most > 0 ? Math.max(0, 1 + Math.log10(value / most) / POWERS) : 0;
}

/** The first step at which a gradient arrives; one after the last if it arrives nowhere. */
function firstReached(h) {
  const first = h.findIndex((value) => value > 0);
  return first < 0 ? h.length : first;
}

/** Tells the numbers of the step under the pointer; without one, those of the first step. */
function point(element, event) {
  element.pointer = event && { clientX: event.clientX };
  const { parts, lengths, frame, most } = element;
  if (!parts.drawing || !lengths) return;
  const left = parts.root.getBoundingClientRect().left;
  const t = event ? parts.drawing.stepAt(event.clientX - left) : 0;
  parts.drawing.mark(event ? t : null);
  const texts = Object.entries(lengths).map(([name, values]) => `‖∂L/∂${name}‖ ${told(values[t], most)}`);
  const text = `At t = ${t} (${frame.meta.labels[t]}): ${texts.join(" · ")}`;
  setText(parts.readout, text);
  parts.readout.title = Object.keys(lengths).map((name) => `∂L/∂${name}: ${ABOUT[name]}`).join("; ");
}

function told(value, most) {
  if (!(value > 0)) return "0: no gradient arrives";
  return `${value.toExponential(1)}, ${(100 * (value / most)).toPrecision(2)} % of the largest`;
}
