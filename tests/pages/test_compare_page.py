"""The Compare page through AppTest: every difference opens, and what a link says is what is compared."""

import pytest

from lstm_core.config import ModelConfig, RunConfig, SeriesConfig, TextConfig
from lstm_core.experiments.pair.differences import DIFFERENCES, differences_for
from pages.live.server.assets import ASSETS
from pages.live.server.state import HOST
from pages.panels.compare import compare
from tests.pages.app import open_app, words


def config_of(app, page="compare"):
    return HOST.config(app.session_state[f"run_{page}"])


def set_up(app):
    """What the address holds beside the run itself."""
    return {name: value for name, value in app.query_params.items() if name != "compare_run"}


def open_compare(**query):
    return open_app("compare.py", **query)


def test_it_opens_on_an_lstm_beside_a_gru():
    app = open_compare()
    assert not app.error
    assert not app.warning
    assert HOST.knows(app.session_state["run_compare"])
    config = config_of(app)
    assert config.names == ("LSTM", "GRU")
    assert config.task == TextConfig()
    assert set_up(app) == {}


@pytest.mark.parametrize("name", differences_for(TextConfig(), ModelConfig()))
def test_every_difference_of_a_text_opens(name):
    app = open_compare(compare_differs=name)
    assert not app.error
    config = config_of(app)
    assert config.differs == name
    assert config.names[0] != config.names[1]
    assert app.session_state["run_compare"]


@pytest.mark.parametrize("name", differences_for(SeriesConfig(), ModelConfig()))
def test_every_difference_of_a_series_opens(name):
    app = open_compare(compare_network="series", compare_differs=name)
    assert not app.error
    config = config_of(app)
    assert config.differs == name
    assert isinstance(config.task, SeriesConfig)
    assert config.model.hidden_size == 32  # as on the Series page
    assert config.names[0] != config.names[1]


def test_gaps_may_be_filled_from_both_sides_or_from_one():
    app = open_compare(
        text_goal="gaps", compare_differs="model.bidirectional", compare_text_right_bidirectional="True"
    )
    assert not app.error
    assert [side.model.bidirectional for side in config_of(app).sides] == [False, True]


def test_both_are_like_the_network_of_the_page_before():
    app = open_app(text_corpus="counting", text_hidden_size="16", text_cell="rnn")
    app.switch_page("compare.py").run()
    assert not app.exception
    config = config_of(app)
    assert (config.task.corpus, config.model.hidden_size) == ("counting", 16)
    assert config.names == ("RNN", "GRU")
    assert config_of(app, "text").model.cell == "rnn"


def test_it_follows_that_page_until_something_else_is_chosen():
    app = open_compare()
    app.switch_page("text.py").run()
    app.segmented_control(key="text_cell").set_value("gru").run()
    app.switch_page("compare.py").run()
    assert not app.exception
    assert config_of(app).names == ("GRU", "LSTM")
    app.segmented_control(key="compare_text_left_cell").set_value("rnn").run()
    app.switch_page("text.py").run()
    assert config_of(app, "text").model.cell == "gru"
    app.segmented_control(key="text_cell").set_value("lstm").run()
    app.switch_page("compare.py").run()
    assert config_of(app).names[0] == "RNN"


def test_a_text_of_the_users_own_can_be_compared_with_one_that_is_here():
    own = TextConfig("own", text="to be or not to be, that is the question. " * 20)
    app = open_app(text_run=HOST.open(RunConfig(own)))
    app.switch_page("compare.py").run()
    assert [side.task for side in config_of(app).sides] == [own, own]
    app.selectbox(key="compare_differs").set_value("task").run()
    assert config_of(app).names == ("Your own text", "Rhymes")
    assert [side.task.text for side in config_of(app).sides] == [own.text, ""]
    assert "Your own text" not in app.selectbox(key="compare_text_right_corpus").options
    app.selectbox(key="compare_text_left_corpus").set_value("brackets").run()
    app.selectbox(key="compare_text_left_corpus").set_value("own").run()
    assert config_of(app).left.task == own
    assert not app.error


def test_a_link_sets_both_sides_up():
    app = open_compare(
        compare_differs="model.forget_bias",
        compare_text_left_forget_bias="-1.0",
        compare_text_right_forget_bias="4.5",
        compare_temperature="1.3",
        compare_prompt="Once",
        text_hidden_size="16",
    )
    config = config_of(app)
    assert config.names == ("forget bias −1", "forget bias 4.5")
    assert config.model.hidden_size == 16
    assert (config.view.temperature, config.view.prompt) == (1.3, "Once")
    assert not app.warning


def test_what_is_chosen_stands_in_the_address():
    app = open_compare()
    app.selectbox(key="compare_differs").set_value("model.hidden_size").run()
    app.select_slider(key="compare_text_right_hidden_size").set_value(32).run()
    assert config_of(app).names == ("64 units", "32 units")
    address = {"compare_differs": "model.hidden_size", "compare_text_right_hidden_size": "32"}
    assert set_up(app) == address
    again = open_compare(**address)
    assert config_of(again) == config_of(app)


def test_another_value_gives_the_same_run_new_networks():
    app = open_compare()
    token = app.session_state["run_compare"]
    app.segmented_control(key="compare_text_right_cell").set_value("rnn").run()
    assert app.session_state["run_compare"] == token
    assert config_of(app).names == ("LSTM", "RNN")
    assert app.toast


def test_two_equal_sides_are_refused_and_what_there_was_goes_on():
    app = open_compare()
    app.segmented_control(key="compare_text_right_cell").set_value("lstm").run()
    assert "Both sides have the same cell, LSTM" in words(app.error)
    assert config_of(app).names == ("LSTM", "GRU")
    app.segmented_control(key="compare_text_right_cell").set_value("gru").run()
    assert not app.error


def test_a_truncated_side_is_compared_with_one_that_is_truncated_otherwise_or_not_at_all():
    assert config_of(open_compare(compare_differs="knobs.reach")).names == ("all the way back", "4 back")
    link = {"compare_differs": "knobs.reach", "compare_reach": "4", "compare_text_right_reach": "max"}
    app = open_compare(**link)
    assert not app.error
    assert config_of(app).names == ("4 back", "8 back")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"compare_differs": "<script>"}, "differs is '<script>'; it must be one of"),
        ({"compare_network": "memory"}, "network is 'memory'"),
        ({"compare_text_right_cell": "transformer"}, "cell is 'transformer'"),
        ({"compare_text_left_cell": "transformer"}, "cell is 'transformer'"),
        (
            {"compare_differs": "model.hidden_size", "compare_text_right_hidden_size": "9999"},
            "hidden size is '9999'",
        ),
        ({"compare_learning_rate": "fast"}, "learning rate is 'fast'"),
        ({"compare_signal": "q"}, "signal is 'q'"),
        ({"text_hidden_size": "9999"}, "hidden size is"),
    ],
)
def test_nonsense_in_a_link_is_named_and_the_default_used(query, said):
    app = open_compare(**query)
    assert said.replace("'9999'", "9999") in words(app.warning)
    assert config_of(app).names[0] != config_of(app).names[1]


def test_what_does_not_suit_this_network_gives_way():
    app = open_compare(compare_network="series", compare_differs="task.level")
    assert not app.error
    assert config_of(app).differs in differences_for(SeriesConfig(), ModelConfig())


def test_what_takes_too_long_together_is_refused_in_a_sentence():
    app = open_compare(
        text_hidden_size="256",
        text_sequence_length="256",
        compare_batch_size="64",
        compare_differs="train.seed",
    )
    assert "these two networks together" in words(app.error)


def test_the_heatmaps_show_what_both_cells_have():
    app = open_compare(compare_differs="model.forget_bias", compare_signal="f")
    assert config_of(app).view.signal == "f"
    app = open_compare(compare_signal="f")  # a GRU has no f
    assert config_of(app).view.signal == "h"
    assert not app.error


@pytest.mark.parametrize("same_units", [True, False])
@pytest.mark.parametrize("signal", ["c", "h", "f", "n"])
def test_the_heatmaps_are_fed_with_one_signal_of_both_sides_in_the_same_colours(signal, same_units):
    maps = [compare.map_drawing(signal, side, same_units) for side in ("", "right_", "delta_")]
    arrays = [feed["array"] for one in maps for feed in one.feeds if feed["array"]]
    assert arrays == [signal, f"right_{signal}", f"delta_{signal}"]
    first, second, third = (one.figure["data"][0] for one in maps)
    assert first["colorscale"] == second["colorscale"]
    assert (first["zmin"], third["zmin"]) == (0 if signal == "f" else -1, -1)
    assert second["showscale"]  # also where there is no difference to show
    for one in maps:
        assert [feed["meta"] for feed in one.feeds if feed["attribute"] == "zmax"] == ["limit"]


@pytest.mark.parametrize("nats", [True, False])
def test_both_losses_stand_on_one_chart_and_are_told_apart_twice(nats):
    drawing = compare.losses_drawing(nats)
    arrays = {feed["array"] for feed in drawing.feeds if feed["array"]}
    assert {"valid", "right_valid", "loss", "right_loss"} <= arrays
    names = [feed["meta"] for feed in drawing.feeds if feed["attribute"] == "name"]
    assert names == ["left_name", "right_name"]
    left, right = (one["line"] for one in drawing.figure["data"] if one["line"]["width"] > 2)
    assert left["color"] != right["color"]
    assert left["dash"] != right["dash"]


def test_every_question_is_short_enough_for_its_line():
    for name, difference in DIFFERENCES.items():
        assert len(difference.question) < 60, name


def test_its_parts_are_served():
    assert {"compare.js", "compare.css"} <= set(ASSETS)


@pytest.mark.parametrize("right", [False, True])
def test_forecasts_that_coincide_are_all_seen(right):
    widths = [line["line"]["width"] for line in compare.forecast_drawing(right, True).figure["data"]]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == len(widths) == 3
