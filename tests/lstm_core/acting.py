"""What the tests of Run share: a clock to wind, a trainer to look into, a host that acts turn by turn."""

from lstm_core.config import Knobs, ModelConfig, RunConfig, SeriesConfig, TextConfig, TrainConfig
from lstm_core.frames.frame import Frame
from lstm_core.runtime.messages import read
from lstm_core.runtime.run import Run
from lstm_core.training.trainer import Trainer

CONFIG = RunConfig(
    TextConfig("own", text="the cat sat on the mat. " * 20),
    ModelConfig(hidden_size=6, embedding_size=3),
    TrainConfig(sequence_length=6),
    Knobs(batch_size=2),
)
SERIES = RunConfig(SeriesConfig(), CONFIG.model, CONFIG.train, CONFIG.knobs)


class Clock:
    """Stands still but for four thousandths of a second at every look."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        self.now += 0.004
        return self.now


class Spy(Trainer):
    """A trainer whose losses and networks can be looked at afterwards."""

    runs: list  # one list for each network that was built
    made: list
    fail = None

    def __init__(self, config, past=None):
        super().__init__(config, past)
        self.runs.append([])
        self.made.append(self)

    def step(self):
        if Spy.fail:
            raise Spy.fail
        value = super().step()
        self.runs[-1].append(value)
        return value


def make(config=CONFIG, **knobs):
    clock = Clock()
    if knobs:
        config = RunConfig(config.task, config.model, config.train, Knobs(batch_size=2, **knobs), config.view)
    return Run(config, clock), clock


def go(run, clock, seconds, watched=False):
    """Call `work` for so long as a host would; how many frames there were."""
    end, frames = clock.now + seconds, run.frames
    while clock.now < end:
        run.wanted = run.wanted or watched
        delay = run.work(0.02)
        clock.now += 0.01 if delay is None else min(delay, end - clock.now)
    return run.frames - frames


def settle(run):
    """Let a run that is paused do what it was asked to do."""
    for _ in range(1000):
        if run.work(0.02) is None:
            return
    raise AssertionError("the run never comes to rest")


def say(run, kind, name=None, value=None):
    run.post({"type": kind} if name is None else {"type": kind, "name": name, "value": value})


def with_setting(config, kind, name, value):
    """`config` with one live setting changed, as a message changes it."""
    return read({"type": kind, "name": name, "value": value}, config)[0]


def look(run, clock):
    """A frame of this moment's state; asks the run for one and waits until it is due."""
    run.wanted = True
    before = run.frames
    for _ in range(10_000):
        delay = run.work(0.002)
        if run.frames > before:
            return Frame.decode(run.latest)
        assert delay is not None, "the run has nothing new to show"
        clock.now += delay
    raise AssertionError("no frame came")


def look_again(run, clock):
    """A frame although nothing has changed."""
    say(run, "pause")
    return look(run, clock)
