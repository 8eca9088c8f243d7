"""A sidebar widget in one line, its label beside it instead of above: a page has many, and little height."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lstm_core.config.fields import Checked, limits
from pages.panels.controls.settings import Settings

LABEL = [3, 7]  # widths of a label and of what it names
MOST = 4  # options that fit beside a label


def choice(
    settings: Settings,
    label: str,
    config: type[Checked],
    name: str,
    options: Mapping[Any, str],
    about: str | None = None,
) -> Any:
    """The value of field `name`, one of `options`, which says what each is called; many of them stand below
    the label. about: its tooltip, if not what the field itself says.
    """
    key = settings.widget_key(config, name)
    if st.session_state[key] not in options:
        st.session_state[key] = next(iter(options))
    about = about or limits(config, name)["about"]
    beside = len(options) <= MOST
    place: Any = st
    if beside:
        left, place = st.columns(LABEL, gap="xsmall", vertical_alignment="center")
        left.markdown(f":small[{label}]", help=about)
    value = place.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        required=True,
        key=key,
        help=None if beside else about,
        label_visibility="collapsed" if beside else "visible",
        width="stretch",
    )
    return settings.keep(config, name, value)
