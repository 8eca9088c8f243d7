// Errors of a series network in the series' own units, beside the naive guess.

import { channelFor } from "./channel.js";

const ROWS = [
  ["one_step_rmse", "one step ahead", "Typical error (RMSE) of predicting each next value of the validation part."],
  ["naive_rmse", "“same as last value”", "The same error for somebody who always repeats the last value."],
  ["closed_rmse", "forecast on its own", "Typical error of the whole forecast, which feeds on itself."],
];

export function render(element, data) {
  element.classList.add("live-errors");
  if (element.token === data.token) return;
  element.token = data.token;
  element.unsubscribe?.();
  element.unsubscribe = channelFor(data.base, data.token).subscribe((frame) => show(element, frame?.meta));
}

export function remove(element) {
  element.unsubscribe?.();
}

function show(element, meta) {
  if (!element.firstChild) {
    element.cells = ROWS.map(([, name, about]) => {
      const cell = element.appendChild(document.createElement("div"));
      cell.className = "live-error";
      cell.title = about;
      const value = document.createElement("span");
      value.className = "live-error-value";
      const label = document.createElement("span");
      label.className = "live-error-name";
      label.textContent = name;
      cell.append(label, value);
      return value;
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
