"""GRU, RNN and networks that fill gaps, in a real Chromium: every page shows what they have, no more."""

import re
from decimal import Decimal

import pytest

from tests.browser.conftest import (
    SMALL_PROJECTOR,
    frames_pass,
    places_of,
    press,
    quiet,
    sizes,
    stand_on_one_screen,
    wait_for_step,
)
from tests.browser.test_cell import READ, shown, wait_for_cell, wait_for_time

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
CELLS = {"lstm": "ifgoh", "gru": "rzn", "rnn": ""}
MEMORY = {"lstm": "cell state", "gru": "hidden state", "rnn": "hidden state"}
BOTH_WAYS = "text_goal=gaps&text_bidirectional=True"
GAP = ".filling-gap"
HEATMAPS = """() => [...document.querySelectorAll('.js-plotly-plot')]
    .filter(plot => plot.data[0].type === 'heatmap')
    .map(plot => plot.data.filter(trace => trace.type === 'heatmap')
        .map(trace => [trace.hovertemplate, trace.z?.length ?? 0]))"""


def wait_for_cell_of(page, cell):
    """Until the page shows the heatmaps of this cell, with data in all of them."""
    page.wait_for_function(
        f"""([memory, count]) => {{
            const plots = ({HEATMAPS})();
            const traces = plots.flat();
            return traces.length === 1 + count && traces.every(one => one[1])
                && plots[0][0][0].includes(memory);
        }}""",
        arg=[MEMORY[cell], len(CELLS[cell])],
    )


def set_probe(page, text):
    page.get_by_label("Watch it read", exact=True).fill(text)


# --- the Text page ---


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("path", ["/", "/series"])
def test_each_cell_shows_its_memory_and_its_gates(server, share_page, path, cell):
    name = "series" if path == "/series" else "text"
    page = share_page(f"{server.url}{path}?{name}_cell={cell}")
    wait_for_cell_of(page, cell)
    titles = " ".join(page.locator(".annotation-text").all_text_contents())
    assert ("reset gate" in titles) == (cell == "gru")
    assert page.get_by_text("No gates", exact=True).count() == (cell == "rnn")
    assert page.get_by_text("Hidden state h", exact=True).is_visible()
    if cell == "rnn":
        page.wait_for_function(
            "() => [...document.querySelectorAll('.js-plotly-plot')].some("
            "plot => plot.data[0].type === 'scatter' && plot.data[0].hovertemplate.startsWith('hidden state')"
            " && plot.data[0].y?.length >= 48)"
        )
    frames_pass(page)


def test_the_cell_is_changed_on_the_page_and_every_panel_follows(server, open_page):
    page = open_page(server.url)
    wait_for_cell_of(page, "lstm")
    for name in ("GRU", "RNN", "LSTM"):
        page.get_by_role("radio", name=name, exact=True).click()
        page.get_by_text(re.compile(f"A new network starts: .*{name}")).wait_for()
        wait_for_cell_of(page, name.lower())
        wait_for_step(page, 1)


def test_a_click_chooses_a_unit_in_any_of_a_grus_heatmaps(server, share_page):
    page = share_page(server.url + "/?text_cell=gru")
    wait_for_cell_of(page, "gru")
    press(page, "Pause")
    quiet(page)
    image = page.locator(".heatmaplayer image").nth(2).bounding_box()  # of z
    page.mouse.click(image["x"] + 0.5 * image["width"], image["y"] + 0.4 * image["height"])
    places = """() => [...document.querySelectorAll('.overlay-mark')].filter(mark => !mark.hidden).length"""
    assert page.evaluate(places) == 2 * 4


# --- gaps ---


def test_gaps_are_filled_and_marked_by_sign_and_colour(server, share_page):
    page = share_page(f"{server.url}/?{BOTH_WAYS}")
    page.locator(GAP).nth(7).wait_for()
    wait_for_step(page, 60)
    press(page, "Pause")
    quiet(page)
    gaps = page.locator(GAP).evaluate_all(
        """gaps => gaps.map(gap => [gap.dataset.verdict, gap.textContent, gap.title,
            getComputedStyle(gap).color])"""
    )
    assert {verdict for verdict, *_ in gaps} <= {"right", "wrong"}
    for verdict, text, title, _ in gaps:
        assert text.endswith("✓" if verdict == "right" else "✗")
        assert ("It is “" in title) == (verdict == "wrong")
        assert "%" in title
    right = sum(verdict == "right" for verdict, *_ in gaps)
    assert page.locator(".filling-counts").text_content().startswith(f"{right} of {len(gaps)} right here")
    assert len({colour for *_, colour in gaps}) == len({verdict for verdict, *_ in gaps})
    assert page.get_by_text("% elsewhere").is_visible()
    for name in ("Temperature", "Top-k (0: all)", "Prompt"):
        assert page.get_by_label(name, exact=True).count() == 0
    assert page.locator(".filling-mark").first.is_visible()  # how its filling grew


def test_the_likeliest_are_those_of_the_gap_that_is_chosen(server, open_page):
    page = open_page(f"{server.url}/?{BOTH_WAYS}&text_cell=gru")
    page.locator(GAP).nth(5).wait_for()
    press(page, "Pause")
    quiet(page)
    for place in (1, 5):
        page.locator(GAP).nth(place).click()
        page.locator(f"{GAP}[data-chosen] >> nth=0").wait_for()
        guess = page.locator(GAP).nth(place).locator(".filling-guess").text_content()
        page.wait_for_function(
            "guess => document.querySelector('.live-next-token').textContent === guess", arg=guess
        )
        assert page.locator(f"{GAP}[data-chosen]").count() == 1
    truth = page.locator(".live-next-row[data-truth]")
    assert truth.count() <= 1


def test_what_is_typed_gets_gaps_and_is_never_read_as_a_page(server, open_page):
    page = open_page(f"{server.url}/?text_goal=gaps&text_corpus=python")
    page.locator(GAP).first.wait_for()
    set_probe(page, "<b>def f(x):</b>\n")
    page.wait_for_function(
        "() => document.querySelector('.filling-text').textContent.includes('<b>'.slice(0, 2))"
    )
    assert page.locator(".filling-text b").count() == 0
    set_probe(page, "d")
    page.get_by_text("No gap: type a longer text.").wait_for()
    assert page.locator(GAP).count() == 0
    set_probe(page, "def f(x): return x")
    page.locator(GAP).nth(2).wait_for()


def test_a_guess_of_another_length_moves_nothing(server, open_page):
    page = open_page(f"{server.url}/?{BOTH_WAYS}&text_level=words")
    page.locator(GAP).nth(2).wait_for()
    places = f"""() => [...document.querySelectorAll('.filling-token, {GAP}')]
        .map(node => Math.round(node.getBoundingClientRect().left))"""
    wait_for_step(page, 5)
    before = page.evaluate(places)
    frames_pass(page, 8)
    assert page.evaluate(places) == before


def test_both_directions_are_rows_that_can_be_shown(server, open_page):
    page = open_page(f"{server.url}/?{BOTH_WAYS}&text_num_layers=2")
    wait_for_cell_of(page, "lstm")
    assert page.get_by_role("radio", name=re.compile("[12] [→←]")).count() == 4
    press(page, "Pause")
    quiet(page)
    first = (
        "() => [...document.querySelector('.js-plotly-plot').data[0].z].map(row => [...row].join()).join()"
    )
    seen = {page.evaluate(first)}
    for name in ("1 ←", "2 →", "2 ←"):
        page.get_by_role("radio", name=name, exact=True).click()
        page.wait_for_function(f"seen => !seen.includes(({first})())", arg=list(seen))
        seen.add(page.evaluate(first))
        assert page.get_by_text("from the end").count() == ("←" in name)


def test_only_who_fills_gaps_may_read_from_both_sides(server, open_page):
    page = open_page(f"{server.url}/?{BOTH_WAYS}")
    toggle = page.get_by_text("Read in both directions")
    toggle.wait_for()
    page.get_by_role("radio", name="say what comes next", exact=True).click()
    page.get_by_text("What it writes now").wait_for()
    assert toggle.count() == 0
    page.locator(".live-sample-text").wait_for()
    page.get_by_role("radio", name="fill gaps", exact=True).click()
    page.locator(GAP).first.wait_for()


# --- one cell, number by number ---

SUMS = {
    "gru": [
        ("x_z", "h_z", "b_z", "pre_z"),
        ("x_r", "h_r", "b_r", "pre_r"),
        ("x_n", "b_n", "gated", "pre_n"),
        ("keep", "write", "h"),
    ],
    "rnn": [("x_h", "h_h", "b_h", "pre_h")],
}
COUNT = {"gru": 21, "rnn": 6}


def assert_adds_up(read, cell):
    """Every sum on screen, in the diagram; and the equations say the same."""
    numbers = {name: shown(text) for name, text in read["diagram"].items()}
    assert len(numbers) == COUNT[cell]
    for *parts, total in SUMS[cell]:
        assert sum(numbers[part] for part in parts) == numbers[total], total
    if cell == "gru":
        assert numbers["out_z"] + numbers["one_z"] == 1
    for name, text, title in read["equations"]:
        if name in numbers:
            assert shown(text.strip("+()")) == numbers[name]
            assert title == read["titles"][name]
    assert {name for name, _, _ in read["equations"]} >= set(numbers) - {"h_before"}
    addends = {part for sums in SUMS[cell] for part in sums[:-1]}
    for name, title in read["titles"].items():
        precise = Decimal(title.rsplit(": ", 1)[1].replace("−", "-"))
        allowed = Decimal("0.001") if name in addends else Decimal("0.0005")
        assert abs(precise - numbers[name]) <= allowed + abs(precise) * Decimal("1e-5"), name
    return numbers


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("query", ["text_cell={}", "series_kind=sine&series_cell={}"])
def test_the_numbers_of_every_cell_add_up_while_it_trains(server, share_page, query, cell):
    page = share_page(f"{server.url}/cell?{query.format(cell)}")
    wait_for_cell(page)
    for _ in range(5):
        read = page.evaluate(READ)
        numbers = assert_adds_up(read, cell)
        assert f"hidden state h is {read['diagram']['h']}" in read["about"]
        assert abs(numbers["h"]) <= 1
        frames_pass(page, 3)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_stepping_through_time_hands_h_on(server, share_page, cell):
    page = share_page(f"{server.url}/cell?text_cell={cell}")
    wait_for_cell(page)
    frames_pass(page)
    press(page, "Pause")
    quiet(page)
    later = page.evaluate(READ)
    for time in range(later["time"] - 1, later["time"] - 6, -1):
        press(page, "◀ Back")
        wait_for_time(page, time)
        read = page.evaluate(READ)
        assert_adds_up(read, cell)
        assert read["diagram"]["h"] == later["diagram"]["h_before"]
        later = read
    press(page, "Forward ▶")
    wait_for_time(page, later["time"] + 1)
    assert page.evaluate(READ)["flow"] == "forward"
    page.wait_for_function("() => !document.querySelector('.cell-diagram').dataset.flow")


def test_who_reads_from_the_end_gets_h_from_the_right(server, open_page):
    page = open_page(f"{server.url}/cell?{BOTH_WAYS}&text_cell=gru&text_layer=1")
    wait_for_cell(page)
    page.wait_for_function("() => document.querySelector('.cell-diagram').textContent.includes('t+1')")
    assert "t−1" not in page.locator(".cell-board").text_content()
    press(page, "Pause")
    quiet(page)
    last = page.evaluate(READ)
    assert shown(last["diagram"]["h_before"]) == 0  # at the end nothing has been read yet
    for _ in range(4):
        press(page, "◀ Back")
        wait_for_time(page, last["time"] - 1)
        before = page.evaluate(READ)
        assert before["flow"] == "forward"  # this is the way it reads
        assert before["diagram"]["h_before"] == last["diagram"]["h"]
        last = before


def test_the_diagram_follows_the_cell_from_network_to_network(server, open_page):
    page = open_page(f"{server.url}/cell?text_cell=gru&series_cell=rnn&series_kind=sine")
    for name, signals in (("Text", "hrzn"), ("Series", "h"), ("Text", "hrzn")):
        page.get_by_role("radio", name=name, exact=True).click()
        page.wait_for_function(
            "count => document.querySelectorAll('.cell-diagram [data-name]').length === count + 1",
            arg=COUNT["gru" if len(signals) > 1 else "rnn"],
        )
        page.wait_for_function(
            "signals => [...document.querySelectorAll('.sequence-signal')].map(e => e.textContent).join('')"
            " === signals",
            arg=signals,
        )
        wait_for_cell(page)


# --- hands ---

Z = """side => [...document.querySelectorAll('.js-plotly-plot')]
    .filter(plot => plot.data.length === 3)[side].data[1].z?.map(row => [...row])"""
H = """side => [...document.querySelectorAll('.js-plotly-plot')]
    .filter(plot => plot.data.length === 1)[side].data[0].z?.map(row => [...row])"""


def test_a_gru_whose_update_gate_is_held_open_remembers_its_beginning(server, open_page):
    page = open_page(f"{server.url}/hands?text_cell=gru&text_hidden_size=32")
    wait_for_step(page, 30)
    press(page, "Pause")
    quiet(page)
    free = page.evaluate(H, 0)
    press(page, "Keep all: z = 1")
    page.get_by_text("z = 1 in all units").wait_for()
    page.wait_for_function(f"() => ({Z})(1)?.flat().every(one => one === 1)")
    assert not any(one for row in page.evaluate(H, 1) for one in row)  # which was 0
    assert page.evaluate(H, 0) == free
    press(page, "Let go of everything")
    page.get_by_text("Nothing is held").wait_for()
    slider = page.get_by_label("Hold reset gate", exact=True)
    slider.fill("0.25")
    page.get_by_text("r = 0.25 in all units").wait_for()
    page.get_by_text("n sees 25 % of the past").wait_for()
    assert page.get_by_label("Hold forget gate").count() == 0


def test_a_plain_rnn_has_no_gate_to_hold_but_units_to_switch_off(server, open_page):
    page = open_page(f"{server.url}/hands?text_cell=rnn&text_hidden_size=32")
    wait_for_step(page, 30)
    assert page.get_by_text("no gate to hold").first.is_visible()
    assert page.get_by_role("slider", name=re.compile("^Hold")).count() == 0
    press(page, "Half of the units off")
    page.get_by_text("units 1, 3, 5, 7, 9, 11, … off").first.wait_for()
    page.wait_for_function(
        f"() => ({H})(1)?.every((row, unit) => unit % 2 === 0 || row.every(one => one === 0))"
    )
    assert any(page.evaluate(H, 1)[0])
    assert all(any(row) for row in page.evaluate(H, 0))
    press(page, "Half of the units off")
    page.get_by_text("Nothing is held").wait_for()


def test_what_was_held_in_another_cell_is_not_said_of_this_one(server, open_page):
    page = open_page(f"{server.url}/hands")
    press(page, "Forget everything: f = 0")
    page.get_by_text("f = 0 in all units").first.wait_for()
    page.get_by_role("link", name="Text", exact=True).click()
    page.get_by_role("radio", name="GRU", exact=True).click()
    wait_for_cell_of(page, "gru")
    page.get_by_role("link", name="Hands on").click()
    page.get_by_text("Nothing is held").wait_for()


def test_both_sides_fill_the_gaps(server, open_page):
    page = open_page(f"{server.url}/hands?text_goal=gaps&text_cell=gru")
    page.locator(f".filling >> nth=1 >> {GAP}").nth(7).wait_for()
    wait_for_step(page, 60)
    press(page, "Pause")
    quiet(page)
    texts = page.locator(".filling-text").all_text_contents()
    assert texts[0] == texts[1]
    press(page, "Never look back: r = 0")
    page.get_by_text("r = 0 in all units").wait_for()
    page.wait_for_function(
        "() => new Set([...document.querySelectorAll('.live-next')].map(e => e.textContent)).size === 2"
    )
    assert page.locator(".filling-text").first.text_content() == texts[0]
    page.locator(".filling >> nth=1").locator(GAP).nth(4).click()
    page.wait_for_function(f"() => document.querySelectorAll('{GAP}[data-chosen]').length === 2")


# --- look inside ---


def test_the_signals_of_a_gru_colour_the_sequence_and_units_are_found(server, open_page):
    page = open_page(f"{server.url}/inside?text_cell=gru")
    buttons = page.locator(".sequence-signal")
    buttons.nth(3).wait_for()
    assert buttons.all_text_contents() == ["h", "r", "z", "n"]
    page.locator(".sequence-where", has_text="hidden state h").wait_for()
    page.get_by_role("button", name="update gate z").click()
    page.locator(".sequence-where", has_text="update gate z").wait_for()
    assert page.locator(".sequence-end").first.text_content() == "closed 0"
    page.get_by_text(re.compile("over 5,000 held-out")).wait_for()
    page.get_by_role("button", name="Find", exact=True).click()
    page.locator("button.find-row").first.wait_for()
    signals = page.locator("button.find-row .find-signal").all_text_contents()
    assert set(signals) == {"h"}
    page.locator(".stretches-row").nth(19).wait_for()


def test_a_plain_rnn_has_one_signal_only(server, share_page):
    page = share_page(f"{server.url}/inside?text_cell=rnn")
    page.locator(".sequence-body .coloured-token").first.wait_for()
    assert page.locator(".sequence-signal").all_text_contents() == ["h"]
    page.locator(".stretches-row").nth(19).wait_for()
    frames_pass(page)


# --- the whole page ---

PAGES = [
    "/?text_cell=gru",
    "/?text_cell=rnn",
    f"/?{BOTH_WAYS}",
    "/series?series_cell=rnn",
    "/inside?text_cell=gru",
    "/inside?text_cell=rnn",
    "/cell?text_cell=gru",
    "/cell?text_cell=rnn",
    "/hands?text_cell=gru",
    "/hands?text_cell=rnn",
    "/hands?text_goal=gaps",
]


@pytest.mark.parametrize("path", PAGES)
def test_everything_stands_on_one_screen_and_nothing_moves(server, share_page, path):
    page = share_page(server.url + path)
    parts = ".stMain .live-panel"
    for viewport in sizes(page, parts):
        early = places_of(page, parts)
        frames_pass(page, 8)
        assert places_of(page, parts) == early
        assert len(early) >= 3
        scrollers = ["stMain"] if viewport == SMALL_PROJECTOR else ["stMain", "stSidebarContent"]
        stand_on_one_screen(page, early, scrollers)
