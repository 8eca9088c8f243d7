"""The Hands on page through AppTest, and the transport bar's branches on the Python side."""

import pytest

from lstm_core.config import CELLS, HELD, MEMORY, Hands
from lstm_core.config.fields import limits
from pages.live.server.assets import ASSETS
from pages.live.server.state import HOST
from pages.panels.controls.settings import Settings
from pages.panels.hands_on import held
from pages.panels.hands_on.hands import GATES, gates
from pages.panels.heatmaps.heatmaps import gates_drawing, gates_of, memory_drawing
from pages.panels.output.forecast import forecast_chart_drawing
from pages.panels.playback import transport
from tests.pages.app import config_of, open_app, words


@pytest.mark.parametrize(("query", "page"), [({}, "text"), ({"series_kind": "sine"}, "series")])
def test_it_opens_on_a_network_of_its_own(query, page):
    app = open_app("hands.py", **query)
    assert not app.error
    assert not app.warning
    assert HOST.knows(app.session_state[f"run_{page}"])


def test_it_shows_the_network_of_the_page_before():
    app = open_app(text_corpus="counting", text_hidden_size="16")
    token = app.session_state["run_text"]
    app.switch_page("hands.py").run()
    assert not app.exception
    assert app.session_state["run_text"] == token
    assert config_of(app, "text").model.hidden_size == 16


def test_it_shows_words_and_two_layers_too():
    app = open_app("hands.py", text_level="words", text_num_layers="2")
    assert not app.error
    assert config_of(app, "text").model.num_layers == 2


def test_nonsense_in_a_link_is_named():
    app = open_app("hands.py", text_temperature="hot")
    assert "temperature" in words(app.warning)


@pytest.mark.parametrize("cell", CELLS)
def test_every_gate_can_be_held_in_its_own_range(cell):
    assert [gate["gate"] for gate in gates(cell)] == list(GATES[cell])
    for gate in gates(cell):
        for value in (gate["low"], gate["high"]):
            Hands(**{gate["gate"]: value})
        assert gate["high"] == limits(Hands, gate["gate"])["high"]


def test_every_gate_that_can_be_held_has_a_cell_that_has_it():
    assert sorted("".join(GATES.values())) == sorted(HELD)
    assert set(GATES) == set(CELLS)


@pytest.mark.parametrize("cell", CELLS)
def test_the_held_side_is_fed_with_what_is_held_and_with_nothing_else_changed(cell):
    frees = [memory_drawing(cell, False, False, False)]
    frees += [gates_drawing(cell, True)] if gates_of(cell) else []
    for free in frees:
        twin = held._held(free)
        assert twin.figure == free.figure
        for ours, theirs in zip(twin.feeds, free.feeds, strict=True):
            wanted = theirs["array"] and f"held_{theirs['array']}"
            assert ours == theirs | {"array": wanted}
    assert held._held(frees[0]).feeds[0]["array"] == f"held_{MEMORY[cell]}"


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("page", ["text", "series"])
def test_it_holds_what_the_cell_has(cell, page):
    app = open_app("hands.py", **{f"{page}_cell": cell})
    assert not app.error
    assert config_of(app, page).model.cell == cell


@pytest.mark.parametrize("hands_on", [False, True])
def test_both_forecasts_draw_the_lines_of_both_sides(hands_on):
    arrays = {feed["array"] for feed in held._forecast_drawing(hands_on).feeds if feed["array"]}
    assert arrays == {"data", "fit", "forecast", "held_fit", "held_forecast"}
    one = {feed["array"] for feed in forecast_chart_drawing().feeds if feed["array"]}
    assert one == {"data", "fit", "forecast"}  # the Series page's own chart stays as it is


def test_all_parts_of_the_bar_are_served():
    for name in ("timebar.js", "timebar.css", "truth.js", "truth.css", "hands.js", "held.js", "held.css"):
        assert name in ASSETS


class Result:
    """What a mounted transport bar gives back."""

    def __init__(self, **values):
        self.gone = self.branch = self.back = None
        vars(self).update(values)


@pytest.fixture
def bar(monkeypatch):
    """bar(**results) → whether the page runs again, and the steps and pages that were asked for."""
    asked = []
    monkeypatch.setattr(transport, "slider_data", lambda *_, **__: {})
    monkeypatch.setattr(transport, "parent_of", lambda page: None)
    monkeypatch.setattr(transport, "branch_run", lambda *args: asked.append(args) or args[2] != 999)
    monkeypatch.setattr(transport, "return_run", lambda page: asked.append(page) or page == "series")
    monkeypatch.setattr(Settings, "stored", lambda *_: None)
    monkeypatch.setattr(transport, "toolbar", lambda *_: None)

    def bar(page="text", **results):
        monkeypatch.setattr(transport, "mount", lambda *_, **__: Result(**results))
        return transport.transport_bar("token", Settings(page), page), asked

    return bar


def test_the_bar_asks_for_another_script_run_only_when_there_is_a_reason(bar):
    assert bar() == (False, [])
    assert bar(gone=123) == (True, [])


def test_a_branch_goes_on_from_the_step_that_the_browser_names(bar):
    assert bar(branch=300) == (True, [("text", "token", 300)])
    assert bar(branch=0)[0]  # the very beginning is a step as well
    assert not bar(branch=999)[0]  # there was nothing to go on from


@pytest.mark.parametrize("forged", ["300", 1.5, [300], {"step": 300}])
def test_a_forged_step_starts_nothing(bar, forged):
    assert bar(branch=forged) == (False, [])


def test_one_returns_only_where_there_is_a_run_before(bar):
    assert bar("series", back=1) == (True, ["series"])
    assert bar("text", back=1)[0] is False
