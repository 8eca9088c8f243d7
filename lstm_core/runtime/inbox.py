"""Inbox: what was said to a run and not read yet."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from lstm_core.experiments.configs import SubjectConfig
from lstm_core.runtime.messages import QUESTIONS, Live, live, read

INBOX = 1_000  # orders that wait


class Inbox:
    """What `messages.read` makes of messages; of settings and questions the last one of a kind counts.

    live: the live settings from now on, or None. questions: kind → question. orders: all others, in turn; of
    one that makes new networks its live settings count only until `live` comes.
    """

    def __init__(self) -> None:
        self.live: Live | None = None
        self.questions: dict[str, Any] = {}
        self.orders: deque[dict[str, Any]] = deque(maxlen=INBOX)

    def post(self, message: dict[str, Any], config: SubjectConfig) -> None:
        """Leave a message, as messages.py describes them. config: of the run, which has not read this inbox.

        Raises ValueError, and changes nothing, for what is no message.
        """
        for order in self.orders:
            config = order.get("config", config)
        config, new = read(message, replace(config, **self.live) if self.live else config)
        if new and new["type"] == "configure":
            new = new | {"config": config}
        if new:
            self.put(new)
        else:
            self.live = live(config)

    def put(self, order: dict[str, Any]) -> None:
        """Leave an order or a question."""
        kind = order["type"]
        if kind in QUESTIONS:
            self.questions[kind] = order.get("question")
            return
        self.orders.append(order)
        if kind == "configure":
            self.live = None  # it brings its own
        elif kind in ("step", "reset") and self.live and "view" in self.live:
            self.live = self.live | {"view": replace(self.live["view"], at=None)}  # it looks at now
