"""The entry point: `streamlit run app.py`. The pages are in pages/, the network in lstm_core/."""

from importlib import import_module
from pathlib import Path

import pandas  # noqa: F401  Streamlit loads it when the first component is shown
import streamlit as st

from lstm_core.run import warm_up
from pages.live.channel import plotly_source, routes

PAGES = Path(__file__).with_name("pages")

# What would keep the first visitor waiting is done before the server says that it is ready.
warm_up()
plotly_source(zipped=True)
for module in sorted((PAGES / "panels").glob("*.py")):
    import_module(f"pages.panels.{module.stem}")

app = st.App(PAGES / "shell.py", routes=routes())
