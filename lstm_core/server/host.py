"""RunHost: many runs share a few threads in fair slices, go on only while somebody watches, and are not lost.

Everything that crosses this interface is a plain value: keys, configs, messages, saved runs, encoded frames.
Whoever watches hands in a function that takes bytes; it is called from a worker thread and must return at
once. A key is a token, which lets its holder do everything, or a code, which lets others watch (keys.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lstm_core.config.access_keys import TOKEN, new_token, run_id
from lstm_core.experiments.registry import SubjectConfig, check_data
from lstm_core.frames.observer import PARTS
from lstm_core.runtime.hosted import HostedRun
from lstm_core.runtime.room import Room
from lstm_core.server.session import Deliver, Seat
from lstm_core.server.sharing import SharedSeats
from lstm_core.server.subscribers import CLOSED, Full
from lstm_core.server.turns import Turns
from lstm_core.storage.checkpoint import Saved, without_past
from lstm_core.storage.memory_estimate import check_size

__all__ = ["CLOSED", "Full", "RunHost"]


class RunHost(SharedSeats):
    """Opens runs, lets them train in turn, hands their frames to whoever watches, and saves them.

    At most `limits.runs` networks train at once; a further run waits in line, and its viewers are told their
    place. A run that nobody has watched for `lease` seconds pauses by itself. After `limits.idle` seconds, or
    as soon as somebody waits for its place, it is saved and put to sleep, until it is watched or asked for
    again; without a store it is gone then. (The machinery is in seats.py, sharing in sharing.py.)
    """

    # -- what pages call ----------------------------------------------------------------------------------

    def open(self, config: SubjectConfig) -> str:
        """Open a run and return its token. It starts as soon as it is watched.

        Raises ValueError when its data cannot be learnt from, or when it is larger than the limits allow.
        """
        self._check(config)  # here so that the page can say what is wrong
        return self._seat(lambda room: room.open(config))

    def adopt(self, saved: Saved) -> str:
        """Open a run that goes on from what was saved, and return its token. Raises ValueError as `open`."""
        self._check(saved.config)
        return self._seat(lambda room: room.adopt(saved))

    def branch(self, token: str, step: int) -> str:
        """Open a run that goes on from where another one was at `step`, or at the last snapshot before, and
        return its token. The other one goes its own way.

        Raises KeyError for an unknown token, ValueError while that run has no network yet.
        """
        with self.held(token, control=True) as run:
            with self._lock:
                turns = self._turns_of(self._own(token))
            return self._seat(lambda room: room.branch(run, step), turns)

    def copy(self, key: str) -> str:
        """Open a run that goes on from where another one is now, exactly, and return its token.

        Raises KeyError for an unknown key.
        """
        saved = self.save(key)
        saved = replace(saved, config=without_past(saved.config))  # it begins in the present
        return self._seat(lambda room: room.adopt(saved))

    def save(self, key: str) -> Saved:
        """All that a run goes on from, as it is now. Waits for its turn to end, at most seconds.

        Raises KeyError for an unknown key.
        """
        with self.held(key) as run:
            return run.save()

    def film(self, token: str) -> list[bytes]:
        """A frame of every snapshot of a run, the first one first; none before it has a network. Takes a
        second or two.

        Raises KeyError for an unknown token.
        """
        with self.held(token, control=True) as run:
            with self._lock:
                room = self._turns_of(self._own(token)).room
            frames = room.film(run)
        return list(frames)  # while it goes on

    def config(self, key: str) -> SubjectConfig:
        """The config of a run as it is now, live settings included. Raises KeyError for an unknown key."""
        with self._lock:
            seat, _ = self._find(key)
            run, asked = seat.run, seat.asked
        if run is None:
            with self.held(key) as run:
                return run.config
        return asked if asked and asked.network != run.config.network else run.config

    def generation(self, key: str) -> int:
        """How many times the run has been given new networks; every frame says it too. Raises KeyError."""
        with self._lock:
            seat, _ = self._find(key)
            return seat.run.generation if seat.run else 0

    def name(self, key: str) -> str:
        """What frames call the run, under "run". Raises KeyError for an unknown key."""
        with self._lock:
            return self._find(key)[0].name

    def configure(self, token: str, config: SubjectConfig) -> bool:
        """Give the run a new network if what it is or learns from differs; True if it does.

        Raises KeyError for an unknown token, ValueError when the data cannot be learnt from or the network is
        too large; then the old one goes on.
        """
        with self._lock:
            self._own(token)
        if self.config(token).network == config.network:
            return False
        self._check(config)  # outside of the lock, since it may take a while
        with self.held(token, control=True) as run, self._lock:
            seat = self._own(token)
            seat.asked = config
            run.post({"type": "configure", "config": config})
            self._touch(seat)
        return True

    def knows(self, key: str) -> bool:
        """Whether there is a run that this key opens: training, waiting, asleep, or saved by a server that
        has ended since.
        """
        with self._lock:
            try:
                self._find(key)
            except KeyError:
                return False
            return True

    def controls(self, key: str) -> bool:
        """Whether this key is the token of a run that there is."""
        return bool(TOKEN.fullmatch(key)) and self.knows(key)

    def awake(self, key: str) -> bool:
        """Whether the run is in memory, so that a message to it need not wait for a disk. Raises KeyError."""
        with self._lock:
            return self._find(key)[0].run is not None

    def post(self, key: str, message: dict[str, Any]) -> None:
        """Send a run a message (see `Run.post`).

        Raises KeyError (unknown key), PermissionError (a code), ValueError (bad message).
        """
        if message.get("type") == "configure":
            raise ValueError("a new network is made by configure(), not by a message.")
        with self._lock:
            seat, control = self._find(key)
            if not control:
                raise PermissionError("You follow this run: only who shares it can change it. Take a copy.")
            if seat.run is not None:
                seat.run.post(message)
                self._touch(seat)
                return
        with self.held(key) as run, self._lock:  # it was asleep
            run.post(message)
            self._touch(seat)

    # -- what the channel calls --------------------------------------------------------------------------

    def watch(self, key: str, deliver: Deliver) -> int:
        """Begin to receive frames, the latest one at once; returns the viewer's number.

        Raises KeyError for an unknown key, Full when too many watch already.
        """
        with self._lock:
            seat, control = self._find(key)
            number = self._audience.join(seat, deliver, control)
            self._touch(seat)
            self._audience.give(seat, seat.viewers[number])
            if not control:
                self._tell(seat)
        return number

    def ready(self, viewer: int, wants: Iterable[object] = ()) -> None:
        """The viewer has drawn its frame and wants the newest. Until it says so it gets none.

        wants: the parts of a frame (of `PARTS`; others are ignored) that it shows, from now on.
        """
        with self._lock:
            seat = self._audience.seat(viewer)
            if seat is None:
                return
            watching = seat.viewers[viewer]
            watching.ready = True
            watching.wants = frozenset(part for part in PARTS if part in wants)
            self._audience.give(seat, watching)
            if seat.run:
                seat.run.wanted = seat.run.wanted or watching.ready
            self._touch(seat)

    def unwatch(self, viewer: int) -> None:
        """Stop receiving. Unknown numbers are ignored."""
        with self._lock:
            seat = self._audience.seat(viewer)
            if seat and not self._audience.leave(viewer).control:
                self._tell(seat)

    def stats(self) -> dict[str, Any]:
        """`works` (all threads do), `runs` (with a place), `waiting`, `asleep` (of those in memory),
        `viewers`, `followers`, `steps_per_second` of all runs together over the time since it was last asked
        (at least a second), `save_errors` so far, `saving_fails` (now, or there is no store), `last_save`
        (seconds since the epoch, or None).
        """
        with self._lock:
            now = time.monotonic()
            since, before, rate = self._rates
            if now - since >= 1.0:
                rate = (self._steps - before) / (now - since)
                self._rates = (now, self._steps, rate)
            seats = self._seats.values()
            return {
                "works": self._workers.alive() and all(turns.room.works() for turns in self._queues),
                "runs": self._places.taken(),
                "waiting": sum(seat.wants_place for seat in seats),
                "asleep": sum(seat.asleep for seat in seats),
                "viewers": len(self._audience),
                "followers": sum(seat.followers for seat in seats),
                "steps_per_second": round(rate, 1),
                "save_errors": self._saves.errors,
                "saving_fails": self._saves.failing,
                "last_save": self._saves.last,
            }

    def processes(self) -> list[int]:
        """Numbers of the processes that train, other than this one."""
        return [turns.room.process for turns in self._queues if turns.room.process is not None]

    def _check(self, config: SubjectConfig) -> None:
        check_data(config)
        check_size(config, self.limits)

    def _seat(self, make: Callable[[Room], HostedRun], turns: Turns | None = None) -> str:
        """A seat for the run that is made in a room, that of `turns` or the one with the fewest. It is saved
        at once, so that its address can be relied on.
        """
        token = new_token()
        with self._lock:
            turns = turns or min(self._queues, key=self._load)
        seat = Seat(run_id(token), make(turns.room), turns=turns, working=True)
        seat.about_run()
        with self._lock:
            self._seats[seat.run_id] = seat
        self._saves.save(seat, force=True, few=True)
        with self._lock:
            self._let_go(seat)
            self._turn(seat)
        return token
