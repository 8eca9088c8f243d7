// What a text network makes. Everything it writes is put on the page as text, never as HTML.

import { channelFor } from "./channel.js";

const PARTS = { sample: showSample, growth: showGrowth, next: showNext };
const ROWS = 6; // samples in the list of how the writing grew
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");

export function render(element, data) {
  element.classList.add(`live-${data.part}`);
  if (element.token === data.token) return;
  element.token = data.token;
  element.unsubscribe?.();
  element.unsubscribe = channelFor(data.base, data.token).subscribe((frame) => {
    if (frame?.meta.kind === "text") PARTS[data.part](element, frame.meta);
    else if (!element.firstChild) element.append(line("p", "live-empty", "The network's text appears here."));
  });
}

export function remove(element) {
  element.unsubscribe?.();
}

function line(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function showSample(element, meta) {
  const key = meta.prompt + "\0" + meta.sample;
  if (element.shown === key) return;
  element.shown = key;
  const page = line("div", "live-sample-page", "");
  page.append(line("span", "live-sample-prompt", meta.prompt ?? ""));
  page.append(line("span", "live-sample-text", meta.sample ?? ""));
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
      line("span", "live-growth-step", whole.format(step)),
      line("span", "live-growth-text", text),
    ])
  );
}

function showNext(element, meta) {
  const { next = [], next_p: probabilities = [] } = meta;
  element.style.setProperty("--token", meta.level === "words" ? "5.5em" : "1.8em");
  while (element.children.length > next.length) element.lastChild.remove();
  next.forEach((token, place) => {
    const row = element.children[place]?.parts ? element.children[place] : newBar(element, place);
    const { name, bar, value } = row.parts;
    if (name.textContent !== token) name.textContent = token;
    bar.style.width = `${100 * probabilities[place]}%`;
    value.textContent = probabilities[place] < 0.001 ? "< 0.1%" : percent.format(probabilities[place]);
  });
}

function newBar(element, place) {
  const row = line("div", "live-next-row", "");
  const name = line("span", "live-next-token", "");
  const track = line("span", "live-next-track", "");
  const bar = line("span", "live-next-bar", "");
  const value = line("span", "live-next-value", "");
  track.append(bar);
  row.append(name, track, value);
  row.parts = { name, bar, value };
  if (element.children[place]) element.children[place].replaceWith(row);
  else element.append(row);
  return row;
}
