"""Viewers that ask for every frame they can get: one inside this process, one at the end of a socket."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from lstm_core.experiments.configs import SubjectConfig
from lstm_core.experiments.network import Network
from lstm_core.frames.frame import Frame
from lstm_core.server.host import RunHost
from lstm_core.storage.checkpoint import unpack
from lstm_core.storage.restore import restored
from lstm_core.training.trainer import Trainer


class Viewer:
    """Keeps the frames that arrive. Subclasses answer "ready" at once, and carry messages to the run."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self._thread = threading.Thread(target=self._receive, daemon=True)

    def post(self, message: dict[str, Any]) -> None:
        """Send the run a message."""
        raise NotImplementedError

    def _receive(self) -> None:
        raise NotImplementedError

    def metas(self, wait: float = 10.0) -> list[dict[str, Any]]:
        """What the frames since the last call say; waits until there is at least one."""
        end = time.monotonic() + wait
        while not self.frames:
            if time.monotonic() > end:
                raise RuntimeError(f"no frame came within {wait:g} seconds.")
            time.sleep(0.002)
        frames, self.frames = self.frames, []
        return [Frame.decode(data).meta for data in frames]

    def warm_up(self) -> None:
        """Until the run has its network and goes: one second from the first frame."""
        self.metas()
        time.sleep(1)

    def train_for(self, seconds: float) -> tuple[float, float]:
        """Play for `seconds`, then pause; returns the run's steps and frames per second, by its own clock."""
        self.post({"type": "play"})
        time.sleep(0.2)  # until it is going
        self.frames.clear()
        time.sleep(seconds)
        metas = self.metas()
        self.post({"type": "pause"})
        time.sleep(0.1)
        passed = metas[-1]["made"] - metas[0]["made"]
        if passed <= 0:
            raise RuntimeError(f"one frame came in {seconds:g} seconds: {metas[0].get('message')}")
        return (metas[-1]["step"] - metas[0]["step"]) / passed, (len(metas) - 1) / passed


class LocalViewer(Viewer):
    """A run in a host of this process, and its viewer. Use with `with`."""

    def __init__(self, config: SubjectConfig) -> None:
        super().__init__()
        self.host = RunHost()
        self.token = self.host.open(config)
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def __enter__(self) -> LocalViewer:
        self._viewer = self.host.watch(self.token, self._take)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.host.close()
        self._queue.put(None)
        self._thread.join()

    def post(self, message: dict[str, Any]) -> None:
        """Send the run a message."""
        self.host.post(self.token, message)

    def trainer(self) -> Trainer:
        """A copy of the network behind the run, as it is now; looking changes nothing."""
        saved = unpack(self.host.save(self.token).blobs)
        network, _ = restored(saved, saved.config)
        assert isinstance(network, Network)
        return network.trainer

    def _take(self, message: bytes | str) -> None:
        if isinstance(message, bytes):
            self._queue.put(message)

    def _receive(self) -> None:
        while (data := self._queue.get()) is not None:
            self.frames.append(data)
            self.host.ready(self._viewer)


class SocketViewer(Viewer):
    """The viewer of a run on a server. Use with `with`."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__()
        self._address, self._token = address, token

    def __enter__(self) -> SocketViewer:
        self._socket = connect(self._address)
        self.post({"type": "hello", "token": self._token})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join()

    def post(self, message: dict[str, Any]) -> None:
        """Send the run a message."""
        self._socket.send(json.dumps(message))

    def _receive(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for data in self._socket:
                if isinstance(data, bytes):
                    self.frames.append(data)
                    self.post({"type": "ready"})
