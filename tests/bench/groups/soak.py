"""Ten minutes of pages that are opened, reloaded and closed in a real browser: what stays behind."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from tests.bench.report import Figure, Options
from tests.bench.servers import MeasuredServer, serve
from tests.chromium import CHROMIUM, FLAGS

PAGES = ("", "series", "inside", "cell", "hands", "memory", "bptt", "ablation", "compare", "guide")
IDLE = 5  # seconds after which a run that nobody looks at is put to sleep
REST = 150  # seconds after the last page has closed: Streamlit keeps a session for 120, and forgets it …
LAST = 15  # … when the next one ends, which then has as many seconds to leave the server, as its threads have


def measure(options: Options) -> Iterator[Figure]:
    """Threads, sockets, files and memory after pages have come and gone once, and after many more."""
    rng = random.Random(1)
    minutes = options.seconds(10, 0.5)
    rest = options.seconds(REST, 5)
    with (
        serve(LSTM_IDLE_SECONDS=str(IDLE)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for page in PAGES:  # once each: what is loaded at the first use is no leak
            _visit(browser, server, page, rng)
        before = _at_rest(browser, server, rest)
        visits, end = 0, time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            _visit(browser, server, rng.choice(PAGES), rng)
            visits += 1
        after = _at_rest(browser, server, rest)
        faults = server.said().count("Traceback")
    about = f"{minutes:g} minutes, {visits} visits: "
    for name in ("threads", "sockets", "files"):
        yield Figure(name, f"{about}{name} more than before", max(0, after[name] - before[name]), at_most=0)
    memory = 100 * (after["memory"] / before["memory"] - 1)
    yield Figure("memory", f"{about}memory more than before", memory, "%", at_most=5)
    yield Figure("memory_before", "memory of the server before", before["memory"], "MB")
    yield Figure("faults", f"{about}errors in the log", faults, at_most=0)


def _at_rest(browser: Browser, server: MeasuredServer, rest: float) -> dict[str, float]:
    """What the server holds when nobody has been there for some time, but for one last visitor."""
    time.sleep(rest)
    page = browser.new_page()
    page.goto(f"{server.url}/guide")
    page.get_by_role("link", name="Guide").first.wait_for()
    page.close()
    time.sleep(LAST)
    server.health()  # the next request lets go of threads that had nothing to do for 10 seconds
    return _held(server)


def _visit(browser: Browser, server: MeasuredServer, name: str, rng: random.Random) -> None:
    """Open a page, wait until it lives, reload it or leave for another one, close it; not always politely."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{server.url}/{name}")
        if rng.random() < 0.2:
            return  # closed before it has loaded
        page.get_by_role("link", name="Guide").first.wait_for()
        if name != "guide":
            trained = page.locator("[data-testid=live]:not([data-step='']):not([data-step='0'])")
            trained.first.wait_for(state="attached")
        for _ in range(rng.randrange(3)):
            page.reload()
            if rng.random() < 0.5:
                page.wait_for_timeout(rng.uniform(0, 1500))
    finally:
        context.close()


def _held(server: MeasuredServer) -> dict[str, float]:
    """What the server's processes hold."""
    links, threads = [], 0
    for place in server.processes():
        threads += len(list((place / "task").iterdir()))
        for entry in (place / "fd").iterdir():
            try:
                links.append(entry.readlink().as_posix())
            except OSError:
                continue
    sockets = sum(link.startswith("socket:") for link in links)
    return {
        "threads": threads,
        "sockets": sockets,
        "files": len(links) - sockets,
        "memory": server.memory(),
    }
