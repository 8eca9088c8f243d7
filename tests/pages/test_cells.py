"""Every page with every cell: what is set reaches the run, and each cell has figures of its own."""

import pytest

from lstm_core.config import CELLS, MEMORY, SIGNALS, ModelConfig
from pages.common.colours import GATES, NAMES, SIGMOIDS, gate_scale
from pages.panels.controls.network import row_names
from pages.panels.heatmaps.heatmaps import gates_drawing, gates_of, memory_drawing
from pages.panels.sequence.sequence import palette
from pages.panels.unit.unit import unit_lines_drawing
from tests.pages.app import config_of, open_app, words

PAGES = ["text.py", "series.py", "inside.py", "cell.py", "hands.py"]
GAPS = {"text_goal": "gaps", "text_bidirectional": "True"}


def headings(app):
    return " ".join(element.body for element in app.main.get("html"))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_every_cell(page, cell):
    name = "series" if page == "series.py" else "text"
    app = open_app(page, **{f"{name}_cell": cell})
    assert not app.error
    assert not app.warning
    assert config_of(app, name).model.cell == cell


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("page", [page for page in PAGES if page != "series.py"])
def test_every_page_shows_a_network_that_fills_gaps_in_both_directions(page, cell):
    app = open_app(page, text_cell=cell, text_num_layers="2", text_layer="3", **GAPS)
    assert not app.error
    assert not app.warning
    config = config_of(app, "text")
    assert (config.task.goal, config.model.bidirectional, config.view.layer) == ("gaps", True, 3)


def test_the_cell_is_chosen_in_the_sidebar_and_a_new_network_starts():
    app = open_app()
    app.segmented_control(key="text_cell").set_value("gru").run()
    assert not app.exception
    assert config_of(app, "text").model.cell == "gru"
    assert "GRU" in app.toast[0].value
    assert app.query_params["text_cell"] in ("gru", ["gru"])


def test_each_cell_has_the_initial_weights_that_it_can_have():
    expected = {"lstm": (True, True), "gru": (False, True), "rnn": (False, False)}
    for cell, (bias, chrono) in expected.items():
        app = open_app(text_cell=cell)
        keys = {slider.key for slider in app.sidebar.slider}
        assert ("text_forget_bias" in keys, "text_chrono" in keys) == (bias, chrono)
        assert app.sidebar.number_input(key="text_seed")


def test_a_link_sets_the_initial_weights_up():
    app = open_app(text_cell="gru", text_chrono="500", text_init="uniform")
    assert not app.warning
    model = config_of(app, "text").model
    assert (model.chrono, model.init) == (500, "uniform")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("text_cell", "transformer", "must be one of lstm, gru, rnn"),
        ("text_goal", "win", "must be one of next, gaps"),
        ("text_chrono", "-1", "from 0 to 1,000"),
        ("text_bidirectional", "perhaps", "must be true or false"),
    ],
)
def test_nonsense_in_a_link_is_named(name, value, said):
    app = open_app(text_goal="gaps", **{name: value}) if name != "text_goal" else open_app(text_goal=value)
    assert said in words(app.warning)
    assert not app.error


def test_a_network_that_says_what_comes_next_never_reads_from_both_sides():
    app = open_app(**GAPS)
    assert config_of(app, "text").model.bidirectional
    app.segmented_control(key="text_goal").set_value("next").run()
    assert not app.exception
    assert not app.error
    assert not app.toggle
    assert not config_of(app, "text").model.bidirectional
    app.segmented_control(key="text_goal").set_value("gaps").run()
    assert app.toggle(key="text_bidirectional").value
    assert config_of(app, "text").model.bidirectional


def test_what_means_nothing_to_gaps_is_not_shown():
    shown = headings(open_app())
    assert "What it writes now" in shown
    shown = headings(open_app(**GAPS))
    assert "How it fills gaps now" in shown
    assert "What it writes now" not in shown
    assert "Next token" not in shown


def test_own_text_that_is_not_there_yet_leaves_gaps_to_be_filled():
    app = open_app(text_corpus="own", **GAPS)
    assert not app.error
    assert config_of(app, "text").task.goal == "gaps"


def test_the_memory_is_named_and_where_no_gates_are_it_is_said():
    assert "Cell state c" in headings(open_app())
    for cell in ("gru", "rnn"):
        shown = headings(open_app(text_cell=cell))
        assert "Hidden state h" in shown
        assert "Cell state" not in shown
        assert ("No gates" in shown) == (cell == "rnn")
    assert "from the end" in headings(open_app(text_layer="1", **GAPS))
    assert "from the end" not in headings(open_app(text_layer="0", **GAPS))


def test_layers_and_directions_have_names():
    assert row_names(ModelConfig(num_layers=2)) == ["1", "2"]
    assert row_names(ModelConfig(num_layers=2, bidirectional=True)) == ["1 →", "1 ←", "2 →", "2 ←"]


@pytest.mark.parametrize("cell", CELLS)
def test_every_signal_of_a_cell_is_drawn_and_no_other(cell):
    arrays = {feed["array"] for feed in memory_drawing(cell, False, False, False).feeds}
    assert arrays - {None} == {MEMORY[cell]}
    if cell != "rnn":
        arrays |= {feed["array"] for feed in gates_drawing(cell, False).feeds}
    assert arrays - {None} == set(SIGNALS[cell])
    lines = {feed["array"] for feed in unit_lines_drawing(cell).feeds}
    assert lines - {None} == {f"unit_{signal}" for signal in SIGNALS[cell]}
    assert set(palette(cell)) == set(SIGNALS[cell])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gates_are_on_a_scale_from_0_and_candidates_on_one_around_it(cell):
    for trace, signal in zip(gates_drawing(cell, False).figure["data"], gates_of(cell), strict=True):
        assert (trace["zmin"], trace["zmax"]) == ((0, 1) if signal in SIGMOIDS else (-1, 1))


def test_one_colour_for_each_signal():
    assert set(GATES) == set(NAMES)
    colours = [colour for signal, colour in GATES.items() if signal != "n"]
    assert len(set(colours)) == len(colours)
    assert GATES["n"] == GATES["g"]  # the same thing in two cells
    for signal in SIGMOIDS:
        light, dark = gate_scale(signal)
        assert light[-1][1] == GATES[signal]
        assert light[0][1] > "#F"
        assert dark[0][1] < "#3"
