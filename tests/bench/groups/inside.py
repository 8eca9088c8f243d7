"""Looking inside while the network trains: back in time, with hands on the gates, for a unit that knows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright

from lstm_core.config import ModelConfig, RunConfig
from lstm_core.training.snapshots import Timeline
from lstm_core.training.trainer import Trainer
from tests.bench import script
from tests.bench.report import Figure, Options, median, percentile
from tests.bench.servers import serve
from tests.bench.viewers import LocalViewer
from tests.chromium import CHROMIUM, FLAGS

SCREEN = ViewportSize(width=1366, height=768)
LARGE = RunConfig(model=ModelConfig(hidden_size=128))  # the Text page's other settings: T 64
TRAINED = 2000  # steps
TOKENS = 20_000
PATIENCE = 20  # seconds for an answer


def measure(options: Options) -> Iterator[Figure]:
    """What snapshots cost, how soon a question is answered, then the pages in Chromium."""
    yield from _snapshots(options)
    yield from _find(options)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
        serve() as server,
    ):
        yield from _inside(_open(browser, f"{server.url}/inside"), options)
        yield from _hands(_open(browser, f"{server.url}/hands"), options)


def _snapshots(options: Options) -> Iterator[Figure]:
    """Timed alone: steps with and without the timeline would differ by less than the noise."""
    trainer = Trainer(LARGE)
    steps, snapshots = [], []
    for _ in range(options.times(150, 20)):
        start = time.perf_counter()
        trainer.step()
        between = time.perf_counter()
        trainer.snapshot()
        snapshots.append(time.perf_counter() - between)
        steps.append(between - start)
    timeline, taken, snapshot = Timeline(), 0, trainer.snapshot()
    for step in range(TRAINED + 1):
        if timeline.due(step):
            timeline.add(replace(snapshot, step=step))
            taken += 1
    share = 100 * taken * median(snapshots) / (TRAINED * median(steps))
    about = f"{taken} snapshots in {TRAINED:,} steps at H128, of the training time"
    yield Figure("snapshot_share", about, share, "%", at_most=2)
    kept = sum(snapshot.bytes for snapshot in timeline.snapshots) / 1e6
    about = f"memory of the {len(timeline.snapshots)} that are kept, H128"
    yield Figure("snapshot_memory", about, kept, "MB", at_most=25)


def _find(options: Options) -> Iterator[Figure]:
    """From the question to the frame with its answer, while the run trains."""
    seconds: list[float] = []
    with LocalViewer(LARGE) as viewer:
        viewer.warm_up()
        for turn in range(options.times(7, 2)):
            viewer.frames.clear()
            text = f"[aeiou]{'.' * turn}"  # another one each time
            start = time.perf_counter()
            viewer.post({"type": "find", "kind": "regex", "text": text})
            while not any(_answers(meta, text) for meta in viewer.metas(PATIENCE)):
                if time.perf_counter() - start > PATIENCE:
                    raise RuntimeError("the question was not answered")
            seconds.append(time.perf_counter() - start)
            time.sleep(2)  # questions that keep coming have to wait
    about = f"find over {TOKENS:,} tokens at H128, with training on"
    yield Figure("find_median", f"{about}, median", median(seconds), "s")
    yield Figure("find_worst", f"{about}, worst of {len(seconds)}", max(seconds), "s", at_most=2)


def _answers(meta: dict[str, Any], text: str) -> bool:
    found = meta.get("found")
    return bool(found) and text in found["question"] and found["count"] == TOKENS


def _open(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport=SCREEN).new_page()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(script.TRAINED, state="attached", timeout=60_000)
    page.wait_for_function(script.FIGURES_DRAWN, timeout=60_000)
    page.wait_for_timeout(4000)
    return page


def _inside(page: Page, options: Options) -> Iterator[Figure]:
    """The page with the unit view, and the time machine on it. H64, T64, training on."""
    found = page.evaluate(script.COUNT_UPDATES, options.seconds(10_000, 3000))
    yield Figure(
        "unit_updates", "data-step changes with the unit view open", found["steps"], "/s", at_least=10
    )
    slider = page.get_by_role("slider", name="Training history")
    shown = "live => live.dataset.at"
    delays = _drags(page, slider, shown, "text => text.replace(/\\D/g, '')", options)
    yield from _delays("scrub", "history slider moved → that step is drawn", delays)
    page.context.close()


def _hands(page: Page, options: Options) -> Iterator[Figure]:
    slider = page.get_by_role("slider", name="Hold forget gate")
    shown = "() => document.querySelector('.held-verdict[data-held] .held-words').textContent"
    delays = _drags(page, slider, shown, "text => `f = ${text} in all units`", options)
    yield from _delays("clamp", "hold moved → both sides are drawn with it", delays)
    page.context.close()


def _drags(page: Page, slider: Locator, shown: str, wanted: str, options: Options) -> list[float]:
    """Milliseconds from a movement of the mouse on the slider until its value is `shown` as `wanted`."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    delays = []
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    page.mouse.down()
    for turn in range(options.times(30, 6)):
        page.wait_for_timeout(350)
        page.evaluate(script.EXPECT, [slider.get_attribute("aria-label"), shown, wanted])
        share = 0.15 + 0.7 * ((turn * 7) % 30) / 30  # here and there
        page.mouse.move(box["x"] + share * box["width"], y)
        delays.append(page.evaluate("window.benchDelay"))
    page.mouse.up()
    return delays


def _delays(name: str, about: str, delays: list[float]) -> Iterator[Figure]:
    yield Figure(f"{name}_p50", f"{about}, median", median(delays), "ms")
    yield Figure(f"{name}_p95", f"{about}, p95", percentile(delays, 95), "ms", at_most=200)
