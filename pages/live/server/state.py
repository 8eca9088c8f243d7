"""What the pages and routes of this process share: its limits, the saved runs, the host of all runs."""

from __future__ import annotations

import atexit
import logging
import os

import streamlit as st

from lstm_core.config.server_settings import Limits
from lstm_core.server.host import RunHost
from lstm_core.storage.store import Store
from pages.live.server.health import Health

LOG = logging.getLogger(__name__)


def _open_store(limits: Limits) -> Store | None:
    try:
        return Store(limits.data, limits.data_mb, limits.keep_days)
    except OSError as error:
        LOG.error("LSTM_DATA: %s cannot be written (%s), so that no run is saved", limits.data, error)
        return None


LIMITS = Limits.from_environment(os.environ)
STORE = _open_store(LIMITS)
HOST = RunHost(LIMITS, STORE, processes=LIMITS.training_processes)
HEALTH = Health(HOST, STORE, LIMITS)
# a thread that is still inside torch when the interpreter goes would abort the process
atexit.register(HOST.close)


def base_path() -> str:
    """`server.baseUrlPath` as it stands in front of a route: "" or "/name"."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
