// Pictures to take home: every figure and diagram as PNG, at twice its size on screen, or as SVG. Two buttons
// stand above the corner of a panel; they are seen while it is pointed at or one of them has the focus.

import { channelFor } from "./channel.js";
import { make } from "./dom.js";
import { htmlAsSvg, svgAsSvg } from "./picture_svg.js";
import { saveBlob } from "./save.js";
import { themeOf } from "./theme.js";

const SCALE = 2; // pixels of a PNG for each on screen
const HEAD = 30; // pixels for a chart's title

/** The buttons for `element`, a live panel; to be placed right before it. data(): what Python sent it last. */
export function offer(element, data) {
  const bar = make("div", "picture-bar");
  const buttons = make("div", "picture-buttons", bar);
  for (const format of ["png", "svg"]) {
    const button = make("button", "picture-button", buttons, format.toUpperCase());
    button.type = "button";
    // the name of the panel may come later than the panel
    const name = () => `Save “${headingOf(element, data())}” as ${format.toUpperCase()}`;
    button.title = button.ariaLabel = name();
    button.onpointerenter = button.onfocus = () => (button.title = button.ariaLabel = name());
    button.onclick = () => save(element, data(), format, button);
  }
  return bar;
}

async function save(element, data, format, button) {
  button.disabled = true;
  try {
    const step = channelFor(data.base, data.token).frame?.meta.step ?? 0;
    const heading = headingOf(element, data);
    const blob = await pictureOf(element, format, `${heading} · step ${step.toLocaleString("en")}`);
    saveBlob(blob, `lstm-${slug(heading)}-step-${step}.${format}`);
  } catch (error) {
    console.warn(error);
    button.title = "This picture could not be made. Try the other format.";
    button.classList.add("picture-failed");
  } finally {
    button.disabled = false;
  }
}

/** What is on screen now, with the page's background. */
async function pictureOf(element, format, title) {
  const plot = element.querySelector(".js-plotly-plot");
  if (plot) return plotPicture(plot, format, title, themeOf(element));
  const { background } = themeOf(element);
  const { text, width, height } = drawingOf(element, background);
  const svg = new Blob([text], { type: "image/svg+xml" });
  return format === "svg" ? svg : rasterised(text, width, height, background);
}

/** A panel that is one diagram is saved as that; others as they are laid out. */
function drawingOf(element, background) {
  const area = (node) => node.getBoundingClientRect().width * node.getBoundingClientRect().height;
  const diagram = [...element.querySelectorAll("svg")].find((one) => area(one) > 0.6 * area(element));
  return diagram ? svgAsSvg(diagram, background) : htmlAsSvg(element, background);
}

/** By Plotly itself, from the values that are drawn: paint.js and lines.js keep them in `plot.data`. */
async function plotPicture(plot, format, title, theme) {
  const { Plotly } = window;
  const width = plot.offsetWidth;
  const height = plot.offsetHeight + HEAD;
  const layout = structuredClone(plot.layout);
  Object.assign(layout, { width, height, autosize: false, paper_bgcolor: theme.background });
  layout.margin = { ...layout.margin, t: (layout.margin?.t ?? 100) + HEAD };
  const font = { size: 15, color: theme.text };
  layout.title = { text: title, font, x: 0.012, xanchor: "left", y: 1 - HEAD / 2 / height, yanchor: "middle" };
  const figure = { data: structuredClone(plot.data), layout };
  const options = { format, width, height, imageDataOnly: true, scale: format === "png" ? SCALE : 1 };
  const image = await Plotly.toImage(figure, options);
  if (format === "svg") return new Blob([image], { type: "image/svg+xml" });
  return new Blob([Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0))], { type: "image/png" });
}

async function rasterised(text, width, height, background) {
  const image = new Image();
  // as an address that holds it all: a blob with HTML in it could not be read back from the canvas
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = make("canvas", "");
  Object.assign(canvas, { width: Math.round(SCALE * width), height: Math.round(SCALE * height) });
  const context = canvas.getContext("2d");
  context.fillStyle = background;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(blob)), "image/png"));
}

/** The name in the heading above the panel; of a second panel below it what it says of itself. */
function headingOf(element, { module }) {
  for (let block = element.parentElement; block && block !== document.body; block = block.parentElement) {
    const names = [...block.querySelectorAll('[data-testid="stHtml"] b')].filter((b) => isBefore(b, element));
    if (!names.length) continue;
    const heading = names.at(-1);
    const panels = [...block.querySelectorAll(".live-panel")];
    const first = panels.find((panel) => isBefore(heading, panel) && !panel.querySelector(".live-text"));
    const about = element.querySelector("[aria-label]")?.ariaLabel.split(/[:.]/)[0];
    return (first === element ? "" : about) || heading.textContent.trim();
  }
  const name = module.replace(".js", "");
  return name[0].toUpperCase() + name.slice(1);
}

function isBefore(one, other) {
  return Boolean(one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
}

function slug(text) {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ["figure"];
  return words.slice(0, 6).join("-");
}
