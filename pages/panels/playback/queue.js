// What stands over the panels while a run waits for a place on a server that is full.

import { make, setText } from "./dom.js";

/** The card in `parent`, to be kept by the caller and handed to `show`. */
export function build(parent) {
  const root = make("div", "queue", parent);
  root.setAttribute("role", "status");
  root.hidden = true;
  make("div", "queue-title", root, "The server is full.");
  const place = make("div", "queue-place", root);
  const about = make("div", "queue-about", root);
  return { root, place, about };
}

/** What the header of a frame says of the queue; true if the run waits in it. */
export function show(card, { status, queue, places }, lost) {
  const waits = status === "waiting" && Number.isInteger(queue) && !lost;
  card.root.hidden = !waits;
  if (!waits) return false;
  setText(card.place, `You are number ${queue} in line; training starts by itself.`);
  const all = places === 1 ? "The only place is taken" : `All ${places} places are taken`;
  setText(card.about, `${all}. Stay on this page, and change the settings as you like.`);
  return true;
}
