// Small helpers of the cell's drawing.

export const ROUND = 13; // radius of an operator
export const TIP = 10; // length of an arrow's tip

/** Straight up to the operator at height `to`. */
export function up(x, from, to) {
  return `M${x} ${from}V${to + ROUND + TIP}`;
}

/** Up, and round a corner at height `to` sideways to `end`. */
export function bent(x, from, to, end) {
  const corner = Math.sign(end - x) * 12;
  return `M${x} ${from}V${to + 12}Q${x} ${to} ${x + corner} ${to}H${end}`;
}

/** "c_{t−1} is" → [["c", false], ["t−1", true], [" is", false]]: what stands below the line is true. */
export function subscripts(text) {
  return text.split(/_\{|\}/).map((words, k) => [words, k % 2 === 1]).filter(([words]) => words);
}

/** The subscripts of a layer that reads from the end: what came before stands to the right. */
export function reversed(text) {
  return text.replaceAll("t−1", "t+1");
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
