// The component that every live panel is: it loads the panel's module and hands it what Python sent.
// A module exports render(element, data, actions), called again whenever data or theme change, and
// remove(element).
const mounted = new WeakMap();
// panels that can be saved as a picture, see picture.js
const PICTURES = [
  ...["figure", "cell", "unrolled", "distribution", "sequence", "stretches", "ablation", "lanes"],
  ...["writing", "filling", "errors"],
];

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  if (!data?.module) return; // Streamlit may call it before the data have come, and then calls it again
  if (!document.getElementById(data.style)) {
    const link = document.createElement("link");
    Object.assign(link, { id: data.style, rel: "stylesheet", href: `${data.assets}/${data.style}` });
    document.head.append(link);
  }
  let entry = mounted.get(parentElement);
  if (!entry) {
    const element = document.createElement("div");
    element.className = data.stretch ? "live-panel live-stretch" : "live-panel";
    // the room is kept from the start, so that nothing moves when the panel has loaded
    if (data.stretch) element.style.setProperty("--height", data.height);
    else element.style.minHeight = `${data.height}px`;
    parentElement.append(element);
    // this script has no address of its own, so the module's must be a whole one
    const address = new URL(`${data.assets}/${data.module}`, location.origin).href;
    entry = { element, module: import(address), removed: false };
    mounted.set(parentElement, entry);
    if (PICTURES.includes(data.module.replace(".js", ""))) offerPicture(entry, data);
  }
  entry.data = data;
  const { element, module } = entry;
  const actions = { setStateValue, setTriggerValue };
  module.then(
    (panel) => entry.removed || panel.render(element, data, actions),
    () => (element.textContent = "This panel could not be loaded. Reload the page.")
  );
  return () => {
    entry.removed = true;
    mounted.delete(parentElement);
    module.then((panel) => panel.remove(element)).catch(() => {});
    element.remove();
    entry.picture?.remove();
  };
}

function offerPicture(entry, { assets }) {
  const address = new URL(`${assets}/picture.js`, location.origin).href;
  // when the panel itself has come
  entry.module.then(() => import(address)).then(
    ({ offer }) => {
      if (entry.removed) return;
      entry.picture = offer(entry.element, () => entry.data);
      entry.element.before(entry.picture);
    },
    () => {} // without it the panel does all else
  );
}
