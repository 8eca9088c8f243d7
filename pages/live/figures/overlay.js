// Marks the chosen time step, and the chosen unit's row, above a Plotly figure; a click there chooses others.
// The marks are elements of their own: to move one costs nothing, a redraw by Plotly some 15 ms.

import { channelFor } from "./channel.js";
import { make } from "./dom.js";
import { selectionFor } from "./selection.js";

const STILL = 4; // pixels that the mouse may move in a click

export class Overlay {
  constructor(element, plot) {
    Object.assign(this, { element, plot });
    this.layer = make("div", "overlay", element);
    element.classList.add("overlay-selects");
    const signal = (this.listening = new AbortController()).signal;
    let from = null;
    plot.addEventListener("pointerdown", (event) => (from = event.button === 0 ? event : null), { signal });
    // Plotly covers the page while a button is down, so that the plot itself hears of no release
    const released = (event) => {
      const still = from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) <= STILL;
      if (still) this.click(from);
      from = null;
    };
    window.addEventListener("pointerup", released, { signal });
  }

  follow(data) {
    if (this.selects !== data.selects) {
      this.selects = data.selects;
      this.layer.replaceChildren();
      this.marks = this.selects.map(({ rows }) => ({
        column: make("div", rows ? "overlay-mark" : "overlay-mark overlay-line", this.layer),
        row: rows ? make("div", "overlay-mark", this.layer) : null,
      }));
      for (const mark of this.layer.children) mark.hidden = true; // until Plotly has drawn the axes
    }
    const channel = channelFor(data.base, data.token);
    if (channel === this.channel) return this.draw();
    this.channel = channel;
    this.selection = selectionFor(channel);
    this.unsubscribe?.();
    const [unfollow, forget] = [channel.subscribe(() => this.draw()), this.selection.subscribe(() => this.draw())];
    this.unsubscribe = () => {
      unfollow();
      forget();
    };
  }

  /** Once Plotly has drawn: its axes are known, and from now on it tells when they change. */
  attach() {
    if (!this.attached) this.plot.on("plotly_afterplot", () => this.draw());
    this.attached = true;
    this.draw();
  }

  draw() {
    const now = this.selection.now();
    const layout = this.plot._fullLayout;
    if (!now || !layout?.xaxis) return;
    const row = this.channel.frame.meta.units.indexOf(now.unit);
    this.selects.forEach(({ x, y }, place) => {
      const [across, down] = [axis(layout, x), axis(layout, y)];
      const { column, row: band } = this.marks[place];
      const [left, right] = span(across, now.time, band ? 0.5 : 0);
      put(column, left, right, down._offset, down._offset + down._length);
      if (!band) return;
      const [top, bottom] = row < 0 ? [0, 0] : span(down, row, 0.5);
      put(band, across._offset, across._offset + across._length, top, bottom);
    });
  }

  click(event) {
    const layout = this.plot._fullLayout;
    if (!layout || !this.selection.now()) return;
    const box = this.plot.getBoundingClientRect();
    const { units, labels } = this.channel.frame.meta;
    for (const { x, y, rows } of this.selects) {
      const [across, down] = [axis(layout, x), axis(layout, y)];
      const [left, top] = [event.clientX - box.left - across._offset, event.clientY - box.top - down._offset];
      if (left < 0 || left > across._length || top < 0 || top > down._length) continue;
      const time = Math.min(labels.length - 1, Math.max(0, Math.round(across.p2l(left))));
      const unit = rows ? units[Math.round(down.p2l(top))] : undefined;
      this.selection.choose(unit === undefined ? { time } : { unit, time });
    }
  }

  remove() {
    this.unsubscribe?.();
    this.listening.abort();
  }
}

/** The axis that a trace calls "x" or "x2". */
function axis(layout, id) {
  return layout[`${id[0]}axis${id.slice(1)}`];
}

/** Pixels from the figure's edge between which `k` ± `reach` of an axis lies, as far as it is in view. */
function span(axis, k, reach) {
  const ends = [axis.l2p(k - reach), axis.l2p(k + reach)].sort((a, b) => a - b);
  if (ends[1] < 0 || ends[0] > axis._length) return [0, -1];
  return ends.map((pixel) => axis._offset + Math.min(axis._length, Math.max(0, pixel)));
}

function put(mark, left, right, top, bottom) {
  const place = `${left} ${right} ${top} ${bottom}`;
  if (mark.place === place) return;
  mark.place = place;
  mark.hidden = right < left || bottom <= top;
  mark.style.transform = `translate(${left}px, ${top}px)`;
  mark.style.width = `${right - left}px`;
  mark.style.height = `${bottom - top}px`;
}
