"""A run as a file to keep: its own, or its numbers as tables. Made when it is asked for.

POST {base}/live/export   {"token": …, "what": "run" | "trace" | "losses"} → the file, to be saved
"""

from __future__ import annotations

import re
from typing import Any

from lstm_core.config import MemoryConfig, RunConfig, SeriesConfig
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig
from pages.live.server.downloads import Download, File, text_of
from pages.live.server.state import HOST

WHATS = ("run", "trace", "losses")


def make_file(key: str, what: str) -> File:
    """One of WHATS, of the run as it is at this moment.

    Raises KeyError for an unknown key, ValueError, one sentence, for a trace of several networks.
    """
    config = HOST.config(key)
    if what == "trace" and not isinstance(config, RunConfig):
        raise ValueError("There is a trace of a single network only, on the Text and on the Series page.")
    (content, step), stem = HOST.export(key, what), file_stem(config)
    if what == "run":
        return File(f"{stem}-step-{step}.zip", content, "application/zip")
    return File(f"{stem}-{what}-step-{step}.csv", content, "text/csv; charset=utf-8")


def file_stem(config: SubjectConfig) -> str:
    """What the files of a run are called: "lstm-tales", "gru-sunspots", "race-recall" …"""
    task = config.task
    data = task.kind if isinstance(task, SeriesConfig | MemoryConfig) else task.corpus
    if isinstance(config, RunConfig):
        what = config.model.cell
    else:
        what = {RaceConfig: "race", AblationConfig: "variants", PairConfig: "pair"}[type(config)]
    return re.sub(r"[^a-z0-9]+", "-", f"{what}-{data}".lower())


def _read(asked: Any) -> tuple[str, str]:
    """Key and what is asked for."""
    key, what = text_of(asked["token"]), text_of(asked["what"])
    if what not in WHATS:
        raise ValueError(what)
    return key, what


EXPORT = Download(
    f'A request is {{"token": …, "what": one of {", ".join(WHATS)}}}.', _read, lambda asked: make_file(*asked)
)
