"""Inbox: what was said to a run and not read yet."""

from __future__ import annotations

from collections import deque
from typing import Any

from lstm_core.config import Hands
from lstm_core.runtime.messages import QUESTIONS, SETTINGS

INBOX = 1_000  # messages that wait


class Inbox:
    """Messages as `messages.checked` gives them. Any thread may `put`, one reads.

    settings: (kind, name) → value, the last value counts. questions: kind → question, the last one of a kind
    counts. orders: all others, in turn.
    """

    def __init__(self) -> None:
        self.settings: dict[tuple[str, str], Any] = {}
        self.questions: dict[str, Any] = {}
        self.orders: deque[dict[str, Any]] = deque(maxlen=INBOX)

    def put(self, message: dict[str, Any]) -> None:
        """Leave a message."""
        kind = message["type"]
        if kind in SETTINGS:
            self.settings[kind, message["name"]] = message["value"]
        elif kind == "release":
            self.settings |= {("hands", name): value for name, value in vars(Hands()).items()}
        elif kind in QUESTIONS:
            self.questions[kind] = message.get("question")
        else:
            self.orders.append(message)

    def take(self) -> list[dict[str, Any]]:
        """All of it, as messages that `put` takes, and empty the inbox."""
        messages: list[dict[str, Any]] = []
        while self.settings:
            (kind, name), value = self.settings.popitem()
            messages.append({"type": kind, "name": name, "value": value})
        while self.questions:
            kind, question = self.questions.popitem()
            messages.append({"type": kind, "question": question})
        while self.orders:
            messages.append(self.orders.popleft())
        return messages
