// The probe, token by token, coloured by one signal of one unit; for a series its line. Click a token to choose
// the time step. Drag over tokens, or hold Shift, to mark some of them for a question.

import { line, paintNodes, tokens } from "./coloured.js";
import { make, setText } from "./dom.js";
import { followSelection, isGate, rangeOf, valuesOf } from "./selection.js";
import { gradient } from "./shades.js";
import { themeOf } from "./theme.js";
import { lock } from "./watching.js";

const SIZES = [34, 30, 26, 24, 22, 20, 18, 17, 16, 15, 14, 13]; // pixels: the largest in which all tokens fit is used
const BREAKS = 16; // pixels: a text that would have to be smaller is not broken at its newlines

export function render(element, data) {
  element.data = data;
  element.dark = themeOf(element).dark;
  if (!element.parts) build(element);
  if (element.token !== data.token) clear(element);
  element.legend = ""; // the theme may have changed
  element.classList.toggle("sequence-words", data.words);
  buildSignals(element);
  followSelection(element, data, (frame, selection) => draw(element, frame, selection), ["unit"]);
  if (element.selection) draw(element, element.frame, element.selection);
}

export function remove(element) {
  element.unfollow?.();
  element.resizer?.disconnect();
  if (element.data.find && element.selection) element.selection.marking -= 1;
}

function draw(element, frame, selection) {
  if (element.selection !== selection) {
    if (element.data.find) {
      if (element.selection) element.selection.marking -= 1;
      selection.marking += 1;
    }
    element.selection = selection;
  }
  element.frame = frame;
  const now = selection.now();
  if (!now || !element.data.palette[now.signal]) return; // a frame of the network before has other signals
  const { meta } = frame;
  const probe = element.data.series ? frame.arrays.probe?.values : null;
  if (element.labels !== meta.labels || !sameValues(element.probe, probe)) {
    if (element.labels && selection.stretch) selection.stretch = null; // it was one of another probe
    show(element, meta.labels, probe);
  }
  const values = valuesOf(frame, now.unit, now.signal);
  const scale = element.data.palette[now.signal].scale[element.dark ? 1 : 0];
  if (values?.length === element.nodes.length) paintNodes(element.nodes, values, scale, rangeOf(meta, now.signal));
  drawChosen(element, now.time);
  drawMarks(element, meta.found?.marks, selection.stretch);
  drawHead(element, meta, now, values?.[now.time], selection, scale);
}

/** The tokens or the line itself, without colours. */
function show(element, labels, probe) {
  const { body } = element.parts;
  Object.assign(element, { labels, probe, chosen: null, marked: null });
  if (probe) {
    element.nodes = line(body, probe);
    element.marker = make("div", "sequence-marker", body);
    element.dot = make("div", "sequence-dot", body);
  } else {
    element.nodes = tokens(body, labels);
    fit(element);
  }
}

/** The largest letters in which all tokens are seen. */
function fit(element) {
  const { body } = element.parts;
  if (element.probe || !element.labels || !body.clientHeight) return;
  const fits = (size, broken) => {
    body.classList.toggle("sequence-broken", broken);
    body.style.fontSize = `${size}px`;
    return body.scrollHeight <= body.clientHeight;
  };
  const found = SIZES.some((size) => size >= BREAKS && fits(size, true)) || SIZES.some((size) => fits(size, false));
  if (!found) fits(SIZES.at(-1), false); // it can be scrolled
}

function drawChosen(element, time) {
  const node = element.nodes[time];
  if (element.probe) {
    const left = `${(100 * (time + 0.5)) / element.nodes.length}%`;
    element.marker.style.left = element.dot.style.left = left;
    element.dot.style.top = `${node.height}%`;
    element.dot.style.backgroundColor = node.style.stroke;
    return;
  }
  if (element.chosen === node) return;
  element.chosen?.classList.remove("coloured-chosen");
  node.classList.add("coloured-chosen");
  element.chosen = node;
  const { body } = element.parts;
  if (body.scrollHeight > body.clientHeight) node.scrollIntoView({ block: "nearest" });
}

function drawMarks(element, marks, stretch) {
  const known = marks?.length === element.nodes.length ? marks : [];
  const key = `${stretch} ${known}`;
  if (element.marked === key) return;
  element.marked = key;
  element.nodes.forEach((node, t) => {
    const state = `${known[t] ? "found" : ""} ${stretch && t >= stretch[0] && t <= stretch[1] ? "stretch" : ""}`;
    node.dataset.marked = state;
  });
}

function drawHead(element, meta, now, value, selection, scale) {
  const { where, number, ask, low, bar, high, body, buttons } = element.parts;
  const { name, symbol } = element.data.palette[now.signal];
  const label = meta.labels[now.time];
  const place = element.data.series ? `(${meta.x_title || "x"} ${label})` : `“${label}”`;
  setText(where, `unit ${now.unit} · ${name} ${now.signal} · t = ${now.time} ${place}`);
  setText(number, value === undefined ? "…" : decimal(value));
  const [from, to] = rangeOf(meta, now.signal);
  const legend = `${now.signal} ${from} ${to}`;
  if (element.legend !== legend) {
    element.legend = legend;
    [low.textContent, high.textContent] = isGate(now.signal) ? ["closed 0", "1 open"] : [`−${to}`, `${to}`];
    bar.style.background = gradient(scale);
    body.setAttribute("aria-label", `The probe, coloured by the ${name} ${symbol} of unit ${now.unit}. ${HINT}`);
    for (const button of buttons) button.setAttribute("aria-pressed", button.signal === now.signal);
    if (selection.channel.following) lock(element);
  }
  ask.hidden = !element.data.find || !selection.stretch;
  if (!ask.hidden) {
    const count = selection.stretch[1] - selection.stretch[0] + 1;
    const noun = element.data.series ? "value" : "token";
    setText(ask, count === 1 ? `Find units for this ${noun}` : `Find units for these ${count} ${noun}s`);
  }
}

const HINT = "Left and right move through time, up and down through units.";

/** Three decimals, or fewer where there are digits enough before the point. */
export function decimal(value, digits = Math.abs(value) < 10 ? 3 : 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

function sameValues(before, now) {
  if (!now || !before) return !now === !before;
  return now.length === before.length && now.every((value, t) => Object.is(value, before[t]));
}

// --- building, and the mouse ---

function build(element) {
  element.classList.add("sequence");
  const head = make("div", "sequence-head", element);
  const signals = make("div", "sequence-signals", head);
  signals.setAttribute("role", "group");
  signals.setAttribute("aria-label", "Signal that colours");
  const caption = make("div", "sequence-caption", head);
  const where = make("span", "sequence-where", caption);
  where.setAttribute("aria-live", "polite");
  const number = make("span", "sequence-number", caption);
  const ask = make("button", "sequence-ask", head);
  ask.type = "button";
  ask.hidden = true;
  ask.onclick = () => element.selection.ask({ kind: "stretch", stretch: element.selection.stretch });
  const legend = make("div", "sequence-legend", head);
  const [low, bar, high] = ["sequence-end", "sequence-bar", "sequence-end"].map((name) => make("span", name, legend));
  const body = make("div", "sequence-body", element);
  body.tabIndex = 0;
  body.setAttribute("role", "group");
  element.parts = { signals, where, number, ask, low, bar, high, body, buttons: [] };
  element.resizer = new ResizeObserver(() => fit(element));
  element.resizer.observe(body);
  document.fonts.ready.then(() => fit(element));
  listen(element);
}

function clear(element) {
  const { body } = element.parts;
  Object.assign(element, { labels: null, probe: null, nodes: [], chosen: null, frame: null });
  const what = element.data.series ? "The stretch of the series that the network reads" : "The text that the network reads";
  body.replaceChildren(make("p", "live-empty", null, `${what} appears here, coloured, with the first frame.`));
  body.setAttribute("aria-label", "The probe.");
}

function buildSignals(element) {
  const { signals } = element.parts;
  if (signals.firstChild) return;
  element.parts.buttons = Object.entries(element.data.palette).map(([signal, { name, about, colour }]) => {
    const button = make("button", "sequence-signal", signals, signal);
    button.type = "button";
    button.signal = signal;
    button.title = `Colour by the ${name}: ${about}.`;
    button.setAttribute("aria-label", `${name} ${signal}`);
    button.style.setProperty("--signal", colour[0]);
    button.style.setProperty("--signal-text", `color-mix(in srgb, ${colour[0]} 78%, currentColor)`);
    button.onclick = () => element.selection?.choose({ signal });
    return button;
  });
}

function listen(element) {
  const { body } = element.parts;
  let from = null; // the step on which the button went down
  const stepAt = (event) => {
    if (!element.nodes.length) return null;
    if (!element.probe) return document.elementFromPoint(event.clientX, event.clientY)?.t ?? null;
    const box = body.getBoundingClientRect();
    const t = Math.floor((element.nodes.length * (event.clientX - box.left)) / box.width);
    return Math.min(element.nodes.length - 1, Math.max(0, t));
  };
  body.addEventListener("pointerdown", (event) => {
    from = event.button === 0 ? stepAt(event) : null;
    if (from === null) return;
    const { selection } = element;
    const anchor = selection.stretch ? selection.anchor : selection.now()?.time;
    if (event.shiftKey && selection.marking) selection.mark(anchor, from);
    else if (selection.stretch) selection.mark(null);
    selection.choose({ time: from });
  });
  body.addEventListener("pointermove", (event) => {
    const step = from === null || !(event.buttons & 1) ? null : stepAt(event);
    const { selection } = element;
    if (step === null || step === selection.now()?.time) return;
    if (selection.marking) selection.mark(from, step);
    selection.choose({ time: step });
  });
}
