"""Settings of a page: read from its address, shown as widgets, written back, so that a copied link works.

A setting's key is also its name in the address: the page, an underscore, the field's name. Every value from
an address is checked by the config that it is for. (Streamlit's own `bind="query-params"` would drop what it
cannot use without a word, and names options by what they are called on screen.)
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import View
from lstm_core.config.fields import Checked, limits
from lstm_core.experiments.configs import SubjectConfig
from pages.common.address import LONGEST_IN_LINK, forget_echoes, has_read, link, news
from pages.common.markdown import escape_markdown
from pages.live.inputs.slider import live_slider, live_text

# by page and field name, where a page's defaults differ from those of the configs
DEFAULTS: dict[str, dict[str, Any]] = {
    "series": {"hidden_size": 32, "sequence_length": 48, "learning_rate": 5e-3},
}


def parse(config: type[Checked], name: str, text: str) -> Any:
    """The value that `text`, from an address, gives field `name`. Raises ValueError as `config` does."""
    spec = limits(config, name)
    if "choices" in spec:
        value: Any = text[:40]
    elif "flag" in spec:
        value = {"True": True, "False": False}.get(text, text[:40])
    elif "low" not in spec:
        return text[:LONGEST_IN_LINK] or None
    elif text == "max" and spec["default"] is None:
        return None
    else:
        try:
            value = int(text) if isinstance(spec["low"], int) else float(text)
        except ValueError:
            value = text[:40]
    config(**{name: value})
    return value


def note_page(page: str) -> None:
    """Tell, at the start of a script run, which page it shows: a link from another page is no echo."""
    if st.session_state.get("page") != page:
        st.session_state["page"] = page
        forget_echoes()
        st.session_state["placed"] = set()  # keys of the widgets that stand on this page already


def place_widget(key: str, value: Any) -> None:
    """Let the widget `key` stand at `value` when it first appears on a page.

    A widget of the same key on the page before leaves a value behind that Streamlit does not hand on.
    """
    placed = st.session_state["placed"]
    if key not in placed or key not in st.session_state:
        st.session_state[key] = value
    placed.add(key)


class Settings:
    """The settings of one page.

    `notes` are sentences about what could not be used; `run` is the config of the page's run when this script
    run began, None if it has none; `drawn` the live settings that the page is drawn for, by kind of message
    and by name.
    """

    def __init__(self, page: str) -> None:
        self.page = page
        self.run: SubjectConfig | None = None
        self.drawn: dict[str, dict[str, Any]] = {}
        self.defaults = DEFAULTS.get(page, {})
        self.notes: list[str] = []

    def show_notes(self) -> None:
        """Say what a link held that could not be used, until the reader has seen it."""
        place = f"notes_{self.page}"
        notes = st.session_state.setdefault(place, [])
        notes += [note for note in self.notes if note not in notes]
        if not notes:
            return
        st.warning(escape_markdown("In the link: " + " ".join(notes)))
        if st.button("Understood", key=f"{place}_seen"):
            notes.clear()
            st.rerun()

    def default(self, config: type[Checked], name: str) -> Any:
        """What field `name` is when nobody chose."""
        return self.defaults.get(name, limits(config, name)["default"])

    def key(self, name: str) -> str:
        """Of a setting, in the session and in the address."""
        return f"{self.page}_{name}"

    def live_key(self, name: str) -> str:
        """Of the live control over a setting."""
        return f"live_{self.key(name)}"

    def stored(self, config: type[Checked], name: str) -> Any:
        """A setting's value: from the address if that says something new, else where it was left, else the
        default.
        """
        store = st.session_state.setdefault("settings", {})
        key, default = self.key(name), self.default(config, name)
        if news(key) is not None:
            store[key] = self._parsed(config, name, default)
            if key in st.session_state:
                st.session_state[key] = store[key]
        link(key, store.setdefault(key, default), default)
        return store[key]

    def take_over(self, name: str, value: Any, fresh: bool, alone: bool = True) -> bool:
        """From now on setting `name` is `value`, as the run has it, and so is a widget over it. But what the
        user has asked for just now stays, and then this returns False.

        fresh: this session has had another run until now, or none; then neither the address counts (unless
        not `alone`) nor what the widgets say. Called before the widgets of a script run.
        """
        store = st.session_state.setdefault("settings", {})
        key = self.key(name)
        before = store.get(key)
        if not fresh and before == value:
            return True
        asked = news(key) is not None and not (fresh and alone)
        if not fresh and key in st.session_state["placed"]:
            asked = asked or st.session_state.get(key, before) != before
        if asked:
            return False
        store[key] = value
        if key in st.session_state:
            st.session_state[key] = value
        has_read(key)
        return True

    def forget_typed(self) -> None:
        """Another text is read: what was typed for the one before goes, unless the address brings it anew."""
        for name in ("probe", "prompt"):
            if news(self.key(name)) is None and self.stored(View, name) is not None:
                self.remember(View, name, None)

    def linked_run(self) -> str | None:
        """What the address now says is the page's run, if it did not say so before."""
        given = news(self.key("run"))
        has_read(self.key("run"))
        return given

    def link_run(self, token: str) -> None:
        """Let the address say which run the page shows."""
        link(self.key("run"), token)

    def remember(self, config: type[Checked], name: str, value: Any) -> None:
        """Keep where a setting was left."""
        st.session_state["settings"][self.key(name)] = value
        link(self.key(name), value, self.default(config, name))

    def widget_key(self, config: type[Checked], name: str) -> str:
        """Key for a widget over field `name`, which then stands at the setting's value."""
        value, key = self.stored(config, name), self.key(name)
        place_widget(key, value)
        return key

    def keep(self, config: type[Checked], name: str, value: Any) -> Any:
        """Remember what a widget says, and pass it on; a widget that says nothing leaves all as it was."""
        if value is None:
            return self.stored(config, name)
        if value != self.stored(config, name):
            self.remember(config, name, value)
        return value

    def slider(self, label: str, config: type[Checked], name: str, token: str, **options: Any) -> None:
        """A live slider over field `name`."""
        key = self.live_key(name)
        live_slider(label, config, name, self.stored(config, name), key=key, token=token, **options)

    def text(self, label: str, name: str, token: str, about: str) -> None:
        """A live text box for the probe or the prompt."""
        key = self.live_key(name)
        live_text(label, name, self.stored(View, name), key=key, token=token, about=about)

    def _parsed(self, config: type[Checked], name: str, default: Any) -> Any:
        try:
            return parse(config, name, st.query_params[self.key(name)])
        except ValueError as error:
            used = "max" if default is None else default
            self.notes.append(f"{error} Instead, {used} is used.".replace("_", " "))
            return default
