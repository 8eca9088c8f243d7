// What a text network makes. Everything it writes is put on the page as text, never as HTML.

import { follow } from "./channel.js";
import { make, setText } from "./dom.js";

const PARTS = { sample: showSample, growth: showGrowth, next: showNext };
const ROWS = 6; // samples in the list of how the writing grew
const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");

export function render(element, data) {
  element.classList.add(`live-${data.part}`);
  follow(element, data, (frame) => {
    if (frame?.meta.kind === "text") PARTS[data.part](element, frame.meta);
    else if (!element.firstChild) make("p", "live-empty", element, "The network's text appears here.");
  });
}

export function remove(element) {
  element.unfollow?.();
}

export function showSample(element, meta) {
  const key = meta.prompt + "\0" + meta.sample;
  if (element.shown === key) return;
  element.shown = key;
  const page = make("div", "live-sample-page");
  make("span", "live-sample-prompt", page, meta.prompt ?? "");
  make("span", "live-sample-text", page, meta.sample ?? "");
  element.replaceChildren(page);
}

function showGrowth(element, meta) {
  const key = JSON.stringify(meta.growth);
  if (element.shown === key) return;
  element.shown = key;
  const [first, ...later] = meta.growth;
  const shown = first ? [first, ...later.slice(1 - ROWS)] : [];
  element.replaceChildren(
    ...shown.flatMap(([step, text]) => [
      make("span", "live-growth-step", null, whole.format(step)),
      make("span", "live-growth-text", null, text),
    ])
  );
}

/** truth: the right one, if it is known, which is marked. */
export function showNext(element, { next = [], next_p: probabilities = [], level, truth }) {
  const narrow = truth === undefined ? "1.8em" : "2.6em";
  element.style.setProperty("--token", level === "words" ? "5.5em" : narrow);
  while (element.children.length > next.length) element.lastChild.remove();
  next.forEach((token, place) => {
    const row = element.children[place]?.parts ? element.children[place] : newBar(element, place);
    const { name, bar, value } = row.parts;
    setText(name, token);
    row.toggleAttribute("data-truth", token === truth);
    bar.style.width = `${100 * probabilities[place]}%`;
    value.textContent = probabilities[place] < 0.001 ? "< 0.1%" : percent.format(probabilities[place]);
  });
}

function newBar(element, place) {
  const row = make("div", "live-next-row");
  const name = make("span", "live-next-token", row);
  const bar = make("span", "live-next-bar", make("span", "live-next-track", row));
  const value = make("span", "live-next-value", row);
  row.parts = { name, bar, value };
  if (element.children[place]) element.children[place].replaceWith(row);
  else element.append(row);
  return row;
}
