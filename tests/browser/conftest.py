"""A real server and a real Chromium for the browser tests."""

from __future__ import annotations

import os
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Error

from tests.chromium import CHROMIUM, FLAGS
from tests.servers import Server

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
SMALL_PROJECTOR = {"width": 1280, "height": 720}
LAPTOP = {"width": 1366, "height": 768}


@pytest.fixture(scope="package")
def server():
    # training gets what the browser leaves, and ends with the page that showed it
    server = Server(nice=3, LSTM_PROCESSES="1", LSTM_LEASE_SECONDS="0.5")
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


class Tabs:
    """Pages that are opened again and again: what has shown the app once shows it again at half the price."""

    def __init__(self, browser):
        self.errors = []
        self._browser = browser
        self._contexts = {}  # by their options
        self._free = {}  # of each context, the pages that nobody uses
        self._used = []  # (options, page)

    def open(self, url, viewport, color_scheme, reduced_motion, fresh, **options):
        options = tuple(sorted(options.items()))
        if options not in self._contexts:
            self._contexts[options] = self._browser.new_context(viewport=LAPTOP, **dict(options))
            self._free[options] = []
        free = self._free[options]
        page = free.pop() if free and not fresh else self._new(self._contexts[options])
        if not fresh:
            self._used.append((options, page))
        page.set_default_timeout(30_000)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.goto(url)
        return page

    def _new(self, context):
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _note(self, message):
        # Streamlit looks for its own base path by asking below the page's address first, and is told 404
        lookup = "/_stcore/" in message.location.get("url", "")
        if message.type == "error" and not lookup:
            self.errors.append(message.text)

    def leave(self):
        """The test is over: its pages show nothing any more, and all errors so far are returned."""
        errors = list(self.errors)
        for options, page in self._used:
            context = self._contexts[options]
            if page.is_closed():
                continue
            try:
                page.mouse.move(0, 0)
                page.evaluate("() => (sessionStorage.clear(), localStorage.clear())")
                # of the same origin, so that the next page need not compile all scripts again
                page.goto(urljoin(page.url, "/api/health"))
            except Error:  # it was left in a state, or on a disk, where nothing can be evaluated
                page.close()
            else:
                self._free[options].append(page)
            context.clear_cookies()
        self._used.clear()
        self.close_strangers()
        self.errors.clear()
        return errors

    def close_strangers(self):
        """Pages that tests or pages opened themselves."""
        for options, context in self._contexts.items():
            for page in context.pages:
                if page not in self._free[options]:
                    page.close()


@pytest.fixture(scope="package")
def tabs(browser):
    return Tabs(browser)


@pytest.fixture
def open_page(tabs):
    """open_page(url) → a page on which any console error fails the test.

    fresh: for a test that leaves something in it that a new address does not take away.
    """

    def open_page(
        url,
        *,
        viewport=LAPTOP,
        color_scheme="light",
        reduced_motion="no-preference",
        fresh=False,
        wait=True,
        **options,
    ):
        page = tabs.open(url, viewport, color_scheme, reduced_motion, fresh, **options)
        if wait:
            wait_for_step(page, 1)
        return page

    yield open_page
    assert tabs.leave() == []


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
    """Wait until nothing has changed while the page was drawn some times; for a run that is paused."""
    wait_for_status(page, "paused")
    page.evaluate(
        """() => new Promise(done => {
            let still = 0;
            const observer = new MutationObserver(() => (still = 0));
            observer.observe(document.body, {subtree: true, childList: true, attributes: true});
            const look = () => {
                if (++still < 8) return requestAnimationFrame(look);
                observer.disconnect();
                done();
            };
            requestAnimationFrame(look);
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


def still(page, parts):
    """Wait until all that match the selector have kept their places while the page was drawn some times."""
    page.evaluate(
        """parts => new Promise(done => {
            let [before, count] = ["", 0];
            const look = () => {
                const now = JSON.stringify([...document.querySelectorAll(parts)].map(part => {
                    const { x, y, right, bottom } = part.getBoundingClientRect();
                    return [x, y, right, bottom];
                }));
                count = now === before ? count + 1 : 0;
                before = now;
                if (count < 8) return requestAnimationFrame(look);
                done();
            };
            requestAnimationFrame(look);
        })""",
        parts,
    )


def sizes(page, parts, viewports=(LAPTOP, SMALL_PROJECTOR)):
    """The page at each size, one after the other, as soon as all `parts` have found their places."""
    for viewport in viewports:
        if page.viewport_size != viewport:
            page.set_viewport_size(viewport)
            still(page, parts)
        yield viewport


def themes(page, parts):
    """The page in the light and in the dark theme, as soon as all `parts` have found their places."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        still(page, parts)
        yield scheme


def reset(page):
    """Start over, and wait for the first step."""
    press(page, "Reset")
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=live]').dataset.step) < 3", polling="raf"
    )
    wait_for_step(page, 1)


def stand_on_one_screen(page, places, scrollers=("stMain", "stSidebarContent")):
    """All places lie within the window, and there is nothing to scroll to."""
    for _, top, right, bottom in places:
        assert top >= 0
        assert right <= page.viewport_size["width"]
        assert bottom <= page.viewport_size["height"]
    for part in scrollers:
        hidden = page.get_by_test_id(part).evaluate("node => node.scrollHeight - node.clientHeight")
        assert hidden == 0, part
