// The variants in the order of their validation loss: every seed as a dot, their mean as a line, and how far they
// are from the plain LSTM. A row moves to its new place when the order changes.

import { follow } from "./channel.js";
import { make } from "./dom.js";
import { themeOf } from "./theme.js";

const WAITING = "The ranking appears here after the first training step.";
const VERDICTS = {
  plain: "plain LSTM",
  worse: "worse",
  better: "better",
  open: "within the spread",
  early: "too early",
  unknown: "too few seeds",
  diverged: "diverged",
};
const whole = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
const FEWEST = 3; // seeds, below which a spread says little

export function render(element, data) {
  element.classList.add("ablation");
  element.colours = data.colours;
  if (!element.firstChild) make("p", "live-empty", element, WAITING);
  follow(element, data, (frame) => frame && show(element, frame.meta));
}

export function remove(element) {
  element.unfollow?.();
}

function show(element, meta) {
  const { variants = [], seeds } = meta;
  if (!variants.length) {
    if (element.rows) element.replaceChildren(make("p", "live-empty", null, WAITING));
    element.rows = null;
    return;
  }
  if (element.rows?.seeds !== seeds) build(element, variants, seeds);
  const { dark } = themeOf(element);
  const key = JSON.stringify([variants, dark]);
  if (element.shown === key) return;
  element.shown = key;
  const place = scale(variants, meta.squared);
  const plain = variants[0];
  variants.forEach((variant, number) => {
    const row = element.rows[number];
    const { style, dataset } = row.root;
    style.setProperty("--place", variant.place - 1);
    style.setProperty("--colour", element.colours[number][dark ? 1 : 0]);
    Object.assign(dataset, { variant: variant.name, place: variant.place, verdict: variant.verdict });
    row.place.textContent = variant.place;
    row.loss.textContent = digits(variant.loss);
    row.difference.textContent = number ? difference(variant.difference, meta.squared) : "";
    row.verdict.textContent = verdict(variant, plain);
    row.root.title =
      `${variant.name}: ${variant.equation}. ${variant.about} Seeds: ` +
      variant.losses.map((loss) => (loss === null ? "diverged" : digits(loss))).join(", ");
    span(row.range, place(variant.low), place(variant.high));
    span(row.mean, place(variant.loss), place(variant.loss));
    variant.losses.forEach((loss, seed) => span(row.dots[seed], place(loss), place(loss)));
  });
  span(element.guide, place(plain.loss), place(plain.loss));
}

/** The word for a verdict; where there is nothing to compare with, why. */
function verdict({ verdict, losses }, plain) {
  const broken = losses.filter((loss) => loss === null).length;
  if (verdict === "diverged") return `${broken} of ${losses.length} diverged`;
  if (verdict === "unknown" && plain.losses.length >= FEWEST) return "plain LSTM diverged";
  return VERDICTS[verdict];
}

/** Loss → share of the track's width; errors by their ratio. Null for what has diverged. */
function scale(variants, squared) {
  const measure = squared ? (loss) => Math.log(Math.max(loss, 1e-12)) : (loss) => loss;
  const losses = variants.flatMap(({ losses }) => losses).filter((loss) => loss !== null);
  const [low, high] = [Math.min(...losses), Math.max(...losses)].map(measure);
  return (loss) => (loss === null || loss === undefined ? null : (measure(loss) - low) / (high - low || 1));
}

function span(node, from, to) {
  node.hidden = from === null;
  node.style.left = `${100 * from}%`;
  node.style.width = `${100 * (to - from)}%`;
}

function digits(loss) {
  if (loss === null || !Number.isFinite(loss)) return "–";
  if (loss !== 0 && loss < 0.001) return loss.toExponential(1);
  return loss.toPrecision(loss < 0.01 ? 2 : 3);
}

function difference(value, squared) {
  if (value === null || !Number.isFinite(value)) return "";
  if (squared) {
    const times = Math.exp(value);
    return `× ${times >= 10 ? whole.format(times) : times.toPrecision(2)}`;
  }
  const size = Math.abs(value).toFixed(3);
  return `${Number(size) === 0 ? "±" : value < 0 ? "−" : "+"}${size}`;
}

function build(element, variants, seeds) {
  element.replaceChildren();
  element.shown = null;
  const list = make("div", "ablation-rows", element);
  list.setAttribute("role", "list");
  const tracks = make("div", "ablation-tracks", list);
  tracks.ariaHidden = "true";
  element.guide = make("span", "", make("span", "ablation-guide", tracks));
  element.rows = variants.map(({ name, equation }) => {
    const root = make("div", "ablation-row", list);
    root.setAttribute("role", "listitem");
    const place = make("span", "ablation-place", root);
    const title = make("span", "ablation-title", root);
    make("b", "ablation-name", title, name);
    make("span", "ablation-equation", title, equation);
    const track = make("span", "ablation-track", root);
    const range = make("span", "ablation-range", track);
    const dots = Array.from({ length: seeds }, () => make("span", "ablation-dot", track));
    const mean = make("span", "ablation-mean", track);
    const loss = make("b", "ablation-loss", root);
    const words = make("span", "ablation-words", root);
    const difference = make("b", "ablation-difference", words);
    const verdict = make("span", "ablation-verdict", words);
    return { root, place, range, dots, mean, loss, difference, verdict };
  });
  element.rows.seeds = seeds;
}
