"""The Compare page in a real Chromium: both sides learn in lockstep, and what differs is shown."""

import re

import pytest

from tests.browser.conftest import (
    LAPTOP,
    frames_pass,
    live,
    places_of,
    press,
    quiet,
    sizes,
    stand_on_one_screen,
    step,
    still,
    wait_for_step,
)

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
# so few units that the heatmaps always show the same ones
TEXT = "/compare?text_corpus=counting&text_hidden_size=16&compare_differs=model.forget_bias"
SERIES = "/compare?compare_network=series&series_hidden_size=16&compare_differs=knobs.learning_rate"
CELLS = "/compare?text_hidden_size=16"
UNITS = "/compare?text_corpus=counting&compare_differs=model.hidden_size"
MAPS = """() => [...document.querySelectorAll('.compare-map')].map(
    holder => holder.querySelector('.js-plotly-plot')?.data[0].z?.map(row => [...row]) ?? null)"""
LOSSES = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .find(plot => plot.data.length === 4 && plot.data[0].type === 'scatter')
    .data.map(({ x, y, name }) => ({ x: [...(x ?? [])], y: [...(y ?? [])], name }))"""


def values(page, side):
    """Validation loss, parameters and milliseconds of a side, as they stand on the page."""
    return page.locator(".compare-side").nth(side).locator(".compare-value").all_text_contents()


def names(page):
    return page.locator(".compare-name").all_text_contents()


def samples(page):
    return page.locator(".live-sample").all_text_contents()


@pytest.mark.parametrize(
    ("path", "sides"),
    [
        (TEXT, ["forget bias 1", "forget bias −3"]),
        (SERIES, ["rate 0.005", "rate 0.001"]),
        (CELLS, ["LSTM", "GRU"]),
    ],
)
def test_both_sides_learn_and_the_difference_is_that_between_them(server, share_page, path, sides):
    page = share_page(server.url + path)
    wait_for_step(page, 40)
    assert names(page) == sides
    early = samples(page)
    frames_pass(page)
    wait_for_step(page, step(page) + 60)
    press(page, "Pause")
    quiet(page)
    left, right, difference = page.evaluate(MAPS)
    if path == CELLS:  # units of two cells correspond to nothing
        assert page.locator(".compare-map").nth(2).is_hidden()
        assert "unit 3 here has nothing to do" in page.locator(".compare-none").text_content()
        difference = [[b - a for a, b in zip(*rows, strict=True)] for rows in zip(left, right, strict=True)]
    for mine, theirs, between in zip(left, right, difference, strict=True):
        for a, b, d in zip(mine, theirs, between, strict=True):
            assert b - a == pytest.approx(d, abs=0.02 * max(1, abs(a), abs(b)))  # each has three digits
    assert left != right
    lines = page.evaluate(LOSSES)
    assert [lines[1]["name"], lines[3]["name"]] == sides
    assert lines[1]["x"] == lines[3]["x"]  # validated at the same steps
    assert lines[1]["y"] != lines[3]["y"]
    assert len(lines[0]["y"]) == len(lines[2]["y"])
    assert all(value != "–" for side in (0, 1) for value in values(page, side))
    late = samples(page)
    if early:
        assert len(late) == 2
        assert all(before != after for before, after in zip(early, late, strict=True))


def test_one_step_takes_both_one_further(server, share_page):
    page = share_page(server.url + TEXT)
    press(page, "Pause")
    quiet(page)
    before, maps = step(page), page.evaluate(MAPS)
    press(page, "Step")
    wait_for_step(page, before + 1)
    page.wait_for_function(f"before => JSON.stringify(({MAPS})()) !== JSON.stringify(before)", arg=maps)
    assert step(page) == before + 1
    after = page.evaluate(MAPS)
    assert all(one != other for one, other in zip(maps, after, strict=True))
    quiet(page)  # lines may come a little later than heatmaps
    lines = page.evaluate(LOSSES)
    assert lines[0]["x"] == lines[2]["x"]


def test_what_differs_is_chosen_in_the_sidebar(server, open_page):
    page = open_page(server.url + CELLS)
    page.get_by_role("radiogroup", name="Left").get_by_text("RNN", exact=True).click()
    page.wait_for_function("() => document.querySelectorAll('.compare-name')[0].textContent === 'RNN'")
    assert names(page) == ["RNN", "GRU"]
    wait_for_step(page, 5)
    assert "compare_text_left_cell=rnn" in page.url


def test_without_a_difference_it_is_said_why(server, share_page):
    page = share_page(server.url + UNITS)
    page.get_by_text("64 units beside 16: unit 3 here has nothing to do with unit 3 there.").wait_for()
    assert page.locator(".compare-map").nth(2).is_hidden()
    left, right, _ = page.evaluate(MAPS)
    assert (len(left), len(right)) == (32, 16)


def test_a_slider_acts_on_its_side_or_on_both_while_it_is_dragged(server, open_page):
    page = open_page(server.url + SERIES)
    page.get_by_label("Left: learning rate", exact=True).fill("150")
    page.wait_for_function("() => Number(document.querySelector('[data-testid=live]').dataset.lr) > 0.01")
    page.wait_for_function("() => document.querySelectorAll('.compare-name')[0].textContent !== 'rate 0.005'")
    assert names(page)[1] == "rate 0.001"
    page = open_page(server.url + TEXT)
    page.get_by_label("Prompt", exact=True).fill("aaX")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.live-sample-prompt')].map(e => e.textContent).join('|')"
        " === 'aaX|aaX'"
    )


def test_hovering_names_unit_step_and_both_values(server, share_page):
    page = share_page(server.url + TEXT)
    press(page, "Pause")
    quiet(page)
    box = page.locator(".compare-map").nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.4)
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=4)
    text = page.locator(".compare-readout")
    page.wait_for_function(
        "() => /^unit \\d+ · t = \\d+ “.+”: left .+ · right .+ · difference .+$/"
        ".test(document.querySelector('.compare-readout').textContent)"
    )
    # a click chooses the place, on all three
    quiet(page)  # the last move is read, too
    hovered = text.text_content()
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(5, 5)
    page.wait_for_function(
        "hovered => document.querySelector('.compare-readout').textContent === hovered", arg=hovered
    )


def test_the_observation_comes_when_the_data_support_one(server, open_page):
    page = open_page(
        server.url + "/compare?text_corpus=counting&text_hidden_size=48&compare_differs=model.hidden_size"
        "&compare_text_right_hidden_size=4"
    )
    seen = page.get_by_test_id("observation")
    assert "Nothing can be said yet" in seen.text_content()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=observation]').dataset.seen === 'true'"
    )
    assert "steps" in seen.text_content()
    assert step(page) >= 300


def test_reset_starts_both_over(server, share_page):
    page = share_page(server.url + TEXT)
    wait_for_step(page, 100)
    press(page, "Pause")
    quiet(page)
    press(page, "Reset")
    page.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.step === '0'")
    assert live(page, "status") == "paused"
    left, right, difference = page.evaluate(MAPS)
    assert None not in (left, right, difference)
    lines = page.evaluate(LOSSES)
    assert [len(line["x"]) for line in lines] == [0, 0, 0, 0]


@pytest.mark.parametrize("path", [CELLS, TEXT, SERIES, UNITS])
def test_everything_stands_on_one_screen_and_nothing_moves(server, share_page, path):
    page = share_page(server.url + path)
    page.locator(".compare-map .js-plotly-plot").nth(1).wait_for()
    parts = ".live-panel, .compare-side > *, .compare-column, .compare-map"
    page.locator(".compare-value").nth(5).filter(has_text=re.compile(r"\d")).wait_for()
    for viewport in sizes(page, parts):
        page.emulate_media(color_scheme="light" if viewport == LAPTOP else "dark")
        still(page, parts)
        early = places_of(page, parts)
        frames_pass(page)
        late = places_of(page, parts)
        assert early == late
        stand_on_one_screen(page, late)
