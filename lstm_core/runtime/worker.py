"""Worker: owns its runs and trains them in fair turns. It is told commands and tells events (protocol.py).

It is the same in this process, in a process beside the server, or on another machine: whoever calls `handle`
and `turn`, always in one thread, and passes on what it sends, drives it (serve.py does).
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lstm_core.config.server_settings import Limits
from lstm_core.experiments.experiment import Subject
from lstm_core.experiments.network import Network
from lstm_core.export.tables import loss_table, trace_table
from lstm_core.runtime.autosave import AGAIN, Autosave
from lstm_core.runtime.hosted_run import HostedRun
from lstm_core.runtime.messages import Live
from lstm_core.runtime.protocol import Disconnected, PackedRun
from lstm_core.runtime.run import Run
from lstm_core.runtime.scheduler import Scheduler
from lstm_core.storage.archive import pack_run, unpack_run
from lstm_core.storage.checkpoint import Saved, pack, unpack
from lstm_core.storage.restore import restored

LOG = logging.getLogger(__name__)
LOOK = 0.02  # seconds until it is looked whether a save has arrived
LONGEST_WAIT = 60.0
COMMANDS = ("open", "adopt", "wake", "train", "want", "live", "order", "rest", "drop", "call")
QUESTIONS = ("save", "branch", "export", "unpack")  # answered in one; "film" is in parts


class Worker:
    """`steps`: taken by all its runs so far. `turn_began`: on the monotonic clock; None between two turns."""

    def __init__(
        self, send: Callable[..., None], autosave: Autosave | None = None, share: float = 1.0
    ) -> None:
        """send: takes an event, a name and what belongs to it. autosave: None where nothing is saved.
        share: of its time that turns may take, from 0 to 1; between two of them it rests accordingly.
        """
        self.steps = 0
        self._share = share
        self._rests_until = 0.0  # on the monotonic clock
        self.turn_began: float | None = None
        self._send = send
        self._autosave = autosave
        self._runs: dict[str, HostedRun] = {}
        self._scheduler = Scheduler()
        self._answers: deque[tuple[int, Iterator[Any]]] = deque()  # that are given in parts
        self._blamed = ""

    # -- commands ----------------------------------------------------------------------------------------

    def handle(self, name: str, *args: Any) -> None:
        """Carry out a command. What fails is logged, and ends neither the worker nor another run."""
        assert name in COMMANDS, name
        try:
            getattr(self, f"_{name}")(*args)
        except Disconnected:
            raise
        except Exception:
            LOG.exception("a command failed: %s", name)

    def _open(self, run_id: str, config: Any) -> None:
        self._add(run_id, Run(config), new=True)

    def _adopt(self, run_id: str, packed: PackedRun) -> None:
        saved = replace(unpack(packed.blobs), config=packed.config)
        self._add(run_id, Run(saved.config, saved=saved), new=True)

    def _wake(self, run_id: str, config: Any) -> None:
        hosted = self._runs.get(run_id)
        if hosted:
            hosted.resting = None
            self._tell_opened(hosted)
            return
        try:
            if self._autosave is None:
                raise KeyError(run_id)
            saved, trouble = self._autosave.read(run_id)
            if config is None or config.network != saved.config.network:
                run = Run(saved.config, saved=saved)
            else:  # the live settings may have gone on since
                run = Run(config, saved=saved)
        except (KeyError, ValueError, OSError) as error:
            LOG.error("run %s: cannot be read: %s", run_id, error)
            self._send("unreadable", run_id, str(error) if isinstance(error, ValueError) else "")
            return
        hosted = self._add(run_id, run, new=False)
        if config is not None and config.network != run.config.network:
            run.inbox.put({"type": "configure", "config": config})
            run.read_inbox()
        hosted.told = hosted.state
        self._tell_opened(hosted, trouble)

    def _add(self, run_id: str, run: Run, new: bool) -> HostedRun:
        hosted = self._runs[run_id] = HostedRun(run_id, run)
        hosted.told = hosted.state
        if self._autosave and new:  # so that its address can be relied on
            delay = self._autosave.save(hosted, force=True, few=True)
            self._queue(hosted, delay or 0.0)
        elif self._autosave:
            hosted.saved_mark = hosted.mark
        return hosted

    def _tell_opened(self, hosted: HostedRun, trouble: str = "") -> None:
        run = hosted.run
        self._send("opened", hosted.run_id, run.config, run.generation, run.playing, trouble)

    def _train(self, run_id: str, seconds: float | None) -> None:
        if hosted := self._runs.get(run_id):
            hosted.trains_until = float("inf") if seconds is None else time.monotonic() + seconds
            self._queue(hosted)

    def _want(self, run_id: str, parts: frozenset[str]) -> None:
        if hosted := self._runs.get(run_id):
            hosted.run.wanted, hosted.run.wants = True, parts
            self._queue(hosted)

    def _live(self, run_id: str, settings: Live) -> None:
        if hosted := self._runs.get(run_id):
            hosted.run.inbox.live = settings
            self._queue(hosted)

    def _order(self, run_id: str, order: dict[str, Any]) -> None:
        if hosted := self._runs.get(run_id):
            hosted.run.inbox.put(order)
            self._queue(hosted)

    def _rest(self, run_id: str, number: int) -> None:
        hosted = self._runs.get(run_id)
        if hosted is None:
            self._send("rested", run_id, number)
            return
        hosted.resting, hosted.trains_until = number, 0.0
        hosted.run.read_inbox()  # what was said last is saved, too
        if self._autosave:
            self._autosave.save(hosted, force=True)
        self._leave_if_saved(hosted)

    def _leave_if_saved(self, hosted: HostedRun) -> None:
        if hosted.resting is not None and hosted.saving is None:
            number = hosted.resting
            self._drop(hosted.run_id)
            self._send("rested", hosted.run_id, number)

    def _drop(self, run_id: str) -> None:
        if hosted := self._runs.pop(run_id, None):
            self._scheduler.remove(hosted)
        if self._autosave:
            self._autosave.forget(run_id)

    def _call(self, number: int, name: str, args: tuple[Any, ...]) -> None:
        """Answer a question; or begin to, where the answer has parts."""
        assert name in QUESTIONS or name == "film", name
        self.turn_began = time.monotonic()  # who does not come back from it hangs
        try:
            self._blame(self._runs.get(args[0]) if name != "unpack" else None)
            if name == "film":
                run = self._runs[args[0]].run
                run.restore()
                self._answers.append((number, run.film()))
                return
            value = getattr(self, f"_answer_{name}")(*args)
        except (KeyError, ValueError, OSError) as error:
            self._send("answer", number, None, error)
        except Disconnected:
            raise
        except Exception as error:  # of a kind that may not stand being pickled
            LOG.exception("a question could not be answered: %s", name)
            self._send("answer", number, None, RuntimeError(f"{type(error).__name__}: {error}"))
        else:
            self._send("answer", number, value, None)
        finally:
            self.turn_began = None

    def _answer_save(self, run_id: str) -> PackedRun:
        run = self._runs[run_id].run
        run.read_inbox()
        return _packed(run.save())

    def _answer_branch(self, run_id: str, step: int) -> PackedRun:
        """What another run goes on from that leaves this one at a snapshot."""
        run = self._runs[run_id].run
        run.restore()
        branch = run.branch(step)
        other = Run(branch.config, branch=branch)
        other.build()
        return _packed(other.save())

    def _answer_export(self, run_id: str, what: str) -> tuple[bytes, int]:
        run = self._runs[run_id].run
        run.read_inbox()
        subject = run.subject or _looked_at(run)
        if what == "run":
            return pack_run(run.save()), subject.step_count
        if what == "losses":
            return loss_table(subject).encode(), subject.step_count
        assert isinstance(subject, Network), what
        return trace_table(subject).encode(), subject.observer.step

    def _answer_unpack(self, data: bytes, limits: Limits) -> PackedRun:
        return _packed(unpack_run(data, limits))

    # -- turns -------------------------------------------------------------------------------------------

    def wait(self) -> float:
        """Seconds until there is something to do."""
        if self._answers:
            return 0.0
        longest = LOOK if self._autosave and self._autosave.writing else LONGEST_WAIT
        now = time.monotonic()
        return min(longest, max(self._scheduler.wait(now), self._rests_until - now))

    def turn(self) -> None:
        """Do a little of what there is to do: a turn of a run, a part of an answer."""
        for hosted, trouble in self._autosave.finished() if self._autosave else ():
            if self._runs.get(hosted.run_id) is hosted:
                self._send("saved", hosted.run_id, trouble)
                if trouble:
                    self._queue(hosted, AGAIN)  # also where it rests
                else:
                    self._leave_if_saved(hosted)
        if self._answers:
            self._answer_on()
        now = time.monotonic()
        due = self._scheduler.next(now) if now >= self._rests_until else None
        if due:
            self.turn_began = now
            try:
                self._give_turn(due, now)
            except Disconnected:
                raise
            except Exception:  # of one run, which must not end the others
                LOG.exception("run %s: its turn failed", due.run_id)
                self._queue(due, AGAIN)
            finally:
                self.turn_began = None
                end = time.monotonic()
                self._rests_until = end + (end - now) * (1 / self._share - 1)

    def _blame(self, hosted: HostedRun | None) -> None:
        """Say whose doing it is if this process ends now."""
        run_id = hosted.run_id if hosted and hosted.young else ""
        if run_id != self._blamed:
            self._send("turn", run_id)
        self._blamed = run_id

    def _give_turn(self, hosted: HostedRun, now: float) -> None:
        """Train or rest, and save."""
        self._blame(hosted)
        trains = now < hosted.trains_until
        delay, overrun = self._train_slice(hosted) if trains else (None, 0.0)
        save_in = None
        if self._autosave and hosted.resting is None:
            save_in = self._autosave.save(hosted, force=not trains and hosted.saved_mark is not None)
        if delay is not None:  # also when its time is over: the next turn saves what there is
            self._queue(hosted, max(delay, self._scheduler.fair_pause(overrun, now)))
        elif save_in is not None:
            self._queue(hosted, save_in)

    def _train_slice(self, hosted: HostedRun) -> tuple[float | None, float]:
        """Seconds until the next one, None if there is nothing to do; and how much longer it took."""
        run, seconds = hosted.run, self._scheduler.slice()
        steps, frames = run.steps, run.frames
        delay = run.work(seconds)
        self.steps += run.steps - steps
        if run.frames != frames:
            self._send("frame", hosted.run_id, run.latest)
        if hosted.state != hosted.told:
            hosted.told = hosted.state
            self._send("state", hosted.run_id, *hosted.state)
        return delay, run.spent - seconds

    def _answer_on(self) -> None:
        number, parts = self._answers.popleft()
        try:
            part = next(parts, None)
        except Exception as error:
            LOG.exception("an answer could not be given to its end")
            self._send("answer", number, None, RuntimeError(f"{type(error).__name__}: {error}"))
            return
        if part is None:
            self._send("answer", number, None, None)
        else:
            self._send("part", number, part)
            self._answers.append((number, parts))

    def _queue(self, hosted: HostedRun, delay: float = 0.0) -> None:
        self._scheduler.add(hosted, time.monotonic(), delay)

    def close(self) -> None:
        """Save what has changed since it was saved last. No run is used any more."""
        if self._autosave:
            for hosted in self._runs.values():
                hosted.run.read_inbox()
                self._autosave.save(hosted, force=True)
            self._autosave.close()
        self._runs.clear()


def _looked_at(run: Run) -> Subject:
    """The networks of a run that has none yet, and does not keep these: while it waits in line it may not."""
    saved = run.save()
    return restored(saved, saved.config)[0]


def _packed(saved: Saved) -> PackedRun:
    return PackedRun(saved.config, saved.generation, pack(saved))
