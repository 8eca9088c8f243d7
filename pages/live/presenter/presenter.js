// Presenter mode and the keys of every page. What is done here needs no script run; Python only keeps the mode in
// the page's address.

import { make, setText } from "./dom.js";
import * as fit from "./fit.js";
import { mend } from "./history.js";
import { build as buildHelp } from "./presenter_help.js";
import * as stage from "./stage.js";
import { presenting } from "./theme.js";

const page = document.documentElement;
// where letters, digits and blanks are typed, or already mean something
const TYPING =
  "textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], " +
  "[role=listbox], [role=menu], [role=dialog], [role=spinbutton], " +
  "input:not([type=range], [type=checkbox], [type=radio], [type=button])";
const PRESSED = "button, a, summary, [role=button], [role=radio], [role=checkbox], [role=switch], [role=tab], input";
const ACTS = { " ": "play", k: "play", s: "step", ".": "step", r: "reset" };

mend();
let walked = false; // from one control to the next with the keyboard, not with the mouse
let current = null; // the presenter on this page: its element, its parts and what tells Python

export function render(element, data, actions) {
  if (!element.firstChild) build(element);
  current = element;
  element.actions = actions;
  if (data.heard >= element.moves) turn(data.on);
  place(element);
}

export function remove(element) {
  if (current === element) current = null;
  removeEventListener("resize", element.place);
  clearInterval(element.looking);
  element.parts.help.close();
}

function turn(on) {
  const { button, keys } = current.parts;
  if (presenting() !== on) {
    if (on) page.dataset.present = "";
    else delete page.dataset.present;
    if (!on) stage.leave();
    document.dispatchEvent(new Event("present")); // figures draw themselves in larger type
  }
  if (on) fit.begin();
  else fit.rest();
  button.setAttribute("aria-pressed", on);
  setText(button, on ? "Leave (P)" : "Present");
  button.title = on ? "Leave presenter mode (P)" : "Larger type and no controls, for a projector (P; ? shows all keys)";
  keys.hidden = !on;
}

function toggle() {
  const element = current;
  const on = !presenting();
  turn(on);
  element.moves += 1;
  element.actions.setStateValue("value", { value: on, move: element.moves });
  place(element);
}

function build(element) {
  const root = make("div", "presenter", element);
  const keys = make("button", "panel-button presenter-button presenter-keys", root, "Keys (?)");
  Object.assign(keys, { type: "button", title: "All keys (?)", ariaLabel: "Keys" });
  const button = make("button", "panel-button presenter-button", root);
  button.type = "button";
  button.setAttribute("aria-keyshortcuts", "P");
  const help = buildHelp(element);
  button.onclick = toggle;
  keys.onclick = () => help.toggle();
  element.moves = 0; // that Python was told of
  element.parts = { root, button, keys, help };
  element.place = () => place(element);
  addEventListener("resize", element.place);
  // what else stands in the header comes and goes from page to page, and no event tells of it
  element.looking = setInterval(element.place, 300);
}

/** Left of what stands in the header already. */
function place(element) {
  requestAnimationFrame(() => {
    const others = document.querySelectorAll(".st-key-toolbar, [data-testid=stMainMenu]");
    const lefts = [...others].map((node) => node.getBoundingClientRect()).filter((box) => box.width);
    const left = Math.min(innerWidth, ...lefts.map((box) => box.left));
    const right = `${innerWidth - left + 8}px`;
    if (element.parts.root.style.right !== right) element.parts.root.style.right = right;
  });
}

/** Presses the button of the transport bar, where there is one that may be pressed. */
function press(name) {
  const button = document.querySelector(`[data-testid=live] [data-act=${name}]`);
  if (!button || button.hidden || button.disabled) return false;
  button.click();
  return true;
}

function walk(on) {
  walked = on;
  page.toggleAttribute("data-walked", on); // for the style sheet
}

/** True if the key meant something. */
function act(event) {
  const { help } = current.parts;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Escape") return help.close() || stage.leave();
  if (key === "?") return help.toggle();
  if (key === "p") {
    toggle();
    return true;
  }
  if (/^[1-9]$/.test(key)) return stage.show(Number(key));
  if (!(key in ACTS)) return false;
  // a key that is held down must not start and stop it many times
  if (event.repeat && ACTS[key] !== "step") return true;
  return press(ACTS[key]);
}

addEventListener("pointerdown", () => walk(false), true);
addEventListener(
  "keydown",
  (event) => {
    if (!current || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    const inHelp = current.parts.help.holds(target);
    if (!inHelp && target.closest?.(TYPING)) return;
    if (event.key === "Tab") walk(true);
    // who has come to a button by the keyboard presses it with the blank; the mouse just leaves it behind
    if (event.key === " " && walked && target.closest?.(PRESSED)) return;
    if (!act(event)) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has keys of its own
  },
  true
);
