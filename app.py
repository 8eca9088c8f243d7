"""The entry point: `streamlit run app.py`. The pages are in pages/, the network in lstm_core/."""

import importlib
import threading
from pathlib import Path

import streamlit as st

from lstm_core.run import warm_up
from pages.live.channel import routes


def prepare() -> None:
    """Load and run what the first page would have to wait for."""
    importlib.import_module("pages.panels.heatmaps")
    warm_up()


app = st.App(Path(__file__).with_name("pages") / "shell.py", routes=routes())
threading.Thread(target=prepare, daemon=True).start()
