// How often the chosen unit's signal takes which value, on data that is never trained on. The bars have the
// colours of the values that they count.

import { make } from "./dom.js";
import { decimal } from "./sequence.js";
import { followSelection, rangeOf, valuesOf } from "./selection.js";
import { shadeOf, shadesOf } from "./shades.js";
import { themeOf } from "./theme.js";

const whole = new Intl.NumberFormat("en");

export function render(element, data) {
  element.data = data;
  if (!element.parts) build(element);
  if (element.token !== data.token) clear(element);
  element.drawn = ""; // the theme may have changed
  followSelection(element, data, (frame, selection) => draw(element, frame, selection), ["survey"]);
  if (element.frame) draw(element, element.frame, element.selection);
}

export function remove(element) {
  element.unfollow?.();
}

function draw(element, frame, selection) {
  Object.assign(element, { frame, selection });
  const survey = frame?.meta.survey;
  const [edges, counts] = ["survey_edges", "survey_counts"].map((name) => frame?.arrays[name]?.values);
  if (!element.data.palette[survey?.signal] || !edges?.length || !counts?.length) return;
  const { meta } = frame;
  const key = `${survey.step} ${survey.unit} ${survey.signal} ${survey.count} ${meta.c_limit}`;
  if (element.drawn !== key) {
    element.drawn = key;
    drawBars(element, meta, survey, edges, counts);
  }
  // the present value, as long as it is one of what the bars count
  const now = selection.now();
  const same = now?.unit === survey.unit && now.signal === survey.signal;
  const value = same ? valuesOf(frame, now.unit, now.signal)?.[now.time] : undefined;
  const { marker } = element.parts;
  const share = (value - edges[0]) / (edges.at(-1) - edges[0]);
  marker.hidden = !Number.isFinite(share);
  if (marker.hidden) return;
  marker.style.left = `${100 * Math.min(1, Math.max(0, share))}%`;
  marker.classList.toggle("distribution-beyond", share < 0 || share > 1);
}

/** The largest size of a value, from the edges of the bars. What is held out may go beyond the probe. */
export function reachOf(edges) {
  return Math.max(-edges[0], edges.at(-1));
}

function drawBars(element, meta, survey, edges, counts) {
  const { head, bars, low, high } = element.parts;
  const tokens = meta.kind === "series" ? "values" : meta.level;
  head.textContent = `over ${whole.format(survey.count)} held-out ${tokens}`;
  head.title = `How often ${survey.signal} of unit ${survey.unit} took which value.`;
  const shades = shadesOf(element.data.palette[survey.signal].scale[themeOf(element).dark ? 1 : 0]);
  const range = rangeOf(meta, survey.signal, reachOf(edges));
  const most = Math.max(...counts);
  while (bars.children.length > counts.length) bars.lastChild.remove();
  while (bars.children.length < counts.length) make("div", "distribution-fill", make("div", "distribution-bar", bars));
  counts.forEach((count, k) => {
    const bar = bars.children[k];
    bar.title = `${decimal(edges[k])} … ${decimal(edges[k + 1])}: ${whole.format(count)} ${tokens}`;
    bar.firstChild.style.height = `${(100 * count) / most}%`;
    const middle = (edges[k] + edges[k + 1]) / 2;
    bar.firstChild.style.backgroundColor = shadeOf(shades, middle, ...range)?.background;
  });
  low.textContent = decimal(edges[0], 1);
  high.textContent = decimal(edges.at(-1), 1);
}

function build(element) {
  element.classList.add("distribution");
  const head = make("div", "distribution-head", element);
  const plot = make("div", "distribution-plot", element);
  const bars = make("div", "distribution-bars", plot);
  const marker = make("div", "distribution-marker", plot);
  marker.title = "The value at the chosen time step of the probe.";
  const ends = make("div", "distribution-ends", element);
  const [low, high] = [make("span", "", ends), make("span", "", ends)];
  element.parts = { head, bars, marker, low, high };
}

function clear(element) {
  const { head, bars, marker, low, high } = element.parts;
  element.frame = null;
  bars.replaceChildren();
  marker.hidden = true;
  head.textContent = "The distribution of its values appears here.";
  low.textContent = high.textContent = "";
}
