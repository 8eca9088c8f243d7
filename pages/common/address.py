"""The page's address: what it says that it did not say before, and what it is to say.

A browser may be behind: what it sends for a moment after the address was changed is an echo, and no new link.
"""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

LONGEST_IN_LINK = 300  # characters of one value that go into the address
ECHO = 3  # seconds in which a browser may still send an address that was changed meanwhile


def forget_echoes() -> None:
    """Another page is shown: what its address says is new, whatever was there before."""
    st.session_state["was_in_address"] = {}  # (key, text) → when it was replaced


def news(key: str) -> str | None:
    """What the address says of `key`, if it did not say so before."""
    given = st.query_params.get(key)
    if given is None or given == _written().get(key):
        return None
    replaced = st.session_state["was_in_address"].get((key, given))
    echo = replaced is not None and time.monotonic() - replaced < ECHO
    return None if echo else given


def has_read(key: str) -> None:
    """What the address says of `key` is no news any more."""
    given = st.query_params.get(key)
    if given is not None:
        _written()[key] = given


def link(key: str, value: Any, default: Any = None) -> None:
    """Write a value into the address, or leave it out where it is the default."""
    text = None if value == default else "max" if value is None else str(value)[:LONGEST_IN_LINK]
    written = _written()
    before = written.get(key)
    if before not in (None, text):
        st.session_state["was_in_address"][key, before] = time.monotonic()
    if text is None:
        st.query_params.pop(key, None)
        written.pop(key, None)
        return
    written[key] = text
    if st.query_params.get(key) != text:
        st.query_params[key] = text


def _written() -> dict[str, str]:
    """What the address held last, as far as this session knows."""
    return st.session_state.setdefault("in_address", {})
