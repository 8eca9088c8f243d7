"""A real server and a real Chromium for the browser tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.chromium import FLAGS

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
SMALL_PROJECTOR = {"width": 1280, "height": 720}
LAPTOP = {"width": 1366, "height": 768}


class Server:
    """`streamlit run app.py` on a port of its own."""

    def __init__(self, log: Path, *options: str, base: str = "", **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{base}"
        self.log = log
        self.options = [*options, f"--server.baseUrlPath={base}"]
        self.environment = os.environ | environment
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
        where = ["--server.address=127.0.0.1", f"--server.port={self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *where, *self.options],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._until_healthy()

    def _until_healthy(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/api/health", timeout=5).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start:\n{self.log.read_text()}") from None
                time.sleep(0.1)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server") / "log.txt")
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="session")
def browser():
    if not Path(CHROMIUM).exists():
        if REQUIRED:
            pytest.fail("REQUIRE_BROWSER=1, but there is no Chromium: apt-get install chromium")
        pytest.skip("there is no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """open_page(url) → a page in a context of its own, on which any console error fails the test."""
    contexts, errors = [], []

    def open_page(url, *, viewport=LAPTOP, wait=True, **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: _note(errors, message))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        if wait:
            wait_for_step(page, 1)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _note(errors, message):
    # Streamlit looks for its own base path by asking below the page's address first, and is told 404
    lookup = "/_stcore/" in message.location.get("url", "")
    if message.type == "error" and not lookup:
        errors.append(message.text)


def live(page, name):
    """Attribute data-`name` of the live element: what is drawn now."""
    return page.get_by_test_id("live").get_attribute(f"data-{name}")


def step(page):
    return int(live(page, "step"))


def wait_for_step(page, at_least):
    page.wait_for_function(
        "least => Number(document.querySelector('[data-testid=live]')?.dataset.step ?? -1) >= least",
        arg=at_least,
    )


def wait_for_status(page, status):
    page.wait_for_function(
        "status => document.querySelector('[data-testid=live]')?.dataset.status === status", arg=status
    )


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def frames_pass(page, count=3):
    """Wait until the page has drawn some more frames (of a run that trains)."""
    for _ in range(count):
        wait_for_step(page, step(page) + 1)


def quiet(page):
    """Wait until what is drawn has stopped changing; for a run that is paused."""
    wait_for_status(page, "paused")
    page.evaluate(
        """() => new Promise(done => {
            let timer = setTimeout(done, 500);
            new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 500); })
                .observe(document.body, {subtree: true, childList: true, attributes: true});
        })"""
    )
