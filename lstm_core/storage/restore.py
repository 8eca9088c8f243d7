"""From what was saved to a subject that goes on."""

from __future__ import annotations

from lstm_core.config import RunConfig
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.experiments.experiment import Subject
from lstm_core.experiments.network import Branch, Network, read_branch
from lstm_core.experiments.registry import make_subject
from lstm_core.storage.checkpoint import Saved


def restored(saved: Saved, config: SubjectConfig) -> tuple[Subject, Branch | None]:
    """The subject, as it was; and where it goes back to on Reset if that is not its beginning.

    config: that of `saved`, maybe with other live settings. Raises ValueError, one sentence, if the state is
    none of such a subject.
    """
    branch = None
    if saved.origin is not None:
        if not isinstance(config, RunConfig):
            raise ValueError("only a single network branches off from another one.")
        branch = read_branch(saved.origin, config, saved.snapshots)
    if not saved.state:
        return make_subject(config, branch), branch
    subject = make_subject(config)
    if isinstance(subject, Network):
        subject.load(saved.state, saved.snapshots)
        if branch and not branch.past.snapshots[-1].fits(subject.trainer.timeline.snapshots[0]):
            raise ValueError("the weights to go back to are those of another network.")
    else:
        subject.load(saved.state)
    return subject, branch
