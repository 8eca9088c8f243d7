"""A real server and a real Chromium for the browser tests."""

from __future__ import annotations

import os

import pytest

from tests.browser.servers import start_server
from tests.browser.tabs import LOOK, Tabs
from tests.chromium import CHROMIUM, FLAGS

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
SMALL_PROJECTOR = {"width": 1280, "height": 720}
LAPTOP = {"width": 1366, "height": 768}
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="package")
def server():
    server = start_server()
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


@pytest.fixture(scope="package")
def tabs(browser):
    return Tabs(browser, LAPTOP)


@pytest.fixture
def open_page(tabs):
    """open_page(url) → a page on which any console error fails the test.

    fresh: for a test that leaves something in it that a new address does not take away.
    """

    def open_page(url, *, viewport=LAPTOP, fresh=False, wait=True, **options):
        page = tabs.open(url, viewport, fresh, **options)
        if wait:
            wait_for_step(page, 1)
        return page

    yield open_page
    assert tabs.leave() == []


@pytest.fixture(scope="module")
def kept(tabs):
    """address → the page that the tests of a module share."""
    pages = {}
    yield pages
    for page in pages.values():
        page.close()
    tabs.kept.clear()


@pytest.fixture
def share_page(request, tabs, kept):
    """share_page(url) → a page that other tests of the module use, too: as large and light as any, training,
    or without a run; what else they leave in it is theirs to put right. Any console error fails the test.
    """

    def share_page(url, wait=True):
        page = kept.get(url)
        if page is None:
            page = kept[url] = tabs.open(url, LAPTOP, fresh=True)
            tabs.kept.append(page)
        page.bring_to_front()
        page.emulate_media(**LOOK)
        for _ in sizes(page, ".live-panel", [LAPTOP]):
            pass
        page.mouse.move(0, 0)
        page.evaluate("() => document.activeElement?.blur()")
        if wait:
            play(page)
        return page

    yield share_page
    if request.node.stash.get(FAILED, False):  # nobody knows what it left in them
        for page in kept.values():
            page.close()
        kept.clear()
        tabs.kept.clear()
    for page in kept.values():
        pause = page.get_by_role("button", name="Pause", exact=True)
        if pause.count():  # while others work
            page.bring_to_front()  # in the background nothing would be drawn
            pause.click()
            wait_for_status(page, "paused")
    assert tabs.leave() == []


def live(page, name):
    """Attribute data-`name` of the live element: what is drawn now."""
    return page.get_by_test_id("live").get_attribute(f"data-{name}")


def step(page):
    return int(live(page, "step"))


def wait_for_step(page, at_least):
    """Wait until that step is drawn, and Plotly has taken the place of all sketches."""
    page.wait_for_function(
        """least => Number(document.querySelector('[data-testid=live]')?.dataset.step ?? -1) >= least &&
            !document.querySelector('.sketch')""",
        arg=at_least,
    )


def wait_for_status(page, status):
    page.wait_for_function(
        "status => document.querySelector('[data-testid=live]')?.dataset.status === status", arg=status
    )


def play(page):
    """Let its run train."""
    page.wait_for_function(
        "() => ['training', 'paused'].includes(document.querySelector('[data-testid=live]')?.dataset.status)"
    )
    if live(page, "status") == "paused":
        press(page, "Play")
    wait_for_step(page, 1)


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
        """() => new Promise((done, fail) => {
            let still = 0;
            setTimeout(() => fail(new Error("it never stands still")), 30_000);
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
        """parts => new Promise((done, fail) => {
            let [before, count] = ["", 0];
            setTimeout(() => fail(new Error("they never stand still")), 30_000);
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
    press(page, "Pause")
    press(page, "Reset")
    page.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.step === '0'")
    press(page, "Play")
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
