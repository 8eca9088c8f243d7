// What has been seen in an experiment so far. The sentence is made from the run's own numbers, on the server.

import { follow } from "./channel.js";
import { make, setText } from "./dom.js";

const WAITING = "Nothing can be said yet";

export function render(element, data) {
  if (!element.firstChild) {
    const root = make("div", "observation", element);
    root.dataset.testid = "observation";
    make("b", "observation-name", root, "Seen in this run");
    make("span", "observation-text", root, `${WAITING}.`).setAttribute("role", "status");
    root.style.minHeight = `${data.height}px`;
  }
  element.data = data;
  follow(element, data, (frame) => show(element, frame?.meta ?? {}));
}

export function remove(element) {
  element.unfollow?.();
}

/** awaits: when there will be something to say. */
function show(element, { observation, awaits }) {
  const root = element.firstChild;
  root.dataset.seen = Boolean(observation);
  const text = observation || (awaits ? `${WAITING}: the first sentence comes ${awaits}` : `${WAITING}.`);
  if (root.lastChild.textContent === text) return;
  setText(root.lastChild, text);
  root.classList.remove("observation-long");
  root.classList.toggle("observation-long", root.offsetHeight > element.data.height);
}
