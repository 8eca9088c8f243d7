"""A real server and a real Chromium for the browser tests."""

from __future__ import annotations

import os

import pytest

from tests.chromium import CHROMIUM, FLAGS
from tests.servers import Server

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
SMALL_PROJECTOR = {"width": 1280, "height": 720}
LAPTOP = {"width": 1366, "height": 768}


@pytest.fixture(scope="package")
def server():
    server = Server()
    yield server
    server.stop()
    assert "Traceback" not in server.said()


@pytest.fixture(scope="package")
def browser():
    if not CHROMIUM:
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


def places_of(page, parts):
    """[left, top, right, bottom] of all that match the selector, in whole pixels."""
    return page.evaluate(
        """parts => [...document.querySelectorAll(parts)].map(part => {
            const { x, y, right, bottom } = part.getBoundingClientRect();
            return [x, y, right, bottom].map(Math.round);
        })""",
        parts,
    )


def stand_on_one_screen(page, places, scrollers=("stMain", "stSidebarContent")):
    """All places lie within the window, and there is nothing to scroll to."""
    for _, top, right, bottom in places:
        assert top >= 0
        assert right <= page.viewport_size["width"]
        assert bottom <= page.viewport_size["height"]
    for part in scrollers:
        hidden = page.get_by_test_id(part).evaluate("node => node.scrollHeight - node.clientHeight")
        assert hidden == 0, part
