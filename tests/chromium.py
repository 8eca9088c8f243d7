"""Which Chromium the browser tests and the bench start, and how."""

import os
import shutil

# the system's own if there is one, else None; CHROMIUM in the environment names another. The first is the one
# without windows, tabs and menus, which a page costs less of the processor in
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)

# it has no network but this machine's here, and need not try
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
