"""The entry point: `streamlit run app.py`. The pages are in pages/, the network in lstm_core/."""

import os

import streamlit as st

from pages.live.channel import routes

app = st.App(os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages", "shell.py"), routes=routes())
