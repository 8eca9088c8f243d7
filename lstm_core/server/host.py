"""RunHost: many runs on a few workers, which go on only while somebody watches, and are not lost.

Everything that crosses this interface is a plain value: keys, configs, messages, saved runs, encoded frames.
Whoever watches hands in a function that takes bytes or a str; it is called from some thread and must return
at once. A key is a token, which lets its holder do everything, or a code, which lets others watch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from lstm_core.config.access_keys import TOKEN, new_token, run_id
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.configs import SubjectConfig, check_data, without_past
from lstm_core.frames.frame import PARTS
from lstm_core.runtime.messages import live, read, with_live
from lstm_core.runtime.protocol import PackedRun
from lstm_core.server.backends import MakeBackend, ProcessBackend, ThreadBackend
from lstm_core.server.housekeeping import Housekeeping
from lstm_core.server.placement import Placement
from lstm_core.server.session import Deliver, Session
from lstm_core.server.sharing import Sharing
from lstm_core.server.stats import Stats
from lstm_core.server.subscribers import CLOSED, Full
from lstm_core.server.worker_handle import Answer, WorkerLost
from lstm_core.storage.memory_estimate import check_size
from lstm_core.storage.store import Store

__all__ = ["CLOSED", "Full", "RunHost", "WorkerLost"]


class RunHost:
    """Opens runs, has workers train them in turn, hands their frames to whoever watches, and has them saved.

    At most `limits.runs` networks train at once; a further run waits in line, and its viewers are told their
    place. A run that nobody has watched for `lease` seconds pauses by itself. After `limits.idle` seconds, or
    as soon as somebody waits for its place, it is saved and put to sleep, until it is watched or asked for
    again; without a store it is gone then. `sharing` lets others watch.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  frozen
        store: Store | None = None,
        workers: int | None = None,
        lease: float | None = None,
        processes: int = 0,
    ) -> None:
        """workers: threads that train, one a core if None. lease: instead of that of the limits. processes:
        that train instead of the threads.
        """
        make: MakeBackend = ProcessBackend if processes else ThreadBackend
        count = processes or workers or min(4, os.cpu_count() or 1)
        self.limits = limits
        self.placement = Placement(limits, store, limits.lease if lease is None else lease, make, count)
        self.sharing = Sharing(self.placement)
        self.housekeeping = Housekeeping(self.placement)
        self._lock = self.placement.lock
        self._sessions = self.placement.sessions
        self._stats = Stats(self.placement, self.housekeeping)

    def start(self) -> None:
        """Prepare all that runs need, which takes seconds; without it, the first run waits for that."""
        self.placement.pool.start()

    def wait(self) -> None:
        """Wait until all is prepared."""
        self.placement.pool.wait()

    def close(self) -> None:
        """Save what has changed since it was saved last, end all workers, and forget all runs."""
        self.housekeeping.close()
        self.placement.close()

    # -- what pages call ----------------------------------------------------------------------------------

    def open(self, config: SubjectConfig) -> str:
        """Open a run and return its token. It starts as soon as it is watched.

        Raises ValueError when its data cannot be learnt from, or when it is larger than the limits allow.
        """
        self._check(config)  # here so that the page can say what is wrong
        return self._begin(config, 0, "open", config)

    def adopt(self, packed: PackedRun) -> str:
        """Open a run that goes on from this, and return its token. Raises ValueError as `open`."""
        self._check(packed.config)
        _, snapshots = packed.blobs
        config = packed.config if snapshots else without_past(packed.config)
        return self._begin(config, packed.generation, "adopt", replace(packed, config=config))

    def open_file(self, data: bytes) -> str:
        """Open the run of a file that was taken home, from here or elsewhere, and return its token.

        Raises ValueError, one sentence, for what is no such file, and as `open`. A worker looks through it.
        """
        with self._lock:
            worker = self.placement.least()
        return self.adopt(worker.ask("unpack", data, self.limits).value())

    def branch(self, token: str, step: int) -> str:
        """Open a run that goes on from where another one was at `step`, or at the last snapshot before, and
        return its token. The other one goes its own way.

        Raises KeyError for an unknown token, ValueError while that run has no network yet.
        """
        return self.adopt(self._ask(token, "branch", step, control=True).value())

    def copy(self, key: str) -> str:
        """Open a run that goes on from where another one is now, exactly, and return its token. Raises
        KeyError for an unknown key.
        """
        packed = self.save(key)
        return self.adopt(replace(packed, config=without_past(packed.config)))  # it begins in the present

    def save(self, key: str) -> PackedRun:
        """All that a run goes on from, as it is now. Waits for its turn to end, at most seconds. Raises
        KeyError for an unknown key.
        """
        return self._ask(key, "save").value()

    def export(self, key: str, what: str) -> tuple[bytes, int]:
        """Bytes to take home, and the training step that they show: "run", a file for `open_file`; "losses",
        a table; and of a single network "trace", a table.

        Raises KeyError for an unknown key, ValueError where the run cannot be read.
        """
        return self._ask(key, "export", what).value()

    def film(self, token: str) -> list[bytes]:
        """A frame of every snapshot of a run, the first one first; none before it has a network. Takes a
        second or two. Raises KeyError for an unknown token.
        """
        return list(self._ask(token, "film", control=True))

    def config(self, key: str) -> SubjectConfig:
        """The config of a run as it is now, live settings included. Raises KeyError for an unknown key,
        ValueError, a sentence, where its files cannot be read.
        """
        return self.placement.known(self._find(key)[0])

    def generation(self, key: str) -> int:
        """How many times the run has been given new networks; every frame says it too. Raises KeyError."""
        return self._find(key)[0].generation

    def name(self, key: str) -> str:
        """What viewers are told that the run is called. Raises KeyError for an unknown key."""
        return self._find(key)[0].name

    def configure(self, token: str, config: SubjectConfig) -> bool:
        """Give the run a new network if what it is or learns from differs; True if it does.

        Raises KeyError for an unknown token, ValueError when the data cannot be learnt from or the network is
        too large; then the old one goes on.
        """
        with self._lock:
            session = self._sessions.own(token)
        if self.placement.known(session).network == config.network:
            return False
        self._check(config)  # outside of the lock, since it may take a while
        with self._lock:
            session = self._sessions.own(token)
            assert session.config
            self.placement.wake(session)
            session.config = with_live(config, session.config)
            session.generation += 1
            self.placement.tell_worker(session, "order", {"type": "configure", "config": session.config})
            self.placement.tell_viewers(session)
            self.placement.touch(session)
        return True

    def knows(self, key: str) -> bool:
        """Whether there is a run that this key opens: training, waiting, asleep, or saved by a server that
        has ended since.
        """
        try:
            self._find(key)
        except KeyError:
            return False
        return True

    def controls(self, key: str) -> bool:
        """Whether this key is the token of a run that there is."""
        return bool(TOKEN.fullmatch(key)) and self.knows(key)

    def post(self, key: str, message: dict[str, Any], viewer: int | None = None) -> None:
        """Send a run a message (see runtime/messages.py). Waits where the run has to be read from a disk.

        viewer: who sends it, and hears that it was dealt with, whether it was taken or refused.

        Raises KeyError (unknown key), PermissionError (a code), ValueError (bad message).
        """
        if not self.post_at_once(key, message, viewer):
            self.config(key)
            self.post_at_once(key, message, viewer)

    def post_at_once(self, key: str, message: dict[str, Any], viewer: int | None = None) -> bool:
        """The same without waiting: False, and nothing is sent, where it would have to. Raises as `post`."""
        if message.get("type") == "configure":
            raise ValueError("a new network is made by configure(), not by a message.")
        with self._lock:
            session, control = self._sessions.find(key)
            if not control:
                raise PermissionError("You follow this run: only who shares it can change it. Take a copy.")
            if session.config is None:
                return False
            number = message.get("number")
            if viewer in session.viewers and isinstance(number, int):
                session.viewers[viewer].answered = number
            try:
                config, order = read(message, session.config)
                self.placement.wake(session)
                session.config = config
            finally:
                self.placement.tell_viewers(session)
            if order:
                self.placement.tell_worker(session, "order", order)
            else:
                self.placement.tell_worker(session, "live", live(config))
            self.placement.touch(session)
        return True

    # -- what the socket calls ---------------------------------------------------------------------------

    def watch(self, key: str, deliver: Deliver) -> int:
        """Begin to receive frames, the latest one at once; returns the viewer's number.

        Raises KeyError for an unknown key, Full when too many watch already.
        """
        with self._lock:
            session, control = self._sessions.find(key)
            viewer = self.placement.subscribers.join(session, deliver, control)
            self.housekeeping.start()
            self.placement.touch(session)
            self.placement.watched(session)
            self.placement.tell_viewers(session)
            self.placement.subscribers.give(session, viewer)
            self.placement.want(session)
        return viewer.number

    def ready(self, number: int, wants: Iterable[object] = ()) -> None:
        """The viewer has drawn its frame and wants the newest. Until it says so it gets none.

        wants: the parts of a frame (of `PARTS`; others are ignored) that it shows, from now on.
        """
        with self._lock:
            session = self.placement.subscribers.session(number)
            if session is None:
                return
            viewer = session.viewers[number]
            viewer.ready = True
            viewer.wants = frozenset(part for part in PARTS if part in wants)
            self.placement.touch(session)
            self.placement.subscribers.give(session, viewer)
            self.placement.want(session)

    def unwatch(self, number: int) -> None:
        """Stop receiving. Unknown numbers are ignored."""
        with self._lock:
            session = self.placement.subscribers.session(number)
            if session is None:
                return
            if not self.placement.subscribers.leave(number).control:
                self.placement.tell_viewers(session)
            if not session.viewers:
                self.placement.unwatched(session)

    def stats(self) -> dict[str, Any]:
        """How much there is to do, as stats.py describes it."""
        return self._stats.now()

    def processes(self) -> list[int]:
        """Numbers of the processes that train, other than this one."""
        return [worker.process for worker in self.placement.pool.workers if worker.process is not None]

    def _check(self, config: SubjectConfig) -> None:
        check_data(config)
        check_size(config, self.limits)

    def _find(self, key: str) -> tuple[Session, bool]:
        with self._lock:
            return self._sessions.find(key)

    def _begin(self, config: SubjectConfig, generation: int, name: str, content: Any) -> str:
        token = new_token()
        with self._lock:
            self.housekeeping.start()
            self.placement.begin(Session(run_id(token), config, generation), name, content)
        return token

    def _ask(self, key: str, question: str, *args: Any, control: bool = False) -> Answer:
        """Ask a run, which is woken if it sleeps, a question of protocol.py.

        Raises KeyError; also for a code, if `control` is asked for; and ValueError where it cannot be read.
        """
        find = self._sessions.own if control else lambda key: self._sessions.find(key)[0]
        with self._lock:
            session = find(key)
        self.placement.known(session)
        with self._lock:
            session = find(key)
            session.touched = time.monotonic()
            self.placement.wake(session)
            assert session.worker
            return session.worker.ask(question, session.run_id, *args)
