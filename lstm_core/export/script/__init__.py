"""The settings of a page as a plain PyTorch script that anybody can run, and read, without this project."""

from __future__ import annotations

from lstm_core.config import RunConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.export.script.network import network_data, network_script
from lstm_core.export.script.race import race_script

__all__ = ["data_file", "script"]


def script(config: RunConfig | RaceConfig) -> str:
    """A script of at most 60 lines that trains what `config` says from the start, and prints the losses: bit
    for bit those of a `Trainer` (of a race, those of every network that takes part) on the same machine.

    It reads the file that `data_file` gives, from the folder that it runs in, and needs torch, numpy and
    nothing else. Lines that a setting does not need are left out. Hands on the gates are not in it.
    Raises ValueError when there is data that cannot be learnt from.
    """
    return race_script(config) if isinstance(config, RaceConfig) else network_script(config)


def data_file(config: RunConfig | RaceConfig) -> tuple[str, bytes] | None:
    """Name and content of the file that the script reads; None if it makes all data itself.

    text.txt: a text whose letters are its tokens. tokens.json: a list of tokens. series.csv: a column of
    numbers below a name.
    """
    return None if isinstance(config, RaceConfig) else network_data(config)
