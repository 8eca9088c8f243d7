"""Sidebar widgets that take the user's own text or table, and keep them while other pages are visited."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lstm_core.tasks.upload import decode_text, read_table
from pages.panels.plain import plain

TEXT_MEGABYTES = 2


def text() -> tuple[str, str]:
    """The text that the user uploaded, else pasted, and a note about it; both may be empty."""
    uploaded = st.file_uploader(
        "Upload a text file",
        key="own_text_file",
        max_upload_size=TEXT_MEGABYTES,
        help=f"Any language, up to {TEXT_MEGABYTES} MB. The encoding is detected.",
    )
    kept = _keep("text", uploaded, decode_text)
    if kept is not None:
        content, note = kept
        return content, f"{note} The uploaded file is used, not what is pasted.".strip()
    pasted = st.text_area(
        "… or paste a text",
        key="own_text",
        height=110,
        persist_state="session",
        placeholder="A few pages are enough to start with. Press Ctrl+Enter when done.",
    )
    return pasted or "", ""


def series() -> tuple[str, tuple[float, ...], tuple[str, ...]]:
    """Name and values of the column that the user chose from an uploaded CSV, and notes; may be empty."""
    uploaded = st.file_uploader(
        "Upload a CSV file",
        key="own_series_file",
        help="One row for each moment. You choose the column.",
    )
    table = _keep("series", uploaded, read_table)
    if table is None:
        return "", (), ()
    column = st.selectbox("Column", list(table.columns), key="own_series_column", persist_state="session")
    return column, table.columns[column], table.notes


def _keep(kind: str, uploaded: Any, read: Any) -> Any:
    """What `read` makes of the newest upload that it could read, None if there is none.

    The uploader itself forgets its file when another page is shown; this does not, until it is told to.
    """
    place = f"own_{kind}_upload"
    kept = st.session_state.get(place)
    if uploaded is not None and (kept is None or kept["id"] != uploaded.file_id):
        try:
            content = read(uploaded.getvalue())
        except ValueError as error:
            st.error(plain(str(error)))
        else:
            kept = st.session_state[place] = {
                "id": uploaded.file_id,
                "name": uploaded.name,
                "content": content,
            }
    if kept is None:
        return None
    if st.button(f"Forget {plain(kept['name'])}", key=f"{place}_forget", width="stretch"):
        del st.session_state[place]
        st.session_state.pop(f"own_{kind}_file", None)
        st.rerun()
    return kept["content"]
