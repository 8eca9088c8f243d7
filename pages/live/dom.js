/** A new element in `parent`, if one is given; `text` is shown as text, never read as HTML. */
export function make(tag, className, parent = null, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  parent?.append(node);
  return node;
}
