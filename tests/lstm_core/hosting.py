"""What the tests of RunHost share: a tiny run, viewers as browsers are, waiting for what threads do."""

import json
import threading
import time

from lstm_core.frames.frame import Frame
from tests.lstm_core.acting import CONFIG as TINY

TIMEOUT = 120  # seconds; reached only when something is broken
PAUSE, PLAY, STEP = {"type": "pause"}, {"type": "play"}, {"type": "step"}


class Viewer:
    """Watches a run as a browser does: it says that it is ready when it has drawn a frame."""

    def __init__(self, host, token):
        self.host, self.token = host, token
        self.taken = 0  # frames handed over
        self.drawn = []  # their meta, and what the server said of the run then
        self.facts = {}
        self._undrawn = []
        self._came = threading.Condition()
        self.number = host.watch(token, self._take)

    def _take(self, data):
        with self._came:
            if isinstance(data, str):
                self.facts = json.loads(data)["facts"]
            else:
                self.taken += 1
                self._undrawn.append(data)
            self._came.notify_all()

    def draw(self):
        """Wait for the next frame, draw it, and say so; returns its meta."""
        with self._came:
            assert self._came.wait_for(lambda: self._undrawn, TIMEOUT), "no frame came"
            frame = Frame.decode(self._undrawn.pop(0))
        meta = frame.meta | self.facts
        self.drawn.append(meta)
        self.host.ready(self.number)
        return meta

    def hear(self, wanted):
        """Wait until what the server says of the run is `wanted`; returns it."""
        with self._came:
            assert self._came.wait_for(lambda: self.facts and wanted(self.facts), TIMEOUT), self.facts
            return self.facts

    def until(self, wanted):
        """Draw until a frame's meta is `wanted`; returns it."""
        end = time.monotonic() + TIMEOUT
        while not wanted(meta := self.draw()):
            assert time.monotonic() < end, f"still {meta}"
        return meta

    def steps(self, count):
        """Draw until the run has taken so many more steps."""
        last = self.drawn[-1]["step"] if self.drawn else 0
        return self.until(lambda meta: meta["step"] >= last + count)

    def leave(self):
        self.host.unwatch(self.number)


def eventually(holds, what):
    """Look again and again until it holds; returns what it found."""
    end = time.monotonic() + TIMEOUT
    while not (found := holds()):
        assert time.monotonic() < end, f"never: {what}"
        threading.Event().wait(0.005)
    return found


def rests(run, other, steps):
    """Wait until `run` has no turn any more, while the viewer `other` sees its own run take so many steps."""

    def stood_still():
        before = run.turns
        other.steps(steps)  # time enough for many turns
        return run.turns == before

    eventually(stood_still, "the run that nobody watches rests")


def trains(meta):
    return meta["status"] == "training" and meta["step"] > 0


def full_house(open_host, runs, **options):
    """A host of two places, both taken by runs that train; the host and both viewers."""
    host = open_host(max_runs=2, **options)
    viewers = []
    for _ in range(2):
        viewers.append(Viewer(host, host.open(TINY)))
        viewers[-1].until(trains)
    return host, viewers
