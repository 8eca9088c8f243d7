// New values for a line that Plotly has drawn. As with heatmaps (paint.js), a redraw by Plotly would take longer
// than all else of a frame; here only the line itself changes, and the values that hovering reads.

/**
 * True if trace `index` of `plot` now shows `values`, one for each of its points; false if Plotly has to draw:
 * nothing is drawn yet, the number of points is another, a value is missing or was, or the axis no longer suits
 * them.
 */
export function redraw(plot, index, values) {
  const drawn = plot.calcdata?.[index];
  const trace = plot._fullData?.[index];
  if (trace?.type !== "scatter" || trace.mode !== "lines" || drawn?.length !== values.length) return false;
  const layout = plot._fullLayout;
  const [across, up] = [trace.xaxis, trace.yaxis].map((id) => layout[`${id[0]}axis${id.slice(1)}`]);
  const path = plot.querySelector(`.scatterlayer .trace${trace.uid} .js-line`);
  if (!path || !suits(up, values) || drawn.some((point) => point.x === undefined)) return false;
  let line = "";
  values.forEach((value, k) => {
    drawn[k].y = value;
    line += `${k ? "L" : "M"}${across.c2p(drawn[k].x).toFixed(2)},${up.c2p(value).toFixed(2)}`;
  });
  path.setAttribute("d", line);
  return true;
}

/** A range that Plotly chose is kept as long as the values stay within it, and fill a good part of it. */
function suits(axis, values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!Number.isFinite(low + high)) return false;
  const [from, to] = axis.range;
  return !axis.autorange || (low >= from && high <= to && high - low > 0.4 * (to - from));
}
