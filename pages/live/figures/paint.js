// New values for a heatmap that Plotly has drawn. Plotly would lay out axes, margins and colour bar anew for
// every frame, some 15 ms a figure; here only the picture is made again, and the values that hovering reads.
// Colours are those that Plotly itself would give.

import { mixer } from "./theme.js";

const tables = new Map(); // colour scale as text → 256 colours as 32-bit numbers

/**
 * True if trace `index` of `plot` now shows `rows`; false if it cannot be done like this (nothing drawn yet,
 * another size, or the user has zoomed), and Plotly has to.
 */
export function paint(plot, index, rows) {
  const drawn = plot.calcdata?.[index]?.[0];
  const trace = plot._fullData?.[index];
  if (!drawn?.z || trace?.type !== "heatmap") return false;
  if (drawn.z.length !== rows.length || drawn.z[0].length !== rows[0]?.length) return false;
  const layout = plot._fullLayout;
  const axes = [trace.xaxis, trace.yaxis].map((id) => layout[`${id[0]}axis${id.slice(1)}`]);
  if (!axes.every((axis) => axis.autorange)) return false;
  const image = plot.querySelector(`.hm${trace.uid} image`) ?? imageOf(plot, drawn);
  if (!image) return false;

  drawn.z = rows;
  image.setAttribute("href", picture(plot, index, rows, trace, axes[1].range[0] > axes[1].range[1]));
  return true;
}

/** The <image> element that Plotly bound to this calculated trace. */
function imageOf(plot, drawn) {
  for (const group of plot.querySelectorAll(".heatmaplayer .hm")) {
    const bound = group.__data__;
    if (bound?.[0] === drawn || bound === drawn) return group.querySelector("image");
  }
  return null;
}

function picture(plot, index, rows, trace, firstRowOnTop) {
  plot.canvases ??= [];
  const canvas = (plot.canvases[index] ??= document.createElement("canvas"));
  fill(canvas, rows, trace, firstRowOnTop);
  return canvas.toDataURL();
}

/** Gives `canvas` a pixel for each value of `rows`, in the colours of `trace`, a heatmap. */
export function fill(canvas, rows, trace, firstRowOnTop) {
  const height = rows.length;
  const width = rows[0].length;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const data = context.createImageData(width, height);
  const pixels = new Uint32Array(data.data.buffer);
  const table = colours(trace.colorscale);
  const { zmin, zmax } = trace;
  const scale = 255 / (zmax - zmin);
  for (let row = 0; row < height; row++) {
    const values = rows[firstRowOnTop ? row : height - 1 - row];
    for (let column = 0; column < width; column++) {
      const place = Math.round((values[column] - zmin) * scale);
      // not a number: transparent
      pixels[row * width + column] = place === place ? table[Math.min(255, Math.max(0, place))] : 0;
    }
  }
  context.putImageData(data, 0, 0);
}

/** 256 colours along a scale of [place from 0 to 1, "#rrggbb" or "rgb(…)"], mixed linearly as Plotly does. */
function colours(scale) {
  const key = JSON.stringify(scale);
  if (!tables.has(key)) {
    const mix = mixer(scale);
    const packed = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    tables.set(key, Uint32Array.from({ length: 256 }, (_, k) => packed(mix(k / 255))));
  }
  return tables.get(key);
}
