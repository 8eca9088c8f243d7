"""Malformed messages to a server's socket and malformed run files: what falls, and who notices."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from lstm_core.config import ModelConfig, RunConfig
from lstm_core.config.server_settings import Limits
from lstm_core.runtime.run import Run
from lstm_core.storage.archive import pack_run, unpack_run
from lstm_core.storage.checkpoint import Saved
from tests.bench.report import Figure, Options
from tests.bench.servers import MeasuredServer, serve
from tests.bench.viewers import SocketViewer
from tests.files import damaged

TYPES = ["play", "pause", "step", "reset", "knob", "view", "hands", "release", "find", "check", "configure"]
NAMES = ["learning_rate", "batch_size", "clip", "probe", "prompt", "at", "unit", "layer", "off", "__class__"]


def measure(options: Options) -> Iterator[Figure]:
    """Messages, then files."""
    yield from _messages(options.times(10_000, 500))
    yield from _files(options.times(2_000, 100))


def _messages(count: int) -> Iterator[Figure]:
    """While one run is attacked by whoever has its token, another one trains."""
    rng = random.Random(7)
    with serve("tests/bench/opening.py") as server:
        attacked, bystander = server.open_runs(2)
        with SocketViewer(server.socket, bystander) as viewer:
            viewer.warm_up()
            before = viewer.metas()[-1]
            start, sent = time.monotonic(), 0
            while sent < count:
                sent += _attack(server, attacked, rng, count - sent)
            seconds = time.monotonic() - start
            after = viewer.metas()[-1]
            changed = [
                name for name in ("learning_rate", "hidden_size", "labels") if before[name] != after[name]
            ]
            trained = after["step"] > before["step"]
        alive = server.process.poll() is None
        with SocketViewer(server.socket, attacked) as viewer:
            viewer.post({"type": "reset"})
            viewer.post({"type": "play"})
            answers = bool(viewer.metas())
        faults = server.said().count("Traceback")
    about = f"{count:,} malformed messages: "
    yield Figure("messages", f"{about}a second", count / seconds, "/s")
    yield Figure("message_crashes", f"{about}servers or runs fallen", (not alive) + (not answers), at_most=0)
    yield Figure("message_faults", f"{about}errors in the log", faults, at_most=0)
    yield Figure("message_others", f"{about}other runs touched", bool(changed) or not trained, at_most=0)


def _attack(server: MeasuredServer, token: str, rng: random.Random, most: int) -> int:
    """Send what no page sends, until the server closes the door; returns how much was sent."""
    sent = 0
    try:
        with connect(server.socket, max_size=None) as socket:
            if rng.random() < 0.95:
                socket.send(json.dumps({"type": "hello", "token": token}))
            while sent < most:
                socket.send(_message(rng))
                sent += 1
    except ConnectionClosed:
        return max(1, sent)
    return sent


def _message(rng: random.Random) -> str | bytes:
    kind = rng.random()
    if kind < 0.02:
        return rng.randbytes(rng.randrange(2000))
    if kind < 0.04:
        return "[" * rng.randrange(60_000)
    if kind < 0.05:
        return "x" * rng.randrange(50_000, 90_000)
    message: Any = {"type": rng.choice([*TYPES, _value(rng)]), "name": rng.choice([*NAMES, _value(rng)])}
    message["value"] = _value(rng)
    for name in rng.sample(["kind", "text", "stretch", "wants", "config", "token"], 2):
        message[name] = _value(rng)
    text = json.dumps(message)
    if rng.random() < 0.3:
        letters = list(text)
        for _ in range(rng.randint(1, 5)):
            letters[rng.randrange(len(letters))] = chr(rng.choice([0, 34, 92, 123, 0x20AC, 0x1F600]))
        return "".join(letters)
    return text


def _value(rng: random.Random, depth: int = 0) -> Any:
    plain: list[Any] = [None, True, -1, 0, 2**63, 10**400, -1e308, float("nan"), float("inf"), "", "x" * 300]
    plain += ["\u202e<script>", "\0", "../..", 0.5, 1e-320, "LSTM", "now"]
    if depth > 3 or rng.random() < 0.7:
        return rng.choice(plain)
    if rng.random() < 0.5:
        return [_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {str(_value(rng, 4)): _value(rng, depth + 1) for _ in range(rng.randrange(4))}


def _files(count: int) -> Iterator[Figure]:
    rng = random.Random(11)
    good = _good_file()
    refused = loaded = crashes = 0
    slowest = 0.0
    for _ in range(count):
        data = damaged(good, rng)
        start = time.monotonic()
        try:
            saved = unpack_run(data, Limits())
        except ValueError:
            refused += 1
        except Exception as error:
            crashes += 1
            print(f"  {type(error).__name__}: {str(error)[:150]}")
        else:
            loaded += _trains(saved)
        slowest = max(slowest, time.monotonic() - start)
    about = f"{count:,} malformed files: "
    yield Figure("files_refused", f"{about}refused in a sentence", refused)
    yield Figure("files_used", f"{about}whole enough to train", loaded)
    yield Figure("file_crashes", f"{about}neither of these", count - refused - loaded, at_most=0)
    yield Figure("file_slowest", f"{about}slowest", 1000 * slowest, "ms")


def _trains(saved: Saved) -> bool:
    run = Run(saved.config, saved=saved)
    before = run.steps
    run.post({"type": "play"})
    run.work(0.001)
    return run.steps > before or run.status != "training"


def _good_file() -> bytes:
    run = Run(RunConfig(model=ModelConfig(hidden_size=8)))
    run.work(0.2)
    return pack_run(run.save())
