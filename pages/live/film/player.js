// What a film needs beside Plotly. With every frame Plotly draws a heatmap anew, as a picture of which a browser shows
// nothing until it has loaded. So copies of the pictures are shown, each until the next one is there.

const film = document.getElementById("film");
film.classList.add("film-copies");

function copy(image) {
  const plot = image.closest(".heatmaplayer").parentNode; // which stays
  let copies = plot.querySelector(":scope > .film-copy");
  if (!copies) {
    copies = document.createElementNS("http://www.w3.org/2000/svg", "g");
    copies.setAttribute("class", "film-copy");
    plot.prepend(copies);
  }
  const picture = image.cloneNode();
  const drawn = () => {
    while (picture.previousSibling) picture.previousSibling.remove();
  };
  // a picture that has loaded is drawn in the next frame or, when it is large, in the one after
  picture.addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  copies.append(picture);
}

const SHOWN = ".heatmaplayer image";
new MutationObserver((changes) => {
  const drawn = changes.flatMap(({ target, addedNodes }) => [target, ...addedNodes]);
  for (const node of new Set(drawn)) if (node.localName === "image" && node.matches(SHOWN)) copy(node);
}).observe(film, { subtree: true, childList: true, attributes: true });
film.querySelectorAll(SHOWN).forEach(copy);

// Plotly rejects the promise of an animation that Pause or the slider ends, and its own buttons wait for none.
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason === undefined) event.preventDefault();
});
