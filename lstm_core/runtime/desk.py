"""Desk: the other end of a RemoteRoom. `python -m lstm_core.runtime.desk` has a room, and answers for it.

It reads (messages, question), pickled, from its standard input, and writes (answer, error, news) to its
standard output: an answer or an exception, and what has happened meanwhile, saves that are done and what was
logged. It ends when there is nothing more to read, so that none is left when the server is gone.
"""

from __future__ import annotations

import copy
import logging
import os
import pickle
import secrets
import signal
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lstm_core.experiments.registry import SubjectConfig
from lstm_core.runtime.messages import SETTINGS
from lstm_core.runtime.room import Room
from lstm_core.runtime.run import Run, warm_up
from lstm_core.storage.checkpoint import pack, unpack
from lstm_core.storage.store import Store

LOG = logging.getLogger("lstm_core.runtime.desk")
TOLD = ("steps", "step_count", "spent", "generation", "playing")  # of a run, after every turn


class Desk:
    """Runs by names that nothing else has had, also in a process before this one. Every method without an
    underscore can be asked for.
    """

    def __init__(self) -> None:
        self._room = Room()
        self._runs: dict[str, Run] = {}
        self._known: dict[str, tuple[Any, bytes | None]] = {}  # config and frame that were told of a run
        self._films: dict[str, Iterator[bytes]] = {}
        self.news: deque[tuple[Any, ...]] = deque()

    def begin(self, place: tuple[str, float, float] | None) -> None:
        """place: the folder of the store, and its limits."""
        if place:
            folder, most_mb, keep_days = place
            self._room = Room(Store(Path(folder), most_mb, keep_days))

    def nothing(self) -> None:
        """To hear the news."""

    def open(self, config: SubjectConfig) -> Any:
        return self._seated(self._room.open(config))

    def adopt(self, packed: Any) -> Any:
        return self._seated(self._room.adopt(unpack(packed)))

    def branch(self, name: str, step: int) -> Any:
        return self._seated(self._room.branch(self._runs[name], step))

    def wake(self, run_id: str) -> Any:
        run, trouble = self._room.wake(run_id)
        return self._seated(run), trouble

    def work(
        self,
        name: str,
        seconds: float,
        wanted: bool,
        wants: frozenset[str],
        messages: list[dict[str, Any]],
        about: dict[str, Any] | None,
        refresh: bool,
    ) -> tuple[float | None, dict[str, Any]]:
        """One turn of a run."""
        run = self._runs[name]
        run.wanted, run.wants = wanted, wants
        if about is not None:
            run.about = about
        for message in messages:  # that were checked already
            run.inbox.put(message)
        if refresh:
            run.refresh()
        return run.work(seconds), self._told(name)

    def save(self, run_id: str, name: str, whole: bool, save: int) -> None:
        """The news tell how it went, under the number `save`."""
        self._room.save(
            run_id,
            self._runs[name],
            whole,
            lambda trouble: self.news.append(("saved", run_id, save, trouble)),
        )

    def saved(self, name: str) -> Any:
        return pack(self._runs[name].save())

    def film(self, name: str) -> str:
        """The name of a film whose frames can be asked for."""
        film = _name()
        self._films[film] = self._room.film(self._runs[name])
        return film

    def next_frame(self, film: str) -> bytes | None:
        return next(self._films[film], None)

    def end_film(self, film: str) -> None:
        self._films.pop(film, None)

    def release(self, run_id: str, name: str | None) -> None:
        if name is not None:
            self._runs.pop(name, None)
            self._known.pop(name, None)
        self._room.release(run_id, None)

    def close(self) -> None:
        """Write all that is still to be saved."""
        self._room.close()

    def _seated(self, run: Any) -> tuple[str, SubjectConfig, dict[str, Any]]:
        name = _name()
        self._runs[name] = run
        self._known[name] = run.config, None
        return name, run.config, self._told(name)

    def _told(self, name: str) -> dict[str, Any]:
        """What has changed about a run; of its settings the live ones alone, where that is all, since a text
        may be long.
        """
        run = self._runs[name]
        config, latest = self._known[name]
        self._known[name] = run.config, run.latest
        told = {field: getattr(run, field) for field in TOLD}
        if run.latest is not latest:
            told["latest"] = run.latest
        if run.config is not config:
            same = type(run.config) is type(config) and _data(run.config) == _data(config)
            told |= {"live": _live(run.config)} if same else {"config": run.config}
        return told


def _name() -> str:
    return secrets.token_hex(8)


def _live(config: Any) -> dict[str, Any]:
    return {name: getattr(config, name) for name in SETTINGS.values() if hasattr(config, name)}


def _data(config: Any) -> Any:
    """All that is not live."""
    live = _live(config)
    return {name: value for name, value in vars(config).items() if name not in live}


class _Relay(logging.Handler):
    """Hands records over to whoever has started this process."""

    def __init__(self, news: deque[tuple[Any, ...]]) -> None:
        super().__init__()
        self._news = news

    def emit(self, record: logging.LogRecord) -> None:
        plain = copy.copy(record)
        plain.msg, plain.args = record.getMessage(), None
        if record.exc_info:
            plain.exc_text = logging.Formatter().formatException(record.exc_info)
            plain.exc_info = None
        self._news.append(("logged", plain))


def main() -> None:
    """Answer until nobody asks."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)  # whoever has started this decides when it ends
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what something prints is no answer
    desk = Desk()
    logging.getLogger().addHandler(_Relay(desk.news))
    logging.getLogger("lstm_core").setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    warm_up()
    while True:
        try:
            messages, (name, *what) = pickle.load(questions)
        except EOFError:
            break
        answer: Any = None
        error: Exception | None = None
        try:
            for message in messages:
                getattr(desk, message[0])(*message[1:])
            answer = getattr(desk, name)(*what)
        except (KeyError, ValueError, OSError) as raised:
            error = raised
        except Exception as raised:  # of a kind that may not stand being pickled
            LOG.exception("a question could not be answered")
            error = RuntimeError(f"{type(raised).__name__}: {raised}")
        news = [desk.news.popleft() for _ in range(len(desk.news))]
        try:
            pickle.dump((answer, error, news), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
        except OSError:
            break
    os._exit(0)  # as after a crash: what the saver has not finished does not count


if __name__ == "__main__":
    main()
