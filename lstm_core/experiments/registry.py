"""From a config to the subject that it describes."""

from __future__ import annotations

from lstm_core.config import RunConfig
from lstm_core.experiments.ablation.ablation import Ablation, AblationConfig
from lstm_core.experiments.experiment import Subject
from lstm_core.experiments.network import Branch, Network
from lstm_core.experiments.pair.pair import Pair, PairConfig
from lstm_core.experiments.race.race import Race, RaceConfig
from lstm_core.tasks import make_task

SubjectConfig = RunConfig | RaceConfig | AblationConfig | PairConfig


def make_subject(config: SubjectConfig, branch: Branch | None = None) -> Subject:
    """The networks that a config asks for, with their initial weights; a single one also as it was in another
    run.
    """
    if isinstance(config, RaceConfig):
        return Race(config)
    if isinstance(config, AblationConfig):
        return Ablation(config)
    if isinstance(config, PairConfig):
        return Pair(config)
    return Network(config, branch)


def check_data(config: SubjectConfig) -> None:
    """Raises ValueError, one sentence for the page, when there is data that cannot be learnt from."""
    for side in config.sides if isinstance(config, PairConfig) else (config,):
        make_task(side.task, side.train)
