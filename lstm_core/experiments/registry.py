"""From a config to the subject that it describes."""

from __future__ import annotations

from lstm_core.experiments.ablation.ablation import Ablation
from lstm_core.experiments.configs import AblationConfig, PairConfig, RaceConfig, SubjectConfig
from lstm_core.experiments.experiment import Subject
from lstm_core.experiments.network import Branch, Network
from lstm_core.experiments.pair.pair import Pair
from lstm_core.experiments.race.race import Race


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
