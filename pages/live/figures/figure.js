// A Plotly figure that is drawn once; after that only the data of its traces are replaced, in place, and only
// where they differ from what it shows.

import { channelFor } from "./channel.js";
import { make } from "./dom.js";
import { rows } from "./frame.js";
import { enlarge, SCALE } from "./large.js";
import { redraw } from "./lines.js";
import { Overlay } from "./overlay.js";
import { paint } from "./paint.js";
import { Sketch } from "./sketch.js";
import { themeOf } from "./theme.js";

const LINES_EVERY = 200; // milliseconds between redraws of a figure without heatmaps
const figures = new WeakMap(); // element → Figure
const AFTER_PAINT = 50; // milliseconds that the browser has to show the first picture
let loading; // of Plotly itself, once a page

/** Once the picture that is being drawn is on screen: to read Plotly's script keeps the page from drawing. */
function loadPlotly(address) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: address, onload: () => resolve(window.Plotly), onerror: reject });
    setTimeout(() => document.head.append(script), AFTER_PAINT);
  });
  return loading;
}

export function render(element, data) {
  let figure = figures.get(element);
  if (!figure) figures.set(element, (figure = new Figure(element, data)));
  figure.update(data);
}

export function remove(element) {
  figures.get(element)?.remove();
  figures.delete(element);
}

class Figure {
  constructor(element, data) {
    element.classList.add("live-figure");
    this.element = element;
    this.next = 0; // earliest time of the next redraw by Plotly itself
    this.plot = make("div", "", element);
    this.plot.setAttribute("role", "img");
    this.note = make("div", "live-empty", element);
    // a page that is being left has figures without a size, which Plotly refuses
    this.resizer = new ResizeObserver(() => {
      if (!this.drawn || this.plot.offsetWidth === 0) return;
      if (this.themeChanged()) this.build(this.frame);
      this.Plotly.Plots.resize(this.plot).catch(() => {});
    });
    this.resizer.observe(element);
    this.restyle = () => this.drawn && this.themeChanged() && this.build(this.frame);
    document.addEventListener("present", this.restyle);
  }

  update(data) {
    const layoutChanged = JSON.stringify(data.figure) !== JSON.stringify(this.data?.figure);
    const tokenChanged = data.token !== this.data?.token;
    this.data = data;
    if (data.selects.length) (this.overlay ??= new Overlay(this.element, this.plot)).follow(data);
    this.plot.setAttribute("aria-label", data.about);
    if (!this.failed) this.note.textContent = data.empty;
    if (tokenChanged) {
      this.unsubscribe?.();
      const channel = channelFor(data.base, data.token);
      this.unsubscribe = channel.subscribe((frame) => frame && this.draw(frame), 0, data.wants);
    }
    if (this.drawn && (layoutChanged || this.themeChanged())) this.build(this.frame);
  }

  draw(frame) {
    const needed = this.data.feeds.map((feed) => feed.array).filter(Boolean);
    if (this.removed || !needed.every((name) => name in frame.arrays)) return;
    this.frame = frame;
    if (!this.drawn) {
      this.begin(frame);
      return;
    }
    const { traces, layout, matrices } = this.changes(frame);
    for (const [index, { y, ...others }] of traces) {
      if (!y || Object.keys(others).length || !redraw(this.plot, index, y)) continue;
      this.keep(index, { y });
      traces.delete(index);
    }
    let painted = traces.size === 0 && layout.length === 0;
    for (const [index, z] of matrices) {
      this.plot.data[index].z = z;
      painted = painted && paint(this.plot, index, z);
    }
    if (painted) return;
    const now = performance.now();
    if (now < this.next && !matrices.length) {
      // lines may come a little later than heatmaps; the last frame of all is drawn for sure
      clearTimeout(this.late);
      this.late = setTimeout(() => this.removed || this.draw(this.frame), this.next - now);
      return;
    }
    this.next = now + LINES_EVERY;
    for (const [index, update] of traces) this.keep(index, update);
    for (const [attribute, value] of layout) {
      assign(this.plot.layout, attribute, value);
      this.sent.set(`null.${attribute}`, value);
    }
    this.plot.layout.datarevision = (this.plot.layout.datarevision ?? 0) + 1;
    this.Plotly.react(this.plot, this.plot.data, this.plot.layout, CONFIG);
  }

  /** The first pictures: a sketch until Plotly is there, and then a plot in the same place. */
  begin(frame) {
    if (this.Plotly) {
      const built = this.build(frame); // where that fails the next frame tries again
      this.note.remove();
      this.drawn = true;
      built.finally(() => this.sketch?.remove());
      return;
    }
    if (this.failed) return;
    this.loaded ??= loadPlotly(this.data.plotly).then(
      (Plotly) => {
        this.Plotly = Plotly;
        this.draw(this.frame);
      },
      () => {
        this.failed = true;
        this.sketch?.remove();
        this.note.textContent = "The charts could not be loaded. Reload the page.";
        this.element.append(this.note);
      }
    );
    const seen = (this.sketch ??= new Sketch(this.element)).draw(this.filled(frame));
    if (seen) this.note.remove();
  }

  /** Note what a trace shows from now on. */
  keep(index, update) {
    Object.assign(this.plot.data[index], update);
    for (const [attribute, value] of Object.entries(update)) this.sent.set(`${index}.${attribute}`, value);
  }

  /** Draw from scratch: the first time, and when the theme or the figure itself changed. */
  build(frame) {
    const { data, layout } = this.filled(frame);
    return this.Plotly.react(this.plot, data, layout, CONFIG).then(() => this.overlay?.attach());
  }

  /** The figure in the page's theme, with all that the frame brings. */
  filled(frame) {
    const figure = structuredClone(this.data.figure);
    this.applyTheme(figure);
    this.sent = new Map(); // what the plot now shows, by trace and attribute
    const { traces, layout, matrices } = this.changes(frame);
    for (const [index, z] of matrices) figure.data[index].z = z;
    for (const [index, update] of traces) Object.assign(figure.data[index], update);
    for (const [attribute, value] of layout) assign(figure.layout, attribute, value);
    return figure;
  }

  /** What the frame brings that the plot does not show yet: for traces, for the layout, and heatmaps' values. */
  changes(frame) {
    const traces = new Map();
    const layout = [];
    const matrices = [];
    for (const { trace, attribute, array, meta, scale } of this.data.feeds) {
      if (array && frame.arrays[array].shape.length === 2) {
        matrices.push([trace, rows(frame.arrays[array])]);
        continue;
      }
      let value = array ? frame.arrays[array].values : frame.meta[meta];
      if (value === undefined || value === null) continue;
      if (scale !== null) value *= scale;
      if (this.large && attribute.endsWith("font.size")) value *= SCALE;
      if (same(value, this.sent.get(`${trace}.${attribute}`))) continue;
      if (trace === null) layout.push([attribute, value]);
      else traces.set(trace, { ...traces.get(trace), [attribute]: value });
    }
    return { traces, layout, matrices };
  }

  themeChanged() {
    const theme = JSON.stringify(themeOf(this.element));
    return theme !== this.theme;
  }

  /** Colours and fonts of the page's theme. */
  applyTheme(figure) {
    const theme = themeOf(this.element);
    this.theme = JSON.stringify(theme);
    this.large = theme.large;
    const lines = theme.dark ? "rgba(255,255,255,0.15)" : "rgba(0,0,0,0.10)";
    figure.layout.font = { ...figure.layout.font, color: theme.text, family: theme.font };
    figure.layout.hoverlabel = { font: { size: 14 } };
    for (const name of Object.keys(figure.layout).filter((name) => /^[xy]axis/.test(name))) {
      Object.assign(figure.layout[name], { gridcolor: lines, zerolinecolor: lines, linecolor: lines });
    }
    for (const part of [figure.layout, ...figure.data]) {
      for (const [attribute, pair] of Object.entries(part.meta?.themed ?? {})) {
        assign(part, attribute, pair[theme.dark ? 1 : 0]);
      }
    }
    // beside others that say what its colours mean it needs no legend
    if (theme.alone && figure.layout.meta?.legend) figure.layout.showlegend = true;
    if (theme.large) enlarge(figure);
  }

  remove() {
    this.removed = true;
    clearTimeout(this.late);
    this.unsubscribe?.();
    document.removeEventListener("present", this.restyle);
    this.resizer.disconnect();
    this.overlay?.remove();
    this.Plotly?.purge(this.plot);
  }
}

const CONFIG = { displayModeBar: false, responsive: false, autosizable: true, doubleClick: "reset" };

/** Lists of a frame's header stay the same object until they change; arrays are compared. */
function same(value, before) {
  if (value === before) return true;
  if (!ArrayBuffer.isView(value) || value.length !== before?.length) return false;
  return value.every((one, place) => Object.is(one, before[place]));
}

function assign(target, path, value) {
  const names = path.split(".");
  const last = names.pop();
  for (const name of names) target = target[name] ??= {};
  target[last] = value;
}
