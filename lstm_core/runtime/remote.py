"""RemoteRoom: a room in a process of its own, so that runs do not wait for each other's Python.

A process has one interpreter lock: two threads of small networks get done only 1.5 times what one does, and
less where frames, saves and sockets want the lock as well. So a server has a process for each core, and runs
are shared out among them. Only what the host asks for crosses the pipe, one question at a time, each with its
answer (desk.py answers). Both ends are this program, so that they may pickle what they say.

Should such a process end, another one takes its place, and its runs go on from their last saves.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

from lstm_core.experiments.registry import SubjectConfig
from lstm_core.runtime.hosted import HostedRun
from lstm_core.runtime.inbox import Inbox
from lstm_core.runtime.messages import checked
from lstm_core.runtime.room import Lost, Room
from lstm_core.storage.checkpoint import Saved, pack, unpack
from lstm_core.storage.save_queue import Done
from lstm_core.storage.store import Store

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).parents[2]
PATIENCE = 0.25  # seconds after which news of saves are asked for
GONE = "A process of the server has ended. Its runs go on from their last saves in a moment: try again."
CLOSING = 25.0  # seconds that the process gets to write what is still to be saved


class RemoteRun:
    """A run in another process: what is known of it here is as it was after its last turn."""

    def __init__(self, room: RemoteRoom, name: str, config: SubjectConfig, told: dict[str, Any]) -> None:
        """name: that the other end knows it by. told: of the run, as desk.py tells it."""
        self.name = name
        self.config = config
        self.about: dict[str, Any] = {}
        self.wanted = False
        self.wants: frozenset[str] = frozenset()
        self.latest: bytes | None = None
        self.steps = 0
        self.spent = 0.0
        self.generation = 0
        self.playing = True
        self.step_count: int | None = None
        self._inbox = Inbox()
        self._room = room
        self._refresh = False
        self._said: dict[str, Any] | None = None  # of `about`, what the other end knows
        self._heed(told)

    def post(self, message: dict[str, Any]) -> None:
        """As `Run.post`; the run reads it at its next turn."""
        self._inbox.put(checked(message, self.config))

    def work(self, seconds: float) -> float | None:
        """One turn, over there. Raises Lost."""
        refresh, self._refresh = self._refresh, False
        about, self._said = (None if self.about is self._said else self.about), self.about
        delay, told = self._room.ask(
            "work", self.name, seconds, self.wanted, self.wants, self._inbox.take(), about, refresh
        )
        self._heed(told)
        return delay

    def refresh(self) -> None:
        """As `Run.refresh`."""
        self._refresh = True

    def save(self) -> Saved:
        """As `Run.save`. Raises Lost."""
        return unpack(self._room.ask("saved", self.name))

    def _heed(self, told: dict[str, Any]) -> None:
        if told.get("config"):
            self.config = told["config"]
        if told.get("live"):
            self.config = replace(self.config, **told["live"])
        if told.get("latest"):
            self.latest = told["latest"]
        self.steps, self.step_count, self.spent = told["steps"], told["step_count"], told["spent"]
        self.generation, self.playing = told["generation"], told["playing"]


class RemoteRoom(Room):
    """A room at the other end of a pipe. Any thread may ask; questions wait for each other."""

    patience = PATIENCE

    def __init__(self, store: Store | None = None) -> None:
        """store: the other end opens the same folder."""
        self._place = (str(store.folder.absolute()), store.most_mb, store.keep_days) if store else None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._later: deque[tuple[Any, ...]] = deque()  # to be said before the next question; not answered
        self._dones: dict[str, tuple[int, Done]] = {}  # run id → its newest save of which no good news came
        self._numbers = itertools.count()
        self._asked_at = 0.0
        self._closed = False

    def start(self) -> None:
        """Begin; it takes seconds until the other end answers. Later calls do nothing."""
        if self._process is None and not self._closed:
            command = [sys.executable, "-m", "lstm_core.runtime.desk"]
            self._process = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, cwd=ROOT)
            self._later.appendleft(("begin", self._place))

    def meet(self) -> None:
        """Wait until the other end answers. Raises Lost."""
        self.ask("nothing")

    def ask(self, *question: Any) -> Any:
        """The answer to a question. Raises Lost, and what the other end raises."""
        with self._lock:
            self.start()
            # one by one, since another thread may be adding to it
            later = [self._later.popleft() for _ in range(len(self._later))]
            try:
                answer, error, news = self._exchange((later, question))
            except (OSError, EOFError, pickle.UnpicklingError, ValueError) as broken:
                raise Lost(GONE) from broken
            self._asked_at = time.monotonic()
        for kind, *what in news:
            self._hear(kind, *what)
        if error:
            raise error
        return answer

    def _exchange(self, message: Any) -> Any:
        if not (self._process and self._process.stdin and self._process.stdout):
            raise EOFError
        pickle.dump(message, self._process.stdin, pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)

    def tell(self, *message: Any) -> None:
        """Something that needs no answer; the other end hears it before the next question."""
        self._later.append(message)

    def _hear(self, kind: str, *what: Any) -> None:
        if kind == "logged":
            (record,) = what
            logger = logging.getLogger(record.name)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
            return
        run_id, number, trouble = what
        newest, done = self._dones.get(run_id, (None, None))
        if number == newest and done:
            if not trouble:
                del self._dones[run_id]
            done(trouble)

    def open(self, config: SubjectConfig) -> HostedRun:
        return RemoteRun(self, *self.ask("open", config))

    def adopt(self, saved: Saved) -> HostedRun:
        return RemoteRun(self, *self.ask("adopt", pack(saved)))

    def branch(self, run: HostedRun, step: int) -> HostedRun:
        assert isinstance(run, RemoteRun)
        return RemoteRun(self, *self.ask("branch", run.name, step))

    def wake(self, run_id: str) -> tuple[HostedRun, str]:
        run, trouble = self.ask("wake", run_id)
        return RemoteRun(self, *run), trouble

    def save(self, run_id: str, run: HostedRun, whole: bool, done: Done) -> None:
        assert isinstance(run, RemoteRun)
        number = next(self._numbers)
        self._dones[run_id] = number, done
        self.ask("save", run_id, run.name, whole, number)

    def film(self, run: HostedRun) -> Iterator[bytes]:
        """Other runs have their turns between two frames."""
        assert isinstance(run, RemoteRun)
        film = self.ask("film", run.name)
        try:
            while frame := self.ask("next_frame", film):
                yield frame
        finally:
            self.tell("end_film", film)

    def release(self, run_id: str, run: HostedRun | None) -> None:
        self.tell("release", run_id, run.name if isinstance(run, RemoteRun) else None)

    def poll(self) -> None:
        """Raises Lost."""
        if not self.works():
            raise Lost(GONE)
        if (self._dones or self._later) and time.monotonic() - self._asked_at > PATIENCE:
            self.ask("nothing")

    @property
    def process(self) -> int | None:
        return self._process.pid if self._process else None

    def works(self) -> bool:
        return self._process is None or self._process.poll() is None

    def revive(self) -> None:
        """Start another process in place of one that is gone; it has none of its runs."""
        with self._lock:
            LOG.error(
                "a process that trains runs has ended (exit code %s); another one begins", self._end(0.0)
            )
            self._dones.clear()
            self.start()

    def close(self) -> None:
        if self._process and not self._closed:
            with contextlib.suppress(Lost):
                self.ask("close")
        with self._lock:
            self._closed = True
            self._end(CLOSING)

    def _end(self, patience: float) -> int | None:
        """End the process, which does so by itself when nobody can ask it any more; its exit code."""
        process, self._process = self._process, None
        if not (process and process.stdin and process.stdout):
            return None
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            process.stdout.close()
