// Colours of the page's theme, as Streamlit publishes them to components.

export function themeOf(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
  const background = read("background-color", "#ffffff");
  const text = read("text-color", "#31333f");
  return { background, text, font: read("font", "sans-serif"), dark: luminance(background) < luminance(text) };
}

const probe = document.createElement("canvas").getContext("2d");

function luminance(colour) {
  probe.fillStyle = colour; // the canvas turns any CSS colour into #rrggbb or rgba(…)
  const text = probe.fillStyle;
  const parts = text.startsWith("#")
    ? [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16))
    : text.match(/[\d.]+/g).map(Number);
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}
