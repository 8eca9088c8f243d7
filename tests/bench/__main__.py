"""The command line: which groups of figures, how thoroughly, and where the numbers go.

A group is a module of tests.bench.groups with `measure(options)`, which yields Figures. It is imported when
its turn comes, so that `trace` needs no browser and a group that fails does not take the others with it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import signal
import sys
import traceback
from pathlib import Path

import torch

from tests.bench.report import Options, busy, header, machine, numbers, row

GROUPS = {
    "trace": "exactness and cost of the gates taken from the fused LSTM",
    "frame": "what a frame costs beside a training step",
    "watched": "training speed while somebody watches, against a bare loop",
    "wire": "size of a frame",
    "classroom": "many runs and viewers on one server",
    "followers": "two hundred who follow one run",
    "opening": "a page opened, until its first trained frame, against a bare page",
    "browser": "what a person sees: first frame, updates, sliders",
    "inside": "back in time, hands on the gates, questions to the units",
    "sine": "how soon the default series is learnt",
    "text": "what watching costs in learning",
    "flow": "the gradient of the last step's loss, back through time",
    "race": "RNN, GRU and LSTM side by side, against bare loops",
    "stopped": "a process that trains hangs: its runs go on elsewhere",
    "attack": "malformed messages and files: nothing falls, nobody else notices",
    "recall": "who remembers over how many steps, and how soon (long: only when it is named)",
    "crash": "the server is killed at random moments and starts again (long)",
    "soak": "ten minutes of pages that are opened, reloaded and closed (long)",
}
LONG = ("recall", "crash", "soak")


def main() -> None:
    options, chosen, path = _arguments()
    # a bench that is told to end takes the servers and browsers that it started with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    torch.set_num_threads(1)  # as the trainer does
    print(machine(), flush=True)
    print(header(), flush=True)
    found: dict[str, float] = {}
    for name in chosen:
        others = busy()
        print(f"\n{name}: {GROUPS[name]} (others use {others:.0f} % of the machine)", flush=True)
        if math.isfinite(others):
            found[f"{name}.others_percent"] = round(others, 1)
        try:
            group = importlib.import_module(f"tests.bench.groups.{name}")
            for figure in group.measure(options):
                print(row(figure), flush=True)
                found |= numbers(name, figure)
        except Exception as error:  # it reports, it does not judge: the next group may still be measurable
            traceback.print_exc()
            print(f"  FAILED: {type(error).__name__}: {error}", flush=True)
            found[f"{name}.failed"] = 1
        if path:
            path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _arguments() -> tuple[Options, list[str], Path | None]:
    about = "\n".join(f"  {name:<10} {text}" for name, text in GROUPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure the playground. Without a name, everything (about nine minutes).",
        epilog=f"groups:\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a group to measure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers, name → number")
    parser.add_argument("--quick", action="store_true", help="short measurements, to try the bench itself")
    parser.add_argument("--runs", type=int, default=0, metavar="N", help="runs in the classroom (30 and 60)")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in GROUPS]
    if unknown:
        parser.error(f"there is no group {', '.join(unknown)}; there are {', '.join(GROUPS)}.")
    if not 0 <= given.runs <= 500:
        parser.error(f"--runs is {given.runs}; it must be from 1 to 500.")
    if given.json and (given.json.is_dir() or not given.json.absolute().parent.is_dir()):
        parser.error(f"{given.json} cannot be written: it is a folder, or its folder does not exist.")
    usual = [name for name in GROUPS if name not in LONG]
    chosen = [name for name in GROUPS if name in given.names] or usual
    return Options(quick=given.quick, runs=given.runs), chosen, given.json


if __name__ == "__main__":
    main()
