// A network that fills gaps: the text that it reads with its gaps filled, how that grew, and what is likeliest for
// the chosen gap; also for one side of a comparison. A right guess has a ✓ beside it, a wrong one a ✗. All of it is
// put on the page as text.

import { follow } from "./channel.js";
import { make, setText } from "./dom.js";
import { followSelection } from "./selection.js";
import { showNext } from "./writing.js";

const SIZES = [30, 26, 24, 22, 20, 18, 17, 16, 15, 14, 13]; // pixels: the largest in which all of it fits is used
export const SHOWN = { "␣": " ", "⇥": "\t", "↵": "↵" }; // labels that stand between words, as they are written
const [SHORTEST_WORD, LONGEST_WORD] = [3, 16]; // letters that a word in a gap has room for; that stay on one line
const ROWS = 6; // fillings in the list of how they grew
export const SIGNS = { right: "✓", wrong: "✗" };
const CLASSES = { filled: "filling", growth: "live-growth", next: "live-next" };
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");
const letters = new Intl.Segmenter("en");

export function render(element, data) {
  element.classList.add(CLASSES[data.part]);
  const outputs = (frame) => (data.held ? frame?.meta.held : frame?.meta);
  const wants = data.held === undefined ? [] : ["held"]; // false: the side without hands
  if (data.part === "filled") {
    if (!element.parts) build(element);
    followSelection(element, data, (frame, selection) => drawFilled(element, outputs(frame), frame, selection), wants);
    return;
  }
  const draw = data.part === "growth" ? drawGrowth : drawNext;
  follow(
    element,
    data,
    (frame) => {
      const made = outputs(frame);
      if (made?.filled?.gaps) draw(element, made, frame.meta);
      else if (!element.firstChild) make("p", "live-empty", element, "This appears here with the first frame.");
    },
    0,
    wants
  );
}

export function remove(element) {
  element.unfollow?.();
  element.resizer?.disconnect();
}

function drawNext(element, { filled, next, next_p, next_at: at }, { level }) {
  if (element.firstChild?.className === "live-empty") element.replaceChildren();
  const truth = filled.gaps.find((gap) => gap.t === at)?.true;
  showNext(element, { next, next_p, level, truth: truth ?? null });
}

/** "right" or "wrong". */
export function verdictOf(gap) {
  return gap.guess === gap.true ? "right" : "wrong";
}

// --- the text ---

function build(element) {
  const counts = make("div", "filling-counts", element);
  const here = make("span", "", counts);
  const elsewhere = make("span", "filling-elsewhere", counts);
  elsewhere.title = "Of the gaps in text that is never trained on, the share that is filled rightly.";
  const text = make("div", "filling-text", element, "The text appears here, with its gaps filled.");
  element.parts = { here, elsewhere, text, spans: [] };
  element.resizer = new ResizeObserver(() => fit(element));
  element.resizer.observe(text);
  document.fonts.ready.then(() => fit(element));
}

/** The largest letters in which the whole text is seen; at the smallest it can be scrolled. */
function fit({ parts: { text } }) {
  for (const size of text.clientHeight ? SIZES : []) {
    text.style.fontSize = `${size}px`;
    if (text.scrollHeight <= text.clientHeight) return;
  }
}

/** made: what is to be shown of the frame, {filled: {tokens, gaps, valid_accuracy}, next_at}. */
function drawFilled(element, made, frame, selection) {
  const filled = made?.filled;
  if (!filled?.gaps) return;
  const { here, elsewhere, text } = element.parts;
  const right = filled.gaps.filter((gap) => verdictOf(gap) === "right").length;
  setText(here, filled.gaps.length ? `${right} of ${filled.gaps.length} right here` : "No gap: type a longer text.");
  const share = filled.valid_accuracy;
  setText(elsewhere, Number.isFinite(share) ? `${percent.format(share)} elsewhere` : "");
  const key = JSON.stringify([filled.tokens, filled.gaps.map((gap) => gap.t)]);
  if (element.shown !== key) {
    element.shown = key;
    const words = frame.meta.level === "words";
    text.classList.toggle("filling-words", words);
    text.replaceChildren(...tokens(element, filled, words));
    fit(element);
  }
  element.selection = selection;
  // where no gap is chosen, it is the first one whose likeliest tokens are shown
  const time = selection.now().time;
  const chosen = filled.gaps.some((gap) => gap.t === time) ? time : made.next_at;
  for (const gap of filled.gaps) drawGap(element.parts.spans[gap.t], gap, gap.t === chosen);
}

/** A node for each token, in order, of which those of a word stay on one line. */
function tokens(element, { tokens: labels, gaps }, words) {
  const hidden = new Set(gaps.map((gap) => gap.t));
  const nodes = [];
  let word = null;
  element.parts.spans = labels.map((label, t) => {
    const span = make("span", "filling-token", null, SHOWN[label] ?? label);
    if (hidden.has(t)) buildGap(element, span, t, words ? SHORTEST_WORD : 1, label);
    if (words || label in SHOWN || word?.childElementCount === LONGEST_WORD) word = null;
    if (words || label in SHOWN) nodes.push(span);
    else {
      if (!word) nodes.push((word = make("span", "filling-word")));
      word.append(span);
    }
    if (label === "↵") nodes.push(make("br", ""));
    return span;
  });
  return nodes;
}

function buildGap(element, span, t, least, label) {
  span.className = "filling-gap";
  span.textContent = "";
  // a guess that is longer than the truth must not move what follows
  span.style.setProperty("--letters", Math.min(12, Math.max(least, [...letters.segment(label)].length)));
  span.guess = make("span", "filling-guess", span);
  span.sign = make("span", "filling-sign", span);
  span.onclick = () => element.selection?.choose({ time: t });
}

function drawGap(span, gap, chosen) {
  const verdict = verdictOf(gap);
  setText(span.guess, gap.guess);
  setText(span.sign, SIGNS[verdict]);
  span.dataset.verdict = verdict;
  span.toggleAttribute("data-chosen", chosen);
  const truth = verdict === "right" ? "" : ` It is “${gap.true}”, which has ${percent.format(gap.p_true)}.`;
  span.title = `Step ${gap.t}: “${gap.guess}” with ${percent.format(gap.p)}, ${verdict}.${truth}`;
}

// --- how it grew ---

function drawGrowth(element, { growth, filled, level }) {
  const key = JSON.stringify([growth, filled.tokens]);
  if (element.shown === key) return;
  element.shown = key;
  const [first, ...later] = growth;
  const shown = first ? [first, ...later.slice(1 - ROWS)] : [];
  element.replaceChildren(
    ...shown.flatMap(([step, text]) => {
      const line = make("span", "live-growth-text");
      line.append(...(level === "words" ? [text] : marked(text, filled)));
      return [make("span", "live-growth-step", null, whole.format(step)), line];
    })
  );
}

/** The letters of a filling, those in gaps marked; unmarked if they are of another text. */
function marked(text, { tokens: labels, gaps }) {
  const hidden = new Set(gaps.map((gap) => gap.t));
  const truth = labels.map((label) => SHOWN[label] ?? label);
  const found = [...letters.segment(text)].map(({ segment }) => segment);
  if (!found.every((letter, t) => hidden.has(t) || letter === truth[t])) return [text];
  return found.map((letter, t) => {
    if (!hidden.has(t)) return letter;
    const span = make("span", "filling-mark", null, letter);
    span.dataset.verdict = letter === truth[t] ? "right" : "wrong";
    return span;
  });
}
