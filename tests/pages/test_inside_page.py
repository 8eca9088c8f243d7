"""The Look inside page through AppTest: it shows the network that was looked at last."""

import pytest

from tests.pages.app import config_of, open_app


@pytest.mark.parametrize(
    "query", [{}, {"text_level": "words"}, {"text_num_layers": "3"}, {"series_kind": "stocks"}]
)
def test_it_runs_without_a_complaint(query):
    app = open_app("inside.py", **query)
    assert not app.error
    assert not app.warning


def test_it_shows_the_network_of_the_page_before():
    app = open_app("series.py", series_kind="square")
    token = app.session_state["run_series"]
    app.switch_page("inside.py").run()
    assert not app.exception
    assert app.session_state["run_series"] == token
    assert config_of(app, "series").task.kind == "square"
    assert "run_text" not in app.session_state


def test_the_switch_changes_the_network_and_back():
    app = open_app("text.py")
    token = app.session_state["run_text"]
    app.switch_page("inside.py").run()
    for choice in ("series", "text"):
        app.segmented_control(key="network_shown").set_value(choice).run()
        assert not app.exception
        assert not app.error
    assert app.session_state["run_text"] == token
    assert "run_series" in app.session_state
