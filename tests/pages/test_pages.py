"""Every page through AppTest: it runs, its settings reach the run, and bad input meets a sentence."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config import CORPORA, SERIES
from lstm_core.tasks.encoding import LONGEST_TEXT
from pages.common.markdown import escape_markdown
from pages.live.server.state import HOST, LIMITS
from tests.pages.app import config_of, open_app, words

PAGES = ["text.py", "series.py", "guide.py"]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_runs_without_a_complaint(page):
    app = open_app(page)
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("page", ["text", "series"])
def test_a_page_opens_a_run_and_keeps_it_on_the_next_script_run(page):
    app = open_app(f"{page}.py")
    token = app.session_state[f"run_{page}"]
    assert HOST.knows(token)
    app.run()
    assert app.session_state[f"run_{page}"] == token
    assert not app.toast


def test_a_new_hidden_size_keeps_the_run_but_gives_it_a_new_network_and_says_so():
    app = open_app()
    token = app.session_state["run_text"]
    app.select_slider(key="text_hidden_size").set_value(128).run()
    assert app.session_state["run_text"] == token
    assert config_of(app, "text").model.hidden_size == 128
    assert "128 units" in app.toast[0].value


def test_a_link_sets_everything_up():
    app = open_app(
        text_corpus="brackets",
        text_level="words",
        text_hidden_size="100",
        text_num_layers="2",
        text_sequence_length="32",
        text_seed="7",
        text_forget_bias="2.5",
        text_learning_rate="0.02",
        text_temperature="1.3",
        text_prompt="( [",
        text_steps_per_second="4.0",
    )
    config = config_of(app, "text")
    assert (config.task.corpus, config.task.level) == ("brackets", "words")
    assert (config.model.hidden_size, config.model.num_layers, config.model.forget_bias) == (100, 2, 2.5)
    assert (config.train.sequence_length, config.train.seed) == (32, 7)
    assert (config.knobs.learning_rate, config.knobs.steps_per_second) == (0.02, 4.0)
    assert (config.view.temperature, config.view.prompt) == (1.3, "( [")
    assert not app.warning


def test_a_link_to_the_series_page_sets_the_wave_up():
    app = open_app(
        "series.py",
        series_kind="square",
        series_wave_period="40.0",
        series_wave_noise="0.5",
        series_noise="0.1",
    )
    config = config_of(app, "series")
    assert (config.task.kind, config.task.period, config.task.noise) == ("square", 40.0, 0.5)
    assert config.knobs.noise == 0.1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("text_hidden_size", "1000000000", "from 4 to 256. Instead, 64"),
        ("text_hidden_size", "lots", "whole number"),
        ("text_num_layers", "-1", "from 1 to 3"),
        ("text_level", "<script>alert(1)</script>", "must be one of characters, words"),
        ("text_corpus", "x" * 5000, "must be one of"),
        ("text_learning_rate", "nan", "from 1e-05 to 1"),
        ("text_learning_rate", "-1e400", "number"),
        ("text_temperature", "", "number"),
        ("text_seed", "9" * 5000, "seed"),
        ("text_steps_per_second", "0", "number"),
    ],
)
def test_nonsense_in_a_link_is_named_and_the_default_used(name, value, said):
    app = open_app(**{name: value})
    assert said in words(app.warning)
    assert len(app.warning[0].value) < 400
    assert config_of(app, "text") == config_of(open_app(), "text")


@given(
    st.dictionaries(
        st.sampled_from(
            ["text_hidden_size", "text_noise", "text_seed", "text_prompt", "text_units", "bogus"]
        ),
        st.text(st.characters(codec="utf-8"), max_size=30),
        max_size=4,
    )
)
def test_no_link_breaks_the_page(query):
    open_app(**query)


def test_own_text_that_cannot_be_learnt_from_is_named_and_the_old_network_goes_on():
    app = open_app()
    before = config_of(app, "text")
    app.selectbox(key="text_corpus").select("own").run()
    assert "Paste a text" in app.info[0].value
    for text, said in [("a", "at least two different"), ("hello world", "too short"), (" \n ", "empty")]:
        app.text_area(key="own_text").set_value(text).run()
        assert not app.exception
        assert said in words(app.error)
        assert config_of(app, "text") == before


def test_own_text_is_learnt_and_survives_a_visit_to_another_page():
    app = open_app()
    app.selectbox(key="text_corpus").select("own").run()
    app.text_area(key="own_text").set_value("Всё хорошо. 好的！ 👩‍🏫\n" * 30).run()
    assert not app.error
    assert config_of(app, "text").task.text.startswith("Всё")
    app.switch_page("guide.py").run()
    app.switch_page("text.py").run()
    assert config_of(app, "text").task.text.startswith("Всё")


def test_what_was_typed_for_one_text_does_not_stay_for_the_next():
    app = open_app(text_corpus="rhymes", text_prompt="The hill ", text_probe="a hill", text_temperature="0.5")
    assert HOST.config(app.session_state["run_text"]).view.prompt == "The hill "
    app.selectbox(key="text_corpus").set_value("counting").run()
    view = HOST.config(app.session_state["run_text"]).view
    assert (view.prompt, view.probe, view.temperature) == (None, None, 0.5)
    assert "text_prompt" not in app.query_params
    app.query_params["text_corpus"], app.query_params["text_prompt"] = "brackets", "(("
    app.run()
    assert HOST.config(app.session_state["run_text"]).view.prompt == "(("


@pytest.mark.parametrize("own", ["a b c d e f g h. " * 40])
def test_it_names_the_text_that_is_learnt_until_there_is_another(own):
    app = open_app(text_corpus="own")
    assert "Until then the network learns Short tales" in words(app.info)
    app.text_area(key="own_text").set_value(own).run()
    assert not app.info
    app.text_area(key="own_text").set_value("").run()
    assert "learns your text from before, “a b c d e f g h. a b c d…”" in words(app.info)


@pytest.mark.parametrize(
    ("page", "query", "label", "megabytes"),
    [
        (
            "text.py",
            {"text_corpus": "own"},
            "Upload a text file",
            min(LONGEST_TEXT // 10**6, LIMITS.upload_mb),
        ),
        ("series.py", {"series_kind": "own"}, "Upload a CSV file", LIMITS.upload_mb),
        ("text.py", {}, "Open a run from its file", LIMITS.upload_mb),
    ],
)
def test_an_uploader_says_what_may_be_uploaded(page, query, label, megabytes):
    protos = [uploader.proto for uploader in open_app(page, **query).get("file_uploader")]
    assert [proto.max_upload_size_mb for proto in protos if proto.label == label] == [megabytes]


def test_uploads_of_text():
    app = open_app()
    app.selectbox(key="text_corpus").select("own").run()
    app.file_uploader(key="own_text_file").upload("x.png", bytes(range(256)) * 20).run()
    assert "not plain text" in words(app.error)
    latin = "Größe, Straße, naïve façade. Über allen Gipfeln ist Ruh. " * 40
    app.file_uploader(key="own_text_file").upload("x.txt", latin.encode("latin-1")).run()
    assert not app.error
    assert "Größe" in config_of(app, "text").task.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,city\nann,rome\nbob,oslo\n" * 20, "number"),
        ("v\n1\n2\n", "20"),
        ("v\n" + "3\n" * 200, "nothing to learn"),
        ("", "empty"),
        ("\0\1\2" * 500, "not plain text"),
    ],
)
def test_a_table_that_cannot_be_used_is_named_and_the_old_network_goes_on(content, said):
    app = open_app("series.py")
    before = config_of(app, "series")
    app.selectbox(key="series_kind").select("own").run()
    app.file_uploader(key="own_series_file").upload("t.csv", content.encode()).run()
    assert not app.exception
    assert said in words(app.error).lower()
    assert config_of(app, "series") == before


def test_a_table_is_learnt_from():
    rows = io.StringIO()
    rows.write("day,<b>cost</b>,n\n")
    for day in range(400):
        rows.write(f"{day},{'' if day % 50 == 7 else (day % 25) * 1.5},{'inf' if day == 3 else day}\n")
    app = open_app("series.py", series_kind="own")
    assert "Upload a CSV" in app.info[0].value
    app.file_uploader(key="own_series_file").upload("t.csv", rows.getvalue().encode()).run()
    app.selectbox(key="own_series_column").select("<b>cost</b>").run()
    assert not app.error
    assert len(config_of(app, "series").task.values) == 400
    assert "8 gaps" in words(app.caption)


def test_a_series_too_short_for_the_sequence_names_both_lengths():
    app = open_app("series.py", series_kind="stocks", series_sequence_length="256")
    assert "256" in words(app.error)
    app.select_slider(key="series_sequence_length").set_value(48).run()
    assert not app.error
    assert config_of(app, "series").task.kind == "stocks"


def test_every_series_and_every_text_opens():
    app = open_app("series.py")
    for kind in SERIES:
        app.selectbox(key="series_kind").select(kind).run()
        assert not app.exception
        assert not app.error
        assert kind == "own" or config_of(app, "series").task.kind == kind
    app = open_app()
    for corpus in CORPORA:
        app.selectbox(key="text_corpus").select(corpus).run()
        assert not app.exception
        assert not app.error
        assert corpus == "own" or config_of(app, "text").task.corpus == corpus


def test_a_link_followed_within_a_session_wins_over_what_was_set_before():
    app = open_app()
    app.select_slider(key="text_hidden_size").set_value(128).run()
    app.switch_page("guide.py").run()
    app.query_params["text_corpus"] = "counting"
    app.query_params["text_hidden_size"] = "16"
    app.query_params["text_learning_rate"] = "0.05"
    app.switch_page("text.py").run()
    config = config_of(app, "text")
    assert (config.task.corpus, config.model.hidden_size) == ("counting", 16)
    assert config.knobs.learning_rate == 0.05
    assert "Counting" in app.toast[0].value


def test_notes_about_a_link_stay_until_they_are_read():
    app = open_app(text_hidden_size="7777")
    app.run()
    assert "7777" in words(app.warning)
    app.button(key="notes_text_seen").click().run()
    assert not app.warning


def test_an_uploaded_text_is_kept_while_another_page_is_visited_and_until_it_is_forgotten():
    app = open_app(text_corpus="own")
    app.file_uploader(key="own_text_file").upload("mine.txt", b"my own words are here. " * 30).run()
    app.switch_page("guide.py").run()
    app.switch_page("text.py").run()
    assert config_of(app, "text").task.text.startswith("my own words")
    assert not app.toast
    app.button(key="own_text_upload_forget").click().run()
    assert not app.exception
    assert "Paste a text" in app.info[0].value


def test_a_batch_too_large_for_the_network_is_named():
    app = open_app(
        text_hidden_size="256", text_num_layers="3", text_sequence_length="256", text_batch_size="128"
    )
    assert "batch size of 128 is too much" in words(app.error).replace(",", "")


@given(st.text())
def test_plain_leaves_the_letters_and_no_bare_mark(text):
    shown = escape_markdown(text)
    bare = shown.replace("\\\\", "").split("\\")
    assert not any(mark in piece[1:] for piece in bare[1:] for mark in "`*_[]()#!|~$<>&")
    assert shown.replace("\u2060", "").replace("\\", "") == text.replace("\u2060", "").replace("\\", "")


def test_an_address_that_the_browser_sends_late_changes_nothing_back():
    app = open_app(text_noise="0.1")
    for noise in ("0.2", "0.3"):
        app.query_params["text_noise"] = noise
        app.run()
    assert config_of(app, "text").knobs.noise == 0.3
    for late in ("0.1", "0.2"):
        app.query_params["text_noise"] = late
        app.run()
        assert config_of(app, "text").knobs.noise == 0.3
        assert app.query_params["text_noise"] == "0.3"
