"""The race and its gradient in a real Chromium: networks side by side, sliders that act while dragged."""

import math
import re

import pytest

from tests.browser.conftest import (
    SMALL_PROJECTOR,
    frames_pass,
    live,
    places_of,
    press,
    quiet,
    reset,
    sizes,
    stand_on_one_screen,
    step,
    themes,
    wait_for_step,
)

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
MEMORY, BPTT = "/memory", "/bptt"
SHORT = "?memory_lag=6"  # so short that it is learnt at once
PATIENT = 120_000  # milliseconds, for what has to be learnt first
GRADIENTS = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .find(plot => plot._fullLayout.yaxis2)?.data.map(line => line.y?.length)"""
RIBBONS = """() => [...document.querySelectorAll('.unrolled-ribbon')].map(ribbon =>
    ribbon.getAttribute('d').slice(1, -1).split('L').map(point => point.split(' ').map(Number)))"""


def row(page, lane):
    return page.locator(f'.lanes tr[data-lane="{lane}"]')


def slide(page, label, position):
    page.get_by_label(label, exact=True).fill(str(position))


def lag(page, value):
    slide(page, "Lag", value - 1)


def truncate(page, value):
    """value: steps; None for all of them."""
    slide(page, "Truncation", 201 if value is None else round(200 * math.log(value) / math.log(256)))


def wait_for_length(page, length):
    page.wait_for_function(f"length => ({GRADIENTS})()?.every(one => one === length)", arg=length)


def wait_for_unrolled(page, **values):
    page.wait_for_function(
        """values => {
            const data = document.querySelector('[data-testid=unrolled]')?.dataset;
            return data && Object.entries(values).every(([name, value]) => data[name] === String(value));
        }""",
        arg=values,
    )


def widths(page):
    """Of each ribbon, from its beginning to its end; the point before the first step is left out."""
    found = []
    for points in page.evaluate(RIBBONS):
        upper, lower = points[: len(points) // 2], points[len(points) // 2 :][::-1]
        assert [x for x, _ in upper] == [x for x, _ in lower]
        found.append([below - above for (_, above), (_, below) in zip(upper, lower, strict=True)][1:])
    return found


# the Memory page


def test_four_networks_train_side_by_side_before_anybody_presses_anything(server, open_page):
    page = open_page(server.url + MEMORY)
    assert page.locator(".lanes tbody tr").count() == 4
    assert page.get_by_text(
        "Which of these cells can bring a symbol across many steps, and why?"
    ).is_visible()
    wait_for_step(page, 21)  # beyond the first exam
    for lane in ("rnn", "gru", "lstm", "lstm0"):
        page.wait_for_function(
            r"lane => /\d/.test(document.querySelector(`[data-lane=${lane}] .lanes-time`).textContent)",
            arg=lane,
        )
    sizes = [int(text.replace(",", "")) for text in page.locator("td.lanes-parameters").all_text_contents()]
    assert max(sizes) < 1.03 * min(sizes)
    wait_for_length(page, 52)
    assert float(live(page, "loss")) > 0


def test_a_network_that_has_learnt_says_since_when_and_the_page_says_what_was_seen(server, open_page):
    page = open_page(server.url + MEMORY + SHORT)
    row(page, "lstm").locator(".lanes-reached").filter(has_text=re.compile(r"\d")).wait_for(timeout=PATIENT)
    reached = int(row(page, "lstm").get_attribute("data-reached"))
    assert reached % 20 == 0
    seen = page.get_by_test_id("observation")
    seen.filter(has_text=f"LSTM since step {reached}").wait_for()
    assert "guessing gives 13 %" in seen.text_content() or "LSTM bias 0 since" in seen.text_content()


def test_the_lag_acts_while_it_is_dragged_on_all_networks_and_training_goes_on(server, open_page):
    page = open_page(server.url + MEMORY + SHORT)
    wait_for_length(page, 8)
    before = step(page)
    lag(page, 15)
    wait_for_length(page, 17)
    assert step(page) >= before
    assert live(page, "status") == "training"
    row(page, "lstm").locator(".lanes-reached").filter(has_text="–").wait_for()  # another lag, another race
    frames_pass(page)


def test_truncation_acts_at_once_and_ends_the_gradient(server, open_page):
    page = open_page(server.url + MEMORY + SHORT)
    truncate(page, 3)
    arrived = """() => [...document.querySelectorAll('.js-plotly-plot')].find(plot => plot._fullLayout.yaxis2)
        ?.data.every(line => [...line.y].filter(Number.isFinite).length === 3)"""
    page.wait_for_function(arrived)
    page.get_by_test_id("observation").filter(has_text="cut off after 3 steps").wait_for(timeout=PATIENT)
    truncate(page, None)
    page.wait_for_function(arrived.replace("=== 3", "=== 8"))


def test_who_takes_part_is_chosen_in_the_sidebar(server, open_page):
    page = open_page(server.url + MEMORY + SHORT)
    page.locator(".lanes tbody tr").nth(3).wait_for()
    page.locator(".st-key-memory_gru label").first.click()
    page.wait_for_function("() => document.querySelectorAll('.lanes tbody tr').length === 3")
    assert row(page, "gru").count() == 0
    page.wait_for_function(f"() => ({GRADIENTS})()?.length === 7")  # h of three, c and f of two
    frames_pass(page)
    assert "memory_gru=False" in page.url


def test_accuracy_is_shown_over_steps_or_over_seconds(server, open_page):
    page = open_page(server.url + MEMORY + SHORT)
    page.get_by_text("training step", exact=True).wait_for()
    page.get_by_role("radio", name="seconds", exact=True).click()
    page.get_by_text("seconds of its own training", exact=True).wait_for()
    frames_pass(page)


def test_a_step_is_one_of_every_network(server, share_page):
    page = share_page(server.url + MEMORY + SHORT)
    press(page, "Pause")
    quiet(page)
    before = step(page)
    press(page, "Step")
    wait_for_step(page, before + 1)
    assert step(page) == before + 1
    press(page, "Reset")
    page.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.step === '0'")


# the BPTT page


def test_it_shows_the_run_of_the_memory_page(server, open_page):
    page = open_page(server.url + MEMORY + SHORT)
    wait_for_step(page, 40)
    press(page, "Pause")
    quiet(page)
    before = step(page)
    page.get_by_role("link", name="BPTT").click()
    wait_for_unrolled(page, lane="lstm", length=8, step=before)
    assert live(page, "status") == "paused"


@pytest.mark.parametrize(
    ("lane", "name", "rows"), [("rnn", "RNN", 1), ("gru", "GRU", 1), ("lstm0", "LSTM bias 0", 2)]
)
def test_every_network_can_be_unrolled(server, share_page, lane, name, rows):
    page = share_page(server.url + BPTT + SHORT)
    page.get_by_text(name, exact=True).first.click()
    wait_for_unrolled(page, lane=lane, length=8, first=0)
    assert page.locator(".unrolled-ribbon").count() == rows
    assert page.locator(".unrolled-box").count() == 8
    labels = page.locator(".unrolled-label").all_text_contents()
    assert labels == ["A…H", *["·"] * 6, "?", "L"]


def test_the_ribbon_is_as_wide_as_the_gradient_is_long(server, open_page):
    page = open_page(server.url + BPTT + SHORT)
    wait_for_unrolled(page, lane="lstm", length=8)
    press(page, "Pause")
    quiet(page)
    found = widths(page)
    largest = max(max(ribbon) for ribbon in found)
    box = page.get_by_test_id("unrolled").bounding_box()
    for t, x in enumerate(points[0] for points in page.evaluate(RIBBONS)[0][1:9]):
        page.mouse.move(box["x"] + x, box["y"] + 40)
        readout = page.locator(".unrolled-readout").filter(has_text=f"At t = {t} ")
        shares = re.findall(r"([\d.e+-]+) % of the largest", readout.text_content())
        assert len(shares) == 2
        for share, ribbon in zip(shares, found, strict=True):
            assert float(share) / 100 == pytest.approx(ribbon[t] / largest, rel=0.06, abs=0.002)
    page.get_by_role("radio", name="logarithmic", exact=True).click()
    page.wait_for_function(f"before => JSON.stringify(({RIBBONS})()) !== before", arg=_compact(page))
    for ribbon, before in zip(widths(page), found, strict=True):
        for width, linear in zip(ribbon, before, strict=True):
            if linear > 0.02 * largest:
                assert width / largest == pytest.approx(1 + math.log10(linear / largest) / 12, abs=0.03)


def _compact(page):
    return page.evaluate(f"() => JSON.stringify(({RIBBONS})())")


def test_truncation_cuts_the_ribbon_where_the_gradient_ends(server, share_page):
    page = share_page(server.url + BPTT + SHORT)
    wait_for_unrolled(page, length=8, first=0)
    assert page.locator(".unrolled-cut").is_hidden()
    truncate(page, 3)
    wait_for_unrolled(page, length=8, first=5)
    cut = page.locator(".unrolled-cut")
    assert cut.is_visible()
    assert cut.text_content() == "cut off after 3 steps"
    assert {len(ribbon) for ribbon in widths(page)} == {3}
    assert page.locator(".unrolled-readout").filter(has_text="no gradient arrives").is_visible()
    x = float(re.search(r"translate\(([\d.]+)", cut.get_attribute("transform"))[1])
    assert page.evaluate(RIBBONS)[0][0][0] == pytest.approx(x, abs=0.1)
    truncate(page, None)
    wait_for_unrolled(page, length=8, first=0)
    assert cut.is_hidden()


def test_the_lag_changes_the_picture_while_it_is_dragged(server, open_page):
    page = open_page(server.url + BPTT + SHORT)
    wait_for_unrolled(page, length=8)
    lag(page, 120)
    wait_for_unrolled(page, length=122)
    assert 10 < page.locator(".unrolled-box").count() < 62  # thinned out, the first and the last among them
    numbers = [int(text) for text in page.locator(".unrolled-number").all_text_contents() if text != "t"]
    assert numbers[0] == 0
    lag(page, 2)
    wait_for_unrolled(page, length=4)
    assert page.locator(".unrolled-box").count() == 4


# both


@pytest.mark.parametrize("path", [MEMORY, BPTT])
def test_everything_stands_on_one_screen_and_nothing_moves(server, open_page, path):
    page = open_page(server.url + path + SHORT)
    page.locator(".observation").wait_for()
    page.locator(".lanes").wait_for()
    parts = ".live-panel, .transport > *"
    learnt = page.get_by_test_id("observation").filter(has_text="LSTM since")
    for _ in sizes(page, parts):
        reset(page)
        learnt.wait_for(state="hidden")
        early = places_of(page, parts)
        learnt.wait_for(timeout=PATIENT)
        for _ in themes(page, parts):
            assert places_of(page, parts) == early
            stand_on_one_screen(page, early)
            nothing_is_cut_off(page)


def nothing_is_cut_off(page):
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.lanes, .observation, .unrolled-readout')]
            .filter(n => n.scrollWidth > n.clientWidth + 1 || n.scrollHeight > n.clientHeight + 1)
            .map(n => n.textContent)"""
    )
    assert cut == []
    over = page.evaluate(
        """() => {
            const bottom = node => node.getBoundingClientRect().bottom;
            return [...document.querySelectorAll('.lanes, .lanes-note')]
                .filter(node => bottom(node) > bottom(node.closest('.live-panel')) + 1)
                .map(node => node.textContent);
        }"""
    )
    assert over == []


@pytest.mark.parametrize("path", [MEMORY, BPTT])
def test_the_longest_observation_stands_on_the_screen(server, open_page, path):
    page = open_page(server.url + path + SHORT, viewport=SMALL_PROJECTOR)
    row(page, "lstm").locator(".lanes-reached").filter(has_text=re.compile(r"\d")).wait_for(timeout=PATIENT)
    truncate(page, 3)
    seen = page.get_by_test_id("observation").filter(has_text="cut off after 3 steps")
    seen.wait_for(timeout=PATIENT)
    assert len(seen.text_content()) > 250
    stand_on_one_screen(page, places_of(page, ".live-panel, .transport > *"))
    box = seen.bounding_box()
    assert box["y"] + box["height"] <= SMALL_PROJECTOR["height"]


def test_the_theme_can_change_while_it_trains(server, share_page):
    page = share_page(server.url + BPTT + SHORT)
    wait_for_unrolled(page, length=8)
    lane = (
        "() => getComputedStyle(document.querySelector('[data-testid=unrolled]')).getPropertyValue('--lane')"
    )
    before = page.evaluate(lane)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"before => ({lane})() !== before", arg=before)
    frames_pass(page)
