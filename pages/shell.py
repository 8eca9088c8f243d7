"""What every page shares: the page's title and width, and the navigation. The pages themselves run inside."""

from pathlib import Path

import streamlit as st

from pages.panels.settings import note_page

IMAGES = Path(__file__).with_name("images")

st.set_page_config(
    page_title="LSTM playground",
    page_icon=str(IMAGES / "icon.svg"),
    layout="wide",
    initial_sidebar_state=300,
)
st.logo(str(IMAGES / "logo.svg"), size="large")
# One screen has to hold everything, and the theme has no setting for the margins at the sides.
st.html("<style>.stMainBlockContainer { padding-inline: 1.25rem; }</style>")

page = st.navigation(
    [
        st.Page(
            "text.py",
            title="Text",
            icon=":material/notes:",
            default=True,
            help="A network learns to continue a text. Watch its memory, its gates and what it writes.",
        ),
        st.Page(
            "series.py",
            title="Series",
            icon=":material/show_chart:",
            help="A network learns to continue a sine, sunspots or your own numbers, and forecasts them.",
        ),
        st.Page(
            "inside.py",
            title="Look inside",
            icon=":material/search:",
            help="Any unit, any gate, any moment: what it does, where it is active, which unit knows what.",
        ),
        st.Page(
            "cell.py",
            title="Cell",
            icon=":material/account_tree:",
            help="One unit at one time step, with the number on every edge. Or play cell by hand.",
        ),
        st.Page(
            "hands.py",
            title="Hands on",
            icon=":material/pan_tool:",
            help="Hold a gate, switch units off, and watch the sentence fall apart.",
        ),
        st.Page(
            "guide.py",
            title="Guide",
            icon=":material/school:",
            help="What an LSTM is, its equations, what each panel shows, and where to start.",
        ),
    ],
    position="top",
)
note_page(page.title)
page.run()
