"""Drives a worker at one end of a connection: reads commands, gives turns, and lets its heart beat.

`serve` runs in a thread of the server's own process, or as the main loop of a process (`serve_process`). It
ends when it is told to, or when nobody is at the other end any more.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import logging
import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lstm_core.config import RunConfig
from lstm_core.experiments.network import Network
from lstm_core.runtime.autosave import Autosave
from lstm_core.runtime.protocol import BEAT, Disconnected, WorkerOptions
from lstm_core.runtime.worker import Worker
from lstm_core.storage.run_files import RunFiles
from lstm_core.storage.store import Store

LOG = logging.getLogger(__name__)
NICE = 5
AT_ONCE = 100  # commands between two turns, so that whoever says much does not keep the runs from training


class Outbox:
    """The sending end of a connection, for all threads of a worker."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, *event: Any) -> None:
        """Raises Disconnected when nobody is at the other end."""
        try:
            with self._lock:
                self._connection.send(event)
        except OSError as error:
            raise Disconnected from error


@functools.cache
def warm_up() -> None:
    """Pay, before anybody waits, for what the first network of a process costs: about a second, once."""
    network = Network(RunConfig())
    network.step()
    network.refresh("outputs")
    network.observe({})


def serve(connection: Connection, options: WorkerOptions, outbox: Outbox | None = None) -> None:
    """Have a worker, until it is closed or the connection is. outbox: of this connection, if there is one."""
    outbox, ended = outbox or Outbox(connection), threading.Event()
    worker = Worker(outbox.send, _autosave(options), options.share)
    beat = threading.Thread(target=_beat, args=(worker, outbox, ended), name="heartbeat", daemon=True)
    beat.start()
    try:
        warm_up()
        outbox.send("ready")
        while _commands(connection, worker):
            worker.turn()
        worker.close()
        outbox.send("closed")
    except (Disconnected, EOFError, ConnectionError):
        LOG.debug("nobody is there any more")
    finally:
        ended.set()
        beat.join()
        connection.close()


def _commands(connection: Connection, worker: Worker) -> bool:
    """Carry out the commands that have come, after a wait if there is nothing else to do; False for the last.

    Raises EOFError or ConnectionError when there will be no more.
    """
    wait = worker.wait()
    for _ in range(AT_ONCE):
        if not connection.poll(wait):
            break
        name, *args = connection.recv()
        if name == "close":
            return False
        worker.handle(name, *args)
        wait = 0.0
    return True


def _beat(worker: Worker, outbox: Outbox, ended: threading.Event) -> None:
    with contextlib.suppress(Disconnected):
        while not ended.is_set():
            began = worker.turn_began
            busy = 0.0 if began is None else time.monotonic() - began
            outbox.send("beat", worker.steps, busy)
            ended.wait(BEAT)


def _autosave(options: WorkerOptions) -> Autosave | None:
    if options.folder is None:
        return None
    store = Store(Path(options.folder), options.most_mb, options.keep_days, trial=False)
    return Autosave(RunFiles(store), options.save_every)


class _Relay(logging.Handler):
    """Hands log records over to the server."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__()
        self._outbox = outbox

    def emit(self, record: logging.LogRecord) -> None:
        plain = copy.copy(record)
        plain.msg, plain.args = record.getMessage(), None
        if record.exc_info:
            plain.exc_text = logging.Formatter().formatException(record.exc_info)
            plain.exc_info = None
        with contextlib.suppress(Disconnected):
            self._outbox.send("log", plain)


def serve_process(connection: Connection, options: WorkerOptions) -> None:
    """The same as the whole of a process, which steps back behind those that answer browsers."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)  # whoever has started this decides when it ends
    outbox = Outbox(connection)
    logging.getLogger().addHandler(_Relay(outbox))
    logging.getLogger("lstm_core").setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    serve(connection, options, outbox)
    os._exit(0)  # as after a crash: what is not saved by now does not count
