// The cell that is played by hand: one unit, its weights, a few inputs. Its sliders and its diagram are two
// panels that share it; it lives as long as the browser's tab.

import { computeCell, GATES, rounded } from "./cell_numbers.js";

export const RANGES = { x: [-3, 3, 0.1], h: [-1, 1, 0.05], c: [-3, 3, 0.1], weight: [-5, 5, 0.1] }; // low, high, step
const STEPS = 10; // inputs that are laid out; the last one goes on being read

const CLOSED = { x: 0, h: 0, b: -5 };
const OPEN = { x: 0, h: 0, b: 5 };
const NOTHING = { x: 0, h: 0, b: 0 };
const ONES = [1, 0, 1, 1, 0, 0, 1, 0, 1, 0];

/** Set-ups to start from. low: what an input is that is not 1. c: the cell state before the first step. */
export const PRESETS = {
  Remember: {
    about: "f is almost 1 and i almost 0: whatever x says, c stays. Step on: why does it shrink a little all the same?",
    weights: { f: OPEN, i: CLOSED, g: { x: 2, h: 0, b: 0 }, o: OPEN },
    inputs: ONES,
    low: 0,
    c: 1.5,
  },
  Forget: {
    about: "f is almost 0: c is wiped at every step, and only what is written now is left. Which slider saves it?",
    weights: { f: CLOSED, i: OPEN, g: { x: 2, h: 0, b: 0 }, o: OPEN },
    inputs: ONES,
    low: 0,
    c: 1.5,
  },
  Write: {
    about: "x = 1 opens i and shuts f, so g takes the place of c; x = −1 does the reverse. When does c change?",
    weights: { f: { x: -5, h: 0, b: 0 }, i: { x: 5, h: 0, b: 0 }, g: { x: 0, h: -2, b: 1 }, o: OPEN },
    inputs: [-1, -1, 1, -1, -1, -1, 1, -1, 1, -1],
    low: -1,
    c: -0.8,
  },
  Counter: {
    about: "f and i stay open, and g is 1 for x = 1 but 0 for x = 0: c counts the 1s. Why can h not tell you how many?",
    weights: { f: OPEN, i: OPEN, g: { x: 5, h: 0, b: 0 }, o: OPEN },
    inputs: ONES,
    low: 0,
    c: 0,
  },
  Challenge: {
    about: "All weights are 0 at first. Set them so that c counts down: 1 less for every x = 1, and as before for every x = 0.",
    counts: -1,
    weights: { f: NOTHING, i: NOTHING, g: NOTHING, o: NOTHING },
    inputs: ONES,
    low: 0,
    c: 0,
  },
};

class Play {
  constructor() {
    this.listeners = new Set();
    this.start("Counter");
    Object.assign(this, kept());
  }

  start(preset) {
    const { weights, inputs, low, c } = PRESETS[preset];
    Object.assign(this, { preset, low, first: { h: 0, c } });
    this.inputs = [...inputs];
    this.weights = Object.fromEntries(GATES.map((gate) => [gate, { ...weights[gate] }]));
    this.again();
  }

  /** Back to the first step; weights and inputs stay. */
  again() {
    Object.assign(this, { time: 0, past: [], ...this.first });
    this.tell("again");
  }

  /** The cell at this step. */
  now() {
    const { x, h, c, weights } = this;
    return { ...computeCell({ x, h, c, weights }), unit: 0, time: this.time, layer: 0 };
  }

  get x() {
    return this.inputs[this.time];
  }

  /** What stands in the equations as a factor: x, h, and each weight as wx_f, wh_f, wb_f, … */
  factors() {
    const given = { x: this.x, h: this.h };
    for (const gate of GATES) for (const part of "xhb") given[`w${part}_${gate}`] = this.weights[gate][part];
    return given;
  }

  /** From when all inputs that were laid out are read, if there is a goal: whether it is reached. Else "". */
  verdict() {
    const { counts } = PRESETS[this.preset];
    if (!counts || this.time < STEPS - 1) return "";
    const ones = this.inputs.slice(0, this.time + 1).filter((x) => x === 1).length;
    const { c } = this.now();
    const found = `after ${ones} ones c is ${rounded(c)}`;
    const goal = rounded(counts * ones, 0);
    const near = Math.abs(c - counts * ones) < 0.5;
    return near ? `Solved: ${found}. What keeps it from ${goal}?` : `Not yet: ${found}, not near ${goal}. Start over?`;
  }

  step() {
    const { h, c } = this.now();
    this.past.push({ h: this.h, c: this.c, after: c });
    this.time += 1;
    if (this.time === this.inputs.length) this.inputs.push(this.inputs[this.time - 1]);
    Object.assign(this, { h, c });
    this.tell("step");
  }

  back() {
    if (!this.time) return;
    const { h, c } = this.past.pop();
    this.time -= 1;
    Object.assign(this, { h, c });
    this.tell("back");
  }

  /** name: x, h or c, those of this step. */
  setInput(name, value) {
    const kept = within(value, RANGES[name]);
    if (name === "x") this.inputs[this.time] = kept;
    else this[name] = kept;
    if (name !== "x" && this.time === 0) this.first[name] = kept;
    this.tell("slide");
  }

  /** Turn an input that is still to be read, or is read now, to 1, or from 1 to its opposite. */
  flip(time) {
    if (time < this.time) return;
    this.inputs[time] = this.inputs[time] === 1 ? this.low : 1;
    this.tell("slide");
  }

  /** part: x, h or b of one of the gates. */
  setWeight(gate, part, value) {
    if (!GATES.includes(gate)) return;
    this.weights[gate][part] = within(value, RANGES.weight);
    this.tell("slide");
  }

  /** listener(what): "step", "back", "again" or "slide". */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(what) {
    if (this.listeners.size) keep(this);
    for (const listener of this.listeners) listener(what);
  }
}

function within(value, [low, high]) {
  return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : 0;
}

// A reload of the tab loses nothing. A browser that keeps nothing starts from the first set-up again.

const KEPT = "lstm-by-hand";
const STATE = ["preset", "low", "first", "inputs", "weights", "time", "past", "h", "c"];

function kept() {
  try {
    const { preset, ...others } = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    return Object.hasOwn(PRESETS, preset) ? { preset, ...others } : {};
  } catch {
    return {};
  }
}

function keep(play) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(STATE.map((name) => [name, play[name]]))));
  } catch {
    // it is not allowed
  }
}

export const play = new Play();
