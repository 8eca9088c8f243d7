// The numbers of one cell at one step: how they are computed, and how they are written so that they add up.

export const GATES = ["f", "i", "g", "o"]; // of an LSTM, from left to right, as the diagram has them
export const DECIMALS = 3;
const LARGEST = 1e9; // what is larger has too many digits to be added up by eye

/** `value` with a fixed number of decimals, rounded to the nearest; "–" if it is no number. */
export function rounded(value, decimals = DECIMALS) {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= LARGEST) return value.toExponential(2).replaceAll("-", "−");
  return written(unitsOf(value, decimals), decimals);
}

/** `value` with six significant digits. */
export function precise(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))).replaceAll("-", "−") : "not a number";
}

/**
 * Texts of the `parts` and, last, of their sum, that add up to the last digit shown.
 *
 * The sum is the true one, rounded to the nearest. Each part is rounded up or down, never by a whole unit of
 * the last digit; up are rounded those with the largest remainders. `sum`: the true sum, where it was computed
 * otherwise than here.
 */
export function addUp(parts, decimals = DECIMALS, sum = total(parts)) {
  const all = [...parts, sum];
  if (!all.every((value) => Math.abs(value) < LARGEST)) return all.map((value) => rounded(value, decimals));
  const exact = parts.map((value) => settled(value * 10 ** decimals));
  const units = exact.map(Math.floor);
  const sumUnits = unitsOf(sum, decimals);
  const missing = Math.max(0, sumUnits - total(units));
  const remainder = (k) => exact[k] - Math.floor(exact[k]);
  const order = units.map((_, k) => k).sort((a, b) => remainder(b) - remainder(a));
  for (const k of order.slice(0, missing)) units[k] += 1;
  return [...units, sumUnits].map((count) => written(count, decimals));
}

function total(values) {
  return values.reduce((a, b) => a + b, 0);
}

/** How many units of the last decimal: 1.25 is 1250 thousandths. (toFixed rounds the binary value exactly.) */
function unitsOf(value, decimals) {
  return Math.round(Number(value.toFixed(decimals)) * 10 ** decimals);
}

/** What is a whole number but for the error of one multiplication becomes one. */
function settled(value) {
  const whole = Math.round(value);
  return Math.abs(value - whole) < 1e-9 * Math.max(1, Math.abs(value)) ? whole : value;
}

function written(units, decimals) {
  const text = (Math.abs(units) / 10 ** decimals).toFixed(decimals);
  return units < 0 ? `−${text}` : text;
}

/**
 * The numbers of `cell` (a frame's `meta.numbers`, or what `computeCell` returns) as a cell's plan fills them in:
 * {numbers, one(name, value), gate(name), sum(names, values)}. Each number is {value, text}; the last of a sum is
 * what the others add up to. x is there where the data have one.
 */
export function book(cell) {
  const numbers = {};
  const put = (name, value, text = rounded(value)) => (numbers[name] = { value, text });
  const one = (name, value) => put(name, number(value));
  const sum = (names, values) => {
    const known = values.map(number);
    const texts = addUp(known.slice(0, -1), DECIMALS, known.at(-1));
    names.forEach((name, k) => put(name, known[k], texts[k]));
  };
  const gate = (name) => {
    const { x, h, b, bias = b, pre, out } = cell.gates[name];
    sum(["x", "h", "b", "pre"].map((part) => `${part}_${name}`), [x, h, bias, pre]);
    one(`out_${name}`, out);
  };
  if (Number.isFinite(cell.x_value)) one("x", cell.x_value);
  return { numbers, one, gate, sum };
}

/** A network that diverged has no number here. */
export function number(value) {
  return value ?? NaN;
}

/**
 * One step of an LSTM cell with one unit, with the names of a frame's `meta.numbers`.
 * weights: for each gate {x, h, b}, what x and h are multiplied by, and the bias.
 */
export function computeCell({ x, h, c, weights }) {
  const gates = {};
  for (const gate of GATES) {
    const w = weights[gate];
    const pre = w.x * x + w.h * h + w.b;
    gates[gate] = { x: w.x * x, h: w.h * h, b: w.b, pre, out: gate === "g" ? Math.tanh(pre) : sigmoid(pre) };
  }
  const [keep, write] = [gates.f.out * c, gates.i.out * gates.g.out];
  const tanh = Math.tanh(keep + write);
  const results = { keep, write, c: keep + write, tanh_c: tanh, h: gates.o.out * tanh };
  return { gates, c_before: c, h_before: h, x_value: x, ...results };
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}
