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
    this.state = "connecting"; // connecting, open, disconnected, gone
    this.retry = FIRST_RETRY;
    this.pending = new Map(); // settings to send when the connection is back
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
      setTimeout(() => this.subscribers.size || this.close(), LINGER);
    };
  }

  /** Sends at once, or settings that were changed meanwhile when the connection is back. */
  send(message) {
    if (this.following && !HARMLESS.includes(message.type)) return; // the server would refuse it
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    else if (message.name) this.pending.set(`${message.type} ${message.name}`, message);
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
      for (const message of this.pending.values()) this.send(message);
      this.pending.clear();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.control(JSON.parse(data));
      else this.receive(data);
    };
    socket.onclose = () => {
      if (this.socket !== socket || this.state === "gone") return;
      this.setState("disconnected");
      setTimeout(() => this.subscribers.size && this.socket === socket && this.connect(), this.retry);
      this.retry = Math.min(2 * this.retry, LAST_RETRY);
    };
  }

  close() {
    channels.delete(this.token);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  control(message) {
    if (message.type === "gone") this.setState("gone");
    if (message.type === "facts") this.learn(message.facts);
    if (message.type === "error") this.say(message.message);
  }

  learn(facts) {
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
