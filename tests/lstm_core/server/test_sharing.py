"""Sharing: a code lets others watch and nothing else, until it is taken back."""

import json
from dataclasses import replace

import pytest

from lstm_core.config import ModelConfig
from lstm_core.config.access_keys import shown_code
from lstm_core.server.host import CLOSED, Full
from lstm_core.storage.store import Store
from tests.lstm_core.hosting import PAUSE, PLAY, TINY, Viewer, eventually, trains


def shared_run(host):
    token = host.open(TINY)
    return token, host.sharing.share(token)


def test_who_has_the_code_sees_the_same_frames(open_host):
    host = open_host()
    token, code = shared_run(host)
    teacher, student = Viewer(host, token), Viewer(host, shown_code(code).lower())
    teacher.steps(20)
    student.steps(20)
    losses = {meta["step"]: meta["loss"] for meta in teacher.drawn}
    assert all(losses.get(meta["step"], meta["loss"]) == meta["loss"] for meta in student.drawn)
    assert host.config(code) == host.config(token)


def test_a_frame_is_encoded_once_however_many_watch(open_host):
    host = open_host()
    _, code = shared_run(host)
    got = [[] for _ in range(50)]
    # frames are bytes, and what the server says of the run is a str
    take = [lambda data, frames=frames: isinstance(data, bytes) and frames.append(data) for frames in got]
    viewers = [host.watch(code, one) for one in take]
    for _ in range(5):
        count = len(got[0])
        for viewer in viewers:
            host.ready(viewer)
        eventually(lambda count=count: all(len(frames) > count for frames in got), "all get one")
    encoded = {id(frame) for frames in got for frame in frames}
    assert len(encoded) <= max(len(frames) for frames in got) + 5


def test_a_code_changes_nothing(open_host):
    host = open_host()
    token, code = shared_run(host)
    viewer = Viewer(host, token)
    viewer.until(trains)
    for message in (PAUSE, PLAY, {"type": "reset"}, {"type": "knob", "name": "clip", "value": 2.0}):
        with pytest.raises(PermissionError, match="follow"):
            host.post(code, message)
    for call in (host.sharing.share, host.sharing.code, host.sharing.unshare, host.film):
        with pytest.raises(KeyError):
            call(code)
    for call in (host.branch, host.sharing.present, host.configure):
        with pytest.raises(KeyError):
            call(code, 0)
    assert not host.controls(code)
    assert host.controls(token)
    assert viewer.steps(10)["status"] == "training"
    assert host.config(token) == TINY


def test_a_code_is_no_token_and_the_token_is_in_no_frame(open_host):
    host = open_host()
    token, code = shared_run(host)
    meta = Viewer(host, code).until(trains)
    assert token not in json.dumps(meta, default=str)
    assert code not in token


def test_followers_are_not_told_of_settings_that_they_cannot_change(open_host):
    host = open_host()
    token, code = shared_run(host)
    told = []
    host.watch(code, told.append)
    before = len(told)
    host.post(token, {"type": "knob", "name": "clip", "value": 2.0})
    facts = [message for message in told if isinstance(message, str)]
    assert facts
    assert not any("settings" in message for message in facts)
    assert not any(isinstance(message, str) for message in told[before:])


def test_sharing_twice_gives_the_same_code_and_ending_it_ends_it(open_host):
    host = open_host()
    token, code = shared_run(host)
    assert host.sharing.share(token) == host.sharing.code(token) == code
    told = []
    host.watch(code, told.append)
    teacher = Viewer(host, token)
    teacher.hear(lambda facts: facts["followers"] == 1)
    host.sharing.unshare(token)
    assert told[-1] == CLOSED
    assert host.sharing.code(token) is None
    assert not host.knows(code)
    with pytest.raises(KeyError):
        host.watch(code, print)
    assert teacher.hear(lambda facts: facts["followers"] is None)
    assert host.sharing.share(token) != code
    host.sharing.unshare(token)
    host.sharing.unshare(token)


def test_the_teacher_sees_who_comes_and_goes_also_while_paused(open_host):
    host = open_host()
    token, code = shared_run(host)
    teacher = Viewer(host, token)
    teacher.until(trains)
    host.post(token, PAUSE)
    teacher.until(lambda meta: meta["status"] == "paused")
    students = [host.watch(code, lambda data: None) for _ in range(3)]
    teacher.hear(lambda facts: facts["followers"] == 3)
    assert host.stats()["followers"] == 3
    host.unwatch(students[0])
    teacher.hear(lambda facts: facts["followers"] == 2)


def test_followers_see_the_page_and_the_selection_of_whoever_shares(open_host):
    host = open_host()
    token, code = shared_run(host)
    student = Viewer(host, code)
    student.until(trains)
    host.sharing.present(token, "inside")
    host.post(token, {"type": "view", "name": "unit", "value": 3})
    host.post(token, {"type": "hands", "name": "f", "value": 0.5})
    meta = student.until(lambda meta: meta["page"] == "inside" and meta["selected"]["unit"] == 3)
    student.until(lambda meta: meta["hands"]["f"] == 0.5)
    host.post(token, {"type": "view", "name": "at", "value": 2})
    student.until(lambda meta: meta["at"] == 2)
    assert meta["step"] > 0


def test_a_student_takes_a_copy_of_their_own(open_host):
    host = open_host()
    token, code = shared_run(host)
    teacher = Viewer(host, token)
    teacher.steps(30)
    own = host.copy(code)
    assert host.controls(own)
    student = Viewer(host, own)
    step = student.until(trains)["step"]
    assert step >= 30
    host.post(own, {"type": "reset"})
    student.until(lambda meta: meta["step"] < 30)
    assert teacher.steps(5)["step"] > 30
    assert host.sharing.code(own) is None


def test_a_run_goes_on_while_only_followers_watch(open_host):
    host = open_host(lease=0.0)
    token, code = shared_run(host)
    teacher, student = Viewer(host, token), Viewer(host, code)
    teacher.until(trains)
    teacher.leave()
    student.steps(30)


def test_sharing_outlives_the_server(open_host, tmp_path):
    host = open_host(store=Store(tmp_path))
    token, code = shared_run(host)
    Viewer(host, token).until(lambda meta: meta["saved"] and trains(meta))
    host.close()
    again = open_host(store=Store(tmp_path))
    student = Viewer(again, code)
    student.until(trains)
    assert again.sharing.code(token) == code
    again.sharing.unshare(token)
    again.close()
    assert not open_host(store=Store(tmp_path)).knows(code)


def test_there_is_an_end_to_how_many_may_follow(open_host, monkeypatch):
    host = open_host(followers=2, viewers=3)
    token, code = shared_run(host)
    viewers = [host.watch(code, lambda data: None) for _ in range(2)]
    with pytest.raises(Full, match="2 follow"):
        host.watch(code, print)
    host.watch(token, lambda data: None)  # not whoever shares it
    host.unwatch(viewers[0])
    host.watch(code, lambda data: None)
    with pytest.raises(Full, match="3 pages"):
        host.watch(token, print)


@pytest.mark.parametrize("guess", ["", "AAAAAAAA", "K7QM-3XWD", "../../etc", "x" * 10_000, "\0", "ÅÄÖ" * 9])
def test_guesses_open_nothing(open_host, guess):
    host = open_host()
    shared_run(host)
    assert not host.knows(guess)
    with pytest.raises(KeyError):
        host.watch(guess, print)
    with pytest.raises(KeyError):
        host.copy(guess)


def test_followers_go_along_to_another_run(open_host, tmp_path):
    host = open_host(store=Store(tmp_path))
    token, code = shared_run(host)
    other = host.open(replace(TINY, model=ModelConfig(hidden_size=9)))
    student = Viewer(host, code)
    student.until(trains)
    host.sharing.lead(token, other)
    assert student.until(lambda meta: meta["hidden_size"] == 9)["followers"] == 1
    student.steps(10)
    assert (host.sharing.code(token), host.sharing.code(other)) == (None, code)
    assert host.config(code).model.hidden_size == 9
    with pytest.raises(PermissionError):
        host.post(code, PAUSE)
    late = Viewer(host, code)
    assert late.until(trains)["hidden_size"] == 9
    host.sharing.lead(token, other)  # nobody is there to lead any more
    host.close()
    assert Viewer(open_host(store=Store(tmp_path)), code).until(trains)["hidden_size"] == 9


def test_nobody_is_led_to_a_run_with_followers_of_its_own(open_host):
    host = open_host()
    (token, code), (other, its_own) = shared_run(host), shared_run(host)
    host.sharing.lead(token, other)
    assert (host.sharing.code(token), host.sharing.code(other)) == (code, its_own)
    with pytest.raises(KeyError):
        host.sharing.lead(code, other)
    with pytest.raises(KeyError):
        host.sharing.lead(token, its_own)
