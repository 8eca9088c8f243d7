// One side of the comparison: the network as learned, or with hands on its gates.

import { follow } from "./channel.js";
import { make } from "./dom.js";
import { inWords } from "./hands.js";
import { showNext, showSample } from "./writing.js";

const PARTS = { verdict: drawVerdict, sample: drawSample, next: drawNext };
const LOSS =
  "Mean loss on text or values that are never trained on. Text: cross-entropy in nats. " +
  "Series: squared error, where the series has variance 1.";
const CLASSES = { verdict: "held-verdict", sample: "live-sample", next: "live-next" };

export function render(element, data) {
  element.classList.add(CLASSES[data.part]);
  if (data.part === "verdict" && !element.firstChild) buildVerdict(element, data.held, data.following);
  follow(
    element,
    data,
    (frame) => {
      if (frame?.meta.held) PARTS[data.part](element, frame.meta, data.held);
      else if (!element.firstChild) make("p", "live-empty", element, "What the network writes appears here.");
    },
    0,
    ["held"]
  );
}

export function remove(element) {
  element.unfollow?.();
}

function drawSample(element, { held }, mine) {
  showSample(element, { prompt: held.prompt, sample: mine ? held.sample : held.free_sample });
}

function drawNext(element, meta, mine) {
  // the other numbers of a frame are newer than these: both sides change when this one does
  const key = JSON.stringify(meta.held);
  if (element.shown === key) return;
  element.shown = key;
  if (element.firstChild?.className === "live-empty") element.replaceChildren();
  const { next, next_p } = mine ? meta.held : meta;
  showNext(element, { next, next_p, level: meta.level });
}

function buildVerdict(element, mine, following) {
  const title = make("div", "held-title", element);
  const hands = following ? "With hands on it" : "With your hands on it";
  make("b", "", title, mine ? hands : "As learned");
  const words = make("span", "held-words", title, mine ? "" : "the same network, by itself");
  const number = (name, about) => {
    const box = make("div", "held-number", element);
    box.title = about;
    make("span", "held-name", box, name);
    const line = make("span", "held-line", box);
    const value = make("span", "held-value", line, "–");
    const difference = make("span", "held-difference", line);
    return { box, value, difference };
  };
  const error = number("forecast error", "Typical error (RMSE) of the whole forecast, in the series' own units.");
  const loss = number("validation loss", LOSS);
  element.parts = { words, error, loss };
}

function drawVerdict(element, meta, mine) {
  const { words, error, loss } = element.parts;
  const { held } = meta;
  error.box.hidden = meta.kind !== "series";
  loss.box.title = `${LOSS} Of the network at step ${held.step}.`;
  fill(loss, mine ? held.held_loss : held.free_loss, mine && held.free_loss);
  fill(error, mine ? held.closed_rmse : meta.closed_rmse, mine && meta.closed_rmse);
  const said = inWords(meta);
  if (mine) {
    words.title = said || "Nothing is held: both sides are the same network.";
    // beside two numbers there is less room
    words.textContent = said || (meta.kind === "series" ? "Nothing is held: the same network." : words.title);
  }
  element.toggleAttribute("data-held", mine && Boolean(said));
}

/** The number, and on the side of the hands how far it is from the other side's. */
function fill({ value, difference }, now, other) {
  value.textContent = digits(now);
  if (other === false) return;
  const more = now - other;
  const known = Number.isFinite(more);
  difference.textContent = known ? (more === 0 ? "no difference" : `${more > 0 ? "+" : "−"} ${digits(Math.abs(more))}`) : "";
  difference.dataset.verdict = more > 0 ? "worse" : more < 0 ? "better" : "same";
}

function digits(value) {
  if (!Number.isFinite(value)) return "–";
  if (value !== 0 && (Math.abs(value) < 0.001 || Math.abs(value) >= 1e5)) return value.toExponential(1);
  return value.toPrecision(3);
}
