/** A new element in `parent`, if one is given; `text` is shown as text, never read as HTML. */
export function make(tag, className, parent = null, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  parent?.append(node);
  return node;
}

/** The same for an SVG element, with attributes in place of a class. */
export function svg(tag, attributes, parent, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  parent.append(node);
  return node;
}

/** Shows `text` in a node, and leaves the page alone where it says so already. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
