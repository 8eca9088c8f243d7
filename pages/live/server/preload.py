"""What a browser shall load while it still reads Streamlit's own scripts.

By itself it would ask for a page's own scripts one after the other, each when the one before has been read,
and only once Streamlit has begun to show the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pages.live.server.assets import ASSETS, STYLE, VERSION

# what nearly every page shows: panels, by their module, and elements of Streamlit, by that which draws them
_PANELS = ("transport.js", "slider.js", "figure.js", "textbox.js", "writing.js", "presenter.js")
_ELEMENTS = ("Html", "BidiComponent", "Selectbox", "ButtonGroup", "Slider")
_IMPORT = re.compile(rb"""(?:\bfrom|\bimport)\s*["']\./([\w.~-]+\.js)["']""")


def preload_links(streamlit_static: Path) -> bytes:
    """Links for the head of a page, all relative to the base path of the server.

    streamlit_static: the folder with Streamlit's index.html and its scripts.
    """
    own = _with_imports(_PANELS, lambda name: ASSETS[name][0])
    scripts = streamlit_static / "static" / "js"
    # names have a hash of their content in them, and may be others in another version
    chosen = [path.name for name in _ELEMENTS for path in sorted(scripts.glob(f"{name}.*.js"))]
    theirs = _with_imports(chosen, lambda name: (scripts / name).read_bytes())
    there = set(re.findall(rb'static/js/([\w.~-]+\.js)"', (streamlit_static / "index.html").read_bytes()))
    # after what the page needs before it can connect
    later = 'fetchpriority="low"'
    links = [f'<link rel="preload" as="style" {later} href="./live/static/{VERSION}/{STYLE}">']
    links += [f'<link rel="modulepreload" {later} href="./live/static/{VERSION}/{name}">' for name in own]
    links += [
        f'<link rel="modulepreload" crossorigin {later} href="./static/js/{name}">'
        for name in theirs
        if name.encode() not in there
    ]
    return "\n".join(links).encode()


def _with_imports(names: Iterable[str], read: Callable[[str], bytes]) -> list[str]:
    """The modules, and after them all that they import, each once."""
    found = list(names)
    for name in found:  # which grows meanwhile
        imported = (one.decode() for one in _IMPORT.findall(read(name)))
        found += [one for one in dict.fromkeys(imported) if one not in found]
    return found
