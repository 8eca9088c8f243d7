// Errors of a series network in the series' own units, beside the naive guess.

import { follow } from "./channel.js";
import { make } from "./dom.js";

const ROWS = [
  ["one_step_rmse", "one step ahead", "Typical error (RMSE) of predicting each next value of the validation part."],
  ["naive_rmse", "“same as last value”", "The same error for somebody who always repeats the last value."],
  ["closed_rmse", "forecast on its own", "Typical error of the whole forecast, which feeds on itself."],
];

export function render(element, data) {
  element.classList.add("live-errors");
  follow(element, data, (frame) => show(element, frame?.meta));
}

export function remove(element) {
  element.unfollow?.();
}

function show(element, meta) {
  if (!element.firstChild) {
    element.cells = ROWS.map(([, name, about]) => {
      const cell = make("div", "live-error", element);
      cell.title = about;
      make("span", "live-error-name", cell, name);
      return make("span", "live-error-value", cell);
    });
  }
  ROWS.forEach(([key], place) => {
    const value = meta?.[key];
    const known = value !== undefined && value !== null;
    element.cells[place].textContent = known ? value.toPrecision(3) : "–";
  });
  const better = meta?.one_step_rmse < meta?.naive_rmse;
  element.cells[0].dataset.verdict = better ? "better" : "worse";
}
