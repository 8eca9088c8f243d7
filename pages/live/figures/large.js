// A figure's layout for presenter mode: larger letters, and margins with room for them.

export const SCALE = 1.5; // Plotly's own letters have 12 pixels

/** Changes a figure in place. */
export function enlarge({ data, layout }) {
  layout.font = { ...layout.font, size: SCALE * (layout.font?.size ?? 12) };
  if (layout.hoverlabel?.font?.size) layout.hoverlabel.font.size *= SCALE;
  for (const side of ["l", "r", "t", "b"]) {
    if (layout.margin?.[side] > 8) layout.margin[side] *= SCALE;
  }
  for (const note of layout.annotations ?? []) {
    if (note.font?.size) note.font.size *= SCALE;
    // there is no room for more
    note.text = note.text.replace(/ (gate|state)(?=.*<br>)/, "").replace("candidate g<", "cand. g<");
  }
  for (const axis of Object.keys(layout).filter((name) => /^[xy]axis/.test(name))) letters(layout[axis]);
  for (const { colorbar } of data) {
    if (colorbar) letters(colorbar);
  }
}

/** Of an axis or a colour bar: larger, and so fewer. */
function letters(axis) {
  if (axis.tickfont?.size) axis.tickfont.size *= SCALE;
  if (axis.nticks) axis.nticks = Math.max(3, Math.round(axis.nticks / SCALE));
}
