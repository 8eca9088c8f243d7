// A figure's first pictures, drawn without Plotly, which takes most of a second to load: its heatmaps and lines, on a
// canvas, at the place where Plotly will draw them. Letters and axes come with Plotly.

import { make } from "./dom.js";
import { fill } from "./paint.js";

const LEGEND = 3.3; // letters' heights that a legend above the axes takes
const ROOM = 0.05; // share of an axis that Plotly leaves free above and below lines

export class Sketch {
  /** element: the figure's, which the canvas covers. */
  constructor(element) {
    this.canvas = make("canvas", "sketch", element);
    this.canvas.ariaHidden = "true";
  }

  /** figure: what Plotly would be given, with the values of a frame. Returns whether there is anything to see. */
  draw({ data, layout }) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const density = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: width * density, height: height * density });
    const context = this.canvas.getContext("2d");
    context.scale(density, density);
    context.imageSmoothingEnabled = false;
    const inner = innerBox(data, layout, width, height);
    if (inner.width <= 0 || inner.height <= 0) return false;
    const lines = data.filter((trace) => trace.type === "scatter" && trace.visible !== false && trace.y?.length > 1);
    const columns = data.find((trace) => trace.z?.length)?.z[0].length; // of a heatmap, to which lines are aligned
    for (const trace of data) {
      const [across, up] = [axisOf(layout, trace.xaxis ?? "x"), axisOf(layout, trace.yaxis ?? "y")];
      const box = boxOf(across, up, inner);
      if (trace.type === "heatmap") drawHeatmap(context, trace, up.autorange === "reversed", box);
      else if (lines.includes(trace)) {
        const beside = lines.filter((one) => one.xaxis === trace.xaxis && one.yaxis === trace.yaxis);
        drawLine(context, trace, rangesOf(beside, across, up, columns), box);
      }
    }
    return columns !== undefined || lines.length > 0;
  }

  remove() {
    this.canvas.remove();
  }
}

/** Where the subplots are, in pixels, once legend and colour bar have taken their room. */
function innerBox(data, { margin = {}, legend, showlegend, font }, width, height) {
  const left = margin.l ?? 80;
  const above = legend?.orientation === "h" && showlegend !== false ? LEGEND * (font?.size ?? 12) : 0;
  const top = Math.max(margin.t ?? 100, above);
  const letter = (font?.size ?? 12) / 2;
  const right = Math.max(margin.r ?? 80, ...data.map((trace) => barWidth(trace, letter, width - left)));
  return { left, top, width: width - left - right, height: height - top - (margin.b ?? 80) };
}

/** Pixels that a trace's colour bar takes: itself, the space around it, and its longest number. */
function barWidth({ type, showscale, colorbar, zmax }, letter, width) {
  if (type !== "heatmap" || showscale === false) return 0;
  const letters = zmax >= 10 ? 3 : zmax > 1 ? 2 : 3.5; // −10, −3, −0.5
  return (colorbar?.thickness ?? 30) + 24 + 0.018 * width + letter * letters;
}

/** The axis that a trace calls "x" or "x2". */
function axisOf(layout, id) {
  return layout[`${id[0]}axis${id.slice(1)}`] ?? {};
}

/** Where a subplot is, in pixels. */
function boxOf(across, up, { left, top, width, height }) {
  const [from, to] = across.domain ?? [0, 1];
  const [low, high] = up.domain ?? [0, 1];
  return {
    left: left + from * width,
    top: top + (1 - high) * height,
    width: (to - from) * width,
    height: (high - low) * height,
  };
}

function drawHeatmap(context, trace, firstRowOnTop, { left, top, width, height }) {
  if (!trace.z?.length || !trace.z[0].length) return;
  const small = document.createElement("canvas");
  fill(small, trace.z, trace, firstRowOnTop);
  context.drawImage(small, left, top, width, height);
}

/** What a value is along an axis. */
function along(axis) {
  return axis.type === "log" ? Math.log10 : (value) => value;
}

function pointsOf({ x, y }) {
  return Array.from(y, (value, k) => [x ? x[k] : k, value]);
}

/** Functions from values to shares of the axes, from 0 to 1, as Plotly chooses them for all lines of a subplot. */
function rangesOf(traces, across, up, columns) {
  const points = traces.flatMap(pointsOf);
  return [across, up].map((axis, place) => {
    const value = along(axis);
    const values = points.map((point) => value(point[place])).filter(Number.isFinite);
    const range = place === 0 && columns ? [-0.5, columns - 0.5] : axis.range;
    let [low, high] = range ?? [Math.min(...values), Math.max(...values)];
    if (!range && axis.rangemode === "tozero" && axis.type !== "log") low = Math.min(0, low);
    const free = range || place === 0 ? 0 : (ROOM * (high - low)) / (1 - 2 * ROOM);
    return (one) => (value(one) - low + free) / (high - low + 2 * free || 1);
  });
}

function drawLine(context, { mode, opacity = 1, line = {}, ...trace }, [across, up], { left, top, width, height }) {
  const { color = "#8A8F98", width: thickness = 2, dash = "solid" } = line;
  if (thickness === 0 || (mode && !mode.includes("lines"))) return;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.beginPath();
  let drawing = false;
  for (const [x, y] of pointsOf(trace)) {
    const [right, down] = [left + across(x) * width, top + (1 - up(y)) * height];
    if (!Number.isFinite(right + down)) drawing = false;
    else if (drawing) context.lineTo(right, down);
    else context.moveTo(right, down);
    drawing = Number.isFinite(right + down);
  }
  Object.assign(context, { strokeStyle: color, lineWidth: thickness, lineJoin: "round", globalAlpha: opacity });
  context.setLineDash(dashes(dash, Math.max(3, thickness)));
  context.stroke();
  context.restore();
}

/** Pixels of a line and of the gap after it, from the name or the pixels that Plotly takes. */
function dashes(dash, dot) {
  if (dash.includes("px")) return dash.split(",").map(parseFloat);
  return { dash: [3 * dot, 3 * dot], dot: [dot, dot] }[dash] ?? [];
}
