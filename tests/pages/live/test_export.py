"""Taking home: the files of a run, its code on every page, and the way back for such a file."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from lstm_core.config import Hands, Knobs, MemoryConfig, ModelConfig, RunConfig, SeriesConfig, TextConfig
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.export.script import script
from lstm_core.storage.archive import unpack_run
from pages.live.server.downloads import BODY_LIMIT
from pages.live.server.export import EXPORT, file_stem
from pages.live.server.state import HOST, LIMITS
from pages.panels.runs.settings_from_config import page_of
from pages.panels.sharing.export import _UNPACKING
from tests.pages.app import open_app, words

SMALL = ModelConfig(hidden_size=6)
CONFIGS = {
    "text": RunConfig(TextConfig("rhymes"), SMALL),
    "series": RunConfig(SeriesConfig("damped"), SMALL),
    "memory": RaceConfig(MemoryConfig("adding"), hidden_size=4, knobs=Knobs(lag=5)),
    "ablation": AblationConfig(TextConfig("brackets"), hidden_size=4, seeds=1),
    "compare": PairConfig(TextConfig("rhymes"), SMALL),
}


@pytest.fixture
def client():
    with TestClient(Starlette(routes=[Route("/live/export", EXPORT.answer, methods=["POST"])])) as client:
        yield client


def ask(client, token, what, **headers):
    return client.post("/live/export", json={"token": token, "what": what}, headers=headers)


def name_of(answer):
    return answer.headers["content-disposition"].split('"')[1]


# -- the files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", CONFIGS)
def test_every_run_can_be_taken_home_and_back(client, page):
    token = HOST.open(CONFIGS[page])
    answer = ask(client, token, "run", origin="http://testserver")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    saved = unpack_run(answer.content, LIMITS)
    assert saved.config == HOST.config(token)
    assert page_of(saved.config) == page
    assert HOST.config(HOST.open_file(answer.content)) == CONFIGS[page]
    assert name_of(answer) == f"{file_stem(CONFIGS[page])}-step-0.zip"


@pytest.mark.parametrize("page", CONFIGS)
def test_the_losses_of_every_run_come_as_a_table(client, page):
    answer = ask(client, HOST.open(CONFIGS[page]), "losses")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert next(csv.reader(io.StringIO(answer.text)))[0] == "step"


def test_the_trace_has_a_line_for_each_step_and_unit(client):
    answer = ask(client, HOST.open(CONFIGS["text"]), "trace")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == 48 * 6
    assert name_of(answer) == "lstm-rhymes-trace-step-0.csv"


def test_several_networks_have_no_trace_and_the_answer_says_where_there_is_one(client):
    answer = ask(client, HOST.open(CONFIGS["memory"]), "trace")
    assert answer.status_code == 409
    assert "Text" in answer.text


def test_file_names_say_what_it_is():
    stems = [file_stem(config) for config in CONFIGS.values()]
    assert stems == ["lstm-rhymes", "lstm-damped", "race-adding", "variants-brackets", "pair-rhymes"]
    assert file_stem(RunConfig(SeriesConfig("two sines"), ModelConfig("gru"))) == "gru-two-sines"


def test_who_follows_may_take_it_home_as_a_copy(client):
    token = HOST.open(CONFIGS["text"])
    assert ask(client, HOST.sharing.share(token), "run").status_code == 200


def test_pages_from_elsewhere_and_unknown_keys_get_nothing(client, monkeypatch):
    monkeypatch.setattr("pages.live.server.downloads.WRONG_KEY", 0)
    token = HOST.open(CONFIGS["text"])
    assert ask(client, token, "run", origin="https://elsewhere.example").status_code == 403
    for key in ("", "x" * 22, "'; drop", "\ud800"):
        answer = client.post("/live/export", content=json.dumps({"token": key, "what": "run"}))
        assert answer.status_code == 404
        assert "gone" in answer.text
    assert client.get("/live/export").status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"{}",
        b'{"token": "a"}',
        b'{"token": 1, "what": "run"}',
        b'{"token": "a", "what": "all"}',
        b'{"token": "a", "what": []}',
        b"[" * 900,
        b'{"token": "' + b"a" * BODY_LIMIT + b'", "what": "run"}',
    ],
)
def test_a_bad_request_is_told_so(client, body):
    answer = client.post("/live/export", content=body)
    assert answer.status_code == 400
    assert "request is" in answer.text


# -- the panel ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["text", "series", "memory", "compare"])
def test_the_code_of_the_settings_is_shown(page):
    app = open_app(f"{page}.py")
    config = HOST.config(app.session_state[f"run_{page}"])
    assert not app.code
    app.button(key=f"export_code_{page}").click().run()
    assert not app.exception
    wanted = script(config.left if page == "compare" else config).strip()
    assert wanted in [code.value for code in app.code]
    if page == "compare":
        side = next(one for one in app.segmented_control if one.label == "Side")
        side.set_value(side.options[1])
        app.button(key=f"export_code_{page}").click().run()
        assert script(config.right).strip() in [code.value for code in app.code]


def test_the_code_has_the_live_settings_of_now():
    app = open_app(text_learning_rate="0.02", text_noise="0.25")
    app.button(key="export_code_text").click().run()
    code = " ".join(code.value for code in app.code)
    assert "RATE, CLIP, NOISE = 0.02, 1.0, 0.25 " in code


def test_what_is_held_while_it_trains_is_said_not_to_be_in_the_code():
    app = open_app()
    saved = HOST.save(app.session_state["run_text"])
    config = replace(saved.config, hands=Hands(f=0.5, training=True))
    app.session_state["adopt_text"] = HOST.adopt(replace(saved, config=config))
    app.run()
    app.button(key="export_code_text").click().run()
    assert "What your hands hold" in words(app.caption)


def test_the_variants_have_no_code_and_a_sentence_says_why():
    app = open_app("ablation.py")
    assert not any(button.label == "Show the code" for button in app.button)
    assert "No code" in words(app.caption)


def packed(config):
    return HOST.export(HOST.open(config), "run")[0]


def upload(app, content, name="run.zip"):
    uploader = next(one for one in app.file_uploader if one.label == "Open a run from its file")
    return uploader.set_value((name, content, "application/zip")).run()


def test_who_waits_too_long_for_the_files_of_others_is_told_so(monkeypatch):
    monkeypatch.setattr("pages.panels.sharing.export.UNPACKING_SECONDS", 0)
    app = open_app("text.py")
    with _UNPACKING:
        upload(app, packed(CONFIGS["text"]))
    assert not app.exception
    assert "Other runs are being opened" in words(app.error)


def test_an_uploaded_run_is_shown_once_and_the_one_before_is_kept():
    app = open_app()
    before = app.session_state["run_text"]
    upload(app, packed(CONFIGS["text"]))
    assert not app.exception
    token = app.session_state["run_text"]
    assert token != before
    assert HOST.config(token).model == SMALL
    assert app.selectbox(key="text_corpus").value == "rhymes"
    assert app.session_state["parents_text"] == [before]
    assert HOST.knows(before)
    for _ in range(2):
        app.run()
        assert app.session_state["run_text"] == token


@pytest.mark.parametrize("page", ["series", "memory", "ablation", "compare"])
def test_a_run_of_another_page_opens_there(page):
    app = open_app()
    text = app.session_state["run_text"]
    upload(app, packed(CONFIGS[page]))
    assert not app.exception
    assert HOST.config(app.session_state[f"run_{page}"]).network == CONFIGS[page].network
    assert app.session_state["run_text"] == text


def test_a_file_that_is_none_is_refused_in_one_sentence_and_nothing_is_lost():
    app = open_app()
    token, config = app.session_state["run_text"], HOST.config(app.session_state["run_text"])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("run.json", "<b>[x](javascript:1)</b>")
    for content in (b"nonsense", archive.getvalue(), packed(CONFIGS["text"])[:-200]):
        upload(app, content)
        assert not app.exception
        assert len(app.error) == 1
        assert "cannot be used" in words(app.error)
        assert app.session_state["run_text"] == token
        assert HOST.config(token) == config
    upload(app, packed(CONFIGS["text"]))
    assert not app.error
    assert app.session_state["run_text"] != token


def test_a_run_too_large_for_this_server_is_refused(monkeypatch):
    content = packed(CONFIGS["text"])
    app = open_app()
    monkeypatch.setattr(HOST, "limits", replace(LIMITS, parameters=1000))
    upload(app, content)
    assert len(app.error) == 1
    assert not app.exception
