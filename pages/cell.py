"""The Cell page: one unit at one time step, its numbers on every edge; or a unit that is played by hand."""

import streamlit as st

from pages.panels.cell.cell import cell_by_hand, hand_sliders
from pages.panels.playback.transport import transport_bar
from pages.panels.playback.without_run import page_without_run
from pages.panels.runs.run import shown_run
from pages.screens.cell import screen

with st.sidebar:
    mode = st.segmented_control(
        "Whose cell",
        ["Live network", "By hand"],
        default="Live network",
        required=True,
        key="cell",
        bind="query-params",
        label_visibility="collapsed",
        width="stretch",
        help="A unit of the network that trains; or one of an LSTM whose weights you set yourself.",
    )

if mode == "By hand":
    page_without_run("by_hand")
    with st.sidebar:
        st.caption("BY HAND · acts while you drag")
        hand_sliders(key="cell_sliders", height=520)
    cell_by_hand(key="cell_hand", height=420, above=84)
    st.stop()

shown = shown_run()
if transport_bar(shown.token, shown.settings, "cell"):
    st.rerun()
screen(shown.token, shown.config, shown.settings)
