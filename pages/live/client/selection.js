// Which unit, time step and signal all panels show. That is state of the run: a choice is sent there and comes
// back with a frame. Until it does the wish itself counts, so that a key that is held moves on at every repeat.

import { channelFor, follow } from "./channel.js";

const PATIENCE = 2000; // milliseconds until a wish that no frame brought back is given up
const selections = new WeakMap(); // Channel → Selection
const shown = new Set(); // selections that some panel of this page follows

export function selectionFor(channel) {
  if (!selections.has(channel)) selections.set(channel, new Selection(channel));
  return selections.get(channel);
}

/** As `follow` does, for draw(frame or null, selection); also called when the selection changes. */
export function followSelection(element, data, draw, wants = []) {
  if (element.token === data.token) return;
  const channel = channelFor(data.base, data.token);
  const selection = selectionFor(channel);
  follow(element, data, (frame) => draw(frame, selection), 0, wants);
  const [unfollow, unsubscribe] = [element.unfollow, selection.subscribe(() => draw(channel.frame, selection))];
  element.unfollow = () => {
    unfollow();
    unsubscribe();
  };
}

class Selection {
  constructor(channel) {
    this.channel = channel;
    this.wishes = new Map(); // "unit", "time" or "signal" → {value, until, frame}
    this.listeners = new Set();
    this.stretch = null; // [first, last] step of the probe that is marked for a question
    this.marking = 0; // panels in which a stretch can be asked about
    this.asked = null; // the latest question that was sent from this page
  }

  /** {unit, time, signal}: as wished, else as the frame says; null before the first frame. */
  now() {
    const { frame } = this.channel;
    if (!frame?.meta.selected) return null;
    const { unit, time, signal } = frame.meta.selected;
    const now = { unit, time, signal };
    for (const [name, wish] of this.wishes) {
      const echoed = wish.value === now[name] && wish.frame !== frame;
      if (echoed || performance.now() > wish.until) this.wishes.delete(name);
      else now[name] = wish.value;
    }
    now.time = Math.min(now.time, frame.meta.labels.length - 1);
    return now;
  }

  /** changes: some of unit, time and signal. */
  choose(changes) {
    const { channel } = this;
    const now = this.now();
    if (!now || channel.following) return;
    for (const [name, value] of Object.entries(changes)) {
      if (now[name] === value) continue;
      this.wishes.set(name, { value, until: performance.now() + PATIENCE, frame: channel.frame });
      channel.send({ type: "view", name, value });
    }
    this.tell();
  }

  /** Move to an earlier or later step, by ±1 or to an end by ±Infinity. */
  moveTime(by) {
    const now = this.now();
    if (now) this.choose({ time: within(now.time + by, 0, this.channel.frame.meta.labels.length - 1) });
  }

  /** To the unit above or below as the heatmaps show them; from a unit that they do not show, by number. */
  moveUnit(by) {
    const now = this.now();
    if (!now) return;
    const { units, hidden_size: hidden } = this.channel.frame.meta;
    const row = units.indexOf(now.unit);
    const unit = row < 0 ? within(now.unit + by, 0, hidden - 1) : units[within(row + by, 0, units.length - 1)];
    this.choose({ unit });
  }

  /** Mark the steps between two, both included; null: none. `anchor` is the end that stays when it grows. */
  mark(anchor, end = anchor) {
    if (this.channel.following) return;
    this.anchor = anchor;
    this.stretch = anchor === null ? null : [Math.min(anchor, end), Math.max(anchor, end)];
    this.tell();
  }

  /** Send a question about the units; its answer comes with the frames, as meta.found. */
  ask(message) {
    if (this.channel.following) return;
    this.asked = message;
    this.channel.send({ type: "find", ...message });
    this.tell();
  }

  subscribe(listener) {
    this.listeners.add(listener);
    shown.add(this);
    return () => {
      this.listeners.delete(listener);
      if (!this.listeners.size) shown.delete(this);
    };
  }

  tell() {
    for (const listener of this.listeners) {
      try {
        listener();
      } catch (error) {
        console.error(error); // one panel's fault must not stop the others
      }
    }
  }
}

/** The chosen unit's `signal` at every step of the probe, or null if this frame does not hold it. */
export function valuesOf(frame, unit, signal) {
  if (frame.meta.selected.unit === unit) return frame.arrays[`unit_${signal}`]?.values ?? null;
  const row = frame.meta.units.indexOf(unit);
  const { values, shape } = frame.arrays[signal] ?? {};
  return row < 0 || !values ? null : values.subarray(row * shape[1], (row + 1) * shape[1]);
}

/** What a row of layers and directions is called, as pages/panels/controls/network.py does. */
export function rowName(row, directions = 1) {
  return directions === 1 ? `${row + 1}` : `${Math.floor(row / 2) + 1} ${row % 2 ? "←" : "→"}`;
}

/** Whether a signal goes from 0, closed, to 1, open; all others have a sign. */
export function isGate(signal) {
  return "iforz".includes(signal);
}

/** Ends of the colour scale of a signal; c's reaches at least as far as `reach`. */
export function rangeOf(meta, signal, reach = 0) {
  const high = signal === "c" ? Math.max(meta.c_limit, reach) : 1;
  return isGate(signal) ? [0, 1] : [-high, high];
}

function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

// --- the keyboard ---

const KEYS = {
  ArrowLeft: (selection) => selection.moveTime(-1),
  ArrowRight: (selection) => selection.moveTime(1),
  ArrowUp: (selection) => selection.moveUnit(-1),
  ArrowDown: (selection) => selection.moveUnit(1),
  Home: (selection) => selection.moveTime(-Infinity),
  End: (selection) => selection.moveTime(Infinity),
};
// where these keys already mean something
const TAKEN =
  "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=slider], [role=tablist], " +
  "[role=radiogroup], [role=radio], [role=combobox], [role=listbox], [role=menu], [role=dialog]";

document.addEventListener("keydown", (event) => {
  const selection = [...shown].at(-1);
  if (!selection || selection.channel.following || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(TAKEN)) return;
  if (event.key === "Escape" && selection.stretch) return selection.mark(null);
  const move = KEYS[event.key];
  if (!move) return;
  event.preventDefault();
  const from = selection.now()?.time;
  move(selection);
  const to = selection.now()?.time;
  if (event.shiftKey && selection.marking && from !== to) selection.mark(selection.stretch ? selection.anchor : from, to);
});
