"""What it costs a run to be watched: its speed beside a bare loop over the same batches."""

from __future__ import annotations

from collections.abc import Iterator

from lstm_core.config import RunConfig
from tests.bench.baseline import BareLoop
from tests.bench.report import Figure, Options, median
from tests.bench.servers import serve
from tests.bench.viewers import LocalViewer, SocketViewer, Viewer

FRAMES = 20  # per second that the viewer should get


def measure(options: Options) -> Iterator[Figure]:
    """A run in this process, then one behind the real server's socket."""
    with LocalViewer(RunConfig()) as viewer:
        yield from _against_bare_loop(options, viewer, "", "in this process")
    with serve("tests/bench/opening.py") as server:
        (token,) = server.open_runs(1)
        with SocketViewer(server.socket, token) as viewer:
            yield from _against_bare_loop(options, viewer, "socket_", "over a socket")


def _against_bare_loop(options: Options, viewer: Viewer, prefix: str, where: str) -> Iterator[Figure]:
    """The two train in turn; while one does, the other stands still."""
    bare = BareLoop(RunConfig())
    seconds = options.seconds(2, 0.6)
    viewer.warm_up()
    bare.run_for(seconds / 2)
    watched, rival, frames = [], [], []
    for turn in range(options.times(8, 2)):
        if turn % 2:
            rival.append(bare.run_for(seconds))
        steps, shown = viewer.train_for(seconds)
        watched.append(steps)
        frames.append(shown)
        if not turn % 2:
            rival.append(bare.run_for(seconds))
    ratio = median([one / other for one, other in zip(watched, rival, strict=True)])
    yield Figure(
        f"{prefix}steps",
        f"training while watched, {where}",
        median(watched),
        "steps/s",
        median(rival),
        "bare loop",
        ratio,
        at_least=0.95,
    )
    yield Figure(
        f"{prefix}frames",
        f"frames that its viewer got (wanted: {FRAMES})",
        median(frames),
        "frames/s",
    )
