"""Settings of a page: read from its address, shown as widgets, written back, so that a copied link works.

A setting's key is also its name in the address: the page, an underscore, the field's name. Every value from
an address is checked by the config that it is for. (Streamlit's own `bind="query-params"` would drop what it
cannot use without a word, and names options by what they are called on screen.)
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import Checked, View, limits
from pages.live.slider import live_slider, live_text

LONGEST_IN_LINK = 300  # characters of a probe or prompt that go into the address


def parse(config: type[Checked], name: str, text: str) -> Any:
    """The value that `text`, from an address, gives field `name`. Raises ValueError as `config` does."""
    spec = limits(config, name)
    if "choices" in spec:
        value: Any = text[:40]
    elif "low" not in spec:
        return text[:LONGEST_IN_LINK]
    elif text == "max" and spec["default"] is None:
        return None
    else:
        try:
            value = int(text) if isinstance(spec["low"], int) else float(text)
        except ValueError:
            value = text[:40]
    config(**{name: value})
    return value


class Settings:
    """The settings of one page. `notes` are sentences about what could not be used."""

    def __init__(self, page: str, defaults: dict[str, Any] | None = None) -> None:
        """defaults: by field name, where this page's differ from those of the configs."""
        self.page = page
        self.defaults = defaults or {}
        self.notes: list[str] = []

    def default(self, config: type[Checked], name: str) -> Any:
        """What field `name` is when nobody chose."""
        return self.defaults.get(name, limits(config, name)["default"])

    def key(self, name: str) -> str:
        """Of a setting, in the session and in the address."""
        return f"{self.page}_{name}"

    def stored(self, config: type[Checked], name: str) -> Any:
        """A setting's value: where it was left in this session, else from the address, else the default."""
        store = st.session_state.setdefault("settings", {})
        key = self.key(name)
        default = self.default(config, name)
        if key not in store:
            store[key] = self._parsed(config, name, default) if key in st.query_params else default
        self._link(key, store[key], default)
        return store[key]

    def remember(self, config: type[Checked], name: str, value: Any) -> None:
        """Keep where a setting was left."""
        st.session_state["settings"][self.key(name)] = value
        self._link(self.key(name), value, self.default(config, name))

    def widget_key(self, config: type[Checked], name: str) -> str:
        """Key for a widget over field `name`, which then stands at the setting's value."""
        value, key = self.stored(config, name), self.key(name)
        if key not in st.session_state:
            st.session_state[key] = value
        return key

    def keep(self, config: type[Checked], name: str, value: Any) -> Any:
        """Remember what a widget says, and pass it on; a widget that says nothing leaves all as it was."""
        if value is None:
            return self.stored(config, name)
        if value != self.stored(config, name):
            self.remember(config, name, value)
        return value

    @staticmethod
    def _link(key: str, value: Any, default: Any) -> None:
        """Write a value into the address, or leave it out where it is the default."""
        text = "max" if value is None else str(value)[:LONGEST_IN_LINK]
        if value == default:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != text:
            st.query_params[key] = text

    def slider(
        self, label: str, config: type[Checked], name: str, value: Any, token: str, **options: Any
    ) -> None:
        """A live slider over field `name`, standing at `value`."""
        key = self.key(name)
        left = live_slider(label, config, name, value, key=f"live_{key}", token=token, **options)
        if left != value:
            self.remember(config, name, left)

    def text(self, label: str, name: str, value: str | None, token: str, about: str) -> None:
        """A live text box for the probe or the prompt."""
        key = self.key(name)
        left = live_text(label, name, value, key=f"live_{key}", token=token, about=about)
        if left != value:
            self.remember(View, name, left)

    def _parsed(self, config: type[Checked], name: str, default: Any) -> Any:
        try:
            return parse(config, name, st.query_params[self.key(name)])
        except ValueError as error:
            self.notes.append(f"The link's {error} Instead, {default} is used.")
            return default
