"""Sidebar widgets that take the user's own text or table."""

from __future__ import annotations

import streamlit as st

from lstm_core.tasks.upload import Table, decode_text, read_table
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
    pasted = st.text_area(
        "… or paste a text",
        key="own_text",
        height=110,
        persist_state="session",
        placeholder="A few pages are enough to start with. Press Ctrl+Enter when done.",
    )
    if uploaded is not None:
        try:
            return decode_text(uploaded.getvalue())
        except ValueError as error:
            st.error(plain(str(error)))
    return pasted or "", ""


def series() -> tuple[str, tuple[float, ...], tuple[str, ...]]:
    """Name and values of the column that the user chose from an uploaded CSV, and notes; may be empty."""
    uploaded = st.file_uploader(
        "Upload a CSV file",
        key="own_series_file",
        help="One row for each point in time. You choose the column.",
    )
    if uploaded is None:
        return "", (), ()
    try:
        table = _table(uploaded.getvalue())
    except ValueError as error:
        st.error(plain(str(error)))
        return "", (), ()
    column = st.selectbox("Column", list(table.columns), key="own_series_column")
    return column, table.columns[column], table.notes


@st.cache_data(max_entries=4, show_spinner="Reading the table …")
def _table(data: bytes) -> Table:
    return read_table(data)
