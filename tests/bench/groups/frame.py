"""What a frame costs beside a training step, in computing time of this process."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from lstm_core.config import RunConfig
from lstm_core.experiments.network import Network
from tests.bench.report import Figure, Options, median

RUNS = 10  # that take turns, as in a worker: what one of them needs is no longer in the cache
# of so many frames one does what is due again after some time, of a run that shows ten in a second
EVERY = {"truth": 10, "next": 2}
META = {"status": "training", "message": "", "steps_per_second": 99.9, "made": 1.7e9, "generation": 0}


def measure(options: Options) -> Iterator[Figure]:
    """Default runs take turns, each at a step, a frame and its bytes."""
    networks = [Network(RunConfig()) for _ in range(RUNS)]
    for network in networks:
        network.refresh("outputs")
        turn(network)
    rounds = []
    for number in range(options.times(60, 5)):
        for place, network in enumerate(networks):
            for part, frames in EVERY.items():
                if (number + place) % frames == 0:
                    network.refresh(part)
        rounds.append(1000 * np.mean([turn(network) for network in networks], axis=0))
    steps, made, encoded = np.array(rounds).T
    whole = made + encoded
    yield Figure(
        "cost",
        f"a default frame against a default step, CPU, {RUNS} runs in turn",
        median(whole.tolist()),
        "ms",
        median(steps.tolist()),
        "step",
        median((whole / steps).tolist()),
        at_most=0.4,
    )
    yield Figure("observe", "of it: what the network shows", median(made.tolist()), "ms")
    yield Figure("encode", "of it: its bytes", median(encoded.tolist()), "ms")


def turn(network: Network) -> tuple[float, float, float]:
    """Seconds of this process for one step, for a frame, and for its bytes."""
    begin = time.process_time()
    network.step()
    trained = time.process_time()
    frame = network.observe(META)
    shown = time.process_time()
    frame.encode()
    return trained - begin, shown - trained, time.process_time() - shown
