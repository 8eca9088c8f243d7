"""The entry point: `streamlit run app.py`. The pages are in pages/, the network in lstm_core/."""

from pathlib import Path

import pandas  # noqa: F401  Streamlit loads it when the first component is shown
import streamlit as st
from starlette.routing import Route

from lstm_core.run import warm_up
from pages.live.channel import base_path, plotly_source, routes
from pages.live.film import film
from pages.panels.heatmaps import gates_drawing, memory_drawing
from pages.panels.loss import loss_chart_drawing

# What would keep the first visitor waiting is done before the server says that it is ready.
warm_up()
plotly_source(True)
memory_drawing("lstm", False, False, False)
gates_drawing("lstm", False)
loss_chart_drawing(True)

film_route = Route(f"{base_path()}/live/film", film, methods=["POST"])
app = st.App(Path(__file__).with_name("pages") / "shell.py", routes=[*routes(), film_route])
