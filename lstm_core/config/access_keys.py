"""Keys: a token lets its holder do everything with a run, a code lets others watch it.

Both are drawn from the system's randomness. A token has 128 bits. A code is short enough to be called across
a classroom; its 40 bits are out of reach for guessing over a network, where wrong guesses are slowed down.
"""

from __future__ import annotations

import hashlib
import re
import secrets

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that are taken for each other: no I, L, O, 0, 1
CODE_LENGTH = 8
CODE = re.compile(f"[{CODE_LETTERS}]{{{CODE_LENGTH}}}")
TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


def new_token() -> str:
    """A control token, 22 characters that are safe in an address."""
    return secrets.token_urlsafe(16)


def new_code() -> str:
    """A share code, as it is compared; `shown_code` is how people read it."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def normal_code(text: str) -> str:
    """A code as it is compared: what somebody typed, in capitals, without hyphens and blanks."""
    return re.sub(r"[\s\-‐-―]", "", text[:100]).upper()


def shown_code(code: str) -> str:
    """In two groups, to be read aloud."""
    return f"{code[:4]}-{code[4:]}"


def run_id(token: str) -> str:
    """Name of the run that a token opens. It does not give the token away, so that it may stand in logs and
    in file names. 32 hexadecimal digits.
    """
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()[:32]
