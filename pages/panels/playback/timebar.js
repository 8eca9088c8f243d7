// The time machine: a slider over the snapshots of training, a film of them, and a new run from one of them.

import { channelFor } from "./channel.js";
import { make, setText } from "./dom.js";
import { inWords } from "./hands.js";
import { WATCHING } from "./watching.js";

const STAY = 120; // milliseconds that a snapshot stays in the film, at least
const PATIENCE = 3000; // … that a press or a release is believed before what the frames say counts again
const whole = new Intl.NumberFormat("en");

/** The bar in `parent`, to be kept by the caller and handed to the functions below. */
export function build(parent) {
  const root = make("div", "timebar", parent);
  root.title = "The network at earlier steps of its training. Every panel shows it on the probe of now.";
  make("span", "timebar-name", root, "History");
  const input = make("input", "live-slider-input timebar-input", root);
  Object.assign(input, { type: "range", min: 0, max: 1, step: 1, value: 1, ariaLabel: "Training history" });
  const where = make("output", "timebar-where", root, "live");
  const button = (text, about, place = root) => {
    const node = make("button", "panel-button timebar-button", place, text);
    Object.assign(node, { type: "button", title: about });
    return node;
  };
  const film = button("Film", "Play all snapshots one after the other.");
  const live = button("Back to live", "Show the network as it is now.");
  // one takes the other's place: in the past one goes on from there, in the present one may go back
  const runs = make("span", "timebar-runs", root);
  const branch = button(
    "Continue from here",
    "A new run starts from the network shown. The run before is kept for a while.",
    runs
  );
  const back = button("Return to the run before", "Show the run again from which this one was started.", runs);
  const save = button("Export", "Save the film as one file that any browser shows, also without this server.");
  return { root, input, where, runs, buttons: { film, live, branch, back, save }, steps: [], at: null, hands: "" };
}

/** Follow the run of `data.token` from now on. */
export function connect(bar, data, actions) {
  const { input, buttons } = bar;
  if (bar.channel?.token !== data.token) {
    forget(bar);
    Object.assign(bar, { held: false, film: null, busy: false, at: null, steps: [] });
  }
  bar.channel = channelFor(data.base, data.token);
  bar.following = data.following;
  for (const node of [...Object.values(bar.buttons), bar.runs]) node.hidden = data.following;
  bar.parent = data.parent;
  let sending = 0;
  input.oninput = () => {
    bar.held = true;
    bar.film = null;
    bar.asked = stepAt(bar, input.valueAsNumber);
    draw(bar);
    // many input events come in one animation frame: the last one counts
    cancelAnimationFrame(sending);
    sending = requestAnimationFrame(() => ask(bar, bar.asked));
  };
  input.onchange = () => {
    cancelAnimationFrame(sending);
    bar.held = false;
    ask(bar, stepAt(bar, input.valueAsNumber));
  };
  // dragged away and back to where it was, or when the page is scrolled instead, a slider does not say "change"
  input.onpointerup = input.onpointercancel = () => setTimeout(() => bar.held && input.onchange());
  buttons.film.onclick = () => (bar.film ? stop(bar) : play(bar));
  buttons.live.onclick = () => {
    bar.film = null;
    ask(bar, null);
  };
  buttons.branch.onclick = () => leave(bar, () => actions.setTriggerValue("branch", bar.at));
  buttons.back.onclick = () => leave(bar, () => actions.setTriggerValue("back", Date.now()));
  buttons.save.onclick = () => save(bar, data);
  draw(bar);
}

/** A frame has been drawn, or the connection has changed. */
export function show(bar, frame, channel) {
  const { history = [], at = null, live_step: now, kind, hands } = frame?.meta ?? {};
  // what is held is seen on the Hands on page; elsewhere it counts only while the network trains under it
  const seen = hands?.training || [...channel.subscribers].some(({ wants }) => wants.includes("held"));
  const held = hands && seen ? inWords(frame.meta) : "";
  bar.hands = held && `Held by hand${hands.training ? ", also while it trains" : ""}: ${held}.`;
  Object.assign(bar, { at, now, kind, lost: channel.state === "disconnected" || channel.state === "gone" });
  if (!bar.held) bar.steps = history; // under the hand no position may change its meaning
  if (at === newest(history, bar.asked)) forget(bar);
  if (bar.film && at !== null && at === newest(history, bar.film.wanted)) turnTheFilm(bar);
  draw(bar);
}

export function remove(bar) {
  if (bar.film) bar.channel.send({ type: "view", name: "at", value: null }); // nobody is left to turn it
  bar.film = null;
  forget(bar);
}

/** Ask for the network at `step`, null for that of now; the slider stands there until it has come. */
function ask(bar, step) {
  forget(bar);
  bar.asked = step;
  bar.waiting = setTimeout(() => {
    forget(bar);
    draw(bar);
  }, PATIENCE);
  bar.channel.send({ type: "view", name: "at", value: step });
  draw(bar);
}

function forget(bar) {
  clearTimeout(bar.waiting);
  bar.asked = undefined; // null would ask for the present
}

/** The newest snapshot up to `step`, as the server chooses it. */
function newest(steps, step) {
  if (step === null || step === undefined) return step;
  return steps.findLast((one) => one <= step) ?? steps[0];
}

/** Positions are those of the snapshots; one more stands for the present. */
function stepAt({ steps }, position) {
  return position < steps.length ? steps[position] : null;
}

function draw(bar) {
  const { root, input, where, buttons, steps } = bar;
  const at = bar.asked === undefined ? bar.at : bar.asked;
  const position = at === null ? steps.length : Math.max(0, steps.findLastIndex((step) => step <= at));
  if (!bar.held) {
    input.max = Math.max(1, steps.length);
    input.value = steps.length ? position : 1;
  }
  input.style.setProperty("--filled", `${(100 * input.valueAsNumber) / Number(input.max)}%`);
  const live = bar.hands ? "live · hands on" : "live";
  where.title = bar.hands;
  const place = at === null ? live : `step ${whole.format(at)} of ${whole.format(bar.now ?? 0)}`;
  input.ariaValueText = at === null ? "live" : `step ${at}`;
  setText(where, bar.making ? "making the film…" : place);
  const past = at !== null;
  root.parentElement.toggleAttribute("data-past", past);

  const none = bar.lost || !steps.length;
  input.disabled = none || bar.following;
  input.title = bar.following ? WATCHING : root.title;
  buttons.film.disabled = none;
  setText(buttons.film, bar.film ? "Stop" : "Film");
  buttons.live.disabled = none || !past;
  const mayReturn = Boolean(bar.parent) && !past;
  buttons.branch.disabled = none || bar.at === null || bar.busy;
  buttons.branch.classList.toggle("timebar-away", mayReturn);
  buttons.back.disabled = bar.lost || bar.busy;
  buttons.back.classList.toggle("timebar-away", !mayReturn);
  buttons.save.disabled = none || Boolean(bar.making);
}

/** From where the slider stands, or from the beginning. */
function play(bar) {
  const { steps, at } = bar;
  const from = at === null || at >= steps.at(-1) ? 0 : steps.findLastIndex((step) => step <= at);
  bar.film = { steps: steps.slice(from), place: 0 };
  showSnapshot(bar);
}

function stop(bar) {
  bar.film = null;
  draw(bar);
}

function showSnapshot(bar) {
  const { film } = bar;
  film.wanted = film.steps[film.place];
  film.until = performance.now() + STAY;
  ask(bar, film.wanted);
}

/** The snapshot that the film waits for is on screen. */
function turnTheFilm(bar) {
  const { film } = bar;
  film.wanted = undefined;
  setTimeout(() => {
    if (bar.film !== film) return;
    film.place += 1;
    if (film.place < film.steps.length) return showSnapshot(bar);
    bar.film = null;
    ask(bar, null);
  }, film.until - performance.now());
}

/** Python opens or finds another run; until then nothing is asked for twice. */
function leave(bar, tell) {
  bar.film = null;
  bar.busy = true;
  setTimeout(() => {
    bar.busy = false;
    draw(bar);
  }, PATIENCE);
  draw(bar);
  tell();
}

async function save(bar, { base, token }) {
  const { channel } = bar;
  bar.making = true;
  draw(bar);
  try {
    const answer = await fetch(`${base}/live/film`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
    const link = make("a", "");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = `lstm-${bar.kind ?? "film"}-${bar.now ?? 0}-steps.html`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    const unreachable = error instanceof TypeError; // what fetch throws when nobody answers
    const why = unreachable ? "the server does not answer. Try again in a moment." : error.message;
    channel.say(`The film could not be made: ${why || "the server did not say why."}`);
  } finally {
    bar.making = false;
    draw(bar);
  }
}
