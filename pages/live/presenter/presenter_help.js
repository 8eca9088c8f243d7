// The table of all keys.

import { make } from "./dom.js";

const KEYS = [
  ["Space, K", "Play or pause"],
  ["S, .", "One step"],
  ["R", "Reset: start over"],
  ["1 … 9", "Only this panel, large; again or Esc: all of them"],
  ["← →", "Choose another time step"],
  ["↑ ↓", "Choose another unit"],
  ["P", "Presenter mode on and off"],
  ["?", "This table"],
];

/** A dialog that opens over the page, and gives the focus back when it closes. */
export function build(parent) {
  const root = make("div", "presenter-help", parent);
  root.setAttribute("role", "dialog");
  root.setAttribute("aria-label", "Keys");
  root.tabIndex = -1;
  root.hidden = true;
  make("div", "presenter-help-title", root, "Keys");
  const table = make("dl", "presenter-help-keys", root);
  for (const [keys, does] of KEYS) {
    make("dt", "", table, keys);
    make("dd", "", table, does);
  }
  make("div", "presenter-help-note", root, "They rest while you type.");
  const button = make("button", "panel-button presenter-button", root, "Close");
  button.type = "button";
  let before = null;
  const close = () => {
    if (root.hidden) return false;
    root.hidden = true;
    before?.focus?.();
    return true;
  };
  const toggle = () => {
    if (close()) return true;
    before = document.activeElement;
    root.hidden = false;
    root.focus();
    return true;
  };
  button.onclick = close;
  return { close, toggle, holds: (node) => root.contains(node) };
}
