"""What every page shares: the page's title and width, and the navigation. The pages themselves run inside."""

from pathlib import Path

import streamlit as st

from pages.live.presenter.presenter import presenter
from pages.panels.controls.settings import note_page
from pages.panels.runs.linked import name_runs

IMAGES = Path(__file__).with_name("images")

st.set_page_config(
    page_title="LSTM playground",
    page_icon=str(IMAGES / "icon.svg"),
    layout="wide",
    initial_sidebar_state=300,
)
st.logo(str(IMAGES / "logo.svg"), size="large")
# One screen has to hold everything, and the theme has no setting for the margins at the sides, nor for those
# within the sidebar's buttons, which stand beside their names. Share and Take home stand in the header, where
# beside the names of the pages there is room.
STYLE = """
.stMainBlockContainer { padding-inline: 1.25rem; }
:is([data-testid="stSidebar"], [data-testid="stPopoverBody"]) [data-testid="stButtonGroup"] button {
  padding-inline: 0.3rem;
}
[data-testid="stSidebar"] [data-testid="stPopoverButton"] { padding-inline: 0.6rem; }
[data-testid="stLayoutWrapper"]:has(> .st-key-toolbar) {
  position: fixed; z-index: 999991; top: 12px; right: 3.4rem; width: auto;
}
.st-key-toolbar { width: auto; }
.st-key-toolbar [data-testid="stPopoverButton"] { min-height: 2.2rem; padding: 0 0.45rem; }
.st-key-toolbar [data-testid="stPopoverButton"] [aria-hidden="true"]:has([data-testid="stIconMaterial"]) {
  display: none;
}
@media (max-width: 1340px) { /* their icons alone */
  .st-key-toolbar [data-testid="stPopoverButton"] p { position: absolute; clip-path: inset(50%); }
}
@media (max-width: 640px) { /* in a phone's header stands the menu; and nobody projects from a phone */
  [data-testid="stLayoutWrapper"]:has(> .st-key-toolbar) { position: static; align-self: end; }
  .presenter-button { display: none; }
}
"""
st.html(f"<style>{STYLE}</style>")

# without icons, so that all names fit side by side on a small projector
page = st.navigation(
    [
        st.Page(
            "text.py",
            title="Text",
            default=True,
            help="A network learns to continue a text. Watch its memory, its gates and what it writes.",
        ),
        st.Page(
            "series.py",
            title="Series",
            help="A network learns to continue a sine, sunspots or your own numbers, and forecasts them.",
        ),
        st.Page(
            "inside.py",
            title="Look inside",
            help="Any unit, any gate, any moment: what it does, where it is active, which unit knows what.",
        ),
        st.Page(
            "cell.py",
            title="Cell",
            help="One unit at one time step, with the number on every edge. Or play cell by hand.",
        ),
        st.Page(
            "hands.py",
            title="Hands on",
            help="Hold a gate, switch units off, and watch the sentence fall apart.",
        ),
        st.Page(
            "memory.py",
            title="Memory",
            help="RNN, GRU and LSTM side by side: who remembers for how long, and how far the gradient gets.",
        ),
        st.Page(
            "bptt.py",
            title="BPTT",
            help="Back-propagation through time: the gradient on its way back, and where it is cut off.",
        ),
        st.Page(
            "ablation.py",
            title="Gates away",
            help="An LSTM without its forget gate, and seven more variants of it: what matters most?",
        ),
        st.Page(
            "compare.py",
            title="Compare",
            help="Two networks that differ in one setting, step by step side by side.",
        ),
        st.Page(
            "follow.py",
            title="Follow",
            help="Somebody else’s network on your own screen: all that they show of it. You need their code.",
        ),
        st.Page(
            "guide.py",
            title="Guide",
            help="What an LSTM is, its equations, what each panel shows, and where to start.",
        ),
    ],
    position="top",
)
note_page(page.title)
name_runs()
presenter()
page.run()
