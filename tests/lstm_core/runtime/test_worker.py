"""A worker driven by hand: commands in, events out, without threads or processes."""

import math
from dataclasses import replace

import pytest

from lstm_core.config import ModelConfig, RunConfig
from lstm_core.config.server_settings import Limits
from lstm_core.frames.frame import Frame
from lstm_core.runtime import serve
from lstm_core.runtime.autosave import Autosave
from lstm_core.runtime.messages import live
from lstm_core.runtime.protocol import Disconnected, PackedRun, WorkerOptions
from lstm_core.runtime.run import Run
from lstm_core.runtime.worker import Worker
from lstm_core.storage.checkpoint import unpack
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.store import Store
from lstm_core.training.trainer import Trainer
from tests.lstm_core.acting import CONFIG
from tests.lstm_core.hosting import eventually

RUN, OTHER = "ab" * 16, "cd" * 16


class Driver:
    """A worker, and the events that it has told."""

    def __init__(self, autosave=None, share=1.0):
        self.events = []
        self.worker = Worker(lambda *event: self.events.append(event), autosave, share)

    def tell(self, *command):
        self.worker.handle(*command)

    def trains(self, run=RUN):
        self.tell("train", run, None)
        self.tell("want", run, frozenset())

    def turns(self, count):
        for _ in range(count):
            self.worker.turn()

    def until(self, name, wanted=lambda *args: True):
        """Give turns until such an event is told, or has been already; what belongs to it."""
        looked = 0

        def told():
            nonlocal looked
            for event in self.events[looked:]:
                looked += 1
                if event[0] == name and wanted(*event[1:]):
                    return event[1:]
            if name == "frame":  # as a viewer does that has drawn the one before
                for run in self.worker._runs:
                    self.tell("want", run, frozenset())
            self.worker.turn()
            return None

        return eventually(told, f"{name} is told")

    def count(self, name):
        return sum(event[0] == name for event in self.events)


@pytest.fixture
def driver():
    return Driver()


@pytest.fixture
def saving(tmp_path):
    """saving() → a driver whose worker saves in one folder."""
    drivers = []

    def make(every=0.05):
        drivers.append(Driver(Autosave(RunFiles(Store(tmp_path)), every)))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.worker.close()


def test_a_run_trains_from_the_moment_it_may_and_frames_come_when_wanted(driver):
    driver.tell("open", RUN, CONFIG)
    driver.turns(5)
    assert driver.worker.steps == 0
    driver.tell("train", RUN, None)
    driver.turns(5)
    assert driver.worker.steps > 0
    assert driver.count("frame") == 0
    driver.tell("want", RUN, frozenset())
    _, data = driver.until("frame")
    meta = Frame.decode(data).meta
    trainer = Trainer(CONFIG)
    assert [trainer.step() for _ in range(meta["step"])][-1] == meta["loss"]


def test_it_rests_when_its_time_is_over(driver):
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, 0.0)
    driver.turns(5)
    assert driver.worker.steps == 0
    assert driver.worker.wait() > 1


def test_runs_have_fair_turns(driver, monkeypatch):
    # however slow this machine is just now
    monkeypatch.setattr("lstm_core.runtime.scheduler.HEAVY", math.inf)
    monkeypatch.setattr("lstm_core.runtime.hosted_run.YOUNG", math.inf)
    for run in (RUN, OTHER):
        driver.tell("open", run, CONFIG)
        driver.trains(run)
    driver.turns(40)
    frames = [event[1] for event in driver.events if event[0] == "frame"]
    assert set(frames) == {RUN, OTHER}
    turns = [event[1] for event in driver.events if event[0] == "turn"]
    assert turns == [RUN, OTHER] * 20  # while they are young every change is told


def test_it_takes_no_more_than_its_share_of_the_time(monkeypatch):
    driver, now = Driver(share=0.2), [100.0]
    monkeypatch.setattr("lstm_core.runtime.worker.time.monotonic", lambda: now[0])
    monkeypatch.setattr(Run, "work", lambda run, seconds: now.__setitem__(0, now[0] + 0.5) or 0.0)
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, None)
    begun = now[0]
    for _ in range(5):
        driver.turns(2)  # the second one comes too early
        assert driver.worker.wait() == pytest.approx(2.0)
        now[0] += driver.worker.wait()
    assert now[0] - begun == pytest.approx(5 * 2.5)


def test_live_settings_and_orders_act_in_the_next_turn(driver):
    driver.tell("open", RUN, CONFIG)
    driver.trains()
    changed = replace(CONFIG, knobs=replace(CONFIG.knobs, learning_rate=0.123))
    driver.tell("live", RUN, live(changed))
    driver.tell("order", RUN, {"type": "pause"})
    driver.until("state", lambda run, playing, at: not playing)
    driver.tell("order", RUN, {"type": "step"})
    _, data = driver.until("frame", lambda run, data: Frame.decode(data).meta["step"] > 0)
    assert Frame.decode(data).meta["learning_rate"] == 0.123


def test_settings_that_fit_together_arrive_together(driver):
    """Each alone would make a step too long beside the other's old value."""
    big = RunConfig(CONFIG.task, ModelConfig(hidden_size=256, num_layers=3), replace(CONFIG.train))
    driver.tell("open", RUN, big)
    driver.tell("live", RUN, live(replace(big, knobs=replace(big.knobs, batch_size=1, clip=2.0))))
    driver.tell("train", RUN, None)
    driver.until("turn")
    (hosted,) = driver.worker._runs.values()
    assert (hosted.run.config.knobs.batch_size, hosted.run.config.knobs.clip) == (1, 2.0)


def test_what_the_run_changes_by_itself_is_told(driver):
    diverging = replace(CONFIG, knobs=replace(CONFIG.knobs, learning_rate=1.0, clip=100.0))
    driver.tell("open", RUN, diverging)
    driver.trains()
    driver.turns(3)
    (hosted,) = driver.worker._runs.values()
    hosted.run.subject.trainer.model.head.weight.data.fill_(float("nan"))
    assert driver.until("state")[1] is False


def test_one_run_that_fails_in_its_turn_does_not_end_the_others(driver, monkeypatch, caplog):
    for run in (RUN, OTHER):
        driver.tell("open", run, CONFIG)
        driver.trains(run)
    driver.turns(4)
    hosted = driver.worker._runs[RUN]
    monkeypatch.setattr(
        type(hosted), "state", property(lambda self: 1 / 0 if self.run_id == RUN else (True, None))
    )
    with caplog.at_level("CRITICAL"):
        before = driver.worker.steps
        driver.turns(20)
    assert driver.worker.steps > before
    assert driver.worker.wait() < 1


def test_a_command_that_cannot_be_carried_out_does_no_harm(driver, caplog):
    with caplog.at_level("ERROR"):
        driver.tell("adopt", RUN, PackedRun(CONFIG, 0, (b"nonsense", [])))
    assert "a command failed: adopt" in caplog.text
    driver.tell("train", OTHER, None)
    driver.tell("want", OTHER, frozenset())
    driver.tell("rest", OTHER, 7)
    assert driver.events == [("rested", OTHER, 7)]


def test_nobody_at_the_other_end_is_no_fault_of_a_run():
    def gone(*event):
        raise Disconnected

    worker = Worker(gone)
    worker.handle("open", RUN, CONFIG)
    worker.handle("train", RUN, None)
    with pytest.raises(Disconnected):
        worker.turn()


# questions


def answer(driver, number):
    _, value, error = driver.until("answer", lambda told, *rest: told == number)
    if error:
        raise error
    return value


def test_a_question_is_answered_between_two_turns(driver):
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, None)
    driver.turns(5)
    steps = driver.worker.steps
    driver.tell("call", 1, "save", (RUN,))
    assert unpack(answer(driver, 1).blobs).steps == steps
    driver.tell("call", 2, "save", (OTHER,))
    with pytest.raises(KeyError):
        answer(driver, 2)


def test_a_film_comes_in_parts_while_others_train(driver):
    for run in (RUN, OTHER):
        driver.tell("open", run, CONFIG)
        driver.tell("train", run, None)
    driver.turns(30)
    before = driver.worker.steps
    driver.tell("call", 1, "film", (RUN,))
    assert answer(driver, 1) is None
    steps = [Frame.decode(event[2]).meta["step"] for event in driver.events if event[0] == "part"]
    assert steps[0] == 0
    assert steps == sorted(steps)
    assert driver.worker.steps > before


def test_a_run_goes_home_and_comes_back_to_any_worker(driver):
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, None)
    driver.turns(10)
    driver.tell("call", 1, "export", (RUN, "run"))
    file, step = answer(driver, 1)
    other = Driver()
    other.tell("call", 1, "unpack", (file, Limits()))
    packed = answer(other, 1)
    assert (packed.config, packed.generation) == (CONFIG, 0)
    other.tell("adopt", OTHER, packed)
    other.trains(OTHER)
    _, data = other.until("frame")
    assert Frame.decode(data).meta["step"] >= step > 0


@pytest.mark.parametrize("what", ["run", "losses", "trace"])
def test_what_waits_in_line_goes_home_too_and_takes_no_more_memory_for_it(driver, what):
    driver.tell("open", RUN, CONFIG)
    driver.tell("call", 1, "export", (RUN, what))
    content, step = answer(driver, 1)
    assert content
    assert step == 0
    assert driver.worker._runs[RUN].run.subject is None


def test_numbers_are_exported_as_they_are_shown(driver):
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, None)
    while driver.worker.steps < 20:
        driver.worker.turn()
    driver.tell("call", 1, "export", (RUN, "losses"))
    table, step = answer(driver, 1)
    assert table.decode().splitlines()[-1].startswith(f"{step},")
    driver.tell("live", RUN, {"view": replace(CONFIG.view, at=10)})
    driver.tell("call", 2, "export", (RUN, "trace"))
    table, step = answer(driver, 2)
    assert table.startswith(b"t,token,input,unit,i,f,g,o,c,h")
    assert step <= 10


def test_what_is_no_file_of_a_run_is_refused_and_does_no_harm(driver):
    driver.tell("open", RUN, CONFIG)
    driver.tell("call", 1, "unpack", (b"nonsense", Limits()))
    with pytest.raises(ValueError, match="cannot be used as a run"):
        answer(driver, 1)
    driver.tell("call", 2, "unpack", (b"nonsense", "no limits"))
    with pytest.raises(RuntimeError):
        answer(driver, 2)
    driver.tell("train", RUN, None)
    driver.trains(RUN)


def test_a_branch_takes_its_past_along_to_any_worker(driver):
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, None)
    while driver.worker.steps < 40:
        driver.worker.turn()
    driver.tell("call", 1, "branch", (RUN, 20))
    packed = answer(driver, 1)
    saved = unpack(packed.blobs)
    steps = [snapshot.step for snapshot in saved.snapshots]
    assert steps[0] == 0
    assert 10 <= steps[-1] <= 20
    other = Driver()
    other.tell("adopt", OTHER, packed)
    other.trains(OTHER)
    _, data = other.until("frame")
    assert Frame.decode(data).meta["step"] >= steps[-1]
    other.tell("order", OTHER, {"type": "pause"})
    other.tell("order", OTHER, {"type": "reset"})  # back to where it began
    _, data = other.until("frame", lambda run, data: Frame.decode(data).meta["status"] == "paused")
    assert Frame.decode(data).meta["step"] == steps[-1]


def test_without_a_network_there_is_nothing_to_branch_from(driver):
    driver.tell("open", RUN, CONFIG)
    driver.tell("call", 1, "branch", (RUN, 0))
    with pytest.raises(ValueError, match="no network yet"):
        answer(driver, 1)


# saving


def test_it_is_saved_at_once_and_then_every_few_seconds(saving, tmp_path):
    driver = saving()
    driver.tell("open", RUN, CONFIG)
    assert driver.until("saved") == (RUN, "")
    driver.tell("train", RUN, None)
    eventually(
        lambda: driver.worker.turn() or RunFiles(Store(tmp_path)).read(RUN)[0].steps > 20, "it is saved"
    )


@pytest.mark.parametrize("share", [0, 1])
def test_a_class_that_begins_together_does_not_save_together(saving, monkeypatch, share):
    monkeypatch.setattr(
        "lstm_core.runtime.autosave.random.uniform", lambda low, high: low + share * (high - low)
    )
    monkeypatch.setattr("lstm_core.runtime.autosave.time.monotonic", lambda: 5000.0)
    driver = saving(every=1000.0)
    driver.tell("open", RUN, CONFIG)
    (hosted,) = driver.worker._runs.values()
    assert hosted.next_save == pytest.approx(6000.0 if share else 5100.0)
    hosted.run.steps += 1
    driver.worker._autosave.save(hosted, force=True)
    assert hosted.next_save == pytest.approx(6000.0 if share else 5900.0)


def test_what_rests_is_saved_with_what_was_said_last_and_leaves_the_memory(saving):
    driver = saving(every=1000.0)
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, None)
    while driver.worker.steps < 20:
        driver.worker.turn()
    changed = replace(CONFIG, view=replace(CONFIG.view, probe="cat"))
    driver.tell("live", RUN, live(changed))
    driver.tell("rest", RUN, 3)
    assert driver.until("rested") == (RUN, 3)
    assert not driver.worker._runs
    driver.tell("wake", RUN, None)
    _, config, generation, playing, trouble = driver.until("opened")
    assert (config, generation, playing, trouble) == (changed, 0, True, "")
    steps = driver.worker.steps
    driver.trains()
    _, data = driver.until("frame")
    assert Frame.decode(data).meta["step"] > steps


def test_who_is_woken_before_it_has_left_stays(saving):
    driver = saving()
    driver.tell("open", RUN, CONFIG)
    driver.tell("train", RUN, None)
    driver.turns(5)
    driver.tell("rest", RUN, 1)
    driver.tell("wake", RUN, CONFIG)
    driver.tell("train", RUN, None)
    before = driver.worker.steps
    driver.turns(5)
    assert driver.worker.steps > before
    assert driver.count("rested") == 0


def test_it_wakes_with_the_settings_that_the_server_has(saving):
    """The save may be seconds older than what was said last."""
    driver = saving(every=1000.0)
    driver.tell("open", RUN, CONFIG)
    driver.until("saved")
    other = saving()
    changed = replace(CONFIG, knobs=replace(CONFIG.knobs, clip=2.0))
    other.tell("wake", RUN, changed)
    assert other.until("opened")[1] == changed
    third = saving()
    larger = replace(changed, model=ModelConfig(hidden_size=9))
    third.tell("wake", RUN, larger)
    assert third.until("opened")[1:3] == (larger, 1)


def test_what_cannot_be_read_is_said(saving, tmp_path, caplog):
    driver = saving()
    with caplog.at_level("CRITICAL"):
        driver.tell("wake", RUN, None)
        assert driver.until("unreadable") == (RUN, "")
        (tmp_path / RUN).mkdir()
        (tmp_path / RUN / "a.state").write_bytes(b"nothing")
        driver.tell("wake", RUN, None)
    assert "damaged" in driver.until("unreadable", lambda run, sentence: sentence)[1]


def test_a_worker_begins_although_the_disk_is_full(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    assert serve._autosave(WorkerOptions(str(tmp_path)))
    assert serve._autosave(WorkerOptions()) is None


def test_a_save_that_fails_is_told_and_tried_again(saving, monkeypatch, quiet_saver):
    monkeypatch.setattr("lstm_core.runtime.autosave.AGAIN", 0.0)
    monkeypatch.setattr("lstm_core.runtime.worker.AGAIN", 0.0)
    real = RunFiles.write

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFiles, "write", full)
    driver = saving()
    driver.tell("open", RUN, CONFIG)
    assert "No space left" in driver.until("saved")[1]
    monkeypatch.setattr(RunFiles, "write", real)
    driver.until("saved", lambda run, trouble: not trouble)
