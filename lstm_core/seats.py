"""Seats: the machinery behind RunHost. Who has a place, whose turn it is, what is saved, what sleeps.

One lock guards all of it. Training, reading from the disk and copying a run for a save happen outside of the
lock, by the thread that has set the seat's `working`.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import random
import threading
import time
from collections.abc import Iterator

from lstm_core.cleaner import Cleaner
from lstm_core.frame import Frame
from lstm_core.hosted import HostedRun
from lstm_core.keys import TOKEN, normal_code, run_id
from lstm_core.limits import Limits
from lstm_core.remote import RemoteRoom
from lstm_core.room import Lost, Room
from lstm_core.seat import Seat, Viewer
from lstm_core.store import Store
from lstm_core.turns import Turns

LOG = logging.getLogger(__name__)
LEASE = 5.0  # seconds that a run goes on when its last viewer has left
SAVE_AGAIN = 10.0  # seconds after a save that failed
CLOSING = 5.0  # seconds that a worker gets to finish its slice when the host closes
DAMAGE_SHOWN = 60.0  # seconds that a page says that the newest save of its run is damaged
UNSEEN = 30.0  # seconds that a run without a place and without viewers stays in memory
MOST_DEATHS = 3  # of its process during its turns, after which a run is given up
CLOSED = b""  # in place of a frame: there will be no more


class Seats:
    """All runs of a host, and the threads that train them."""

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  frozen
        store: Store | None = None,
        workers: int | None = None,
        lease: float = LEASE,
        processes: int = 0,
    ) -> None:
        """workers: threads that train, one a core if None. processes: that train instead of them."""
        self.limits = limits
        self.lease = lease
        self._store = store
        self._cleaner = Cleaner(store, self._in_memory) if store else None
        self._seats: dict[str, Seat] = {}  # by run id
        self._codes: dict[str, str] = store.codes() if store else {}  # code → run id
        self._watched: dict[int, Seat] = {}  # by viewer
        self._numbers = itertools.count()
        self._lock = threading.RLock()  # a viewer may leave while it is handed a frame
        self._free = threading.Condition(self._lock)  # told when a seat that somebody waits for is free
        rooms: list[Room] = [RemoteRoom(store) for _ in range(processes)]
        rooms = rooms or [Room(store)]
        threads = 1 if processes else workers or min(4, os.cpu_count() or 1)
        self._queues = [Turns(self._lock, room, threads) for room in rooms]
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._next_cleaning = 0.0
        self._writing: dict[str, tuple[int, Turns]] = {}  # run id → its newest save that is not yet written
        self._save_errors = 0  # saves that failed
        self._saving_fails = store is None  # whether the newest one did
        self._last_save: float | None = None  # when one succeeded, in seconds since the epoch
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
        with self._lock:
            self._stopping = True
            for turns in self._queues:
                turns.wake()
        for thread in self._threads:
            thread.join(CLOSING)
        for seat in self._seats.values():
            if not seat.working:  # a run that is still inside a step keeps its last save
                with contextlib.suppress(Lost):
                    self._save(seat, force=True)
        if self._cleaner:
            self._cleaner.close()
        for turns in self._queues:
            turns.room.close()
        with self._lock:
            self._seats.clear()
            self._watched.clear()
            for turns in self._queues:
                turns.clear()

    # -- finding a run -----------------------------------------------------------------------------------

    def _find(self, key: str) -> tuple[Seat, bool]:
        """The seat that a key opens, and whether it may change the run. Raises KeyError."""
        control = bool(TOKEN.fullmatch(key))
        run = run_id(key) if control else self._codes[normal_code(key)]
        seat = self._seats.get(run)
        if seat is None:  # of an earlier server, or out of memory: it is read when it is needed
            if not (run in self._writing or (self._store and self._store.has(run))):
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
        for number, viewer in list(seat.viewers.items()):
            self._watched.pop(number, None)
            self._hand(viewer, CLOSED)
        seat.viewers.clear()
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
            _, writing = self._writing.get(seat.run_id, (0, None))
            seat.turns = writing or min(self._queues, key=self._load)
        return seat.turns

    def _load(self, turns: Turns) -> tuple[int, int]:
        """How many runs of its room somebody watches, or has left only just now; and how many it has."""
        seats = [seat for seat in self._seats.values() if seat.turns is turns]
        return sum(not self._lease_over(seat) for seat in seats), len(seats)

    # -- places ------------------------------------------------------------------------------------------

    def _touch(self, seat: Seat) -> None:
        """Somebody draws, watches, or has done something: the run stays awake, or wakes, and has a turn."""
        seat.touched = time.monotonic()
        if seat.viewers:
            seat.asleep = seat.leaving = False
        if seat.wants_place:
            self._place()
        self._turn(seat)

    def _place(self) -> None:
        """Give waiting seats a place while there is one, and tell the others theirs."""
        now = time.monotonic()
        waiting = [seat for seat in self._seats.values() if seat.wants_place]
        if not waiting:
            return
        for seat in waiting:
            seat.waiting_since = seat.waiting_since or now
        waiting.sort(key=lambda seat: seat.waiting_since)
        free = max(0, self.limits.runs - self._taken())
        for seat in waiting[:free]:
            seat.placed, seat.notice, seat.waiting_since = True, None, 0.0
            self._turn(seat)
        waiting = waiting[free:]
        leaving = self._evict(len(waiting))
        for number, seat in enumerate(waiting[leaving:], start=leaving + 1):
            message = (
                f"All {self.limits.runs} places are taken. Yours is number {number} in the queue; "
                "training starts by itself as soon as one is free."
            )
            meta = {"status": "waiting", "message": message, "step": 0}
            meta |= {"queue": number, "places": self.limits.runs}
            notice = Frame(meta).encode()
            if notice != seat.notice:
                seat.notice = notice
                self._deliver(seat)

    def _taken(self) -> int:
        return sum(seat.placed for seat in self._seats.values())

    def _evict(self, count: int) -> int:
        """Let as many runs leave as wait: those that have been without viewers the longest, if at all. How
        many are leaving, which takes just a moment.
        """
        leaving = sum(seat.leaving for seat in self._seats.values())
        idle = [
            seat
            for seat in self._seats.values()
            if seat.placed and not seat.leaving and self._lease_over(seat)
        ]
        idle.sort(key=lambda seat: seat.unwatched_since)
        for seat in idle[: max(0, count - leaving)]:
            leaving += 1
            self._leave(seat)
        return leaving

    def _leave(self, seat: Seat) -> None:
        seat.leaving = True
        self._turn(seat)

    def _clean(self, now: float) -> None:
        """Put to sleep what nobody has touched for long, and fill the room."""
        for seat in list(self._seats.values()):
            unseen = self._store and not (seat.viewers or seat.placed)
            idle = min(UNSEEN, self.limits.idle) if unseen else self.limits.idle
            if now - seat.touched <= idle or seat.leaving or seat.awaited or seat.wants_place:
                continue
            if seat.viewers and not self._store:
                continue  # it could not come back
            if seat.placed or seat.run:
                self._leave(seat)
            elif not (seat.viewers or seat.working or seat.held):
                del self._seats[seat.run_id]
        self._place()

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
        self._place()

    # -- turns -------------------------------------------------------------------------------------------

    def _turn(self, seat: Seat, delay: float = 0.0) -> None:
        """Queue a turn, unless there is nothing for it to do."""
        if not self._threads:
            self._start()
        if seat.placed or seat.leaving or (self._store and seat.run):
            self._turns_of(seat).add(seat, delay)

    def _start(self) -> None:
        for turns in self._queues:
            for _ in range(turns.workers):
                name = f"run-worker-{len(self._threads)}"
                thread = threading.Thread(target=self._worker, args=(turns,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _worker(self, turns: Turns) -> None:
        while not self._stopping:
            try:
                turns.room.poll()
                with self._lock:
                    seat = self._next(turns)
                if seat:
                    self._take_turn(seat, turns)
            except Lost:
                if not self._stopping:
                    self._revive(turns)

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
            save_in = self._save(seat, force=not active)
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
            self._deliver(seat)
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
            for run, (_, writing) in list(self._writing.items()):
                if writing is turns:
                    del self._writing[run]
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
            self._clean(now)
        seat = turns.next(now)
        if seat is None and not self._stopping:
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

    # -- frames ------------------------------------------------------------------------------------------

    def _deliver(self, seat: Seat) -> None:
        """What there is to see, to every viewer that is ready and has not seen it."""
        for viewer in list(seat.viewers.values()):
            self._give(seat, viewer)

    def _give(self, seat: Seat, viewer: Viewer) -> None:
        frame = seat.run.latest if seat.placed and seat.run else seat.notice
        if frame is not None and viewer.ready and viewer.seen is not frame:
            viewer.ready, viewer.seen = False, frame
            self._hand(viewer, frame)

    @staticmethod
    def _hand(viewer: Viewer, frame: bytes) -> None:
        try:
            viewer.deliver(frame)
        except Exception:  # a viewer that is going away must not stop the others
            LOG.exception("a viewer did not take its frame")

    def _tell(self, seat: Seat) -> None:
        """Let the next frame say what has changed about the seat, also if the run is paused."""
        if seat.run:
            seat.about_run()
            seat.run.refresh()
            self._turn(seat)

    # -- saving ------------------------------------------------------------------------------------------

    def _save(self, seat: Seat, force: bool = False, few: bool = False) -> float | None:
        """Have the run saved if it has changed and it is time; by the thread that works on it. force: now,
        and all of it, or few of its snapshots.

        Returns the seconds until a save is due, None if there is nothing to save.
        """
        run, mark, now = seat.run, seat.mark(), time.monotonic()
        rests = mark == seat.saved_mark
        if self._store is None or run is None or (rests and seat.saved_whole):
            return None
        if now < seat.next_save and not force:
            return seat.next_save - now
        # a run that rests has time for what was left for later
        seat.saved_whole = (force or rests) and not few
        # a class that began together shall not save together
        wait = self.limits.save * random.uniform(0.7, 1.0)
        seat.saved_mark, seat.next_save = mark, now + wait
        self._write(seat, run)
        return None if seat.saved_whole else wait

    def _write(self, seat: Seat, run: HostedRun) -> None:
        """Have the run saved as it is now, and note how it goes."""
        assert self._cleaner
        self._cleaner.start()
        with self._lock:
            turns, number = self._turns_of(seat), next(self._numbers)
            self._writing[seat.run_id] = number, turns

        def done(trouble: str) -> None:
            with self._lock:
                if not trouble and self._writing.get(seat.run_id) == (number, turns):
                    del self._writing[seat.run_id]
                self._save_errors += bool(trouble)
                self._saving_fails = bool(trouble)
                told, seat.trouble = seat.trouble, trouble
                if trouble:
                    seat.saved_mark, seat.next_save = None, time.monotonic() + SAVE_AGAIN
                    self._turn(seat, SAVE_AGAIN)  # also of a run that rests
                else:
                    seat.saved_at = self._last_save = time.time()
                if told != trouble:
                    self._tell(seat)
                else:
                    seat.about_run()
            if trouble and self._cleaner:
                self._cleaner.soon()

        turns.room.save(seat.run_id, run, seat.saved_whole, done)
