// Play, pause, step, reset and speed; the numbers of the frame that is drawn now, and how true it is; and below,
// the time machine.

import { channelFor, follow } from "./channel.js";
import { make, setText } from "./dom.js";
import * as queue from "./queue.js";
import { note } from "./revive.js";
import * as slider from "./slider.js";
import * as timebar from "./timebar.js";
import * as truth from "./truth.js";

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const ASK_AGAIN = 2000; // milliseconds
const REST = 200; // … in which no setting changes until Python hears of them
const LOST = "The connection to the server is lost. The page tries again by itself; nothing needs to be done.";
const ENDED = "The teacher has ended the sharing.";

export function render(element, data, actions) {
  if (!element.firstChild) build(element);
  const { root, buttons, speed, watching, crowd, bar } = element.parts;
  element.data = data;
  // drawn last: what it says of the frame is true of every other panel by then
  follow(element, data, (frame, channel) => show(element, frame, channel, actions), 1);
  heard(element, data, actions);
  const channel = channelFor(data.base, data.token);
  element.unheed?.();
  element.unheed = channel.onSettings(() => compare(element, channel, actions));
  compare(element, channel, actions);
  const send = (type) => channel.send({ type });
  buttons.play.onclick = () => send(element.playing ? "pause" : "play");
  buttons.step.onclick = () => send("step");
  buttons.reset.onclick = () => send("reset");
  const { base, token, following } = data;
  for (const node of [...Object.values(buttons), speed]) node.hidden = following;
  watching.root.hidden = !following;
  setText(watching.code, data.code ?? "");
  if (!following) slider.render(speed, { base, token, ...data.speed });
  // beside what there is room for
  if (following) watching.root.append(crowd);
  else if (data.experiment) root.insertBefore(crowd, element.parts.status);
  else bar.where.after(crowd);
  bar.root.hidden = element.parts.badge.button.hidden = data.experiment;
  if (data.experiment) return;
  timebar.connect(bar, data, actions);
  truth.connect(element.parts.badge, data);
}

export function remove(element) {
  element.unfollow?.();
  element.unheed?.();
  clearTimeout(element.asking);
  clearTimeout(element.comparing);
  if (!element.parts) return;
  slider.remove(element.parts.speed);
  timebar.remove(element.parts.bar);
  truth.remove(element.parts.badge);
}

function show(element, frame, channel, actions) {
  const { root, buttons, numbers, status, message, bar, badge, crowd } = element.parts;
  // until the first frame of another run comes, the panels show the last one of the run before
  const meta = (element.meta = frame?.meta ?? element.meta ?? {});
  const lost = channel.state === "disconnected" || channel.state === "gone";
  const state = lost ? "disconnected" : (frame?.meta.status ?? "connecting");
  note(channel.state, () => actions.setTriggerValue("changed", Date.now()));
  const ended = channel.following && channel.state === "gone";
  if (channel.state === "gone") askPython(element, channel, actions, "gone");
  else if (frame && outdated(element.data.drawn, meta)) askPython(element, channel, actions, "changed");
  element.playing = meta.status === "training";
  buttons.play.label.textContent = element.playing ? "Pause" : "Play";
  buttons.play.icon.dataset.icon = element.playing ? "pause" : "play";
  for (const button of Object.values(buttons)) button.disabled = lost || state === "waiting";

  const series = meta.kind === "series";
  const several = Boolean(element.data.experiment); // networks, each with losses of its own on the page
  numbers.step.textContent = whole.format(meta.step ?? 0);
  numbers.loss.textContent = `${digits(meta.loss)} · ${digits(meta.valid_loss)}`;
  numbers.perplexity.box.hidden = series || several || meta.goal === "gaps";
  numbers.loss.box.hidden = several;
  numbers.perplexity.textContent = digits(Math.exp(meta.valid_loss ?? NaN));
  const tokens = (meta.steps_per_second ?? 0) * (meta.tokens_per_step ?? 0);
  const read = series ? "values" : meta.level === "words" ? "words" : "chars";
  const rate = compact.format(meta.steps_per_second ?? 0);
  numbers.rate.name.textContent = several ? "steps /s" : `steps · ${read} /s`;
  numbers.rate.textContent = several ? rate : `${rate} · ${compact.format(tokens)}`;

  const { followers = null } = meta;
  crowd.hidden = followers === null;
  setText(crowd, followers === 1 ? "1 follower" : `${whole.format(followers ?? 0)} followers`);

  // the network shown may be one of the past, while that of now goes on, or not, as its button says
  const past = meta.at !== undefined && meta.at !== null && !lost;
  setText(status, ended ? "ended" : past ? "past shown" : state);
  status.dataset.state = state;
  message.textContent = ended ? ENDED : channel.notice || (lost ? LOST : meta.message || meta.trouble) || "";
  const waits = queue.show(element.parts.card, meta, lost);
  message.hidden = waits || !message.textContent;

  if (!several) {
    timebar.show(bar, frame, channel);
    truth.show(badge, frame);
  }

  root.dataset.step = meta.step ?? 0;
  root.dataset.at = meta.at ?? ""; // the step of the past that is shown
  root.dataset.loss = meta.loss ?? "";
  root.dataset.lr = meta.learning_rate ?? "";
  // before the first frame a run is on its way, not lost
  root.dataset.status = state === "connecting" ? "waiting" : state;
}

/** Python has drawn what it was asked for; by now that may be out of date, too. */
function heard(element, { base, token, drawn, settings }, actions) {
  const key = JSON.stringify([drawn, settings]);
  if (element.drawn === key) return;
  element.drawn = key;
  clearTimeout(element.asking);
  element.asking = null;
  const channel = channelFor(base, token);
  if (channel.frame) show(element, channel.frame, channel, actions);
}

/**
 * Whether what Python has drawn suits another page, another network or another layer than the frame's. A frame of
 * the networks before may still be on its way.
 */
function outdated(drawn = {}, meta) {
  const differs = (name, value) => (name === "generation" ? meta[name] > value : meta[name] !== value);
  return Object.entries(drawn).some(([name, value]) => meta[name] !== undefined && differs(name, value));
}

/**
 * Python draws the page anew, and so its address, when the settings are at rest and others than it knows. News of
 * others meanwhile, as a film makes them all the time, do not put it off.
 */
function compare(element, channel, actions) {
  const { settings = {} } = element.data;
  const others = Object.entries(settings).flatMap(([kind, values]) =>
    Object.keys(values)
      .map((name) => [kind, name, channel.setting(kind, name, values[name])])
      .filter(([, name, value]) => value !== values[name])
  );
  const wanted = channel.rests && others.length ? JSON.stringify(others) : "";
  if (wanted === element.wanted) return;
  element.wanted = wanted;
  clearTimeout(element.comparing);
  if (!wanted) return;
  element.comparing = setTimeout(() => {
    element.wanted = "";
    askPython(element, channel, actions, "changed");
  }, REST);
}

/**
 * Python runs the page again, because the run is gone or because it is shown in another way; asked again while
 * Streamlit itself is still reconnecting.
 */
function askPython(element, channel, actions, why) {
  if (element.asking || element.token !== channel.token || !element.isConnected) return;
  actions.setTriggerValue(why, Date.now());
  element.asking = setTimeout(() => {
    element.asking = null;
    if (element.token !== channel.token) return;
    show(element, channel.frame, channel, actions);
    compare(element, channel, actions);
  }, ASK_AGAIN);
}

function digits(value) {
  if (value === undefined || value === null || !Number.isFinite(value)) return "–";
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return value.toPrecision(3);
}

function build(element) {
  const outer = make("div", "transport-bar", element);
  const root = make("div", "transport", outer);
  root.dataset.testid = "live";
  root.dataset.step = 0;
  const button = (icon, text, about, className = "") => {
    // drawn by the style sheet: not every machine has a font with these signs
    const node = make("button", `panel-button transport-button ${className}`, root);
    node.type = "button";
    node.title = about;
    node.dataset.act = icon; // a key presses it, too
    node.icon = make("span", "transport-icon", node);
    node.icon.dataset.icon = icon;
    node.label = make("span", "", node, text);
    return node;
  };
  const buttons = {
    play: button("play", "Play", "Train, or hold still.", "transport-play"),
    step: button("step", "Step", "Hold still and take one training step."),
    reset: button("reset", "Reset", "Start over from the same initial weights."),
  };
  const watching = { root: make("div", "transport-watching", root, "You follow ") };
  watching.code = make("span", "transport-code", watching.root);
  const speed = make("div", "transport-speed", root);
  const number = (text, about) => {
    const box = make("div", "transport-number", root);
    box.title = about;
    const name = make("span", "transport-name", box, text);
    const value = make("span", "transport-value", box, "–");
    Object.assign(value, { name, box });
    return value;
  };
  const numbers = {
    step: number("step", "Training steps so far, of the network shown: batches that changed the weights."),
    loss: number(
      "loss train · valid",
      "Mean loss of the last batch, and on text or values that are never trained on. " +
        "Text: cross-entropy in nats. Series: squared error, where the series has variance 1."
    ),
    perplexity: number(
      "perplexity",
      "Among how many equally likely tokens the network seems to choose: e to the validation loss."
    ),
    rate: number("steps · chars /s", "Training steps, and what the network reads meanwhile, per second."),
  };
  for (const wide of [numbers.loss, numbers.rate]) wide.classList.add("transport-wide");
  numbers.step.dataset.pastValue = "";
  numbers.perplexity.box.dataset.extra = "";
  const status = make("div", "transport-status", root);
  status.setAttribute("role", "status");
  const badge = truth.build(root, element);
  const bar = timebar.build(outer);
  const crowd = make("span", "transport-crowd");
  crowd.title = "Pages that follow this run now, through its code.";
  crowd.hidden = true;
  const message = make("div", "transport-message", element);
  message.setAttribute("role", "alert");
  message.hidden = true;
  const card = queue.build(element);
  element.parts = { root, card, buttons, speed, watching, crowd, numbers, status, message, bar, badge };
}
