"""The Cell page in a real Chromium: its numbers add up and follow the run."""

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.browser.conftest import (
    frames_pass,
    live,
    press,
    quiet,
    sizes,
    wait_for_step,
)

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
LIVE = ["/cell", "/cell?series_kind=sine"]
BY_HAND = "/cell?cell=By+hand"
UNIT = Decimal("0.001")  # the last digit shown
GATES = "ifgo"

# everything in one go, so that no frame comes in between
READ = """() => {
    const diagram = document.querySelector('.cell-diagram');
    const places = [...document.querySelectorAll('.cell-equations [data-name]')];
    return {
        diagram: Object.fromEntries(
            [...diagram.querySelectorAll('text[data-name]')].map(n => [n.dataset.name, n.firstChild.data])),
        titles: Object.fromEntries(
            [...diagram.querySelectorAll('text[data-name]')].map(
                n => [n.dataset.name, n.querySelector('title').textContent])),
        equations: places.map(n => [n.dataset.name, n.textContent, n.title]),
        about: diagram.getAttribute('aria-label'),
        flow: diagram.dataset.flow ?? '',
        time: Number(document.querySelector('.cell-where').textContent.match(/\\d+/)[0]),
    };
}"""


def shown(text):
    """The number that a text says, exactly; it is written with three decimals and a true minus."""
    assert text != "−0.000"
    assert "-" not in text
    number = Decimal(text.replace("−", "-"))
    assert number.as_tuple().exponent == -3
    return number


def assert_adds_up(read):
    """Every sum on screen, in the diagram; and the equations say the same."""
    numbers = {name: shown(text) for name, text in read["diagram"].items()}
    assert len(numbers) == 27
    for gate in GATES:
        parts = [numbers[f"{part}_{gate}"] for part in "xhb"]
        assert sum(parts) == numbers[f"pre_{gate}"]
    assert numbers["keep"] + numbers["write"] == numbers["c"]
    for name, text, title in read["equations"]:
        assert shown(text.strip("+()")) == numbers[name]
        assert title == read["titles"][name]
    assert {name for name, _, _ in read["equations"]} >= set(numbers) - {"h_before"}
    for name, title in read["titles"].items():
        precise = Decimal(title.rsplit(": ", 1)[1].replace("−", "-"))
        # six digits of the truth: of an addend, up or down is right; all else is the nearest
        added = (name[:2] in ("x_", "h_", "b_") and name != "h_before") or name in ("keep", "write")
        allowed = UNIT if added else UNIT / 2
        assert abs(precise - numbers[name]) <= allowed + abs(precise) * Decimal("1e-5")
    return numbers


def wait_for_cell(page):
    page.locator(".cell-diagram [data-name=h]").wait_for()
    page.wait_for_function("() => document.querySelector('.cell-diagram [data-name=h]').firstChild.data")


def wait_for_time(page, time):
    page.wait_for_function(f"() => ({READ})().time === {time}")
    cell = f"() => document.querySelector('.cell-diagram').getAttribute('aria-label').includes('step {time}')"
    page.wait_for_function(cell)


def test_any_sum_adds_up_to_the_last_digit_shown(server, share_page):
    page = share_page(server.url + BY_HAND, wait=False)
    dice = random.Random(1)
    sums = []
    for scale in (1e-4, 1e-3, 0.1, 1, 30, 1e5):
        for count in (1, 2, 3, 7):
            sums += [[dice.uniform(-scale, scale) for _ in range(count)] for _ in range(200)]
    sums += [[0.0005, 0.0005], [0.29, 0.29, 0.42], [-0.0004, 0, 0], [0, 0, 0], [1, -1, -0.0], [-1e-9, 0.5]]
    texts = page.evaluate(
        """async ([address, sums]) => {
            const { addUp } = await import(address);
            return sums.map(parts => addUp(parts, 3));
        }""",
        [f"{server.url}/live/static/any/cell_numbers.js", sums],
    )
    for parts, (*addends, total) in zip(sums, texts, strict=True):
        exact = sum(parts)
        assert shown(total) == Decimal(exact).quantize(UNIT, ROUND_HALF_UP) + 0
        assert sum(map(shown, addends)) == shown(total)
        for part, text in zip(parts, addends, strict=True):
            assert abs(shown(text) - Decimal(part)) < UNIT


def test_what_is_no_number_is_said(server, share_page):
    page = share_page(server.url + BY_HAND, wait=False)
    texts = page.evaluate(
        """async address => {
            const { addUp, rounded, precise } = await import(address);
            return [addUp([NaN, 1, 2]), addUp([Infinity, -1]), addUp([3e12, 1]),
                rounded(-0.0001), precise(NaN)];
        }""",
        f"{server.url}/live/static/any/cell_numbers.js",
    )
    assert texts[0][0] == texts[0][3] == "–"
    assert texts[1] == ["–", "−1.000", "–"]
    assert texts[2] == ["3.00e+12", "1.000", "3.00e+12"]
    assert texts[3:] == ["0.000", "not a number"]


@pytest.mark.parametrize("path", LIVE)
def test_the_numbers_of_a_live_network_add_up_while_it_trains(server, share_page, path):
    page = share_page(server.url + path)
    wait_for_cell(page)
    seen = set()
    for _ in range(6):
        read = page.evaluate(READ)
        numbers = assert_adds_up(read)
        seen.add(read["diagram"]["pre_i"])
        assert f"cell state c is {read['diagram']['c']}" in read["about"]
        assert f"hidden state h is {read['diagram']['h']}" in read["about"]
        assert all(0 <= numbers[f"out_{gate}"] <= 1 for gate in "ifo")
        frames_pass(page, 4)
    assert len(seen) > 1  # a sine is learnt so soon that its numbers then hardly change


@pytest.mark.parametrize("path", LIVE)
def test_stepping_through_time_hands_c_and_h_on(server, share_page, path):
    page = share_page(server.url + path)
    wait_for_cell(page)
    frames_pass(page)
    press(page, "Pause")
    quiet(page)
    later = page.evaluate(READ)
    assert page.get_by_role("button", name="Forward ▶").is_disabled()
    for time in range(later["time"] - 1, later["time"] - 13, -1):
        press(page, "◀ Back")
        wait_for_time(page, time)
        read = page.evaluate(READ)
        assert_adds_up(read)
        for name in "ch":
            assert read["diagram"][name] == later["diagram"][f"{name}_before"]
        later = read
    press(page, "Forward ▶")
    wait_for_time(page, later["time"] + 1)
    assert page.evaluate(READ)["diagram"]["c_before"] == later["diagram"]["c"]


def test_the_first_step_starts_from_nothing(server, share_page):
    page = share_page(server.url + "/cell")
    wait_for_cell(page)
    page.keyboard.press("Home")
    wait_for_time(page, 0)
    numbers = assert_adds_up(page.evaluate(READ))
    assert numbers["c_before"] == numbers["h_before"] == numbers["keep"] == 0
    assert all(numbers[f"h_{gate}"] == 0 for gate in GATES)
    assert page.get_by_role("button", name="◀ Back").is_disabled()


def test_a_step_on_in_time_shows_what_flows_where_and_the_next_cuts_it_short(server, share_page):
    page = share_page(server.url + "/cell")
    wait_for_cell(page)
    page.keyboard.press("Home")
    wait_for_time(page, 0)
    page.wait_for_function("() => !document.querySelector('.cell-diagram').dataset.flow")
    page.keyboard.press("ArrowRight")
    wait_for_time(page, 1)
    assert page.evaluate(READ)["flow"] == "forward"
    running = "document.querySelector('.cell').getAnimations({ subtree: true }).length"
    count = page.evaluate(running)
    press(page, "Forward ▶")
    wait_for_time(page, 2)
    assert page.evaluate(running) <= count
    page.wait_for_function("() => !document.querySelector('.cell-diagram').dataset.flow")
    assert page.evaluate(running) == 0


def test_who_wants_no_motion_gets_none(server, open_page):
    page = open_page(server.url + "/cell", reduced_motion="reduce")
    wait_for_cell(page)
    press(page, "◀ Back")
    page.wait_for_function("() => !document.querySelector('.cell-head button:nth-child(2)').disabled")
    press(page, "Forward ▶")
    frames_pass(page)
    assert page.evaluate("document.querySelector('.cell').getAnimations({ subtree: true }).length") == 0


def test_the_unit_is_chosen_by_button_and_by_number(server, share_page):
    page = share_page(server.url + "/cell")
    wait_for_cell(page)
    box = page.get_by_role("spinbutton", name="Unit")

    def wait_for_unit(unit):
        page.locator(f".cell-diagram[aria-label^='Unit {unit} ']").wait_for()
        assert_adds_up(page.evaluate(READ))

    box.fill("12")
    box.press("Enter")
    wait_for_unit(12)
    press(page, "Unit after")
    wait_for_unit(13)
    press(page, "Unit before")
    press(page, "Unit before")
    wait_for_unit(11)
    box.fill("99999")
    box.press("Enter")
    wait_for_unit(63)
    box.fill("")
    box.press("Enter")
    wait_for_unit(63)


def test_the_lines_are_as_thick_as_what_flows(server, share_page):
    page = share_page(server.url + BY_HAND, wait=False)
    wait_for_cell(page)
    width = "document.querySelectorAll('.cell-edge')[{}].style.strokeWidth"
    keep = f"parseFloat({width.format(1)})"
    press(page, "Remember")
    open_gate = page.evaluate(keep)
    press(page, "Forget")
    assert page.evaluate(keep) < open_gate


@pytest.mark.parametrize("path", ["/cell", BY_HAND])
def test_the_page_is_seen_whole_and_can_be_read(server, share_page, path):
    page = share_page(server.url + path, wait=path == "/cell")
    wait_for_cell(page)
    for viewport in sizes(page, ".cell-board"):
        is_seen_whole(page, viewport)


def is_seen_whole(page, viewport):
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollHeight <= {main}.clientHeight")
    box = page.locator(".cell-board").bounding_box()
    assert box["y"] + box["height"] <= viewport["height"]
    assert box["x"] + box["width"] <= viewport["width"]
    sizes = page.evaluate(
        """() => {
            const scale = document.querySelector('.cell-diagram').getScreenCTM().a;
            const size = node => parseFloat(getComputedStyle(node).fontSize);
            return [
                ...[...document.querySelectorAll('.cell-diagram text')].map(node => scale * size(node)),
                ...[...document.querySelectorAll('.cell-equation div, .cell button')].map(size),
            ];
        }"""
    )
    assert min(sizes) >= 13
    overflowing = """[...document.querySelectorAll('.cell-values, .cell-symbols')].filter(node =>
        node.lastElementChild.getBoundingClientRect().right > innerWidth).length"""
    assert page.evaluate(overflowing) == 0


def test_nothing_moves_while_frames_arrive(server, share_page):
    page = share_page(server.url + "/cell")
    wait_for_cell(page)
    places = """() => [...document.querySelectorAll('.cell-values > span, .cell-board, .cell-head > *')]
        .map(node => Math.round(node.getBoundingClientRect().left))"""
    page.keyboard.press("Home")  # where c is small
    wait_for_time(page, 0)
    page.wait_for_function("() => !document.querySelector('.cell-diagram').dataset.flow")
    press(page, "Pause")
    press(page, "Reset")
    page.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.step === '0'")
    press(page, "Play")
    wait_for_step(page, 1)
    before, step = page.evaluate(places), int(live(page, "step"))
    frames_pass(page, 10)
    assert int(live(page, "step")) > step
    assert page.evaluate(places) == before
