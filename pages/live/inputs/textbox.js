// A text box of one line whose text the run reads as it is typed. Line breaks are shown as ↵, and typed as Enter.

import { channelFor } from "./channel.js";
import { make } from "./dom.js";
import { Pending } from "./pending.js";
import { WATCHING } from "./watching.js";

const READ = { "␣": " ", "⇥": "\t" }; // labels of what is invisible
const PAUSE = 60; // milliseconds without a key before it is sent
const LEFT = 800; // … and before Python, and so the address of the page, learns of it

export function render(element, data, actions) {
  if (!element.firstChild) build(element);
  const { label, name, note, box } = element.parts;
  name.textContent = data.label;
  label.title = data.about;
  Object.assign(box, { ariaLabel: data.label, rows: 1, maxLength: 2000 });
  const channel = channelFor(data.base, data.token);
  const editing = document.activeElement === box;
  if (!editing && data.heard >= element.moves && element.told !== data.value) {
    element.told = data.value;
    element.pending.sent(data.value);
    if (data.value !== null) box.value = shown(data.value);
  }

  // until something is typed, the box shows what the network uses by itself
  element.unsubscribe?.();
  element.unsubscribe = channel.subscribe((frame) => {
    if (channel.following) return showFollowed(box, data.name, frame);
    const own = frame?.meta[`default_${data.name}`];
    note.textContent = frame?.meta[`${data.name}_note`] ?? "";
    const theirs = frame?.meta.settings?.[data.name];
    if (channel.state !== "open" || own === undefined || theirs === undefined || document.activeElement === box) return;
    if (element.pending.believes(theirs) && box.value !== shown(theirs ?? own)) box.value = shown(theirs ?? own);
  });

  box.oninput = () => {
    clearTimeout(element.sending);
    clearTimeout(element.telling);
    if (box.value.includes("\n")) {
      const caret = box.selectionEnd;
      box.value = shown(box.value);
      box.setSelectionRange(caret, caret);
    }
    const value = box.value.replaceAll("↵", "\n");
    element.pending.sent(value, channel.state === "open");
    element.sending = setTimeout(() => channel.send({ type: "view", name: data.name, value }), PAUSE);
    element.tell = () => {
      clearTimeout(element.telling);
      element.tell = null;
      element.moves = Math.max(element.moves, data.heard) + 1;
      const unheard = channel.state !== "open"; // it will be sent later
      actions.setStateValue("value", { value, move: element.moves, unheard });
    };
    element.telling = setTimeout(() => element.tell?.(), LEFT);
  };
  box.onblur = () => element.tell?.();
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
  clearTimeout(element.sending);
  clearTimeout(element.telling);
}

function build(element) {
  const label = make("label", "live-text", element);
  const name = make("span", "live-text-name", label);
  const note = make("span", "live-text-note", label);
  const box = make("textarea", "live-text-box", label);
  box.spellcheck = false;
  element.parts = { label, name, note, box };
  element.moves = 0; // that Python was told of
  element.pending = new Pending();
}
