// Where in the data that is never trained on the chosen unit's signal is highest, and where lowest: ten stretches
// each, coloured like the sequence.

import { follow } from "./channel.js";
import { line, paintNodes, tokens } from "./coloured.js";
import { reachOf } from "./distribution.js";
import { make } from "./dom.js";
import { rangeOf } from "./selection.js";
import { decimal } from "./sequence.js";
import { themeOf } from "./theme.js";

// of the survey, and how each is headed: of a signal with a sign, the lowest values may be the strongest
const COLUMNS = { highest: "Highest", lowest: "Lowest" };

export function render(element, data) {
  element.data = data;
  if (!element.columns) build(element);
  if (element.token !== data.token) wait(element);
  element.classList.toggle("stretches-words", data.words);
  element.drawn = ""; // the theme may have changed
  follow(element, data, (frame) => draw(element, frame), 0, ["survey"]);
  draw(element, element.frame);
}

export function remove(element) {
  element.unfollow?.();
}

function draw(element, frame) {
  element.frame = frame;
  const survey = frame?.meta.survey;
  const edges = frame?.arrays.survey_edges?.values;
  if (!element.data.palette[survey?.signal] || !edges) return;
  const { meta } = frame;
  const key = `${survey.step} ${survey.unit} ${survey.signal} ${survey.count} ${meta.c_limit}`;
  if (element.drawn === key) return;
  element.drawn = key;
  const range = rangeOf(meta, survey.signal, reachOf(edges));
  const scale = element.data.palette[survey.signal].scale[themeOf(element).dark ? 1 : 0];
  for (const name of Object.keys(COLUMNS)) {
    const rows = survey[name].map((stretch) => row(stretch, survey, scale, range));
    element.columns[name].replaceChildren(...rows);
    for (const { strip, peak } of rows) {
      if (strip.scrollWidth > strip.clientWidth) strip.scrollLeft = peak.offsetLeft - 0.7 * strip.clientWidth;
    }
  }
}

function row(stretch, survey, scale, range) {
  const box = make("div", "stretches-row");
  const peak = stretch.values[stretch.peak];
  box.title =
    `From ${survey.x_title} ${stretch.start} on: ${survey.signal} of unit ${survey.unit} is ` +
    `${decimal(peak)} at the frame.`;
  const strip = make("div", stretch.series ? "stretches-line" : "stretches-text", box);
  const nodes = stretch.series ? line(strip, stretch.series) : tokens(strip, stretch.labels);
  paintNodes(nodes, stretch.values, scale, range);
  if (stretch.series) {
    const dot = make("div", "stretches-dot", strip);
    dot.style.left = `${(100 * (stretch.peak + 0.5)) / nodes.length}%`;
    dot.style.top = `${nodes[stretch.peak].height}%`;
  } else {
    nodes[stretch.peak].classList.add("coloured-chosen");
  }
  make("span", "stretches-value", box, decimal(peak, 2));
  return Object.assign(box, { strip, peak: nodes[stretch.peak] });
}

function build(element) {
  element.classList.add("stretches");
  element.columns = {};
  for (const [name, title] of Object.entries(COLUMNS)) {
    const column = make("div", "stretches-column", element);
    const head = make("div", "stretches-head", column);
    head.title = `The ten stretches of the data that it never trains on in which the unit's signal is ${name}: there, the frame.`;
    make("b", "", head, title);
    make("span", "stretches-about", head, " values in held-out data");
    element.columns[name] = make("div", "stretches-rows", column);
  }
}

function wait(element) {
  element.frame = null;
  for (const name of Object.keys(COLUMNS)) {
    const note = make("p", "live-empty", null, `Ten stretches where the unit's signal is ${name} appear here.`);
    element.columns[name].replaceChildren(note);
  }
}
