// An SVG that stands alone: what style sheets and the theme say of its parts is written into each of them.

const MARGIN = 8; // pixels around a panel of HTML
const NAMESPACE = "http://www.w3.org/2000/svg";
// what style sheets may say of a part of a drawing
const DRAWN = [
  ...["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-dashoffset"],
  ...["stroke-linecap", "stroke-linejoin", "opacity", "color", "display", "visibility", "paint-order", "transform"],
  ...["transform-origin", "font-family", "font-size", "font-style", "font-weight", "font-variant-numeric"],
  ...["letter-spacing", "text-anchor", "dominant-baseline", "rx", "ry"],
];
// what a page's elements hand on to those within them
const INHERITED = ["color", "font-family", "font-size", "font-weight", "line-height", "white-space", "text-align"];

/** A drawing, with its size on screen. */
export function svgAsSvg(node, background) {
  const { width, height } = node.getBoundingClientRect();
  const copy = node.cloneNode(true);
  pairs(node, copy).forEach(([from, to]) => writeStyle(from, to, DRAWN));
  copy.style.transform = "none";
  const { x, y, width: across, height: down } = node.viewBox.baseVal ?? {};
  const box = across ? { x, y, width: across, height: down } : { x: 0, y: 0, width, height };
  const sheet = document.createElementNS(NAMESPACE, "rect");
  for (const [name, value] of Object.entries(box)) sheet.setAttribute(name, value);
  sheet.setAttribute("fill", background);
  copy.prepend(sheet);
  for (const [name, value] of Object.entries({ xmlns: NAMESPACE, width, height })) copy.setAttribute(name, value);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

/** A panel of HTML, inside an SVG that browsers show. */
export function htmlAsSvg(node, background) {
  const { width, height } = node.getBoundingClientRect();
  const copy = node.cloneNode(true);
  const usual = new Map(); // tag → what a browser gives such an element by itself
  pairs(node, copy).forEach(([from, to]) => writeDifferences(from, to, usual));
  const place = { boxSizing: "border-box", margin: "0", position: "relative" };
  Object.assign(copy.style, place, { width: `${width}px`, height: `${height}px` });
  const root = getComputedStyle(node);
  for (const name of INHERITED) copy.style.setProperty(name, root.getPropertyValue(name));
  const body = new XMLSerializer().serializeToString(copy);
  const size = { width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  const text =
    `<svg xmlns="${NAMESPACE}" width="${size.width}" height="${size.height}">` +
    `<rect width="100%" height="100%" fill="${background}"/>` +
    `<foreignObject x="${MARGIN}" y="${MARGIN}" width="${width}" height="${height}">${body}</foreignObject></svg>`;
  return { text, ...size };
}

/** Every node with its copy. */
function pairs(from, to) {
  const copies = [to, ...to.querySelectorAll("*")];
  return [from, ...from.querySelectorAll("*")].map((node, place) => [node, copies[place]]);
}

function writeStyle(from, to, names) {
  const style = getComputedStyle(from);
  to.removeAttribute("class");
  for (const name of names) {
    const value = style.getPropertyValue(name);
    if (value && value !== "none") to.style.setProperty(name, value);
  }
  // "none" says something where else there would be colour
  for (const name of ["fill", "stroke", "display"]) {
    if (style.getPropertyValue(name) === "none") to.style.setProperty(name, "none");
  }
}

function writeDifferences(from, to, usual) {
  to.removeAttribute("class");
  copyStyle(getComputedStyle(from), to, usual);
  for (const place of ["::before", "::after"]) {
    const style = getComputedStyle(from, place);
    if (style.content === "none" || style.content === "normal") continue;
    // a style sheet's own element becomes a real one
    const part = document.createElement("span");
    part.textContent = /^"(.*)"$/.exec(style.content)?.[1] ?? "";
    copyStyle(style, part, usual);
    if (place === "::before") to.prepend(part);
    else to.append(part);
  }
}

/** Writes what differs from what such an element usually has. */
function copyStyle(style, to, usual) {
  const key = `${to.namespaceURI} ${to.localName}`;
  if (!usual.has(key)) usual.set(key, usualStyle(to));
  for (const name of style) {
    const value = style.getPropertyValue(name);
    if (value !== usual.get(key).get(name) && !name.startsWith("-")) to.style.setProperty(name, value);
  }
}

function usualStyle(node) {
  const sample = document.createElementNS(node.namespaceURI, node.localName);
  document.body.append(sample);
  const style = getComputedStyle(sample);
  const found = new Map([...style].map((name) => [name, style.getPropertyValue(name)]));
  sample.remove();
  for (const name of INHERITED) found.delete(name);
  return found;
}
