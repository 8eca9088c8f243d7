// Hands a file to the browser, which saves it where its user wants downloads.

import { make } from "./dom.js";

const KEPT = 60_000; // milliseconds until the browser may forget it

export function saveBlob(blob, name) {
  const link = make("a", "");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}
