// In presenter mode the panels take just the height that everything else on the page leaves them.

const [LEAST, MOST] = [0.55, 1.6]; // of the height that a panel has in a window 768 pixels high
const EDGE = 12; // pixels below the last panel
const SLACK = 24; // pixels that may stay empty, so that not every new line moves all panels

const page = document.documentElement;
let watching = null;
let fit = 0.8;

/** From now on, until `rest`. */
export function begin() {
  rest();
  watching = new ResizeObserver(() => adjust());
  const block = document.querySelector(".stMainBlockContainer > *");
  if (block) watching.observe(block);
  addEventListener("resize", adjust);
  adjust();
}

export function rest() {
  watching?.disconnect();
  watching = null;
  removeEventListener("resize", adjust);
}

function adjust() {
  const block = document.querySelector(".stMainBlockContainer > *");
  const room = document.querySelector(".stMain")?.clientHeight - EDGE;
  if (!block || !room) return;
  const bottom = (share) => {
    page.style.setProperty("--fit", share);
    return block.getBoundingClientRect().bottom + document.querySelector(".stMain").scrollTop;
  };
  const now = bottom(fit);
  if (now <= room && (now > room - SLACK || fit === MOST)) return;
  // the bottom rises with the share, but not in proportion: columns differ, and panels have least heights
  let [low, high] = [LEAST, MOST];
  for (let turn = 0; turn < 7; turn += 1) {
    const middle = (low + high) / 2;
    if (bottom(middle) <= room) low = middle;
    else high = middle;
  }
  fit = low;
  bottom(fit);
}
