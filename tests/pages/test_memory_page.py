"""The Memory and the BPTT page through AppTest: one run for both, and bad input meets a sentence."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import MEMORY_TASKS
from lstm_core.experiments.race.config import LANES, RaceConfig
from pages.live.server.assets import ASSETS
from pages.live.server.state import HOST
from pages.panels.experiments.race import COLOURS
from pages.panels.experiments.race_charts import accuracy_drawing, gradients_drawing, lags_drawing
from tests.pages.app import config_of, open_app, words

PAGES = pytest.mark.parametrize("page", ["memory.py", "bptt.py"])


@PAGES
def test_it_opens_on_a_race_of_all_lanes(page):
    app = open_app(page)
    assert not app.error
    assert not app.warning
    assert HOST.knows(app.session_state["run_memory"])
    assert config_of(app, "memory") == RaceConfig()


@PAGES
def test_the_run_stays_on_the_next_script_run(page):
    app = open_app(page)
    token = app.session_state["run_memory"]
    app.run()
    assert app.session_state["run_memory"] == token
    assert not app.toast


def test_both_pages_show_the_same_run():
    app = open_app("memory.py", memory_kind="counting", memory_hidden_size="8", memory_lag="30")
    token, config = app.session_state["run_memory"], config_of(app, "memory")
    assert (config.task.kind, config.hidden_size, config.knobs.lag) == ("counting", 8, 30)
    app.switch_page("bptt.py").run()
    assert not app.exception
    assert app.session_state["run_memory"] == token
    assert config_of(app, "memory") == config
    app.switch_page("memory.py").run()
    assert app.session_state["run_memory"] == token
    assert config_of(app, "memory") == config
    assert not app.toast


def test_every_setting_starts_new_networks_in_the_same_run():
    app = open_app("memory.py")
    token = app.session_state["run_memory"]
    app.checkbox(key="memory_gru").uncheck().run()
    assert config_of(app, "memory").lanes == ("rnn", "lstm", "lstm0")
    assert "start anew" in app.toast[0].value
    app.select_slider(key="memory_hidden_size").set_value(32).run()
    app.slider(key="memory_forget_bias").set_value(1.5).run()
    app.number_input(key="memory_seed").set_value(7).run()
    config = config_of(app, "memory")
    assert (config.hidden_size, config.forget_bias, config.train.seed) == (32, 1.5, 7)
    app.toggle(key="memory_chrono").set_value(True).run()
    assert config_of(app, "memory").chrono
    assert app.slider(key="memory_forget_bias").disabled  # chrono decides
    assert app.session_state["run_memory"] == token


@pytest.mark.parametrize("kind", MEMORY_TASKS)
def test_every_task_opens_with_its_question(kind):
    app = open_app("memory.py", memory_kind=kind)
    assert not app.error
    assert config_of(app, "memory").task.kind == kind


@PAGES
def test_a_link_sets_everything_up(page):
    app = open_app(
        page,
        memory_kind="adding",
        memory_rnn="False",
        memory_hidden_size="10",
        memory_chrono="True",
        memory_init="orthogonal",
        memory_seed="3",
        memory_lag="77",
        memory_reach="12",
        memory_learning_rate="0.02",
        memory_batch_size="8",
    )
    config = config_of(app, "memory")
    assert not app.warning
    assert (config.task.kind, config.hidden_size, config.chrono) == ("adding", 10, True)
    assert (config.init, config.train.seed) == ("orthogonal", 3)
    assert config.lanes == ("gru", "lstm", "lstm0")
    knobs = config.knobs
    assert (knobs.lag, knobs.reach, knobs.learning_rate, knobs.batch_size) == (77, 12, 0.02, 8)


@PAGES
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("memory_lag", "500", "from 1 to 200. Instead, 50"),
        ("memory_lag", "far", "whole number"),
        ("memory_reach", "0", "from 1 to 256. Instead, max"),
        ("memory_kind", "<b>recall</b>", "must be one of recall"),
        ("memory_hidden_size", "1000", "from 4 to 96"),
        ("memory_forget_bias", "nan", "from 0 to 5"),
        ("memory_chrono", "perhaps", "true or false"),
        ("memory_rnn", "2", "true or false"),
        ("memory_init", "zeros", "must be one of orthogonal, uniform"),
    ],
)
def test_nonsense_in_a_link_is_named_and_the_default_used(page, name, value, said):
    app = open_app(page, **{name: value})
    assert said in words(app.warning)
    assert config_of(app, "memory") == RaceConfig()


@given(
    st.sampled_from(["memory.py", "bptt.py"]),
    st.dictionaries(
        st.sampled_from(
            ["memory_lag", "memory_rnn", "memory_kind", "memory_over", "bptt_lane", "bptt_scale", "bogus"]
        ),
        st.text(st.characters(codec="utf-8"), max_size=30),
        max_size=4,
    ),
)
def test_no_link_breaks_the_page(page, query):
    open_app(page, **query)


def test_nobody_in_the_race_is_named_and_the_old_one_goes_on():
    app = open_app("memory.py", memory_rnn="False", memory_gru="False", memory_lstm0="False")
    before = config_of(app, "memory")
    assert before.lanes == ("lstm",)
    app.checkbox(key="memory_lstm").uncheck().run()
    assert not app.exception
    assert "Nobody takes part" in words(app.error)
    assert config_of(app, "memory") == before


@PAGES
def test_a_link_to_nobody_says_what_to_do(page):
    app = open_app(page, **{f"memory_{lane}": "False" for lane in LANES})
    assert "Nobody takes part: choose one or more of RNN" in words(app.error)
    assert "run_memory" not in app.session_state


def test_a_step_that_would_take_seconds_is_named():
    app = open_app(
        "memory.py",
        memory_kind="counting",
        memory_hidden_size="96",
        memory_lag="200",
        memory_batch_size="128",
    )
    assert "is too much" in words(app.error)


def test_the_lane_that_is_shown_can_be_chosen_and_is_one_that_takes_part():
    app = open_app("bptt.py")
    assert app.radio(key="bptt_lane").value == "lstm"
    app.radio(key="bptt_lane").set_value("rnn").run()
    assert not app.exception
    app.switch_page("memory.py").run()
    app.checkbox(key="memory_rnn").uncheck().run()
    app.switch_page("bptt.py").run()
    assert not app.exception
    assert app.radio(key="bptt_lane").value in config_of(app, "memory").lanes


def fed(drawing):
    """The arrays that feed a figure."""
    return {feed["array"] for feed in drawing.feeds if feed["array"]}


def test_the_drawings_are_fed_by_what_the_frames_hold():
    lanes = ("gru", "lstm0")
    assert fed(accuracy_drawing(lanes, False)) == {
        "gru_step",
        "gru_accuracy",
        "lstm0_step",
        "lstm0_accuracy",
    }
    assert fed(accuracy_drawing(lanes, True)) == {
        "gru_seconds",
        "gru_accuracy",
        "lstm0_seconds",
        "lstm0_accuracy",
    }
    assert fed(lags_drawing(lanes)) == {"gru_lags", "gru_by_lag", "lstm0_lags", "lstm0_by_lag"}
    assert fed(gradients_drawing(lanes)) == {
        "gru_h",
        "gru_straight",
        "lstm0_h",
        "lstm0_c",
        "lstm0_straight",
    }


@pytest.mark.parametrize(
    "draw", [lambda lanes: accuracy_drawing(lanes, False), lags_drawing, gradients_drawing]
)
def test_lines_that_coincide_are_all_seen(draw):
    """A line is seen below another one if it is wider, or where the other one has gaps."""
    lines = [line for line in draw(tuple(LANES)).figure["data"] if line["name"] in LANES.values()]
    assert len(lines) >= len(LANES)
    for axis in {line.get("xaxis") for line in lines}:
        drawn = [line for line in lines if line.get("xaxis") == axis]
        for below, above in pairwise(drawn):
            narrower = above["line"]["width"] < below["line"]["width"] - 2
            assert narrower or (above["line"]["dash"], below["line"]["dash"]) == ("5px,5px", "solid")
            if "marker" in below:
                assert above["marker"]["size"] < below["marker"]["size"] - 2


def test_every_lane_has_a_colour_in_both_themes_and_every_panel_is_served():
    assert set(COLOURS) == set(LANES)
    assert all(len(pair) == 2 for pair in COLOURS.values())
    for name in ("lanes.js", "lanes.css", "unrolled.js", "unrolled_drawing.js", "unrolled.css"):
        assert name in ASSETS
