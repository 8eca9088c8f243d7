"""Sidebar widgets that take the user's own text or table, and keep them while other pages are visited.

They open over the page: in the sidebar they would push the live sliders out of sight.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.config import MemoryConfig, SeriesConfig, TextConfig
from lstm_core.tasks.encoding import LONGEST_TEXT
from lstm_core.tasks.upload import Table, decode_text, read_table
from pages.common.markdown import escape_markdown
from pages.live.server.state import LIMITS

TEXT_MEGABYTES = min(LONGEST_TEXT // 10**6, LIMITS.upload_mb)


def text() -> tuple[str, str]:
    """The text that the user uploaded or that came with a run, else pasted, and a note about it; both may be
    empty.
    """
    with st.popover("Upload or paste …", width="stretch"):
        uploaded = st.file_uploader(
            "Upload a text file",
            key="own_text_file",
            max_upload_size=TEXT_MEGABYTES,
            help=f"Any language, up to {TEXT_MEGABYTES} MB. The encoding is detected.",
        )
        kept = _keep("text", uploaded, decode_text)
        pasted = kept is None and st.text_area(
            "… or paste a text",
            key="own_text",
            height=110,
            persist_state="session",
            placeholder="A few pages are enough to start with. Press Ctrl+Enter when done.",
        )
    _say("text")
    return kept or (pasted or "", "")


def series() -> tuple[str, tuple[float, ...], tuple[str, ...]]:
    """Name and values of the column that the user chose from an uploaded CSV, and notes; may be empty."""
    with st.popover("Upload …", width="stretch"):
        uploaded = st.file_uploader(
            "Upload a CSV file",
            key="own_series_file",
            max_upload_size=LIMITS.upload_mb,
            help="One row for each moment. You choose the column.",
        )
        table = _keep("series", uploaded, read_table)
    _say("series")
    if table is None:
        return "", (), ()
    column = st.selectbox("Column", list(table.columns), key="own_series_column", persist_state="session")
    return column, table.columns[column], table.notes


def keep(task: TextConfig | SeriesConfig | MemoryConfig) -> None:
    """Take the text or the series of a run, if it is the user's own, as if it had been uploaded."""
    state = st.session_state
    if isinstance(task, TextConfig):
        kept = state.get("own_text_upload")
        now = kept["content"][0] if kept else state.get("own_text")
        if task.corpus == "own" and now != task.text:
            said = f"Your text is kept with this run ({len(task.text):,} characters)."
            state["own_text_upload"] = {"name": None, "said": said, "content": (task.text, "")}
    elif isinstance(task, SeriesConfig) and task.kind == "own":
        kept = state.get("own_series_upload")
        if not kept or kept["content"].columns.get(task.column) != task.values:
            said = f"Your series is kept with this run ({len(task.values):,} values)."
            table = Table({task.column: task.values}, ())
            state["own_series_upload"] = {"name": None, "said": said, "content": table}
        state["own_series_column"] = task.column


def just_given(kind: str) -> bool:
    """Whether the user has just uploaded a text or a table ("text", "series") that was not read yet."""
    uploaded = st.session_state.get(f"own_{kind}_file")
    return uploaded is not None and uploaded.file_id != st.session_state.get(f"own_{kind}_read")


def _keep(kind: str, uploaded: Any, read: Any) -> Any:
    """What `read` makes of the newest upload that it could read, None if there is none.

    The uploader itself forgets its file when another page is shown; this does not, until it is told to.
    """
    place = f"own_{kind}_upload"
    if uploaded is not None and just_given(kind):
        try:
            content = read(uploaded.getvalue())
        except ValueError as error:  # said until another file takes its place
            st.error(escape_markdown(str(error)))
        else:
            st.session_state[f"own_{kind}_read"] = uploaded.file_id
            said = f"{uploaded.name} is used."
            st.session_state[place] = {"name": uploaded.name, "said": said, "content": content}
    kept = st.session_state.get(place)
    if kept is None:
        return None
    name = (
        escape_markdown(kept["name"])
        if kept["name"]
        else {"text": "this text", "series": "this series"}[kind]
    )
    if st.button(f"Forget {name}", key=f"{place}_forget", width="stretch"):
        del st.session_state[place]
        st.session_state.pop(f"own_{kind}_file", None)
        st.rerun()
    return kept["content"]


def _say(kind: str) -> None:
    """What is used now, where it can be seen."""
    if kept := st.session_state.get(f"own_{kind}_upload"):
        st.caption(escape_markdown(kept["said"]))
