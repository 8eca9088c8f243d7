// A text box of one line whose text the run reads as it is typed. Line breaks are shown as ↵, and typed as Enter.

import { channelFor } from "./channel.js";
import { make } from "./dom.js";
import { WATCHING } from "./watching.js";

const READ = { "␣": " ", "⇥": "\t" }; // labels of what is invisible
const PAUSE = 60; // milliseconds without a key before it is sent
const LEFT = 800; // … and before it counts as left

export function render(element, data) {
  if (!element.firstChild) build(element);
  const { label, name, note, box } = element.parts;
  name.textContent = data.label;
  label.title = data.about;
  Object.assign(box, { ariaLabel: data.label, rows: 1, maxLength: 2000 });
  const channel = channelFor(data.base, data.token);

  // until something is typed, the box shows what the network uses by itself
  element.unsubscribe?.();
  const draw = (frame = channel.frame) => {
    if (channel.following) return showFollowed(box, data.name, frame);
    const own = frame?.meta[`default_${data.name}`];
    note.textContent = frame?.meta[`${data.name}_note`] ?? "";
    const text = channel.setting("view", data.name, data.value) ?? own;
    if (text === undefined || document.activeElement === box || channel.moving.has(data.name)) return;
    if (box.value !== shown(text)) box.value = shown(text);
  };
  const ends = [channel.subscribe(draw), channel.onSettings(() => draw())];
  element.unsubscribe = () => ends.forEach((end) => end());

  box.oninput = () => {
    clearTimeout(element.sending);
    clearTimeout(element.leaving);
    channel.move(data.name);
    if (box.value.includes("\n")) {
      const caret = box.selectionEnd;
      box.value = shown(box.value);
      box.setSelectionRange(caret, caret);
    }
    const value = box.value.replaceAll("↵", "\n");
    const send = () => {
      clearTimeout(element.sending);
      element.sending = null;
      channel.send({ type: "view", name: data.name, value });
    };
    element.sending = setTimeout(send, PAUSE);
    element.leave = () => {
      clearTimeout(element.leaving);
      element.leave = null;
      if (element.sending) send(); // not again: somebody else may have typed since
      channel.move(data.name, false);
    };
    element.leaving = setTimeout(element.leave, LEFT);
  };
  box.onblur = () => {
    element.leave?.();
    draw();
  };
}

/** What somebody else has typed, as the frame shows it. */
function showFollowed(box, name, frame) {
  if (!frame?.meta.labels) return;
  const { labels, prompt = "", level } = frame.meta;
  const read = labels.map((label) => READ[label] ?? label).join(level === "words" ? " " : "");
  const text = shown(name === "probe" ? read : prompt);
  Object.assign(box, { readOnly: true, title: WATCHING });
  if (box.value !== text) box.value = text;
}

function shown(text) {
  return text.replaceAll("\n", "↵");
}

export function remove(element) {
  element.unsubscribe?.();
  element.leave?.();
}

function build(element) {
  const label = make("label", "live-text", element);
  const name = make("span", "live-text-name", label);
  const note = make("span", "live-text-note", label);
  const box = make("textarea", "live-text-box", label);
  box.spellcheck = false;
  element.parts = { label, name, note, box };
}
