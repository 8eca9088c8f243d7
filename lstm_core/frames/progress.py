"""Progress: how training stands, or how it stood at a snapshot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lstm_core.frames.sample_log import Growth
from lstm_core.tasks import SeriesTask
from lstm_core.training.snapshots import Snapshot
from lstm_core.training.trainer import Trainer


def progress(
    trainer: Trainer, past: Snapshot | None, growth: Growth
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a frame says of it, and the losses of all of training as arrays. past: the snapshot that is shown,
    else now. growth: samples of a text.
    """
    now, step = past or trainer, past.step if past else trainer.step_count
    arrays = dict(zip(("loss_step", "loss"), trainer.losses.arrays(), strict=True))
    arrays |= zip(("valid_step", "valid"), trainer.valid_losses.arrays(), strict=True)
    marked = [past.loss, past.valid_loss] if past else []  # where the snapshot lies on the curves
    arrays["mark_step"] = np.full(len(marked), step, dtype=np.float32)
    arrays["mark"] = np.array(marked, dtype=np.float32)
    meta = {
        "step": step,
        "loss": now.loss,
        "valid_loss": now.valid_loss,
        "learning_rate": now.learning_rate,
        "tokens_per_step": trainer.knobs.batch_size * trainer.config.train.sequence_length,
        "history": trainer.timeline.steps,
        "at": step if past else None,
        "live_step": trainer.step_count,
    }
    if isinstance(trainer.task, SeriesTask):
        meta["one_step_rmse"] = math.sqrt(now.valid_loss) * trainer.task.std
    else:
        meta["growth"] = [(at, text) for at, text in growth if at <= step]
    return meta, arrays
