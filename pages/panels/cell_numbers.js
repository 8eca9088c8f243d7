// The numbers of one cell at one step: how they are computed, and how they are written so that they add up.

export const GATES = ["f", "i", "g", "o"]; // from left to right, as the diagram has them
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
 * All numbers of a cell (a frame's `meta.cell`, or what `computeCell` returns) by name, each {value, text}:
 * x_f h_f b_f pre_f out_f and likewise for i g o; c_before h_before keep write c tanh_c h, and x.
 */
export function numbersOf(cell) {
  const numbers = {};
  const put = (name, value, text = rounded(value)) => (numbers[name] = { value, text });
  for (const gate of GATES) {
    const parts = ["x", "h", "b", "pre"].map((part) => number(cell.gates[gate][part]));
    const texts = addUp(parts.slice(0, 3), DECIMALS, parts[3]);
    ["x", "h", "b", "pre"].forEach((part, k) => put(`${part}_${gate}`, parts[k], texts[k]));
    put(`out_${gate}`, number(cell.gates[gate].out));
  }
  const parts = ["keep", "write", "c"].map((part) => number(cell[part]));
  const texts = addUp(parts.slice(0, 2), DECIMALS, parts[2]);
  ["keep", "write", "c"].forEach((part, k) => put(part, parts[k], texts[k]));
  for (const name of ["c_before", "h_before", "tanh_c", "h"]) put(name, number(cell[name]));
  if (cell.x_value !== null) put("x", number(cell.x_value));
  return numbers;
}

/** A network that diverged has no number here. */
function number(value) {
  return value ?? NaN;
}

/**
 * One step of a cell with one unit, with the names of a frame's `meta.cell`.
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
