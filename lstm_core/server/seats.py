"""Seats: the machinery behind RunHost: the runs that it has, and what a turn of one is.

One lock guards all of it. Training, reading from the disk and copying a run for a save happen outside of the
lock, by the thread that has set the seat's `working`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator

from lstm_core.config.access_keys import TOKEN, normal_code, run_id
from lstm_core.config.server_settings import Limits
from lstm_core.runtime.hosted import HostedRun
from lstm_core.runtime.remote import RemoteRoom
from lstm_core.runtime.room import Lost, Room
from lstm_core.server.admission import Places
from lstm_core.server.autosave import Saves
from lstm_core.server.scheduler import Workers
from lstm_core.server.session import Seat
from lstm_core.server.subscribers import Audience
from lstm_core.server.turns import Turns
from lstm_core.storage.cleaner import Cleaner
from lstm_core.storage.store import Store

LOG = logging.getLogger(__name__)
DAMAGE_SHOWN = 60.0  # seconds that a page says that the newest save of its run is damaged
MOST_DEATHS = 3  # of its process during its turns, after which a run is given up


class Seats:
    """All runs of a host, and the threads that train them."""

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  frozen
        store: Store | None = None,
        workers: int | None = None,
        lease: float | None = None,
        processes: int = 0,
    ) -> None:
        """workers: threads that train, one a core if None. lease: instead of that of the limits.
        processes: that train instead of the threads.
        """
        self.limits = limits
        self.lease = limits.lease if lease is None else lease
        self._store = store
        self._seats: dict[str, Seat] = {}  # by run id
        self._codes: dict[str, str] = store.codes() if store else {}  # code → run id
        self._lock = threading.RLock()  # a viewer may leave while it is handed a frame
        self._free = threading.Condition(self._lock)  # told when a seat that somebody waits for is free
        rooms: list[Room] = [RemoteRoom(store) for _ in range(processes)]
        rooms = rooms or [Room(store)]
        threads = 1 if processes else workers or min(4, os.cpu_count() or 1)
        self._queues = [Turns(self._lock, room, threads) for room in rooms]
        self._workers = Workers(self._queues, self._lock, self._next, self._take_turn, self._revive)
        self._audience = Audience(limits)
        self._places = Places(
            self._seats, limits, bool(store), self._lease_over, self._turn, self._audience.show
        )
        cleaner = Cleaner(store, self._in_memory) if store else None
        self._saves = Saves(self._lock, limits.save, cleaner, self._turn, self._tell)
        self._next_cleaning = 0.0
        self._steps = 0  # of all runs since the host began
        self._rates = (time.monotonic(), 0, 0.0)  # since, steps then, steps per second

    def start(self) -> None:
        """Prepare all that runs need, which takes seconds; without it, the first run waits for that."""
        for turns in self._queues:
            turns.room.start()

    def meet(self) -> None:
        """Wait until all is prepared."""
        for turns in self._queues:
            turns.room.meet()

    def close(self) -> None:
        """Stop all workers, save what has changed since it was saved last, and forget all runs."""
        self._workers.stop()
        for seat in self._seats.values():
            if not seat.working:  # a run that is still inside a step keeps its last save
                with contextlib.suppress(Lost):
                    self._saves.save(seat, force=True)
        self._saves.close()
        for turns in self._queues:
            turns.room.close()
        with self._lock:
            self._seats.clear()
            self._audience.clear()
            for turns in self._queues:
                turns.clear()

    # -- finding a run -----------------------------------------------------------------------------------

    def _find(self, key: str) -> tuple[Seat, bool]:
        """The seat that a key opens, and whether it may change the run. Raises KeyError."""
        control = bool(TOKEN.fullmatch(key))
        run = run_id(key) if control else self._codes[normal_code(key)]
        seat = self._seats.get(run)
        if seat is None:  # of an earlier server, or out of memory: it is read when it is needed
            if not (self._saves.room_of(run) or (self._store and self._store.has(run))):
                raise KeyError("there is no such run")
            code = next((code for code, shared in self._codes.items() if shared == run), None)
            seat = self._seats[run] = Seat(run, None, code=code, asleep=True)
        return seat, control

    def _own(self, token: str) -> Seat:
        """As `_find`, for what a code does not open."""
        seat, control = self._find(token)
        if not control:
            raise KeyError("a code does not open this")
        return seat

    def _in_memory(self) -> set[str]:
        with self._lock:
            return set(self._seats)

    @contextlib.contextmanager
    def held(self, key: str, control: bool = False) -> Iterator[HostedRun]:
        """The run of a key, between two of its turns, for a thread that is no worker. It is woken if it
        sleeps; meanwhile it does not train.

        Raises KeyError; also for a code, if `control` is asked for.
        """
        with self._lock:
            seat = self._own(key) if control else self._find(key)[0]
            seat.held += 1
            self._free.wait_for(lambda: not seat.working)
            seat.held -= 1
            seat.working = True
        try:
            yield self._awake(seat)
        finally:
            with self._lock:
                self._let_go(seat)

    def _let_go(self, seat: Seat) -> None:
        """The seat's thread is done with it."""
        seat.working = False
        if seat.held:
            self._free.notify_all()
        if seat.again and self._seats.get(seat.run_id) is seat:
            self._turn(seat)

    def _awake(self, seat: Seat) -> HostedRun:
        """The run of a seat that this thread works on; read from the disk if it sleeps.

        Raises KeyError; ValueError, one sentence, if its files are damaged.
        """
        if seat.run is not None:
            return seat.run
        with self._lock:
            room = self._turns_of(seat).room
        try:
            run, damage = room.wake(seat.run_id)
        except Lost:
            raise
        except (KeyError, ValueError, OSError) as error:
            LOG.error("run %s: cannot be read: %s", seat.run_id, error)
            with self._lock:
                self._drop(seat)
            if isinstance(error, ValueError):
                raise
            raise KeyError("the saved run cannot be read") from error
        with self._lock:
            seat.run, seat.asleep = run, False
            seat.damage, seat.damage_until = damage, time.monotonic() + DAMAGE_SHOWN
            seat.about_run()
            seat.saved_mark = seat.mark()
        return run

    def _drop(self, seat: Seat) -> None:
        """Forget a run; whoever watches is told."""
        self._seats.pop(seat.run_id, None)
        self._audience.dismiss(seat, seat.viewers)
        self._release(seat)

    def _release(self, seat: Seat) -> None:
        """The run need not be in memory any more."""
        if seat.turns:
            seat.turns.room.release(seat.run_id, seat.run)
        seat.run = seat.turns = None

    def _turns_of(self, seat: Seat) -> Turns:
        """The queue that the seat is in, or from now on: that of the room with the fewest runs. What is still
        to be saved is there only where it is saved.
        """
        if seat.turns is None:
            seat.turns = self._saves.room_of(seat.run_id) or min(self._queues, key=self._load)
        return seat.turns

    def _load(self, turns: Turns) -> tuple[int, int]:
        """How many runs of its room somebody watches, or has left only just now; and how many it has."""
        seats = [seat for seat in self._seats.values() if seat.turns is turns]
        return sum(not self._lease_over(seat) for seat in seats), len(seats)

    def _touch(self, seat: Seat) -> None:
        """Somebody draws, watches, or has done something: the run stays awake, or wakes, and has a turn."""
        seat.touched = time.monotonic()
        if seat.viewers:
            seat.asleep = seat.leaving = False
        if seat.wants_place:
            self._places.fill()
        self._turn(seat)

    def _rest(self, seat: Seat) -> None:
        """The run gives its place back. It has been saved; without a store it is gone."""
        seat.placed = seat.leaving = False
        if not self._store:
            self._drop(seat)
        else:
            self._release(seat)
            seat.asleep, seat.saved_mark = True, None
            if not seat.viewers and not seat.held:
                self._drop(seat)
        self._places.fill()

    # -- turns -------------------------------------------------------------------------------------------

    def _turn(self, seat: Seat, delay: float = 0.0) -> None:
        """Queue a turn, unless there is nothing for it to do."""
        self._workers.start()
        if seat.placed or seat.leaving or (self._store and seat.run):
            self._turns_of(seat).add(seat, delay)

    def _take_turn(self, seat: Seat, turns: Turns) -> None:
        """Train or rest, and save. Raises Lost."""
        with self._lock:
            active = seat.placed and not seat.leaving and not self._lease_over(seat)
            seconds = turns.slice()
        delay = save_in = None
        overrun = 0.0
        try:
            if active:
                delay, overrun = self._train(seat, seconds)
            save_in = self._saves.save(seat, force=not active)
        except Lost:
            with self._lock:
                seat.deaths += 1
                self._let_go(seat)
                if seat.deaths >= MOST_DEATHS:
                    LOG.error("run %s: given up, since its process ended too often", seat.run_id)
                    self._drop(seat)
            raise
        except (KeyError, ValueError):  # it could not be read, and whoever watches has been told
            delay = None
        with self._lock:
            again, seat.again = seat.again, False
            self._let_go(seat)
            self._audience.show(seat)
            if self._seats.get(seat.run_id) is not seat:
                return
            if seat.leaving and not active:  # nothing was trained since it was saved
                self._rest(seat)
                return
            if again:
                delay = 0.0
            if delay is not None:  # also when the lease is over: the next turn saves what there is
                self._turn(seat, max(delay, turns.fair_pause(overrun)))
            elif save_in is not None:
                self._turn(seat, save_in)

    def _revive(self, turns: Turns) -> None:
        """Begin again where what trained these runs is gone; they go on from their last saves."""
        turns.room.revive()
        with self._lock:
            self._saves.lose(turns)
            for seat in list(self._seats.values()):
                if seat.turns is not turns:
                    continue
                seat.run = seat.saved_mark = None
                seat.asleep = not seat.placed
                if not self._store:
                    self._drop(seat)
                elif seat.placed:
                    self._turn(seat)

    def _next(self, turns: Turns) -> Seat | None:
        """A turn that is due; or None, after a wait for one."""
        now = time.monotonic()
        if now >= self._next_cleaning:
            self._next_cleaning = now + 1.0
            self._places.look_after(now)
        seat = turns.next(now)
        if seat is None and not self._workers.stopping:
            turns.wait(now, min(self._next_cleaning, now + turns.room.patience))
        return seat if seat and self._seats.get(seat.run_id) is seat else None

    def _lease_over(self, seat: Seat) -> bool:
        return not seat.viewers and time.monotonic() - seat.unwatched_since > self.lease

    def _train(self, seat: Seat, seconds: float) -> tuple[float | None, float]:
        """One slice; returns the seconds until the next one, None if there is nothing to do, and how much
        longer it took.
        """
        run = self._awake(seat)
        with self._lock:
            viewers = seat.viewers.values()
            run.wanted = any(viewer.ready for viewer in viewers)
            run.wants = frozenset[str]().union(*(viewer.wants for viewer in viewers))
        before = run.steps
        delay = run.work(seconds)
        with self._lock:
            self._steps += run.steps - before
        return delay, run.spent - seconds

    def _tell(self, seat: Seat) -> None:
        """Let the next frame say what has changed about the seat, also if the run is paused."""
        if seat.run:
            seat.about_run()
            seat.run.refresh()
            self._turn(seat)
