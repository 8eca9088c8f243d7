"""The Gates-away page through AppTest, and what its panels are made of."""

import pytest

from lstm_core.config import MemoryConfig, SeriesConfig, TextConfig
from lstm_core.experiments.ablation.ablation import Ablation
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.ablation.variants import VARIANTS
from pages.live.server.assets import ASSETS
from pages.live.server.state import HOST
from pages.panels.experiments.ablation import COLOURS, DATA, data_name, small_charts_drawing, task_of
from tests.pages.app import config_of, open_app, words


def test_it_opens_a_run_and_keeps_it_on_the_next_script_run():
    app = open_app("ablation.py")
    assert not app.error
    assert not app.warning
    token = app.session_state["run_ablation"]
    assert HOST.knows(token)
    app.run()
    assert app.session_state["run_ablation"] == token
    assert config_of(app, "ablation") == AblationConfig()
    assert not app.toast


def test_it_says_whose_variants_these_are_and_what_is_different_here():
    said = words(open_app("ablation.py").caption)
    assert "Search Space Odyssey" in said
    assert "peepholes" in said


def test_a_link_sets_everything_up():
    app = open_app(
        "ablation.py",
        ablation_data="memory recall",
        ablation_hidden_size="20",
        ablation_forget_bias="3.0",
        ablation_seeds="5",
        ablation_learning_rate="0.02",
        ablation_lag="40",
    )
    config = config_of(app, "ablation")
    assert config.task == MemoryConfig("recall")
    assert (config.hidden_size, config.forget_bias, config.seeds) == (20, 3.0, 5)
    assert (config.knobs.learning_rate, config.knobs.lag) == (0.02, 40)
    assert not app.warning


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ablation_hidden_size", "4000", "from 4 to 64. Instead, 32"),
        ("ablation_seeds", "99", "from 1 to 5. Instead, 3"),
        ("ablation_forget_bias", "-2", "from 0 to 5"),
        ("ablation_chrono", "perhaps", "must be true or false"),
        ("ablation_data", "<b>", "must be one of tales"),
        ("ablation_learning_rate", "nan", "number"),
    ],
)
def test_nonsense_in_a_link_is_named_and_the_default_used(name, value, said):
    app = open_app("ablation.py", **{name: value})
    assert said in words(app.warning)
    assert config_of(app, "ablation") == AblationConfig()


def test_another_number_of_seeds_starts_the_networks_anew_and_says_so():
    app = open_app("ablation.py")
    token = app.session_state["run_ablation"]
    app.button_group(key="ablation_seeds").set_value(5).run()
    assert app.session_state["run_ablation"] == token
    assert config_of(app, "ablation").seeds == 5
    assert "start anew" in app.toast[0].value


def test_chrono_initialisation_takes_the_place_of_the_forget_bias():
    app = open_app("ablation.py")
    assert not app.slider(key="ablation_forget_bias").disabled
    app.toggle(key="ablation_chrono").set_value(True).run()
    assert app.slider(key="ablation_forget_bias").disabled
    config = config_of(app, "ablation")
    assert config.chrono
    assert config.run(0).model.chrono == config.train.sequence_length


def test_too_large_a_batch_is_named_and_what_there_was_goes_on():
    app = open_app("ablation.py", ablation_hidden_size="64", ablation_seeds="5")
    before = config_of(app, "ablation")
    app.query_params["ablation_data"] = "memory counting"
    app.query_params["ablation_lag"] = "200"
    app.query_params["ablation_batch_size"] = "128"
    app.run()
    assert "too much for 45 networks" in words(app.error)
    assert config_of(app, "ablation") == before


def test_every_choice_of_data_can_be_learnt_from():
    app = open_app("ablation.py")
    kinds = set()
    for data in DATA:
        app.selectbox(key="ablation_data").select(data).run()
        assert not app.exception
        assert not app.error
        assert config_of(app, "ablation").task == task_of(data)
        kinds.add(type(task_of(data)))
    assert kinds == {TextConfig, SeriesConfig, MemoryConfig}
    assert len({data_name(data) for data in DATA}) == len(DATA)


@pytest.mark.parametrize("squared", [False, True])
def test_the_small_charts_are_fed_with_what_a_frame_has(squared):
    task = SeriesConfig() if squared else TextConfig()
    ablation = Ablation(AblationConfig(task, hidden_size=4, seeds=1))
    ablation.step()
    ablation.refresh("validation")
    frame = ablation.observe({})
    assert frame.meta["squared"] == squared
    drawing = small_charts_drawing(squared)
    for feed in drawing.feeds:
        assert feed["array"] in frame.arrays if feed["array"] else feed["meta"] in frame.meta
    traces = drawing.figure["data"]
    assert len(traces) == 4 * len(VARIANTS)
    assert {feed["trace"] for feed in drawing.feeds} == {None, *range(len(traces))}
    assert drawing.figure["layout"]["yaxis"].get("type", "linear") == ("log" if squared else "linear")
    titles = [note["text"] for note in drawing.figure["layout"]["annotations"]]
    assert titles == [f"<b>{variant.name}</b>" for variant in VARIANTS]


def test_every_variant_has_a_colour_of_its_own_in_both_themes():
    for theme in (0, 1):
        assert len({pair[theme] for pair in COLOURS}) == len(VARIANTS)


def test_its_files_are_served():
    assert {"ablation.js", "ablation.css"} <= ASSETS.keys()
