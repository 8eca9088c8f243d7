// The networks of a race, a row each: line, name, size, time of a step, and since when it has been right in 95 %.

import { follow } from "./channel.js";
import { make, setText } from "./dom.js";
import { themeOf } from "./theme.js";

const whole = new Intl.NumberFormat("en");
const HEADS = {
  name: ["", "The network; its line in all charts."],
  hidden_size: ["units", "Hidden units H."],
  parameters: ["weights", "All trainable numbers: nearly as many in each network."],
  time: ["ms a step", "Time that one training step of this network alone takes; the others and all that is drawn come on top."],
  now: ["right", "Share of right answers at the lag that is trained."],
  reached: ["95 % since", "The step since which it has been right in 95 % at this lag, and its own seconds until then."],
};

export function render(element, data) {
  element.data = data;
  if (!element.parts) build(element);
  follow(element, data, (frame) => show(element, frame?.meta));
  if (element.meta) show(element, element.meta); // the theme may have changed
}

export function remove(element) {
  element.unfollow?.();
}

function build(element) {
  const table = make("table", "lanes", element);
  table.dataset.testid = "lanes";
  const head = make("tr", "", make("thead", "", table));
  for (const [name, [text, about]] of Object.entries(HEADS)) {
    const cell = make("th", `lanes-${name}`, head, text);
    cell.title = about;
    cell.scope = "col";
  }
  const body = make("tbody", "", table);
  const note = make("p", "lanes-note", element, "The networks appear here as soon as the first frame arrives.");
  element.parts = { body, note, rows: new Map() };
}

function show(element, meta) {
  if (meta?.kind !== "race") return;
  element.meta = meta;
  const { body, note, rows } = element.parts;
  for (const key of rows.keys()) {
    if (meta.lanes.some((lane) => lane.key === key)) continue;
    rows.get(key).row.remove();
    rows.delete(key);
  }
  const dark = themeOf(element).dark ? 1 : 0;
  for (const lane of meta.lanes) {
    const cells = rows.get(lane.key) ?? newRow(body, lane, rows);
    body.append(cells.row); // in the order of the lanes, also when one was added
    const { width, dash } = element.data.lines[lane.key];
    const look = dash === "solid" ? dash : "dashed";
    cells.mark.style.borderTop = `${width}px ${look} ${element.data.colours[lane.key][dark]}`;
    cells.row.title = lane.stopped;
    cells.row.dataset.stopped = Boolean(lane.stopped);
    cells.row.dataset.reached = lane.reached ?? "";
    cells.row.dataset.accuracy = lane.accuracy ?? "";
    setText(cells.hidden_size, whole.format(lane.hidden_size));
    setText(cells.parameters, whole.format(lane.parameters));
    setText(cells.time, lane.stopped ? "stopped" : milliseconds(lane.milliseconds));
    setText(cells.now, lane.accuracy === null ? "–" : `${Math.round(100 * lane.accuracy)} %`);
    setText(cells.reached, reached(lane));
  }
  setText(note, noteOf(meta, element.data.note));
}

/** What the table itself does not say. */
function noteOf(meta, wanted) {
  const stopped = meta.lanes.filter((lane) => lane.stopped);
  if (stopped.length) return stopped.map((lane) => lane.stopped).join(" ");
  if (!wanted) return "";
  const keys = meta.lanes.map((lane) => lane.key);
  if (!keys.includes("lstm") || !keys.includes("lstm0")) return "";
  return "The two LSTMs differ only in their initial forget bias.";
}

function newRow(body, lane, rows) {
  const row = make("tr", "", body);
  row.dataset.lane = lane.key;
  const cells = { row };
  for (const name of Object.keys(HEADS)) cells[name] = make("td", `lanes-${name}`, row);
  cells.mark = make("span", "lanes-mark", cells.name);
  make("span", "", cells.name, lane.name);
  rows.set(lane.key, cells);
  return cells;
}

function milliseconds(value) {
  return value ? value.toPrecision(value < 100 ? 2 : 3) : "–";
}

/** Only as long as it holds. */
function reached({ reached: step, reached_seconds: own, lost }) {
  if (step !== null) return `${whole.format(step)} · ${seconds(own)}`;
  return lost === null ? "–" : `lost at ${whole.format(lost)}`;
}

function seconds(value) {
  return `${value < 9.95 ? value.toFixed(1) : whole.format(Math.round(value))} s`;
}
