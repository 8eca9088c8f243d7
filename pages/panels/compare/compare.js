// Two networks side by side: how each does and what it writes, and heatmaps with the difference between them.

import { follow } from "./channel.js";
import { make, setText } from "./dom.js";
import * as figure from "./figure.js";
import { SIGNS, verdictOf } from "./filling.js";
import { selectionFor } from "./selection.js";
import { themeOf } from "./theme.js";
import { showSample } from "./writing.js";

const PARTS = { side: renderSide, text: renderText, maps: renderMaps };
const SHOWN = { "␣": " ", "↵": "\n", "⇥": "\t" }; // labels of what is invisible
const whole = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export function render(element, data) {
  PARTS[data.part](element, data);
}

export function remove(element) {
  element.unfollow?.();
  for (const { holder } of element.maps ?? []) figure.remove(holder);
}

// --- how a side does ---

function renderSide(element, data) {
  if (!element.firstChild) {
    element.classList.add("compare-side");
    const name = make("b", "compare-name", element, "…");
    const number = (text, about) => {
      const box = make("div", "compare-number", element);
      box.title = about;
      make("span", "compare-label", box, text);
      return make("span", "compare-value", box, "–");
    };
    element.parts = {
      name,
      loss: number(
        "validation",
        "Mean loss on text or values that are never trained on. Text: cross-entropy in nats. " +
          "Series: squared error, where the series has variance 1."
      ),
      parameters: number("parameters", "Numbers that training can change."),
      time: number("ms a step", "Time that one training step takes: the median of the last 50."),
      stopped: make("span", "compare-stopped", element),
    };
  }
  element.style.setProperty("--side", data.colour[themeOf(element).dark ? 1 : 0]);
  follow(element, data, (frame) => frame?.meta.left_name && showSide(element, frame.meta, data.right));
}

function showSide(element, meta, right) {
  const { name, loss, parameters, time, stopped } = element.parts;
  const place = right ? 1 : 0;
  setText(name, right ? meta.right_name : meta.left_name);
  name.title = name.textContent;
  setText(loss, digits(right ? meta.right_valid_loss : meta.valid_loss));
  setText(parameters, whole.format(meta.parameters[place]));
  setText(time, digits(meta.milliseconds[place]));
  const at = meta.stopped[place];
  setText(stopped, at === null ? "" : `diverged at step ${whole.format(at)} and stands still`);
  element.toggleAttribute("data-stopped", at !== null);
}

// --- what a side writes, or how it fills the gaps ---

function renderText(element, data) {
  element.classList.add("live-sample");
  follow(element, data, (frame) => {
    const meta = frame?.meta;
    const of = (name) => (data.right ? meta[`right_${name}`] : meta[name]);
    if (meta?.kind === "text" && of("filled")?.gaps) showFilled(element, of("filled"), of("level"));
    else if (meta?.kind === "text" && of("sample") !== undefined)
      showSample(element, { prompt: of("prompt"), sample: of("sample") });
    else if (!element.firstChild) make("p", "live-empty", element, "What this side writes appears here.");
  });
}

function showFilled(element, { tokens, gaps, valid_accuracy: share }, level) {
  const key = JSON.stringify([tokens, gaps.map(({ guess }) => guess), share]);
  if (element.shown === key) return;
  element.shown = key;
  const page = make("div", "live-sample-page");
  const right = gaps.filter((gap) => verdictOf(gap) === "right").length;
  const elsewhere = Number.isFinite(share) ? `, ${percent.format(share)} elsewhere` : "";
  make("div", "compare-right", page, `${right} of ${gaps.length} gaps right${elsewhere}`);
  const text = make("div", level === "words" ? "compare-words" : "", page);
  const at = new Map(gaps.map((gap) => [gap.t, gap]));
  tokens.forEach((label, t) => {
    const gap = at.get(t);
    if (!gap) return make("span", "", text, SHOWN[label] ?? label);
    const verdict = verdictOf(gap);
    const span = make("span", "compare-gap", text, gap.guess);
    make("sup", "", span, SIGNS[verdict]);
    span.dataset.guess = verdict;
    span.title = `“${gap.guess}”, ${verdict}${verdict === "right" ? "" : `: it is “${gap.true}”`}`;
  });
  element.replaceChildren(page);
}

// --- heatmaps ---

function renderMaps(element, data) {
  if (!element.firstChild) buildMaps(element);
  element.data = data;
  const dark = themeOf(element).dark ? 1 : 0;
  element.maps.forEach(({ column, holder }, place) => {
    column.style.setProperty("--side", data.colours[place]?.[dark] ?? "inherit");
    const { base, token, plotly } = data;
    figure.render(holder, { base, token, plotly, ...data.figures[place] });
  });
  // after the figures, so that there is something to listen to
  follow(element, data, (frame, channel) => frame && showMaps(element, frame, channel), 0.5);
}

function buildMaps(element) {
  element.classList.add("compare-maps");
  element.maps = [0, 1, 2].map(() => {
    const column = make("div", "compare-column", element);
    const heading = make("div", "compare-heading", column);
    return {
      column,
      holder: make("div", "compare-map", column),
      signal: make("b", "", heading),
      about: make("span", "compare-about", heading),
    };
  });
  element.none = make("div", "compare-none", element.maps[2].column);
  element.none.hidden = true;
  const line = make("div", "compare-line", element);
  element.note = make("span", "compare-note", line);
  element.readout = make("span", "compare-readout", line);
}

function showMaps(element, frame, channel) {
  const { meta } = frame;
  const { title, symbol } = element.data;
  const names = [meta.left_name, meta.right_name, "right − left"];
  element.maps.forEach((map, place) => {
    setText(map.signal, names[place]);
    const about = place < 2 ? `${title} ${symbol}` : meta.delta ? "in the same colours" : "not shown";
    setText(map.about, ` — ${about}`);
    listen(element, map, place, channel);
  });
  element.maps[2].holder.hidden = !meta.delta;
  element.none.hidden = meta.delta;
  setText(element.none, meta.delta ? "" : meta.delta_note);
  setText(element.note, meta.delta ? meta.delta_note : "");
  element.note.title = meta.delta_note;
  read(element, frame, channel);
}

/** Once Plotly has drawn a heatmap, hear which of its places the mouse is on. */
function listen(element, map, place, channel) {
  const plot = map.holder.querySelector(".js-plotly-plot");
  if (!plot?.on || map.listening) return;
  map.listening = true;
  const at = (point) => {
    element.over = point;
    if (channel.frame) read(element, channel.frame, channel);
  };
  plot.on("plotly_hover", ({ points: [{ x, y }] }) => at({ place, row: y, time: x }));
  plot.on("plotly_unhover", () => at(null));
}

/** The numbers at the place that the mouse is on, else at the chosen one. */
function read(element, frame, channel) {
  const { meta, arrays } = frame;
  const chosen = selectionFor(channel).now();
  const over = element.over ?? { place: 0, row: meta.units.indexOf(chosen?.unit), time: chosen?.time };
  const alone = !meta.delta; // what stands at this place on the other side is something else
  const right = over.place === 1;
  const value = (name) => {
    const { values, shape } = arrays[name + meta.shown] ?? { shape: [0, 0] };
    const inside = over.row >= 0 && over.row < shape[0] && over.time < shape[1];
    return inside ? values[over.row * shape[1] + over.time] : NaN;
  };
  const units = right ? meta.right_units : meta.units;
  const labels = right ? meta.right_labels : meta.labels;
  const unit = units[over.row];
  if (unit === undefined || labels[over.time] === undefined) return setText(element.readout, "");
  const parts = [];
  if (!alone || !right) parts.push(`left ${digits(value(""))}`);
  if (!alone || right) parts.push(`right ${digits(value("right_"))}`);
  if (meta.delta) parts.push(`difference ${digits(value("delta_"))}`);
  setText(element.readout, `unit ${unit} · t = ${over.time} “${labels[over.time]}”: ${parts.join(" · ")}`);
}

// --- words ---

function digits(value) {
  if (!Number.isFinite(value)) return "–";
  const small = value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e5);
  return (small ? value.toExponential(1) : value.toPrecision(3)).replaceAll("-", "−");
}
