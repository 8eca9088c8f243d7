"""Presenter mode and the keys in a real Chromium."""

import re

import pytest

from tests.browser.conftest import (
    SMALL_PROJECTOR,
    frames_pass,
    live,
    press,
    quiet,
    sizes,
    stand_on_one_screen,
    step,
    still,
    wait_for_status,
    wait_for_step,
)

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
# a part of each page that shows a network, which no other page has
PAGES = {
    "Text": "text=What it writes now",
    "Series": "text=What it forecasts now",
    "Look inside": ".sequence-body",
    "Cell": ".cell-diagram",
    "Hands on": ".hands",
    "Memory": ".lanes",
    "BPTT": "[data-testid=unrolled]",
    "Gates away": ".ablation-row",
    "Compare": ".compare-map",
}
ON = "() => 'present' in document.documentElement.dataset"
LARGE = ".live-stretch[data-large]"
# the size in pixels of the letters that are seen, in panels and in figures
SIZES = """parts => [...document.querySelectorAll(parts)].filter(node => node.getClientRects().length)
    .map(node => parseFloat(getComputedStyle(node).fontSize))"""


def boxes(page, parts):
    """[left, top, right, bottom] of all that match the selector and can be seen, in whole pixels."""
    return page.evaluate(
        """parts => [...document.querySelectorAll(parts)]
            .filter(part => part.checkVisibility() && part.getBoundingClientRect().height)
            .map(part => {
                const { x, y, right, bottom } = part.getBoundingClientRect();
                return [x, y, right, bottom].map(Math.round);
            })""",
        parts,
    )


def test_presenter_mode_shows_every_page_on_one_screen_in_large_letters(server, open_page):
    page = open_page(f"{server.url}?present=1", viewport=SMALL_PROJECTOR)
    for name, part in PAGES.items():
        page.get_by_role("link", name=name, exact=True).click()
        page.locator(part).first.wait_for(state="attached")  # hands need not be seen
        shown_on_one_screen_in_large_letters(page)


def shown_on_one_screen_in_large_letters(page):
    page.wait_for_function(ON)
    still(page, ".stMain .live-panel")
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stSidebar]')?.checkVisibility() !== true"
    )
    frames_pass(page)
    page.wait_for_function(
        "() => { const main = document.querySelector('.stMain');"
        " return main.scrollHeight <= main.clientHeight; }"
    )
    panels = boxes(page, ".stMain .live-panel")
    assert len(panels) >= 3
    stand_on_one_screen(page, panels, ["stMain"])
    for parts in (
        ".transport-name, .transport-value, .transport-status, .heading",
        ".xtick text, .ytick text",
    ):
        sizes = page.evaluate(SIZES, parts)
        assert all(size >= 18 for size in sizes), (parts, sizes)
    assert page.evaluate(SIZES, ".transport-value")
    assert "present=1" in page.url


def test_the_key_and_the_button_turn_it_on_and_off_and_other_pages_keep_it(server, open_page):
    page = open_page(server.url)
    assert not page.evaluate(ON)
    page.keyboard.press("p")
    page.wait_for_url(re.compile("present=1"))
    assert page.evaluate(ON)
    assert not page.get_by_role("slider", name="Hidden units").is_visible()
    page.get_by_role("link", name="Series").click()
    page.get_by_text("What it forecasts now").wait_for()
    page.wait_for_url(re.compile("/series.*present=1"))
    frames_pass(page)
    assert page.evaluate(ON)
    page.reload()
    wait_for_step(page, 1)
    page.wait_for_function(ON)
    press(page, "Leave (P)")
    page.wait_for_url(lambda url: "present" not in url)
    assert not page.evaluate(ON)
    page.get_by_role("slider", name="Hidden units").wait_for()
    button = page.get_by_role("button", name="Present", exact=True)
    assert button.get_attribute("aria-pressed") == "false"
    assert button.get_attribute("aria-keyshortcuts") == "P"


def test_keys_play_step_and_reset(server, share_page):
    page = share_page(server.url)
    for key in (" ", "k"):
        page.keyboard.press(key)
        wait_for_status(page, "paused")
        page.keyboard.press(key)
        wait_for_status(page, "training")
    page.keyboard.press(" ")
    quiet(page)
    held = step(page)
    for added, key in enumerate(("s", "."), start=1):
        page.keyboard.press(key)
        wait_for_step(page, held + added)
        quiet(page)
        assert step(page) == held + added
    page.keyboard.press("r")
    page.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.step === '0'")
    # a click leaves the focus on a button, which the blank must not press again
    press(page, "Step")
    wait_for_step(page, 1)
    page.keyboard.press(" ")
    wait_for_status(page, "training")
    # but who walks there with the keyboard means the button
    page.keyboard.press(" ")
    quiet(page)
    held = step(page)
    page.get_by_role("button", name="Pause", exact=True).or_(
        page.get_by_role("button", name="Play", exact=True)
    ).focus()
    page.keyboard.press("Tab")
    page.keyboard.press(" ")
    wait_for_step(page, held + 1)
    quiet(page)
    assert step(page) == held + 1


def test_keys_rest_while_somebody_types_and_with_modifiers(server, open_page):
    page = open_page(server.url)
    prompt = page.get_by_label("Prompt", exact=True)
    prompt.fill("")
    prompt.press_sequentially("k sp.r1?")
    assert prompt.input_value() == "k sp.r1?"
    assert live(page, "status") == "training"
    assert not page.evaluate(ON)
    assert page.locator(LARGE).count() == 0
    page.locator(".stMain").focus()
    for keys in ("Control+k", "Alt+p", "Control+s"):
        prompt.blur()
        page.keyboard.press(keys)
    frames_pass(page)
    assert live(page, "status") == "training"
    assert not page.evaluate(ON)


def test_every_panel_can_be_shown_alone_by_its_number(server, open_page):
    page = open_page(server.url + "/?present=1")
    page.wait_for_function(ON)
    page.locator(".js-plotly-plot").nth(2).wait_for()
    for viewport in sizes(page, ".stMain .live-stretch"):
        panels_can_be_shown_alone(page, viewport)


def panels_can_be_shown_alone(page, viewport):
    count = len(boxes(page, ".stMain .live-stretch"))
    assert count == 6
    for number in range(1, count + 1):
        page.keyboard.press(str(number))
        (box,) = boxes(page, LARGE)
        assert box[2] - box[0] > 0.95 * viewport["width"]
        assert box[3] - box[1] > 0.7 * viewport["height"]
        frames_pass(page)
        # what is not alone is covered
        middle = [viewport["width"] // 2, viewport["height"] // 2]
        assert page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('[data-large]') !== null",
            middle,
        )
    page.keyboard.press("6")
    assert page.locator(LARGE).count() == 0
    page.keyboard.press("1")
    page.wait_for_function(
        "width => document.querySelector('[data-large] .js-plotly-plot')?._fullLayout.width > 0.9 * width",
        arg=viewport["width"],
    )
    page.keyboard.press("Escape")
    assert page.locator(LARGE).count() == 0
    page.keyboard.press("9")  # there are not so many
    assert page.locator(LARGE).count() == 0


def test_a_chart_alone_says_what_its_colours_mean(server, open_page):
    page = open_page(server.url + "/memory?present=1", viewport=SMALL_PROJECTOR)
    page.wait_for_function(ON)
    page.locator(".js-plotly-plot").nth(2).wait_for()
    assert page.locator(".js-plotly-plot .legend").count() == 0
    for number in "124":
        page.keyboard.press(number)
        legend = page.locator(f"{LARGE} .legendtext")
        legend.filter(has_text=re.compile("^GRU$")).wait_for()
        page.wait_for_function(
            "() => document.querySelector('[data-large] .js-plotly-plot')._fullLayout.width > 1100"
        )
        page.keyboard.press("Escape")
        page.locator(".js-plotly-plot .legend").wait_for(state="detached")


def test_marks_stand_where_the_unit_is_also_in_a_panel_that_stands_alone(server, open_page):
    page = open_page(server.url)
    page.keyboard.press("1")
    page.wait_for_function("() => document.querySelector('[data-large] .overlay-mark:not([hidden])')")
    page.wait_for_function(
        """() => {
            const [column, row] = document.querySelectorAll('[data-large] .overlay-mark');
            const plot = document.querySelector('[data-large] .bglayer .bg')?.getBoundingClientRect()
                ?? document.querySelector('[data-large] .heatmaplayer image').getBoundingClientRect();
            const near = (a, b) => Math.abs(a - b) <= 3;
            const [up, across] = [column.getBoundingClientRect(), row.getBoundingClientRect()];
            return near(up.top, plot.top) && near(up.bottom, plot.bottom) &&
                near(across.left, plot.left) && near(across.right, plot.right);
        }"""
    )


def test_arrows_still_choose_and_all_keys_are_listed(server, open_page):
    page = open_page(server.url + "/inside")
    press(page, "Pause")
    quiet(page)
    reading = page.locator(".sequence-head")
    before = reading.text_content()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "before => document.querySelector('.sequence-head').textContent !== before", arg=before
    )
    page.keyboard.press("?")
    table = page.get_by_role("dialog", name="Keys")
    table.wait_for()
    assert "Play or pause" in table.text_content()
    page.keyboard.press("Escape")
    table.wait_for(state="hidden")


def test_the_mode_is_there_where_no_network_is_shown(server, open_page):
    page = open_page(server.url + "/guide", wait=False)
    page.get_by_role("button", name="Present", exact=True).click()
    page.wait_for_url(re.compile("present=1"))
    for key in (" ", "s", "r", "1"):
        page.keyboard.press(key)
    page.get_by_role("heading", name="What an LSTM is").wait_for()
