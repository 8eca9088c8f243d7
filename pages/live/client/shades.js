// Colours of values: a scale of pages/common/colours.py cut into shades, each with a text colour legible on it.

import { mixer } from "./theme.js";

const SHADES = 64;
const DARK_TEXT = "#14171b";
const LIGHT_TEXT = "#ffffff";
const tables = new Map(); // scale as text → its shades

/** Shades from the low to the high end of a scale of [place from 0 to 1, "#rrggbb"], mixed linearly. */
export function shadesOf(scale) {
  const key = JSON.stringify(scale);
  if (!tables.has(key)) {
    const mix = mixer(scale);
    tables.set(
      key,
      Array.from({ length: SHADES }, (_, k) => shade(mix(k / (SHADES - 1))))
    );
  }
  return tables.get(key);
}

function shade(rgb) {
  return { background: `rgb(${rgb})`, text: luminance(rgb) > 0.2 ? DARK_TEXT : LIGHT_TEXT };
}

/** Relative luminance, 0 … 1, as WCAG defines it. */
function luminance(rgb) {
  const [red, green, blue] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The shade of `value` on a scale from `low` to `high`; values beyond its ends take the ends' shades. */
export function shadeOf(shades, value, low, high) {
  const place = Math.round(((value - low) / (high - low)) * (shades.length - 1));
  return shades[Math.min(shades.length - 1, Math.max(0, place))] ?? null; // null: not a number
}

/** The scale as a CSS gradient from left to right. */
export function gradient(scale) {
  return `linear-gradient(to right, ${scale.map(([place, colour]) => `${colour} ${100 * place}%`).join(", ")})`;
}
