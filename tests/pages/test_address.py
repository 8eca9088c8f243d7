"""A run in the address: opened again with all that it is made of, in a second tab, or not at all."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from lstm_core.config import (
    CORPORA,
    SERIES,
    STOCKS,
    Knobs,
    MemoryConfig,
    ModelConfig,
    RunConfig,
    SeriesConfig,
    TextConfig,
    TrainConfig,
    View,
)
from lstm_core.config.access_keys import TOKEN, new_token
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.storage.store import Damaged
from pages.live.server.state import HOST
from pages.panels.runs import run
from tests.pages.app import config_of, open_app, words

OWN = TextConfig("own", text="All work and no play makes Jack a dull boy.\n" * 20)
VALUES = tuple(float((7 * k) % 23) for k in range(400))
# page → the query parameter that holds its run
ADDRESSES = {
    "text.py": "text_run",
    "series.py": "series_run",
    "inside.py": "text_run",
    "cell.py": "text_run",
    "hands.py": "text_run",
    "memory.py": "memory_run",
    "bptt.py": "memory_run",
    "ablation.py": "ablation_run",
    "compare.py": "compare_run",
}
GONE = "The run of this link no longer exists"


def said(app):
    return words(app.toast)


def linked(app, name):
    value = app.query_params[name]
    return value[0] if isinstance(value, list) else value


def with_signal_named(config):
    """The Compare page says which signal its heatmaps show, also where they show it anyway."""
    if not isinstance(config, PairConfig):
        return config
    return replace(config, view=replace(config.view, signal=config.signal))


def is_taken_over(page, config, **query):
    """The page of the run of `config`, which has not changed by being looked at."""
    token = HOST.open(config)
    name = ADDRESSES[page]
    app = open_app(page, **{name: token}, **query)
    assert app.session_state[f"run_{name.removesuffix('_run')}"] == token
    assert linked(app, name) == token
    assert HOST.config(token) in (config, named := with_signal_named(config))
    assert HOST.generation(token) == 0
    assert not app.error
    assert not app.toast
    app.run()
    assert HOST.config(token) in (config, named)
    assert HOST.generation(token) == 0
    return app


@pytest.mark.parametrize(("page", "name"), ADDRESSES.items())
def test_a_page_says_in_its_address_which_run_it_shows(page, name):
    app = open_app(page)
    token = linked(app, name)
    assert TOKEN.fullmatch(token)
    assert HOST.controls(token)
    assert app.session_state[f"run_{name.removesuffix('_run')}"] == token
    again = open_app(page, **{name: token})
    assert linked(again, name) == token
    assert not again.toast


@pytest.mark.parametrize("page", ["text.py", "inside.py", "cell.py", "hands.py"])
def test_a_run_in_the_address_brings_all_its_settings(page):
    config = RunConfig(
        replace(OWN, level="words"),
        ModelConfig(cell="gru", hidden_size=37, num_layers=2, chrono=7, init="uniform"),
        TrainConfig(sequence_length=33, seed=12345),
        Knobs(learning_rate=0.033, batch_size=7, clip=0.3, noise=0.2, steps_per_second=55.0),
        View(layer=1, units="all", probe="Jack", prompt="no work", temperature=1.1, top_k=5, unit=3, time=4),
    )
    app = is_taken_over(page, config)
    assert config_of(app, "text").network == config.network
    if page != "text.py":
        app.switch_page("text.py").run()
        assert HOST.config(linked(app, "text_run")) == config
    assert app.select_slider(key="text_hidden_size").value == 37
    assert app.selectbox(key="text_corpus").value == "own"
    assert "Your text is kept with this run (880 characters)" in words(app.caption)
    assert app.query_params["text_learning_rate"] in ("0.033", ["0.033"])


def test_an_own_text_of_a_run_can_be_replaced_and_forgotten():
    app = is_taken_over("text.py", RunConfig(OWN))
    app.file_uploader(key="own_text_file").upload("mine.txt", b"my own words are here. " * 30).run()
    assert not app.error
    assert config_of(app, "text").task.text.startswith("my own words")
    assert HOST.config(linked(app, "text_run")).task.text.startswith("my own words")
    assert "kept with this run" not in words(app.caption)
    app = is_taken_over("text.py", RunConfig(OWN))
    app.button(key="own_text_upload_forget").click().run()
    assert "Paste a text" in app.info[0].value
    assert config_of(app, "text").task == OWN


def test_an_own_series_comes_with_its_run():
    config = RunConfig(SeriesConfig("own", column="<b>cost</b>", values=VALUES), ModelConfig(hidden_size=16))
    app = is_taken_over("series.py", config)
    assert app.selectbox(key="own_series_column").value == "<b>cost</b>"
    assert "Your series is kept with this run (400 values)" in words(app.caption)


CONFIGS = {
    "series.py": [
        RunConfig(
            SeriesConfig("square", period=150.0, amplitude=0.02, phase=33.0, noise=1.7),
            view=View(probe_start=0.4),
        ),
        RunConfig(SeriesConfig("stocks", stock=STOCKS[-1]), train=TrainConfig(sequence_length=17)),
    ],
    "memory.py": [
        RaceConfig(
            MemoryConfig("adding"),
            gru=False,
            hidden_size=23,
            forget_bias=1.5,
            init="orthogonal",
            knobs=Knobs(lag=33, reach=11, batch_size=9),
        )
    ],
    "bptt.py": [RaceConfig(MemoryConfig("counting"), chrono=True, knobs=Knobs(lag=7))],
    "ablation.py": [
        AblationConfig(MemoryConfig("recall"), hidden_size=21, seeds=2, knobs=Knobs(lag=9)),
        AblationConfig(SeriesConfig("sunspots"), forget_bias=2.5, chrono=True),
        AblationConfig(OWN, hidden_size=8, seeds=1),  # which no widget there can say
    ],
    "compare.py": [
        PairConfig(differs="model.hidden_size", value=99, model=ModelConfig(hidden_size=21, num_layers=2)),
        PairConfig(differs="knobs.learning_rate", value=0.07, knobs=Knobs(learning_rate=0.003, noise=0.4)),
        PairConfig(differs="knobs.reach", value=6, view=View(prompt="Once", temperature=1.4, signal="f")),
        PairConfig(differs="model.embedding_size", value=5, model=ModelConfig(embedding_size=50)),
        PairConfig(task=OWN),
        PairConfig(task=OWN, differs="task", value=TextConfig("rhymes")),
        PairConfig(differs="task", value=OWN),
        PairConfig(SeriesConfig("own", column="x", values=VALUES), differs="train.seed", value=8),
        PairConfig(SeriesConfig(period=40.0), differs="task.period", value=77.5),
    ],
}


@pytest.mark.parametrize(
    ("page", "config"), [(page, config) for page, configs in CONFIGS.items() for config in configs]
)
def test_runs_of_all_pages_come_back_as_they_are(page, config):
    app = is_taken_over(page, config)
    assert config_of(app, ADDRESSES[page].removesuffix("_run")).network == config.network


SIZES = st.integers(4, 256)
TEXTS = st.builds(
    TextConfig, st.sampled_from([name for name in CORPORA if name != "own"]), st.just("characters")
)
WAVES = st.builds(
    SeriesConfig,
    st.sampled_from([name for name in SERIES if name not in ("own", "stocks")]),
    st.floats(4, 200),
    st.floats(0.01, 1000),
    st.floats(0, 360),
    st.floats(0, 2),
)
MODELS = st.builds(
    ModelConfig,
    cell=st.sampled_from(["lstm", "gru", "rnn"]),
    hidden_size=SIZES,
    num_layers=st.integers(1, 3),
    init=st.sampled_from(["orthogonal", "uniform"]),
)
KNOBS = st.builds(
    Knobs,
    learning_rate=st.floats(1e-5, 1),
    batch_size=st.integers(1, 16),
    clip=st.floats(0.01, 100),
    noise=st.floats(0, 1),
)
TRAINS = st.builds(TrainConfig, st.integers(4, 64), st.integers(0, 2**31 - 1))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS | WAVES, MODELS, TRAINS, KNOBS)
def test_whatever_a_run_is_made_of_it_is_not_changed_by_being_opened(task, model, train, knobs):
    page = "text.py" if isinstance(task, TextConfig) else "series.py"
    if isinstance(task, SeriesConfig):  # a series that is not generated has no shape
        shaped = task.kind not in ("sunspots", "mackey-glass")
        task = task if shaped else SeriesConfig(task.kind)
    app = is_taken_over(page, RunConfig(task, model, train, knobs))
    assert config_of(app, page.removesuffix(".py")).network[1:] == (model, train)


def test_the_run_wins_over_other_settings_in_the_same_address():
    config = RunConfig(model=ModelConfig(hidden_size=48), knobs=Knobs(noise=0.3))
    is_taken_over("text.py", config, text_hidden_size="16", text_noise="0.1", text_corpus="counting")


def test_a_link_without_the_run_opens_the_same_set_up_in_a_run_of_its_own():
    app = open_app(text_hidden_size="16", text_corpus="counting", text_noise="0.1")
    address = {name: value for name, value in app.query_params.items() if name != "text_run"}
    again = open_app(**{name: linked(app, name) for name in address})
    assert config_of(again, "text") == config_of(app, "text")
    assert linked(again, "text_run") != linked(app, "text_run")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "x" * 10_000,
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "\0",
        "K7QM3XWD",
        "n" * 22,
    ],
)
def test_a_run_that_is_not_there_is_said_in_a_sentence_and_a_new_one_has_the_links_settings(token):
    app = open_app(text_run=token, text_hidden_size="16")
    assert f"{GONE}; a new one starts with its settings." in said(app)
    assert not app.error
    assert config_of(app, "text").model.hidden_size == 16
    assert linked(app, "text_run") == app.session_state["run_text"] != token
    app.run()
    assert not app.toast


def test_a_code_opens_nothing_that_can_be_changed():
    token = HOST.open(RunConfig())
    app = open_app(text_run=HOST.sharing.share(token))
    assert GONE in said(app)
    assert app.session_state["run_text"] != token


def test_a_run_of_another_kind_is_refused():
    series = HOST.open(RunConfig(SeriesConfig()))
    for page, name in (("text.py", "text_run"), ("memory.py", "memory_run")):
        app = open_app(page, **{name: series})
        assert "belongs to another page" in said(app)
        assert not app.exception
        assert linked(app, name) != series


def test_the_run_that_is_shown_stays_when_the_address_names_one_that_is_gone():
    app = open_app()
    token = linked(app, "text_run")
    app.query_params["text_run"] = new_token()
    app.run()
    assert f"{GONE}." in said(app)
    assert linked(app, "text_run") == app.session_state["run_text"] == token


def test_another_run_in_the_address_of_a_session_is_shown_with_its_settings():
    app = open_app(text_hidden_size="16")
    first = linked(app, "text_run")
    other = HOST.open(RunConfig(TextConfig("rhymes"), ModelConfig(hidden_size=100)))
    app.query_params["text_run"] = other
    app.run()
    assert app.select_slider(key="text_hidden_size").value == 100
    assert config_of(app, "text").task.corpus == "rhymes"
    assert (HOST.config(first).model.hidden_size, HOST.config(other).model.hidden_size) == (16, 100)
    app.select_slider(key="text_hidden_size").set_value(64).run()  # a widget still does what it does
    assert HOST.config(other).model.hidden_size == 64


def test_a_run_that_a_page_is_told_to_adopt_is_shown_with_its_settings():
    app = open_app(text_hidden_size="16")
    token = HOST.open(RunConfig(OWN, ModelConfig(cell="rnn", hidden_size=9), knobs=Knobs(noise=0.7)))
    code = f"from pages.panels.runs.adoption import adopt_run\nadopt_run('text', '{token}')"
    told = AppTest.from_string(code).run()
    for name in ("adopt_text", "run_text"):
        app.session_state[name] = told.session_state[name]
    app.run()
    assert linked(app, "text_run") == token
    assert config_of(app, "text").network == HOST.config(token).network
    assert HOST.config(token).knobs.noise == 0.7
    assert app.select_slider(key="text_hidden_size").value == 9
    assert not app.toast


def test_a_visit_to_another_page_does_not_lose_the_run():
    app = open_app()
    token = linked(app, "text_run")
    for page in ("guide.py", "series.py", "inside.py", "text.py"):
        app.query_params.clear()  # as the browser does
        app.switch_page(page).run()
    assert linked(app, "text_run") == token


# --- a reload, which is a new session that knows nothing but the address ---

BY_HAND = {"cell": "By hand"}
CODE = "K7QM3XWD"


def turn_to(app, page, **query):
    """Another page of the same session, as by a link to it: nothing else is in the address then."""
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(page).run()
    assert not app.exception


def reloaded(app, page):
    query = {name: linked(app, name) for name in app.query_params}
    again = open_app(page, **query)
    assert not again.toast
    return again


@pytest.mark.parametrize(
    ("page", "query"),
    [
        *((page, {}) for page in [*ADDRESSES, "guide.py"]),
        ("cell.py", BY_HAND),
        ("follow.py", {"code": CODE}),
    ],
)
def test_a_reload_of_any_page_loses_no_run_of_the_session(page, query):
    app = open_app(text_run=HOST.open(RunConfig(OWN, ModelConfig(hidden_size=17))))
    turn_to(app, "memory.py", memory_lstm0="False")
    turn_to(app, "series.py")
    turn_to(app, page, **query)
    again = reloaded(reloaded(app, page), page)
    for other in ("memory.py", "series.py", "text.py"):
        turn_to(again, other)
        name = ADDRESSES[other]
        assert linked(again, name) == linked(app, name)
        assert not again.toast
    assert config_of(again, "text").network == RunConfig(OWN, ModelConfig(hidden_size=17)).network
    assert not config_of(again, "memory").lstm0
    assert again.select_slider(key="text_hidden_size").value == 17


@pytest.mark.parametrize("first", ["text", "series"])
def test_a_reload_shows_the_insides_of_the_network_that_were_shown(first):
    app = open_app()
    turn_to(app, "series.py")
    turn_to(app, "inside.py")
    app.segmented_control(key="network_shown").set_value(first).run()
    again = reloaded(app, "inside.py")
    assert again.segmented_control(key="network_shown").value == first


def test_after_a_reload_a_link_to_another_page_still_brings_its_settings():
    token = HOST.open(RunConfig(TextConfig("rhymes"), ModelConfig(hidden_size=48), knobs=Knobs(noise=0.25)))
    app = open_app("guide.py", text_run=token)
    turn_to(app, "text.py", text_corpus="counting", text_noise="0.5")
    assert linked(app, "text_run") == token
    assert HOST.config(token).task.corpus == config_of(app, "text").task.corpus == "counting"
    assert HOST.config(token).model.hidden_size == app.select_slider(key="text_hidden_size").value == 48
    assert HOST.config(token).knobs.noise == 0.5


def test_a_run_that_is_gone_is_said_when_its_page_is_turned_to():
    app = open_app("guide.py", text_run="n" * 22, text_hidden_size="16")
    assert not app.toast
    turn_to(app, "text.py")
    assert GONE in said(app)
    assert HOST.knows(linked(app, "text_run"))
    turn_to(app, "guide.py")
    turn_to(app, "text.py")
    assert not app.toast


def test_a_reload_of_the_comparison_leaves_it_as_it_is_when_its_networks_page_has_been_seen():
    app = open_app(text_run=HOST.open(RunConfig(OWN, ModelConfig(hidden_size=17))))
    turn_to(app, "compare.py")
    token, config = linked(app, "compare_run"), config_of(app, "compare")
    again = reloaded(app, "compare.py")
    for page in ("text.py", "compare.py"):
        turn_to(again, page)
    assert linked(again, "compare_run") == token
    assert HOST.config(token) == config
    assert HOST.generation(token) == 0


def test_a_run_that_the_server_has_lost_is_replaced_and_that_is_said(monkeypatch):
    app = open_app(text_hidden_size="16")
    token = linked(app, "text_run")
    knows = HOST.knows
    monkeypatch.setattr(HOST, "knows", lambda key: key != token and knows(key))
    app.run()
    assert "no longer exists; a new one starts" in said(app)
    assert linked(app, "text_run") != token
    assert config_of(app, "text").model.hidden_size == 16


def test_a_run_that_slept_and_cannot_be_woken_is_replaced_and_that_is_said(monkeypatch):
    app = open_app(text_hidden_size="16")
    token = linked(app, "text_run")
    config = HOST.config

    def damaged(key):
        if key == token:
            raise Damaged("This run was saved, but its files are damaged and cannot be read.")
        return config(key)

    monkeypatch.setattr(HOST, "config", damaged)
    app.run()
    assert not app.exception
    assert "damaged and cannot be read; a new one starts" in said(app)
    assert linked(app, "text_run") != token
    assert config_of(app, "text").model.hidden_size == 16


# --- two tabs ---


def two_tabs(page="text.py", **query):
    one = open_app(page, **query)
    name = ADDRESSES[page]
    return one, open_app(page, **{name: linked(one, name)}), linked(one, name)


def test_what_one_tab_changes_the_other_one_shows_at_its_next_run():
    one, other, token = two_tabs()
    one.select_slider(key="text_hidden_size").set_value(128).run()
    one.segmented_control(key="text_cell").set_value("gru").run()
    other.run()
    assert other.select_slider(key="text_hidden_size").value == 128
    assert config_of(other, "text").model == ModelConfig("gru", 128)
    assert not other.toast
    assert HOST.config(token).model == ModelConfig("gru", 128)
    assert linked(other, "text_cell") == "gru"
    one.run()
    assert config_of(one, "text").model == ModelConfig("gru", 128)


def test_what_the_user_has_just_changed_wins_and_comes_on_top_of_what_was_changed_elsewhere():
    one, other, token = two_tabs()
    one.select_slider(key="text_hidden_size").set_value(128).run()
    other.segmented_control(key="text_cell").set_value("rnn").run()
    assert HOST.config(token).model == ModelConfig("rnn", 128)
    assert config_of(other, "text").model == ModelConfig("rnn", 128)
    one.select_slider(key="text_hidden_size").set_value(32).run()
    other.select_slider(key="text_hidden_size").set_value(16).run()
    assert HOST.config(token).model == ModelConfig("rnn", 16)


def test_a_network_made_elsewhere_while_the_page_is_drawn_is_shown_by_the_same_run(monkeypatch):
    one, _, token = two_tabs()
    other = replace(HOST.config(token), model=ModelConfig("gru", 128))

    def made_meanwhile(page):
        monkeypatch.undo()
        HOST.configure(token, other)
        return own_knobs(page)

    own_knobs = run.live_knobs
    monkeypatch.setattr(run, "live_knobs", made_meanwhile)
    one.run()
    assert not one.exception
    assert one.select_slider(key="text_hidden_size").value == 128
    assert HOST.config(token).model == ModelConfig("gru", 128)
    assert HOST.generation(token) == 1


def test_a_text_given_in_one_tab_is_that_of_the_other_one_too():
    one, other, token = two_tabs()
    one.selectbox(key="text_corpus").select("own").run()
    one.text_area(key="own_text").set_value(OWN.text).run()
    other.run()
    assert other.selectbox(key="text_corpus").value == "own"
    assert "kept with this run" in words(other.caption)
    assert HOST.config(token).task == OWN
    other.select_slider(key="text_hidden_size").set_value(16).run()
    assert HOST.config(token).task == OWN
    one.run()
    assert one.select_slider(key="text_hidden_size").value == 16
    assert HOST.config(token).task == OWN


def test_live_settings_of_one_tab_are_not_undone_by_the_other_one():
    one, other, token = two_tabs(text_noise="0.1")
    one.query_params["text_noise"] = "0.5"
    one.run()
    other.run()
    HOST.save(token)  # the run has read its messages
    assert config_of(one, "text").knobs.noise == 0.5
    other.select_slider(key="text_hidden_size").set_value(16).run()
    one.run()
    assert config_of(one, "text").knobs.noise == 0.5
    assert config_of(one, "text").model.hidden_size == 16


def test_what_the_live_controls_send_is_kept_and_stands_in_the_address():
    app = open_app(text_noise="0.1")
    token = linked(app, "text_run")
    HOST.post(token, {"type": "knob", "name": "noise", "value": 0.5})
    HOST.post(token, {"type": "view", "name": "prompt", "value": "Leo"})
    app.select_slider(key="text_hidden_size").set_value(16).run()
    config = config_of(app, "text")
    assert (config.knobs.noise, config.view.prompt, config.model.hidden_size) == (0.5, "Leo", 16)
    assert (linked(app, "text_noise"), linked(app, "text_prompt")) == ("0.5", "Leo")
    turn_to(app, "compare.py")  # which is like that page until something else is chosen
    assert config_of(app, "compare").knobs.noise == 0.5
    HOST.post(token, {"type": "knob", "name": "noise", "value": 0.25})
    app.run()
    assert config_of(app, "compare").knobs.noise == 0.25


@pytest.mark.parametrize(
    ("page", "key", "value"),
    [
        ("series.py", "series_hidden_size", 64),
        ("memory.py", "memory_hidden_size", 8),
        ("ablation.py", "ablation_hidden_size", 8),
        ("compare.py", "compare_text_right_cell", "rnn"),
    ],
)
def test_two_tabs_of_every_page(page, key, value):
    one, other, token = two_tabs(page)
    kind = "segmented_control" if isinstance(value, str) else "select_slider"
    getattr(one, kind)(key=key).set_value(value).run()
    changed = HOST.config(token)
    other.run()
    assert getattr(other, kind)(key=key).value == value
    one.run()
    assert HOST.config(token).network == changed.network
    assert not other.toast
