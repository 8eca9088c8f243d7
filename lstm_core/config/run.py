"""All that one run needs, in one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lstm_core.config.model import GATES, ModelConfig
from lstm_core.config.tasks import MemoryConfig, SeriesConfig, TextConfig
from lstm_core.config.training import Knobs, TrainConfig
from lstm_core.config.view import Hands, View

# Multiply-adds of one step's forward pass: about 1.5 s of one core for a whole step. A step cannot be
# interrupted, so that a longer one would keep everybody else waiting.
WORK_LIMIT = 6e9


def layer_work(model: ModelConfig) -> int:
    """Multiply-adds of the recurrent layers for one time step of one sequence, forward."""
    hidden, directions = model.hidden_size, model.directions
    first = model.embedding_size + hidden
    further = (model.num_layers - 1) * (directions + 1) * hidden
    return directions * len(GATES[model.cell]) * hidden * (first + further)


@dataclass(frozen=True)
class RunConfig:
    """All that one run needs. Two runs with equal configs compute the same losses.

    Raises ValueError when one training step would take too long, and for a network that would read what it
    has to predict.
    """

    task: TextConfig | SeriesConfig | MemoryConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    knobs: Knobs = Knobs()
    view: View = View()
    hands: Hands = Hands()

    def __post_init__(self) -> None:
        model, batch = self.model, self.knobs.batch_size
        if model.bidirectional and not (isinstance(self.task, TextConfig) and self.task.goal == "gaps"):
            raise ValueError(
                "bidirectional is True, but a network that reads from both sides has seen what it should "
                "predict, and nothing follows what it writes itself: let it fill gaps in a text, or let it "
                "read in one direction."
            )
        if model.bidirectional and self.knobs.reach is not None:
            raise ValueError(
                f"reach is {self.knobs.reach}, but back-propagation cannot be truncated in a network that "
                "reads from both sides: leave it at None."
            )
        if self.step_work > WORK_LIMIT:
            raise ValueError(
                f"A batch size of {batch} is too much for {model.num_layers} layers of {model.hidden_size} "
                f"units and sequences of {self.length}: one step would take seconds. A batch "
                f"size of {int(WORK_LIMIT * batch // self.step_work)} fits; or lower one of the others."
            )

    @property
    def network(self) -> tuple[object, ...]:
        """What asks for a new network when it differs."""
        return self.task, self.model, self.train

    @property
    def length(self) -> int:
        """Time steps T of a training sequence."""
        if isinstance(self.task, MemoryConfig):
            return memory_length(self.task.kind, self.knobs.lag)
        return self.train.sequence_length

    @property
    def step_work(self) -> int:
        """Multiply-adds of the recurrent layers in the forward pass of one training step."""
        return self.knobs.batch_size * self.length * layer_work(self.model)

    @property
    def kind(self) -> Literal["text", "series", "memory"]:
        if isinstance(self.task, TextConfig):
            return "text"
        return "series" if isinstance(self.task, SeriesConfig) else "memory"

    @property
    def words(self) -> bool:
        """Whether one token is a word."""
        return isinstance(self.task, TextConfig) and self.task.level == "words"


def memory_length(kind: str, lag: int) -> int:
    """Time steps T of a sequence: recall and adding bridge `lag` steps, aⁿXbⁿ counts up to it and down."""
    return 2 * lag + 2 if kind == "counting" else lag + 2
