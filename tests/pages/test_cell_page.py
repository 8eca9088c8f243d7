"""The Cell page through AppTest: it runs in both modes, and opens a run only where it shows one."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.live.server.state import HOST

SHELL = Path(__file__).parents[2] / "pages" / "shell.py"


def open_cell(**query):
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("cell.py")
    app.run()
    assert not app.exception
    assert not app.error
    return app


def runs(app):
    return [key for key in ("run_text", "run_series") if key in app.session_state]


@pytest.mark.parametrize(("query", "page"), [({}, "text"), ({"series_kind": "sine"}, "series")])
def test_the_live_cell_shows_a_run(query, page):
    app = open_cell(**query)
    assert runs(app) == [f"run_{page}"]
    assert HOST.knows(app.session_state[f"run_{page}"])


def test_a_cell_by_hand_opens_no_run():
    app = open_cell(cell="By hand")
    assert runs(app) == []
    assert "BY HAND" in app.sidebar.caption[0].value


def test_a_mode_that_there_is_not_is_ignored():
    assert runs(open_cell(cell="<script>")) == ["run_text"]


def test_the_run_is_kept_while_somebody_plays_by_hand():
    app = open_cell()
    token = app.session_state["run_text"]
    switch = app.sidebar.button_group(key="cell")
    switch.set_value(["By hand"]).run()
    assert not app.exception
    switch = app.sidebar.button_group(key="cell")
    switch.set_value(["Live network"]).run()
    assert not app.exception
    assert app.session_state["run_text"] == token
