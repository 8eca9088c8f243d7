// The truth badge: how far what is shown is from what torch itself computed; and, when it is pressed, the check
// of the plain cell's gradients against autograd.

import { channelFor } from "./channel.js";
import { make, setText } from "./dom.js";

const PATIENCE = 10_000; // milliseconds after which a check that was asked for is no longer waited for
const CORES = { lstm: "torch.nn.LSTM", gru: "torch.nn.GRU", rnn: "torch.nn.RNN" };
const whole = new Intl.NumberFormat("en");
const ABOUT =
  "Largest difference between the gates and states shown and what torch's own network computed. Press to read how " +
  "often it looks, and for the check of the gradients. Numbers are rounded to three digits for showing.";

/** The badge in `parent`, and its popover in `around`. */
export function build(parent, around) {
  const button = make("button", "truth", parent, "exact?");
  Object.assign(button, { type: "button", title: ABOUT, ariaExpanded: "false" });
  button.dataset.testid = "truth";
  button.dataset.state = "unknown";
  const popover = make("div", "truth-popover", around);
  popover.setAttribute("role", "status");
  popover.hidden = true;
  const frame = make("p", "", popover);
  const check = make("p", "", popover);
  return { button, popover, frame, check };
}

/** Follow the run of `data.token` from now on. */
export function connect(badge, data) {
  const { button, popover } = badge;
  const channel = channelFor(data.base, data.token);
  badge.close ??= (event) => {
    const inside = event.type === "pointerdown" && [button, popover].some((one) => one.contains(event.target));
    if (!inside && (event.type !== "keydown" || event.key === "Escape")) open(badge, false);
  };
  button.onclick = () => {
    if (!popover.hidden) return open(badge, false);
    if (channel.following) {
      open(badge, true);
      return draw(badge);
    }
    badge.before = JSON.stringify(badge.meta?.check); // an answer to this press differs, if only in its seconds
    clearTimeout(badge.waiting);
    badge.waiting = setTimeout(() => settle(badge), PATIENCE);
    badge.asked = true;
    channel.send({ type: "check" });
    open(badge, true);
    draw(badge);
  };
}

/** A frame has been drawn. */
export function show(badge, frame) {
  badge.meta = frame?.meta;
  const { check } = badge.meta ?? {};
  if (check && JSON.stringify(check) !== badge.before) settle(badge);
  else draw(badge);
}

export function remove(badge) {
  clearTimeout(badge.waiting);
  open(badge, false);
}

function settle(badge) {
  clearTimeout(badge.waiting);
  badge.asked = false;
  draw(badge);
}

function open(badge, yes) {
  badge.popover.hidden = !yes;
  badge.button.ariaExpanded = String(yes);
  const change = yes ? document.addEventListener : document.removeEventListener;
  for (const type of ["pointerdown", "keydown"]) change.call(document, type, badge.close);
}

function draw(badge) {
  const { button, popover } = badge;
  const truth = ofFrame(badge.meta);
  const check = ofCheck(badge.meta?.check, badge.asked);
  const bad = [truth, check].find((one) => one.state === "off");
  button.dataset.state = bad ? "off" : truth.state;
  setText(button, (bad ?? truth).short);
  if (popover.hidden) return;
  for (const [node, part] of [[badge.frame, truth], [badge.check, check]]) {
    node.dataset.state = part.state;
    setText(node, part.sentence);
  }
}

function ofFrame(meta) {
  // a run that waits for its place, or that failed, shows no network
  if (!meta?.kind) return { state: "unknown", short: "exact?", sentence: "No network is shown yet." };
  const { difference, allowed, step, every } = meta.truth ?? {};
  if (!Number.isFinite(difference) || !Number.isFinite(allowed)) {
    const sentence = `This frame could not be compared with what ${CORES[meta.cell]} itself computed: do not trust it.`;
    return { state: "off", short: "not checked", sentence };
  }
  const off = difference > allowed;
  return {
    state: off ? "off" : "exact",
    short: off ? `off by ${digits(difference)}` : `exact · ${digits(difference)}`,
    sentence:
      `What ${step === meta.step || step === undefined ? "this frame shows" : `step ${whole.format(step)} showed`} and ` +
      `what ${CORES[meta.cell]} itself computed differ by at most ${digits(difference)}; up to ${digits(allowed)} is ` +
      `the rounding of float32. ${off ? "Something is wrong here." : often(every)}`.trim(),
  };
}

function often(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const when = seconds === 1 ? "once a second" : `every ${digits(seconds)} seconds`;
  return `All numbers are compared ${when}; in every frame between, whether the gates shown give the states shown.`;
}

function ofCheck(check, asked) {
  if (asked) return { state: "unknown", sentence: "Checking the gradients…" };
  if (!check) return { state: "unknown", sentence: "The gradients have not been checked yet." };
  const { step, difference, allowed, weights, seconds, way } = check;
  const how = way === "plain cell" ? "through the plain cell" : "by hand through the plain cell";
  const off = !(difference <= allowed); // also when there is no number
  const time = Number.isFinite(seconds) ? ` That took ${seconds.toPrecision(2)} s to check.` : "";
  return {
    state: off ? "off" : "exact",
    short: Number.isFinite(difference) ? `gradients off by ${digits(difference)}` : "gradients off",
    sentence:
      `At step ${whole.format(step)} the gradients of all ${whole.format(weights)} weights, ${how} ` +
      `and by torch's autograd through its own network, differ by at most ${digits(difference)} of their size; up to ` +
      `${digits(allowed)} is allowed.${time}`,
  };
}

function digits(value) {
  if (!Number.isFinite(value)) return "an unknown amount";
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1).replace(".0e", "e");
  return String(Number(value.toPrecision(2)));
}
