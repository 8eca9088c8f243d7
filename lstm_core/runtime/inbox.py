"""Inbox: what was said to a run and not read yet."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from lstm_core.runtime.messages import QUESTIONS, Live

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
