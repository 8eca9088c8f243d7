"""Placement: in which worker each run lives, whether it may train there, and what is heard of it.

One lock guards all sessions. It is never held while anybody waits, for a worker, a disk or a network.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_core.config import RunConfig
from lstm_core.config.server_settings import Limits
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.runtime.protocol import WorkerOptions
from lstm_core.server import admission
from lstm_core.server.backends import MakeBackend
from lstm_core.server.pool import Pool
from lstm_core.server.session import Session
from lstm_core.server.sessions import Sessions
from lstm_core.server.subscribers import Subscribers
from lstm_core.server.worker_handle import WorkerHandle, WorkerLost
from lstm_core.storage.store import Damaged, Store

LOG = logging.getLogger(__name__)
DAMAGE_SHOWN = 60.0  # seconds that a page says that the newest save of its run is damaged
MOST_DEATHS = 3  # of its workers during its turns, after which a run is given up
WAKING = 60.0  # seconds that it may take until a run is read from the disk


class Placement:
    """What needs the lock says so. `lease`: seconds that a run trains on when its last viewer has left.

    `save_errors`: saves that failed; `saving_fails`: the newest one did, or there is no store; `last_save`:
    when one succeeded, in seconds since the epoch.
    """

    def __init__(
        self, limits: Limits, store: Store | None, lease: float, make: MakeBackend, workers: int
    ) -> None:
        self.limits, self.store, self.lease = limits, store, lease
        self.lock = threading.RLock()  # a viewer may leave while it is handed a frame
        self.sessions = Sessions(store)
        self.subscribers = Subscribers(limits)
        self.save_errors, self.saving_fails = 0, store is None
        self.last_save: float | None = None
        self._known = threading.Condition(self.lock)  # told when a session's config is, or cannot be
        self._numbers = itertools.count(1)
        options = WorkerOptions(save_every=limits.save, share=limits.share)
        if store:
            folder = str(store.folder.absolute())
            options = WorkerOptions(folder, store.most_mb, store.keep_days, limits.save, limits.share)
        self.pool = Pool(make, workers, self, options)
        self._heard: dict[str, Callable[..., None]] = {
            "opened": self._opened,
            "unreadable": self._unreadable,
            "frame": self._frame,
            "state": self._state,
            "saved": self._saved,
            "rested": self._rested,
        }

    # -- with the lock: a run's life ---------------------------------------------------------------------

    def begin(self, session: Session, name: str, content: Any) -> None:
        """A run begins: the command "open" or "adopt", with what it takes."""
        session.worker = self.least()
        session.origin = (name, session.run_id, content)
        self.sessions.add(session)
        session.worker.send(*session.origin)

    def wake(self, session: Session) -> None:
        """The run is in a worker's memory from now on, or on its way there. Returns at once."""
        if session.awake:
            return
        session.resting = None
        session.worker = session.worker or self.least()
        session.worker.send("wake", session.run_id, session.config)
        if session.placed:
            self._train(session)
            self.want(session)

    def rest(self, session: Session) -> None:
        """The run gives its place back, is saved, and leaves the memory. Without a store it is gone."""
        session.placed, session.wanted, session.latest = False, None, None
        if not self.store:
            self.drop(session)
        elif session.awake and session.worker:
            session.resting, session.dormant = next(self._numbers), True
            session.worker.send("rest", session.run_id, session.resting)
        elif not session.viewers and session.worker is None:
            self.sessions.remove(session)

    def drop(self, session: Session) -> None:
        """Forget a run; whoever watches is told."""
        self.sessions.remove(session)
        self.subscribers.dismiss(session, session.viewers)
        if session.worker:
            session.worker.send("drop", session.run_id)
        session.worker = session.resting = None
        session.placed = False

    def touch(self, session: Session) -> None:
        """Somebody draws, watches, or has done something: the run stays awake, or wakes."""
        session.touched = time.monotonic()
        if session.viewers:
            session.dormant = False
        if session.wants_place:
            self.fill()
        if session.placed:
            self.wake(session)

    def unwatched(self, session: Session) -> None:
        """The last viewer has left: it trains on for a while."""
        if session.placed and session.awake and session.worker:
            session.worker.send("train", session.run_id, self.lease)

    def watched(self, session: Session) -> None:
        """The first viewer has come: it trains until that changes."""
        if session.placed and session.awake:
            self._train(session)

    def want(self, session: Session) -> None:
        """Ask for a frame if a viewer is ready for one, unless that was done already."""
        if not (session.placed and session.awake and session.worker):
            return
        wants = session.wants
        if session.wanted != wants and any(viewer.ready for viewer in session.viewers.values()):
            session.wanted = wants
            session.worker.send("want", session.run_id, wants)

    def tell_worker(self, session: Session, name: str, content: Any) -> None:
        """A command for a run that is awake: "live" or "order"."""
        if session.worker:
            session.worker.send(name, session.run_id, content)

    def tell_viewers(self, session: Session) -> None:
        """What the server knows of the run, where it is news."""
        self.subscribers.tell(session)

    def fill(self) -> None:
        """Give places to who waits, and tell the others where they are in line."""
        decision = admission.fill(self.sessions, self.limits.runs, self.lease, time.monotonic())
        for session in decision.resting:
            self.rest(session)
        for session in decision.placed:
            session.placed, session.notice, session.waiting_since = True, None, 0.0
            if session.awake:
                self._train(session)
                self.want(session)
            else:
                self.wake(session)
        for number, session in enumerate(decision.waiting, start=1):
            notice = admission.notice(number, self.limits.runs)
            if notice != session.notice:
                session.notice = notice
                self.subscribers.show(session)

    def look_after(self) -> None:
        """Put to sleep what nobody has touched for long, and fill the places. For every second."""
        idle = admission.idle_sessions(self.sessions, self.limits, bool(self.store), time.monotonic())
        for session in idle:
            self.rest(session)
        self.fill()

    def lease_over(self, session: Session) -> bool:
        """Whether nobody has watched it for so long that it does not train."""
        return admission.lease_over(session, self.lease, time.monotonic())

    def _train(self, session: Session) -> None:
        if session.worker:
            session.worker.send("train", session.run_id, None if session.viewers else self.lease)

    def least(self) -> WorkerHandle:
        """The worker with the least to do."""
        return self.pool.least(self._load)

    def _load(self, worker: WorkerHandle) -> tuple[int, ...]:
        """How many of a worker's runs somebody watches, or has left only just now; and how many it has."""
        runs = [session for session in self.sessions if session.worker is worker]
        return sum(not self.lease_over(session) for session in runs), len(runs)

    # -- without the lock --------------------------------------------------------------------------------

    def known(self, session: Session) -> SubjectConfig:
        """The config of a run, which is woken for that if need be.

        Raises KeyError where there is no such run, Damaged where its files are, WorkerLost where it takes too
        long, each with a sentence.
        """
        with self.lock:
            if session.config is None:
                self.wake(session)
            self._known.wait_for(lambda: session.config or session.failure is not None, WAKING)
            if session.config:
                return session.config
            if session.failure:
                raise Damaged(session.failure)
            if session.failure is not None:
                raise KeyError("the saved run cannot be read")
            raise WorkerLost("The run could not be read in time: try again.")

    def close(self) -> None:
        """Have all runs saved, and forget them."""
        self.pool.close()
        with self.lock:
            self.sessions.clear()
            self.subscribers.clear()

    # -- what workers tell -------------------------------------------------------------------------------

    def on_event(self, worker: WorkerHandle, name: str, args: tuple[Any, ...]) -> None:
        """From the thread that hears this worker."""
        run_id, *content = args
        with self.lock:
            session = self.sessions.get(run_id)
            if session and session.worker is worker:  # else it is about the run as it was somewhere else
                self._heard[name](session, *content)

    def _opened(
        self, session: Session, config: SubjectConfig, generation: int, playing: bool, damage: str
    ) -> None:
        session.config = session.config or config
        session.generation, session.playing = max(generation, session.generation), playing
        session.damage, session.damage_until = damage, time.monotonic() + DAMAGE_SHOWN
        self._known.notify_all()
        self.subscribers.tell(session)

    def _unreadable(self, session: Session, sentence: str) -> None:
        if session.origin:  # it was never saved: it begins once more
            self.begin(session, session.origin[0], session.origin[2])
            return
        session.failure, session.worker = sentence, None
        self.drop(session)
        self._known.notify_all()

    def _frame(self, session: Session, data: bytes) -> None:
        session.latest, session.wanted = data, None
        self.subscribers.show(session)
        self.want(session)

    def _state(self, session: Session, playing: bool, at: int | None) -> None:
        session.playing = playing
        config = session.config
        if isinstance(config, RunConfig) and config.view.at != at:
            session.config = replace(config, view=replace(config.view, at=at))

    def _saved(self, session: Session, trouble: str) -> None:
        self.save_errors += bool(trouble)
        self.saving_fails = bool(trouble)
        session.trouble = trouble
        if not trouble:
            session.saved_at = self.last_save = time.time()
            session.origin = None
        self.subscribers.tell(session)

    def _rested(self, session: Session, number: int) -> None:
        if session.resting == number:  # else somebody has woken it since
            session.worker = session.resting = None
            if not session.viewers:
                self.sessions.remove(session)

    def on_lost(self, worker: WorkerHandle, reason: str) -> None:
        """Its runs go on elsewhere, from their last saves."""
        self.pool.replace(worker, reason)
        with self.lock:
            for session in self.sessions:
                if session.worker is worker:
                    self._bereft(session, guilty=worker.turn == session.run_id)

    def _bereft(self, session: Session, guilty: bool) -> None:
        """A session whose worker is gone."""
        session.worker = session.resting = session.wanted = None
        session.deaths += guilty
        if session.deaths >= MOST_DEATHS:
            LOG.error("run %s: given up, since its process ended too often", session.run_id)
            self.drop(session)
        elif session.origin:  # it has not been saved yet
            name, _, content = session.origin
            config = session.config
            assert config
            if name == "adopt" and content.config.network == config.network:
                content = replace(content, config=config)  # with the settings that have been made since
            else:
                name, content = "open", config
            self.begin(session, name, content)
            if session.placed:
                self._train(session)
                self.want(session)
        elif not self.store:
            self.drop(session)
        elif session.placed:
            self.wake(session)
