// Buttons that save a file of the run as it is at the moment of the click.

import { make, setText } from "./dom.js";
import { saveBlob } from "./save.js";

export function render(element, data) {
  if (!element.parts) build(element);
  const { buttons, note } = element.parts;
  const names = JSON.stringify(data.files);
  if (element.names !== names) {
    element.names = names;
    buttons.replaceChildren();
    for (const { what, label, about } of data.files) {
      const button = make("button", "panel-button export-button", buttons, label);
      Object.assign(button, { type: "button", title: about });
      button.dataset.what = what;
      button.onclick = () => save(element, what);
    }
    setText(note, "");
  }
  element.data = data;
}

export function remove() {}

function build(element) {
  const buttons = make("div", "export-buttons", element);
  const note = make("div", "export-note", element);
  note.setAttribute("role", "status");
  element.parts = { buttons, note };
}

async function save(element, what) {
  const { buttons, note } = element.parts;
  const { base, token } = element.data;
  for (const button of buttons.children) button.disabled = true;
  setText(note, "The file is being made…");
  try {
    const answer = await fetch(`${base}/live/export`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, what }),
    });
    if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] ?? what;
    saveBlob(await answer.blob(), name);
    setText(note, `Saved as ${name}.`);
  } catch (error) {
    const unreachable = error instanceof TypeError; // what fetch throws when nobody answers
    const why = unreachable ? "the server does not answer. Try again in a moment." : error.message;
    setText(note, `Not saved: ${why || "the server did not say why."}`);
  } finally {
    for (const button of buttons.children) button.disabled = false;
  }
}
