"""What is logged: one JSON object a line, and no key to a run, whoever logs it and however."""

import json
import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_core.config.access_keys import CODE_LETTERS, new_code, new_token, run_id, shown_code
from pages.live.server import logs
from pages.live.server.logs import OneLine, Record, redacted
from tests.servers import ROOT

TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=22, max_size=22)
CODES = st.text(CODE_LETTERS, min_size=8, max_size=8)
# places where a token or a code has its name beside it, or quotes around it
PLACES = [
    "GET /series?series_run={} HTTP/1.1",
    "/?text_run={}&text_level=words",
    "text_run%3D{}%26a",
    "https://school.example/lstm/follow?code={}",
    '{{"type": "hello", "token": "{}"}}',
    '"{{\\"type\\": \\"hello\\", \\"token\\": \\"{}\\"}}"',
    "{{'token': '{}', 'a': 1}}",
    "{{'text_run': ['{}']}}",
    "watch(token='{}')",
    "token={}",
    "Token: {}",
    "KeyError: '{}'",
    'no run "{}" here',
]


def record(message, *args, **kwargs):
    return Record("any.logger", logging.WARNING, __file__, 1, message, args, None, **kwargs)


def printed(made):
    """A record as our formatter and as a plain one print it."""
    return [OneLine().format(made), logging.Formatter("%(message)s").format(made)]


@given(st.sampled_from(PLACES), TOKENS | CODES)
def test_a_key_beside_its_name_is_taken_out(place, key):
    assert key not in redacted(place.format(key))


@given(st.sampled_from(PLACES), CODES)
def test_a_code_as_it_is_shown_too(place, code):
    if "'{}'" in place and "token" not in place and "run" not in place:
        return  # a code within quotes is known without its hyphen only
    assert shown_code(code) not in redacted(place.format(shown_code(code)))


def test_tokens_without_their_names_are_taken_out_almost_always():
    left = sum(token in redacted(f"the run {token} failed") for token in (new_token() for _ in range(5000)))
    assert left < 75


def test_shown_codes_without_their_names_are_taken_out():
    code = shown_code(new_code())
    assert code not in redacted(f"nobody follows {code} now")


@pytest.mark.parametrize(
    "text",
    [
        f"run {run_id('x' * 22)}: deleted, unused for 3.0 days",
        "status code: 404",
        "websocket closed (code=1008)",
        "StreamlitAPIException in test_a_lost_connection",
        "SessionStateProxyClass",
        "2025-01-31 10:11:12,345 in /usr/lib/python3.11/site-packages",
        "hidden_size is 4096; it must be a whole number from 1 to 512.",
    ],
)
def test_what_is_no_key_stays(text):
    assert redacted(text) == text


@pytest.mark.parametrize("place", PLACES)
def test_no_way_into_a_record_keeps_a_key(place):
    token = new_token()
    text = place.format(token)
    made = [
        record(text),
        record("it said %s", text),
        record("it said %r and %d", text, 3),
        record("%(a)s", {"a": text}),
        record("it said %d", text),  # a mistake of whoever logs
        record(ValueError(text)),
    ]
    for one in made:
        for line in printed(one):
            assert token not in line


def test_no_exception_keeps_a_key():
    token = new_token()
    try:
        try:
            {}[token]
        except KeyError as error:
            raise ValueError(f"/?text_run={token}") from error
    except ValueError:
        made = Record("a", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    for line in printed(made):
        assert token not in line
        assert "test_no_exception_keeps_a_key" in line


def test_nothing_beside_the_message_keeps_a_key():
    token = new_token()
    made = record("refused")
    vars(made).update(
        {"run": run_id(token), "token": token, "where": f"/?text_run={token}", "n": 3, "it": [token]}
    )
    line = json.loads(OneLine().format(made))
    assert token not in json.dumps(line)
    assert (line["run"], line["n"], line["event"]) == (run_id(token), 3, "refused")


def test_the_run_of_a_message_stands_by_itself():
    run = run_id("x" * 22)
    line = json.loads(OneLine().format(record("run %s: its save is damaged", run)))
    assert line["run"] == run


@given(st.text(max_size=50))
def test_every_record_is_one_line_of_json(text):
    line = OneLine().format(record(text))
    assert "\n" not in line
    assert set(json.loads(line)) >= {"time", "level", "event", "logger"}


def test_a_level_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="LSTM_LOG_LEVEL='LOUD'"):
        logs.setup("loud".upper())


SCRIPT = """
import logging, sys, threading, warnings
from streamlit.logger import get_logger
early = get_logger("streamlit.early")
from pages.live.server import logs
logs.setup(sys.argv[1])
logging.getLogger("lstm_core.server.host").info("ours")
logging.getLogger("pages.live").debug("ours, in detail")
logging.getLogger("some.library").info("of a library")
early.info("of Streamlit")
early.warning("of Streamlit: text_run=abcdefghijklmnopqrstuv")
get_logger("streamlit.late").warning("of Streamlit, later")
logging.getLogger("uvicorn.error").info("of uvicorn")
warnings.warn("a warning")
thread = threading.Thread(target=lambda: {}["abcdefghijklmnopqrstuv"])
thread.start(); thread.join()
"""


@pytest.mark.parametrize(
    ("level", "ours"),
    [("INFO", ["ours"]), ("debug", ["ours", "ours, in detail"]), ("WARNING", []), ("ERROR", None)],
)
def test_a_process_logs_so_from_all_its_loggers(level, ours):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, level],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "abcdefghijklmnopqrstuv" not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    events = [line["event"] for line in lines]
    assert "a thread failed" in events
    assert "KeyError" in lines[-1]["error"]
    if ours is None:
        assert len(events) == 1
        return
    assert [event for event in events if event.startswith("ours")] == ours
    assert "of Streamlit: text_run=…" in events
    assert "of Streamlit, later" in events
    assert any("a warning" in event for event in events)
    assert not {"of a library", "of Streamlit", "of uvicorn"} & set(events)
