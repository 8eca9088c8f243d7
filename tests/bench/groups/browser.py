"""What a person sees: the first frame, updates of the page, and what a slider does while it is dragged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from unittest import mock

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from lstm_core.config import RunConfig
from lstm_core.training.trainer import Trainer
from tests.bench import script
from tests.bench.report import Figure, Options, median, percentile
from tests.bench.servers import serve
from tests.bench.viewers import LocalViewer
from tests.chromium import CHROMIUM, FLAGS
from tests.servers import Server

SCREEN = ViewportSize(width=1366, height=768)
PIXELS = 12  # of one drag
HELD = 400  # milliseconds from one drag to the next


def measure(options: Options) -> Iterator[Figure]:
    """The Text page in Chromium, then the path of one message without a browser."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
    ):
        yield from _starts(browser, options)
        with serve() as server:
            page = _open(browser, server)
            page.wait_for_function(script.FIGURES_DRAWN, timeout=60_000)
            page.wait_for_timeout(options.seconds(6000, 3000))
            figures = page.evaluate(script.MARK_FIGURES)
            yield from _updates(page, options, figures)
            yield from _drags(page, options, figures)
    delays = message_delays(options.times(40, 8))
    yield Figure("message_p95", "message → the run uses it, p95", percentile(delays, 95), "ms", at_most=50)


def _open(browser: Browser, server: Server) -> Page:
    page = browser.new_context(viewport=SCREEN).new_page()
    page.goto(server.url, wait_until="commit")
    page.wait_for_selector(script.TRAINED, state="attached", timeout=60_000)
    return page


def _starts(browser: Browser, options: Options) -> Iterator[Figure]:
    """Each start has its own server and an empty cache."""
    first, complete = [], []
    for _ in range(options.times(3, 1)):
        with serve() as server:
            page = _open(browser, server)
            first.append(time.monotonic() - server.healthy)
            page.wait_for_function(script.FIGURES_DRAWN, timeout=60_000)
            complete.append(time.monotonic() - server.healthy)
            page.context.close()
    about = "server healthy → first trained frame drawn"
    yield Figure("first_frame", about, median(first), "s", at_most=3)
    yield Figure("all_figures", "server healthy → all figures drawn", median(complete), "s")


def _updates(page: Page, options: Options, figures: int) -> Iterator[Figure]:
    found = page.evaluate(script.COUNT_UPDATES, options.seconds(10_000, 3000))
    yield Figure("updates", "data-step changes", found["steps"], "/s", at_least=12)
    yield Figure("pictures", "heatmap of the cell state redrawn", found["pictures"], "/s")
    remounted = page.evaluate(script.FIGURES_REMOUNTED, figures)
    yield Figure("remounted", "figures remounted meanwhile", remounted, at_most=0)


def _drags(page: Page, options: Options, figures: int) -> Iterator[Figure]:
    """Press, move a little, hold until the page shows the new rate, release; left and right in turn."""
    slider = page.locator('input[type=range][aria-label="Learning rate"]')
    slider.scroll_into_view_if_needed()
    delays = []
    for turn in range(options.times(20, 5)):
        box = slider.bounding_box()
        assert box is not None
        share = slider.evaluate("input => (input.value - input.min) / (input.max - input.min)")
        x, y = box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.wait_for_timeout(HELD)  # pressing may itself move the slider by a step
        page.evaluate(script.EXPECT_RATE)
        page.mouse.move(x + (PIXELS if turn % 2 else -PIXELS), y)
        delays.append(page.evaluate("window.benchDelay"))
        page.mouse.up()
        page.wait_for_timeout(HELD)
    about = "slider moved → data-lr shows it"
    yield Figure("drag_p50", f"{about}, median", median(delays), "ms")
    yield Figure("drag_p95", f"{about}, p95", percentile(delays, 95), "ms", at_most=200)
    remounted = page.evaluate(script.FIGURES_REMOUNTED, figures)
    yield Figure("remounted_by_drags", f"figures remounted by {len(delays)} drags", remounted, at_most=0)


def message_delays(times: int) -> list[float]:
    """Milliseconds from a message to the host until the training run has taken a step with it."""
    delays: list[float] = []
    used: list[float] = []  # the learning rate of the latest step
    step = Trainer.step

    def noted(trainer: Trainer) -> float:
        loss = step(trainer)
        used[:] = [trainer.learning_rate]
        return loss

    with mock.patch.object(Trainer, "step", noted), LocalViewer(RunConfig()) as viewer:
        viewer.warm_up()
        for turn in range(times):
            rate = 0.01 if turn % 2 else 0.005
            start = time.perf_counter()
            viewer.post({"type": "knob", "name": "learning_rate", "value": rate})
            while used != [rate] and time.perf_counter() - start < 5:
                time.sleep(0.0002)
            delays.append(1000 * (time.perf_counter() - start))
            time.sleep(0.05 + 0.01 * (turn % 7))
    return delays
