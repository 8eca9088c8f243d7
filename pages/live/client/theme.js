// Colours of the page's theme, as Streamlit publishes them to components.

/** Whether presenter mode is on (presenter.js), in which letters are larger. */
export function presenting() {
  return "present" in document.documentElement.dataset;
}

export function themeOf(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
  const background = read("background-color", "#ffffff");
  const text = read("text-color", "#31333f");
  const dark = luminance(background) < luminance(text);
  const alone = element.closest("[data-large]") !== null; // on the page (stage.js)
  return { background, text, font: read("font", "sans-serif"), dark, large: presenting(), alone };
}

const probe = document.createElement("canvas").getContext("2d");

function luminance(colour) {
  probe.fillStyle = colour; // the canvas turns any CSS colour into #rrggbb or rgba(…)
  const [red, green, blue] = channels(probe.fillStyle);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Red, green and blue, 0 … 255, of "#rrggbb", "rgb(…)" or "rgba(…)". */
export function channels(colour) {
  if (!colour.startsWith("#")) return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  return [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
}

/** share from 0 to 1 → [red, green, blue], along a scale of [place, colour], mixed linearly as Plotly does. */
export function mixer(scale) {
  const stops = scale.map(([place, colour]) => [place, channels(colour)]);
  return (share) => {
    const after = Math.max(1, stops.findIndex(([place]) => place >= share));
    const [[from, low], [to, high]] = [stops[after - 1], stops[after]];
    return low.map((value, k) => Math.round(value + ((high[k] - value) * (share - from)) / (to - from)));
  };
}
