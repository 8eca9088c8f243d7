"""Text that may hold a user's words, for Streamlit's elements that read Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~:$<>&@])")
_JOINER = "\u2060"  # has no width; after it an address or an icon's name is none any more


def escape_markdown(text: str) -> str:
    """`text` such that it is shown letter by letter: no links, pictures, formulas or icons come of it."""
    return _MARKS.sub(r"\\\1", text).replace(":", ":" + _JOINER).replace("www", "www" + _JOINER)
