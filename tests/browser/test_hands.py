"""Hands on the gates in a real Chromium: one side follows the hands, the other one never does."""

import pytest

from tests.browser.conftest import (
    frames_pass,
    live,
    places_of,
    press,
    quiet,
    sizes,
    stand_on_one_screen,
    wait_for_status,
    wait_for_step,
)

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
PAGES = ["/hands", "/hands?series_kind=sine"]
# so few units that the heatmaps always show the same ones
SMALL = ["/hands?text_hidden_size=32", "/hands?series_kind=sine"]
FREE, HELD = 0, 1
VALUES = """plot => {
    const found = [...document.querySelectorAll('.js-plotly-plot')]
        .filter(one => one.data[0].type === 'heatmap' && one.data.length === (plot.gates ? 5 : 1));
    return found[plot.side]?.data[plot.trace ?? 0].z?.map(row => [...row]) ?? null;
}"""


def cell(page, side):
    """Cell state on one side, by unit and step."""
    return page.evaluate(VALUES, {"side": side})


def gate(page, side, name):
    return page.evaluate(VALUES, {"side": side, "gates": True, "trace": "ifgoh".index(name)})


def wait_for_gate(page, side, name, value):
    """Until `name` has this value in every unit and at every step of one side."""
    page.wait_for_function(
        f"([plot, value]) => ({VALUES})(plot)?.flat().every(one => Math.abs(one - value) < 1e-6)",
        arg=[{"side": side, "gates": True, "trace": "ifgoh".index(name)}, value],
    )


def wait_for_cell(page, side, values):
    page.wait_for_function(
        f"([plot, values]) => JSON.stringify(({VALUES})(plot)) === JSON.stringify(values)",
        arg=[{"side": side}, values],
    )


def words(page, side):
    return page.locator(".held-words").nth(side)


def samples(page):
    return page.locator(".live-sample").all_text_contents()


def open_hands(open_page, server, path="/hands", steps=100, **options):
    page = open_page(server.url + path, **options)
    wait_for_step(page, steps)
    release = page.get_by_role("button", name="Let go of everything", exact=True)
    if release.is_enabled():  # a page that is shared
        release.click()
    page.get_by_text("Nothing is held").wait_for()
    return page


def pause(page):
    press(page, "Pause")
    quiet(page)


@pytest.mark.parametrize("path", SMALL)
def test_nothing_is_held_at_first_and_both_sides_are_the_same(server, share_page, path):
    page = open_hands(share_page, server, path)
    pause(page)
    assert cell(page, FREE) == cell(page, HELD)
    assert page.locator(".held-difference").last.text_content() == "no difference"
    if path == SMALL[0]:
        assert len(set(samples(page))) == 1
    assert page.get_by_role("button", name="Let go of everything", exact=True).is_disabled()


@pytest.mark.parametrize("path", SMALL)
def test_a_held_gate_changes_its_own_side_only(server, share_page, path):
    page = open_hands(share_page, server, path)
    pause(page)
    free, before = cell(page, FREE), samples(page)
    press(page, "Forget everything: f = 0")
    wait_for_gate(page, HELD, "f", 0)
    assert "f = 0 in all units" in words(page, HELD).text_content()
    assert cell(page, FREE) == free
    assert cell(page, HELD) != free
    largest = max(abs(one) for row in cell(page, HELD) for one in row)
    assert largest <= 1  # i · g alone: nothing adds up any more
    page.locator(".held-difference[data-verdict=worse]").last.wait_for()
    if path == SMALL[0]:
        page.wait_for_function(
            "before => document.querySelectorAll('.live-sample')[1].textContent !== before", arg=before[HELD]
        )
        assert samples(page)[FREE] == before[FREE]
    press(page, "Let go of everything")
    page.get_by_text("Nothing is held").wait_for()
    wait_for_cell(page, HELD, free)


def test_a_slider_holds_its_gate_while_it_is_dragged(server, open_page):
    page = open_hands(open_page, server)
    slider = page.get_by_label("Hold output gate", exact=True)
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, middle, steps=4)
    # the button is still down, and training goes on
    value = float(slider.input_value())
    assert 0.1 < value < 0.4
    wait_for_gate(page, HELD, "o", value)
    frames_pass(page)
    assert float(slider.input_value()) == value
    page.mouse.up()
    switch = page.get_by_role("switch", name="Output gate held", exact=True)
    assert switch.get_attribute("aria-checked") == "true"
    assert live(page, "status") == "training"
    switch.click()
    page.get_by_text("Nothing is held").wait_for()
    assert float(slider.input_value()) == value  # where it would be held again


def test_the_candidate_can_be_held_below_zero(server, open_page):
    page = open_hands(open_page, server)
    slider = page.get_by_label("Hold candidate", exact=True)
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("-1", "1")
    slider.fill("-0.5")
    wait_for_gate(page, HELD, "g", -0.5)
    page.get_by_text("g = −0.5 in all units").wait_for()


def test_hands_may_concern_selected_units_only(server, open_page):
    page = open_hands(open_page, server, "/hands?text_corpus=counting&text_hidden_size=8")
    pause(page)
    adding = page.get_by_role("button", name="+ unit")
    unit = int(adding.text_content().split()[-1])
    free = cell(page, FREE)
    page.get_by_label("selected units", exact=True).check()
    press(page, "Forget everything: f = 0")
    page.get_by_text("Nothing is held").wait_for()  # nobody is selected yet
    adding.click()
    page.get_by_text(f"f = 0 in unit {unit}").wait_for()
    page.wait_for_function(
        f"unit => ({VALUES})({{side: 1, gates: true, trace: 1}})[unit].every(one => one === 0)", arg=unit
    )
    for other, row in enumerate(gate(page, HELD, "f")):
        assert (max(row) > 0) == (other != unit)
    page.get_by_role("button", name=f"Unit {unit}: no longer selected", exact=True).click()
    page.get_by_text("Nothing is held").wait_for()
    wait_for_cell(page, HELD, free)


def test_a_unit_that_is_switched_off_remembers_and_says_nothing(server, open_page):
    page = open_hands(open_page, server, "/hands?text_corpus=counting&text_hidden_size=8")
    button = page.get_by_role("button", name="Switch off unit")
    unit = int(button.text_content().split()[-1])
    button.click()
    page.get_by_text(f"unit {unit} off", exact=True).wait_for()
    page.wait_for_function(f"unit => ({VALUES})({{side: 1}})[unit].every(one => one === 0)", arg=unit)
    assert any(cell(page, FREE)[unit])
    page.get_by_role("button", name=f"Unit {unit}: no longer off", exact=True).click()
    page.get_by_text("Nothing is held").wait_for()


def test_both_forecasts_have_the_same_axes(server, share_page):
    page = open_hands(share_page, server, "/hands?series_kind=sine")
    pause(page)
    press(page, "Never forget: f = 1")
    wait_for_gate(page, HELD, "f", 1)
    quiet(page)
    ranges = page.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .filter(one => one.data[0].type === 'scatter')
            .map(({ _fullLayout }) => [..._fullLayout.xaxis.range, ..._fullLayout.yaxis.range])"""
    )
    assert len(ranges) == 2
    assert ranges[0] == pytest.approx(ranges[1])


def test_hands_stay_when_the_page_is_left_and_found_again(server, open_page):
    page = open_hands(open_page, server)
    press(page, "Write nothing: i = 0")
    page.get_by_text("i = 0 in all units").wait_for()
    page.get_by_role("link", name="Series").click()
    page.get_by_text("What it forecasts now").wait_for()
    page.get_by_role("link", name="Text", exact=True).click()
    page.get_by_text("What it writes now").wait_for()
    page.get_by_role("link", name="Hands on").click()
    page.get_by_text("i = 0 in all units").wait_for()
    wait_for_gate(page, HELD, "i", 0)


def test_both_sides_go_on_from_the_prompt_as_it_is_typed(server, open_page):
    page = open_hands(open_page, server)
    press(page, "Never forget: f = 1")
    page.get_by_label("Prompt", exact=True).fill("The <b>")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.live-sample-prompt')].map(e => e.textContent).join('|')"
        " === 'The |The '"
    )


def test_training_can_go_on_under_the_hands(server, open_page):
    page = open_hands(open_page, server, "/hands?text_corpus=counting&text_hidden_size=16", steps=200)
    press(page, "Forget everything: f = 0")
    page.locator(".held-difference[data-verdict=worse]").last.wait_for()
    switch = page.get_by_role("switch", name="Training goes on under these hands", exact=True)
    switch.click()
    page.get_by_text("It learns to live with what is held.").wait_for()
    # what learns with the hands does better with them than without, sooner or later
    page.locator(".held-difference[data-verdict=better]").last.wait_for()


def test_a_forged_hold_is_refused_in_a_sentence(server, open_page):
    page = open_hands(open_page, server)
    page.evaluate("() => (document.querySelector('[aria-label=\"Hold forget gate\"]').max = 7)")
    page.get_by_label("Hold forget gate", exact=True).fill("7")
    page.get_by_text("f is 7; it must be a number from 0 to 1.").wait_for()
    page.get_by_text("Nothing is held").wait_for()
    frames_pass(page)
    page.get_by_role("switch", name="Forget gate held", exact=True).get_by_text("as learned").wait_for()


@pytest.mark.parametrize("path", PAGES)
def test_everything_stands_on_one_screen_and_nothing_moves(server, open_page, path):
    page = open_page(server.url + path, wait=False)
    page.locator(".live-figure").nth(3).wait_for()
    parts = ".live-panel, .hands > *, .timebar > *, .transport > *"
    wait_for_status(page, "training")
    for _ in sizes(page, parts):
        page.get_by_text("Nothing is held").wait_for()
        frames_pass(page)
        early = places_of(page, parts)
        press(page, "Show nothing: o = 0")
        page.get_by_text("o = 0 in all units").wait_for()
        late = places_of(page, parts)
        assert early == late
        stand_on_one_screen(page, late)
        press(page, "Let go of everything")
