// A control shows what the run has, also if that was changed in another window; but for a moment what was just sent
// from here counts more, until a frame brings it back.

const PATIENCE = 2000; // milliseconds until what no frame brought back is given up

export class Pending {
  /** `value` is on its way to the run; or waits for the connection to be back, if that is not `open`. */
  sent(value, open = true) {
    this.wish = { value, until: open ? performance.now() + PATIENCE : null };
  }

  /** Whether a frame that says `value` is to be believed. */
  believes(value) {
    if (this.wish) this.wish.until ??= performance.now() + PATIENCE;
    if (this.wish && value !== this.wish.value && performance.now() < this.wish.until) return false;
    this.wish = null;
    return true;
  }
}
