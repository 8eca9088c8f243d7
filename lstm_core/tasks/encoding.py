"""Text from the bytes of a file, in whatever encoding."""

from __future__ import annotations

import codecs
import re

LONGEST_TEXT = 2_000_000  # bytes
_SAMPLE = 16_000  # bytes that the guess of an encoding looks at

# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
# What is still met in files, the commoner first. Fewer candidates are both faster and less often mistaken.
_OLD_ENCODINGS = {
    "cp1252": "Windows-1252",
    "cp1251": "Windows-1251",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "big5": "Big5",
    "cp949": "EUC-KR",
    "cp1250": "Windows-1250",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "koi8_r": "KOI8-R",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "mac_roman": "Mac Roman",
    "cp437": "DOS code page 437",
}
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_BYTES = bytes([*range(9), *range(14, 27), *range(28, 32), 127])


def decode_text(data: bytes, limit: int = LONGEST_TEXT) -> tuple[str, str]:
    """The text of a file, and a sentence that names its encoding, empty if that is plain UTF-8.

    UTF-8, UTF-16 and UTF-32 are recognised for sure, other encodings are guessed from a sample.
    Raises ValueError, one sentence, if the file is empty, larger than `limit` bytes, or not text.
    """
    if len(data) > limit:
        raise ValueError(
            f"The file has {len(data) / 1e6:.1f} MB and at most {limit / 1e6:g} MB fit: upload a part of it."
        )
    text, note = _decode(data)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ValueError("The file is empty: choose one with some text in it.")
    if len(_CONTROLS.findall(text)) * 10 > len(text):
        raise _not_text()
    return text, note


def _decode(data: bytes) -> tuple[str, str]:
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return data.decode(codec, "replace"), f"The file was read as {name}."
    if data.count(0) * 4 > len(data):
        # UTF-16 without its mark: in most scripts every other byte repeats, for English it is 0
        codec = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
        return data.decode(codec, "replace"), "The file was read as UTF-16."
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        damaged = data.decode("utf-8", "replace")
    # a few bad bytes among many good sequences are damage, not another encoding
    bad = damaged.count("\ufffd")
    good = sum(1 for sign in damaged[:200_000] if sign >= "\x80") - bad
    if good > 20 * bad:
        return damaged, f"The file was read as UTF-8; {bad} damaged characters are shown as �."
    return _decode_old(data)


def _decode_old(data: bytes) -> tuple[str, str]:
    """Reads the encodings from before Unicode: the likeliest one for the lines that are not plain ASCII."""
    controls = len(data) - len(data.translate(None, _CONTROL_BYTES))
    if controls * 100 > len(data):
        raise _not_text()
    import charset_normalizer

    matches = charset_normalizer.from_bytes(_telling(data), cp_isolation=list(_OLD_ENCODINGS))
    best = matches.best()
    if best is None:
        raise _not_text()
    # several often look as tidy as the best, and then the commonest is the best guess
    tidy = {
        codec
        for match in matches
        if match.chaos <= best.chaos + 0.05 and match.coherence >= best.coherence - 0.1
        for codec in (match.encoding, *match.could_be_from_charset)
    }
    codec = next((codec for codec in _OLD_ENCODINGS if codec in tidy), best.encoding)
    name = _OLD_ENCODINGS.get(codec, codec)
    return data.decode(codec, "replace"), f"The file is not UTF-8; it was read as {name}, which is a guess."


def _telling(data: bytes) -> bytes:
    """The first lines that are not plain ASCII: only they tell one encoding from another."""
    found = re.search(rb"[\x80-\xff]", data)
    first = found.start() if found else 0
    start = max(data.rfind(b"\n", 0, first) + 1, first - 200)
    lines = data[start : start + 50 * _SAMPLE].split(b"\n")
    return b"\n".join(line for line in lines if not line.isascii())[:_SAMPLE]


def _not_text() -> ValueError:
    return ValueError(
        "The file is not plain text: save it as text or CSV first (UTF-8, if you are asked) and upload that."
    )
