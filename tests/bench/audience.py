"""Many viewers in one asyncio process of its own, so that their work is not the server's.

    python -m tests.bench.audience ADDRESS WARM SECONDS   tokens on standard input, as JSON

Each viewer says "ready" 100 ms after its last frame: it gets at most 10 frames a second. After WARM seconds
all of them take notes for SECONDS, and the notes of all are printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from websockets.asyncio.client import connect

INTERVAL = 0.1


@dataclass
class Notes:
    """What one viewer saw: steps per second of its run, seconds between frames, their age, errors."""

    rate: float = 0.0
    gaps: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


async def view(address: str, token: str, start: float, end: float) -> Notes:
    """Watch one run; frames that come from `start` to `end` on the monotonic clock count."""
    notes, first, meta, last = Notes(), None, {}, 0.0
    try:
        async with connect(address) as socket:
            await socket.send(json.dumps({"type": "hello", "token": token}))
            while (left := end - time.monotonic()) > 0:
                async with asyncio.timeout(left):
                    data = await socket.recv()
                now, received = time.monotonic(), time.time()
                if isinstance(data, str):
                    if json.loads(data)["type"] == "facts":
                        continue
                    notes.errors.append(data)
                    break
                if now >= start:
                    meta = read_meta(data)
                    notes.ages.append(received - meta["made"])
                    first = first or meta
                    if last:
                        notes.gaps.append(now - last)
                    last = now
                    if meta["status"] != "training":
                        notes.errors.append(f"{meta['status']}: {meta['message']}")
                await asyncio.sleep(INTERVAL - (time.monotonic() - now))
                await socket.send('{"type": "ready"}')
    except TimeoutError:
        if (waited := end - max(last, start)) > 1:  # the frame that never came is a gap too
            notes.gaps.append(waited)
    except Exception as error:
        notes.errors.append(f"{type(error).__name__}: {error}")
    if first and meta["made"] > first["made"]:
        notes.rate = (meta["step"] - first["step"]) / (meta["made"] - first["made"])
    elif not notes.errors:
        notes.errors.append("there were fewer than two frames")
    return notes


def read_meta(data: bytes) -> dict[str, Any]:
    """The header of a frame; its arrays are left alone."""
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length])["meta"]


async def main() -> None:
    address, warm, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    tokens = json.load(sys.stdin)
    start = time.monotonic() + warm
    notes = await asyncio.gather(*(view(address, token, start, start + seconds) for token in tokens))
    print(json.dumps([asdict(note) for note in notes]))


if __name__ == "__main__":
    asyncio.run(main())
