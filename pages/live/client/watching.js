// What those who follow somebody else's run see of its controls: how they stand, but not to be moved.

export const WATCHING = "You follow this run: only who shares it can change it. Take a copy to try it yourself.";

/** Disables every control below `root`, and says why. To be called again when it has new ones. */
export function lock(root) {
  for (const control of root.querySelectorAll("button:enabled, input:enabled, select:enabled, textarea:enabled")) {
    control.disabled = true;
    if (!control.title.includes(WATCHING)) control.title = `${control.title} ${WATCHING}`.trim();
  }
}
