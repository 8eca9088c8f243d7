"""What the server logs: one JSON object a line on stderr, and never a key to a run.

    {"time": "2025-01-31T09:30:00.123+00:00", "level": "INFO", "event": "started", "logger": "app", …}

Everything logs with plain `logging`. What a caller gives as `extra` stands in the object too: `run` is the
name of a run that does not give its token away (`run_id` in lstm_core/config/access_keys.py). Our own
events are logged from LSTM_LOG_LEVEL on, those of libraries from WARNING on.

Tokens and codes are taken out of every record when it is made, whoever logs it and whoever prints it: out of
its message, of what it was given, and of the text of an exception.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import streamlit.logger

OWN = ("app", "lstm_core", "pages")  # loggers of this repository
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
GONE = "…"

# text_run=…, code=…, "token": "…", token='…', also within quoted JSON and within an address that is encoded
_KEYED = re.compile(
    r"""((?<![A-Za-z])(?:token|code|[A-Za-z]+_run) (?:\\*["'])? \s* (?:=|:|%3D) \s* \[? (?:\\*["'])? )"""
    r"""([A-Za-z0-9_\-‐-―]{6,} | [A-Za-z0-9]{4}(?:\ |\+|%20)[A-Za-z0-9]{4})""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"(?<![\w-])[\w-]{22}(?![\w-])", re.ASCII)
_QUOTED = re.compile(r"""(["'])(?:[A-Za-z0-9_-]{22}|[A-HJKMNP-Z2-9]{8})\1""")
_CODE = re.compile(
    r"(?<![\w-])(?:[A-HJKMNP-Z2-9]{4}-[A-HJKMNP-Z2-9]{4}|(?=[A-Z]*[2-9])[A-HJKMNP-Z2-9]{8})(?![\w-])"
)
_RUN = re.compile(r"run ([0-9a-f]{32}): ")  # how lstm_core begins what it says about a run
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def redacted(text: str) -> str:
    """`text` without tokens and codes: those that stand beside their name, and what looks like one."""
    text = _KEYED.sub(rf"\g<1>{GONE}", text)
    text = _QUOTED.sub(rf"\g<1>{GONE}\g<1>", text)
    text = _CODE.sub(GONE, text)
    return _WORD.sub(lambda word: GONE if _drawn(word[0]) else word[0], text)


def _drawn(word: str) -> bool:
    """Whether a word of 22 characters was drawn at random, rather than thought of by somebody.

    A token changes between capitals, small letters, digits and signs at every other character; a name that
    has both capitals and small letters hardly ever does.
    """
    kinds = [
        "a" if one.islower() else "A" if one.isupper() else "0" if one.isdigit() else "-" for one in word
    ]
    changes = sum(one != following for one, following in itertools.pairwise(kinds))
    return {"a", "A"} <= set(kinds) and changes >= 8


def _clean(value: Any) -> Any:
    """A value that was given to a record, as JSON can hold it, without tokens and codes."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(value if isinstance(value, str) else repr(value))


class Record(logging.LogRecord):
    """A record that holds no keys from the start."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            message = super().getMessage()
        except (TypeError, ValueError, KeyError):  # its arguments do not fit; logging itself will say so
            message = f"{self.msg} {self.args!r}"
            self.args = None
        if redacted(message) != message:
            self.msg, self.args = redacted(message), None
        if self.exc_info and self.exc_info[0] is not None:
            # formatters print this instead of the exception, if it is there
            self.exc_text = redacted(logging.Formatter().formatException(self.exc_info))


class OneLine(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": redacted(record.getMessage()).strip(),
            "logger": record.name,
        }
        if run := _RUN.match(line["event"]):
            line["run"] = run[1]
        for name, value in vars(record).items():
            if name not in _STANDARD and name not in line and not name.startswith("_"):
                line[name] = GONE if name in ("token", "code", "key") else _clean(value)
        if record.exc_info and not record.exc_text:
            record.exc_text = redacted(self.formatException(record.exc_info))
        if record.exc_text:
            line["error"] = redacted(record.exc_text)  # of a record of another process it was not yet
        return json.dumps(line, ensure_ascii=False)


class _Stderr(logging.StreamHandler[Any]):
    """Prints to what stderr is at the time."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(OneLine())

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        pass


def setup(level: str = "INFO") -> None:
    """From now on this process logs so. To be called once, when the server starts.

    level: of our own events, one of LEVELS, in any case. Raises ValueError for another.
    """
    if level.upper() not in LEVELS:
        raise ValueError(
            f"LSTM_LOG_LEVEL={level[:40]!r} cannot be used: it must be one of {', '.join(LEVELS)}."
        )
    own = logging.getLevelNamesMapping()[level.upper()]
    libraries = max(own, logging.WARNING)
    logging.setLogRecordFactory(Record)
    root = logging.getLogger()
    root.handlers = [_Stderr()]
    root.setLevel(libraries)
    for name in OWN:
        logging.getLogger(name).setLevel(own)
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed
    # Streamlit, and uvicorn through it, gives every logger a handler of its own, also those made later
    vars(streamlit.logger)["setup_formatter"] = _hand_over
    vars(streamlit.logger)["_global_log_level"] = libraries
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.split(".")[0] in (
            "streamlit",
            "uvicorn",
            "websockets",
        ):
            logger.setLevel(libraries)
            _hand_over(logger)


def _hand_over(logger: logging.Logger) -> None:
    """Leave what a logger gets to the one handler of this process."""
    logger.handlers = []
    logger.propagate = True


def _thread_failed(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit or args.exc_value is None:
        return
    what = (args.exc_type, args.exc_value, args.exc_traceback)
    logging.getLogger("app").error("a thread failed", exc_info=what)
