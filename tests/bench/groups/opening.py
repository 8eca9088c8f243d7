"""How long a page takes to open: until the first trained frame is drawn, against a page of one word."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.bench import script
from tests.bench.report import Figure, Options, median
from tests.bench.servers import serve
from tests.chromium import CHROMIUM, FLAGS
from tests.servers import Server

SCREEN = ViewportSize(width=1366, height=768)
BARE = 'import streamlit as st\n\nst.write("word")\n'
LEASE = 2  # seconds

# argument: a selector. As soon as there is such an element: seconds since the page began to load, how many
# answers it has got, itself included, and their megabytes as they were sent
WATCH = """selector => {
  window.benchOpened = new Promise(resolve => {
    const look = () => {
      if (!document.querySelector(selector)) return;
      observer.disconnect();
      const seconds = performance.now() / 1000;
      const answers = ['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type));
      resolve([seconds, answers.length, answers.reduce((sum, one) => sum + one.transferSize, 0) / 1e6]);
    };
    const observer = new MutationObserver(look);
    const changes = { childList: true, subtree: true, attributeFilter: ['data-step', 'data-testid'] };
    observer.observe(document, changes);
  });
}"""


class Opening(NamedTuple):
    """Of one page, until it shows what was waited for."""

    seconds: float
    requests: float
    megabytes: float


def measure(options: Options) -> Iterator[Figure]:
    """Both pages in turn, each with an empty cache, from servers that stand ready."""
    ours: list[Opening] = []
    bare: list[Opening] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
        serve(LSTM_LEASE_SECONDS=str(LEASE)) as server,
        _serve_bare(Path(folder)) as other,
    ):
        memory = server.memory()
        for _ in range(options.times(9, 1) + 1):
            ours.append(_open(browser, server.url, script.TRAINED))
            time.sleep(LEASE + 0.5)  # a run that trains on would slow the other page
            bare.append(_open(browser, other.url, "[data-testid=stMarkdown] p"))
    # nobody but its first visitor waits for what a server does only once
    own, other_page = (Opening(*map(median, zip(*pages[1:], strict=True))) for pages in (ours, bare))
    about = "page opened → first trained frame drawn"
    rival = "a page of one word"
    yield Figure("first_frame", about, own.seconds, "s", other_page.seconds, rival, at_most=1.6)
    yield Figure("requests", "requests until then", own.requests, "", other_page.requests, rival)
    yield Figure("idle", "memory of the server before, all processes", memory, "MB", at_most=500)
    yield Figure("megabytes", "sent until then", own.megabytes, "MB", other_page.megabytes, rival)


@contextlib.contextmanager
def _serve_bare(folder: Path) -> Iterator[Server]:
    page = folder / "bare.py"
    page.write_text(BARE, encoding="utf-8")
    server = Server(str(page), health="_stcore/health")
    try:
        yield server
    finally:
        server.stop()


def _open(browser: Browser, address: str, selector: str) -> Opening:
    """In a browser context of its own, until the page has an element that `selector` finds."""
    with browser.new_context(viewport=SCREEN) as context:
        page = context.new_page()
        page.add_init_script(f"({WATCH})({json.dumps(selector)})")
        page.goto(address, wait_until="commit")
        found = page.wait_for_function("() => window.benchOpened", timeout=60_000)
        return Opening(*found.json_value())
