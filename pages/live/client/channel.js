// One WebSocket a run and page. Components subscribe to it; all of them draw the same frame in the same
// animation frame, and only then is the next one asked for. A hidden tab draws nothing and asks for nothing.

import { decode } from "./frame.js";

const channels = new Map(); // token → Channel
const FIRST_RETRY = 300; // milliseconds, doubled up to …
const LAST_RETRY = 5000;
const NOTICE = 6000; // how long a refusal is shown
const HARMLESS = ["hello", "ready"]; // what may be said to a run that one only follows
const LINGER = 3000; // how long the socket outlives its last component, when a page is laid out anew

export function channelFor(base, token) {
  if (!channels.has(token)) channels.set(token, new Channel(base, token));
  return channels.get(token);
}

/**
 * From now on `draw(frame or null, channel)` follows the run of `token`, in place of the one that `element`
 * followed before; `element.unfollow()` ends it. `wants` names the parts of a frame that only some panels show.
 */
export function follow(element, { base, token, following = false }, draw, order = 0, wants = []) {
  if (element.token === token) return;
  element.token = token;
  element.unfollow?.();
  const channel = channelFor(base, token);
  channel.following ||= following;
  element.unfollow = channel.subscribe(draw, order, wants);
}

class Channel {
  constructor(base, token) {
    this.token = token;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.address = `${scheme}//${location.host}${base}/live/socket`;
    this.subscribers = new Set();
    this.following = false; // somebody else's run: it may be watched, and nothing else
    this.frame = null; // the one that is on screen
    this.facts = {}; // what the server knows of the run: who follows, when it was saved …; in every frame's meta
    this.settings = {}; // the run's live settings as the server has them, by kind and name; empty until it says so
    this.unanswered = new Map(); // kind and name → message with a setting that the server has not dealt with yet
    this.number = 0; // of the newest of them
    this.moving = new Set(); // names of settings whose controls are being moved
    this.listeners = new Set(); // to the settings
    this.state = "connecting"; // connecting, open, disconnected, gone
    this.retry = FIRST_RETRY;
    this.notice = ""; // why the server refused the last message
    this.connect();
  }

  /** draw(frame or null, channel) is called for every frame and every change of state. */
  subscribe(draw, order = 0, wants = []) {
    const entry = { draw, order, wants };
    this.subscribers.add(entry);
    this.subscribers = new Set([...this.subscribers].sort((a, b) => a.order - b.order));
    if (wants.length && this.frame && !this.waiting) this.ready(); // a run that is paused sends nothing by itself
    if (this.socket?.readyState === WebSocket.CLOSED && this.state !== "gone") this.connect();
    this.call(entry);
    return () => {
      this.subscribers.delete(entry);
      setTimeout(() => this.closeIfLeft(), LINGER);
    };
  }

  /** Whether anybody looks at it, or it has something to say yet. */
  get needed() {
    return this.subscribers.size > 0 || this.unanswered.size > 0;
  }

  closeIfLeft() {
    if (!this.needed) this.close();
  }

  /** Sends at once. A setting is sent again when a lost connection is back, until the server has answered. */
  send(message) {
    if (this.following && !HARMLESS.includes(message.type)) return; // the server would refuse it
    const releases = message.type === "release"; // all gates at once
    if (message.name || releases) {
      message = { ...message, number: ++this.number };
      const key = releases ? message.type : `${message.type} ${message.name}`;
      if (releases) for (const one of this.unanswered.keys()) if (one.startsWith("hands ")) this.unanswered.delete(one);
      this.unanswered.delete(key); // so that they stand in the order of their numbers
      this.unanswered.set(key, message);
    }
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** A live setting as the server has it, or as it was sent from here last if that is not answered yet. */
  setting(kind, name, initial) {
    const sent = this.unanswered.get(`${kind} ${name}`);
    if (sent) return sent.value;
    return kind in this.settings ? this.settings[kind][name] : initial;
  }

  /** heed() is called when settings may have changed, and when they have come to rest. Returns what ends that. */
  onSettings(heed) {
    this.listeners.add(heed);
    return () => this.listeners.delete(heed);
  }

  /** The control over a setting is being moved, or no longer. */
  move(name, moving = true) {
    if (moving) this.moving.add(name);
    else if (this.moving.delete(name)) this.tell();
  }

  /** Whether nothing is being moved, and the server has answered all that was sent. */
  get rests() {
    return !this.moving.size && !this.unanswered.size;
  }

  tell() {
    for (const heed of this.listeners) heed();
  }

  /** Ask for the next frame, with all parts that somebody here shows. */
  ready() {
    const wants = [...new Set([...this.subscribers].flatMap((entry) => entry.wants))];
    this.send({ type: "ready", wants });
  }

  connect() {
    const socket = (this.socket = new WebSocket(this.address));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.send({ type: "hello", token: this.token });
      for (const message of this.unanswered.values()) socket.send(JSON.stringify(message));
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.control(JSON.parse(data));
      else this.receive(data);
    };
    socket.onclose = () => {
      if (this.socket !== socket || this.state === "gone") return;
      this.setState("disconnected");
      setTimeout(() => this.needed && this.socket === socket && this.connect(), this.retry);
      this.retry = Math.min(2 * this.retry, LAST_RETRY);
    };
  }

  close() {
    if (channels.get(this.token) === this) channels.delete(this.token); // else another one has taken its place
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  control(message) {
    if (message.type === "gone") {
      this.unanswered.clear(); // nobody is there to answer
      this.setState("gone");
    }
    if (message.type === "facts") this.learn(message.facts);
    if (message.type === "error") this.say(message.message);
  }

  learn({ settings, answered, ...facts }) {
    if (settings) {
      this.settings = settings;
      for (const [key, { number }] of this.unanswered) if (number <= answered) this.unanswered.delete(key);
      this.tell();
      if (!this.subscribers.size) setTimeout(() => this.closeIfLeft(), LINGER);
    }
    if (JSON.stringify(facts) === JSON.stringify(this.facts)) return;
    this.facts = facts;
    if (!this.frame) return;
    Object.assign(this.frame.meta, facts);
    for (const entry of this.subscribers) this.call(entry);
  }

  /** Shows a sentence for a while. */
  say(notice) {
    this.notice = notice;
    clearTimeout(this.silence);
    if (notice) this.silence = setTimeout(() => this.say(""), NOTICE);
    for (const entry of this.subscribers) this.call(entry);
  }

  receive(data) {
    if (!this.waiting) requestAnimationFrame(() => this.show());
    this.waiting = data;
  }

  show() {
    const data = this.waiting;
    if (!data) return;
    this.waiting = null;
    try {
      this.frame = settle(decode(data), this.frame);
      Object.assign(this.frame.meta, this.facts);
      this.state = "open";
      this.retry = FIRST_RETRY; // not before: a server that is full lets everybody in, and then refuses
      for (const entry of this.subscribers) this.call(entry);
    } finally {
      this.ready();
    }
  }

  setState(state) {
    if (state === this.state) return;
    this.state = state;
    for (const entry of this.subscribers) this.call(entry);
  }

  call(entry) {
    try {
      entry.draw(this.frame, this);
    } catch (error) {
      console.error(error); // one panel's fault must not blank the others
    }
  }
}

// Lists that rarely change. They stay the same object until they do, so that "has it changed?" is one ===.
const LISTS = ["labels", "ticks", "tick_steps", "units", "unit_rows", "unit_labels", "x", "forecast_x"].flatMap(
  (name) => [name, `right_${name}`] // of the right one of two networks side by side
);

function settle(frame, before) {
  for (const name of LISTS) {
    const old = before?.meta[name];
    if (old && JSON.stringify(old) === JSON.stringify(frame.meta[name])) frame.meta[name] = old;
  }
  const { units, labels } = frame.meta;
  if (!units) return frame;
  const same = before && before.meta.units === units && before.meta.labels === labels;
  frame.meta.cells = same
    ? before.meta.cells
    : units.map((unit) => labels.map((label, t) => `unit ${unit} · t = ${t} “${label}”`));
  return frame;
}
