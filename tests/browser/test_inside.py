"""The Look inside page in a real Chromium: one selection that every panel follows, and questions to units."""

import re

import pytest

from tests.browser.conftest import (
    frames_pass,
    places_of,
    press,
    quiet,
    reset,
    sizes,
    stand_on_one_screen,
    step,
    wait_for_step,
)

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
PROBE = 'He said "go (now)" to me.\nThen'
WHERE = ".sequence-where"
TOKEN = ".sequence-body .coloured-token"


@pytest.fixture
def inside(server, open_page):
    """inside(query) → the page, with its run training and the sequence coloured."""

    def inside(query="", **options):
        page = open_page(f"{server.url}/inside{query}", **options)
        page.locator(".sequence-body .coloured-token, .sequence-body .coloured-piece").first.wait_for()
        return page

    return inside


@pytest.fixture
def shared(server, share_page):
    """shared() → the page of `inside` that tests share which only select units and time steps in it."""

    def shared():
        page = share_page(f"{server.url}/inside")
        page.locator(TOKEN).first.wait_for()
        return page

    return shared


def chosen(page):
    """(unit, signal, time step) that the caption names."""
    text = page.locator(WHERE).text_content()
    unit, signal, time = re.match(r"unit (\d+) · .+ (\w) · t = (\d+) ", text).groups()
    return int(unit), signal, int(time)


def wait_for_caption(page, part):
    page.wait_for_function(
        "([where, part]) => document.querySelector(where)?.textContent.includes(part)", arg=[WHERE, part]
    )


def stop(page):
    press(page, "Pause")
    quiet(page)


def type_probe(page, text):
    page.get_by_label("Watch it read", exact=True).fill(text)
    page.wait_for_function(
        "([token, count]) => document.querySelectorAll(token).length === count", arg=[TOKEN, len(text)]
    )


def marks(page, figure=0):
    """Of the figure's marks that show, [left, top, right, bottom] within the figure."""
    return page.evaluate(
        """figure => {
            const element = document.querySelectorAll('.overlay-selects')[figure];
            const edge = element.getBoundingClientRect();
            const shown = [...element.querySelectorAll('.overlay-mark')].filter(mark => !mark.hidden);
            return shown.map(mark => mark.getBoundingClientRect()).map(({ left, top, right, bottom }) =>
                [left - edge.left, top - edge.top, right - edge.left, bottom - edge.top]);
        }""",
        figure,
    )


def expected_marks(page):
    """Where the cell state's marks belong, from Plotly's axes: of the chosen step's column and unit's row."""
    unit, _, time = chosen(page)
    return page.evaluate(
        """([unit, time]) => {
            const plot = document.querySelector('.js-plotly-plot');
            const { xaxis: x, yaxis: y } = plot._fullLayout;
            const row = Number(plot.data[0].text.findIndex(row => row[0].startsWith(`unit ${unit} ·`)));
            const ends = (axis, place) => [place - 0.5, place + 0.5].map(end =>
                axis._offset + Math.min(axis._length, Math.max(0, axis.l2p(end))));
            const [across, down] = [ends(x, time), ends(y, row)];
            return [[across[0], y._offset, across[1], y._offset + y._length],
                    [x._offset, down[0], x._offset + x._length, down[1]]];
        }""",
        [unit, time],
    )


def test_a_click_on_a_token_chooses_the_time_step_for_every_panel(shared):
    page = shared()
    page.locator(TOKEN).nth(7).click()
    wait_for_caption(page, "t = 7 “")
    frames_pass(page)
    assert chosen(page)[2] == 7
    assert page.locator(".coloured-chosen").first.evaluate("node => node.t") == 7
    for mine, theirs in zip(marks(page), expected_marks(page), strict=True):
        assert mine == pytest.approx(theirs, abs=1.5)


def test_arrow_keys_move_through_time_and_through_the_rows_of_the_heatmap(shared):
    page = shared()
    page.locator(TOKEN).nth(3).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert chosen(page)[2] == 4
    stop(page)
    rows = page.evaluate(
        "() => document.querySelector('.js-plotly-plot').data[0].text"
        ".map(row => Number(row[0].match(/unit (\\d+)/)[1]))"
    )
    before = rows.index(chosen(page)[0])
    page.keyboard.press("ArrowUp" if before else "ArrowDown")
    assert chosen(page)[0] == rows[before - 1 if before else 1]
    page.keyboard.press("Home")
    assert chosen(page)[2] == 0
    page.keyboard.press("End")
    assert chosen(page)[2] == page.locator(TOKEN).count() - 1
    page.keyboard.press("ArrowRight")
    assert chosen(page)[2] == page.locator(TOKEN).count() - 1


def test_a_key_that_is_held_moves_at_every_repeat_without_waiting_for_a_frame(shared):
    page = shared()
    page.locator(TOKEN).nth(2).click()
    wait_for_caption(page, "t = 2 “")
    moved = page.evaluate(
        """where => {
            const times = [];
            for (let k = 0; k < 12; k++) {
                const init = { key: 'ArrowRight', bubbles: true, cancelable: true, repeat: true };
                document.body.dispatchEvent(new KeyboardEvent('keydown', init));
                times.push(Number(document.querySelector(where).textContent.match(/t = (\\d+)/)[1]));
            }
            return times;
        }""",
        WHERE,
    )
    assert moved == list(range(3, 15))
    frames_pass(page, 4)
    assert chosen(page)[2] == 14


def test_arrow_keys_keep_their_meaning_where_they_have_one(shared):
    page = shared()
    page.locator(TOKEN).nth(5).click()
    wait_for_caption(page, "t = 5 “")
    for label in ("Watch it read", "Speed", "Find units for"):
        page.get_by_label(label, exact=True).focus()
        page.keyboard.press("ArrowLeft")
        assert chosen(page)[2] == 5


def test_the_signal_that_colours_can_be_chosen(inside):
    page = inside()
    stop(page)
    colours = f"() => [...document.querySelectorAll('{TOKEN}')].map(node => node.style.backgroundColor)"
    before = page.evaluate(colours)
    forget = page.get_by_role("button", name="forget gate f", exact=True)
    forget.click()
    page.wait_for_function(f"before => ({colours})().join() !== before.join()", arg=before)
    assert forget.get_attribute("aria-pressed") == "true"
    assert page.get_by_text("closed 0").is_visible()
    assert 0 <= float(page.locator(".sequence-number").text_content()) <= 1


def test_colours_are_those_of_the_heatmap(shared):
    page = shared()
    stop(page)
    worst = page.evaluate(
        """async token => {
            const plot = document.querySelector('.js-plotly-plot');
            const unit = document.querySelector('.sequence-where').textContent.match(/unit (\\d+)/)[1];
            const row = plot.data[0].text.findIndex(row => row[0].startsWith(`unit ${unit} ·`));
            const image = plot.querySelector('.heatmaplayer image');
            const bitmap = Object.assign(new Image(), { src: image.getAttribute('href') });
            await bitmap.decode();
            const tokens = [...document.querySelectorAll(token)];
            const [width, height] = [tokens.length, plot.data[0].z.length];
            const canvas = new OffscreenCanvas(width, height);
            const context = canvas.getContext('2d');
            context.imageSmoothingEnabled = false;
            context.drawImage(bitmap, 0, 0, width, height);
            const pixels = context.getImageData(0, row, width, 1).data;
            return Math.max(...tokens.flatMap((node, t) =>
                node.style.backgroundColor.match(/\\d+/g)
                    .map((part, k) => Math.abs(part - pixels[4 * t + k]))));
        }""",
        TOKEN,
    )
    assert worst <= 10  # of 255: the sequence has 64 shades


def test_newlines_are_shown_and_text_is_never_read_as_html(inside):
    page = inside()
    text = 'a<b>b</b>"<img src=x>\nc'
    page.get_by_label("Watch it read", exact=True).fill(text)
    page.wait_for_function(
        # before it stand the signs that the text never uses, as ▢
        "token => [...document.querySelectorAll(token)].some(node => node.textContent.endsWith('↵'))",
        arg=TOKEN,
    )
    frames_pass(page)
    assert page.locator(".sequence b, .sequence img, .stretches img").count() == 0


@pytest.mark.parametrize("query", ["", "?text_level=words"])
def test_the_longest_probe_is_seen_whole(inside, query):
    page = inside(query)
    words = "the old fox said that he will not go to the house and then she said " * 12
    page.get_by_label("Watch it read", exact=True).fill(words)
    page.wait_for_function("token => document.querySelectorAll(token).length === 128", arg=TOKEN)
    seen = page.evaluate(
        "() => { const body = document.querySelector('.sequence-body');"
        "return [body.scrollHeight <= body.clientHeight, parseFloat(getComputedStyle(body).fontSize)] }"
    )
    assert seen[0] or query
    assert seen[1] >= 13


@pytest.mark.parametrize("path", ["/", "/series", "/inside", "/inside?series_kind=sine"])
def test_a_click_on_a_heatmap_chooses_unit_and_step_and_both_are_marked(server, open_page, path):
    page = open_page(server.url + path)
    frames_pass(page)
    stop(page)
    box = page.locator(".heatmaplayer image").first.bounding_box()
    names = page.evaluate("() => document.querySelector('.js-plotly-plot').data[0].text")
    row, column = 4, 9
    page.mouse.click(
        box["x"] + box["width"] * (column + 0.5) / len(names[0]),
        box["y"] + box["height"] * (row + 0.5) / len(names),
    )
    heatmap = marks(page)[:2]
    edge = page.locator(".overlay-selects").first.bounding_box()
    left = box["x"] - edge["x"] + box["width"] * column / len(names[0])
    top = box["y"] - edge["y"] + box["height"] * row / len(names)
    assert heatmap[0][0] == pytest.approx(left, abs=2)
    assert heatmap[1][1] == pytest.approx(top, abs=2)
    if "inside" in path:
        unit, time = re.match(r"unit (\d+) · t = (\d+)", names[row][column]).groups()
        assert chosen(page)[::2] == (int(unit), int(time))


def test_a_click_on_the_line_above_a_series_heatmap_chooses_the_step(server, open_page):
    page = open_page(server.url + "/series")
    frames_pass(page)
    stop(page)
    line = page.locator(".overlay-selects").first
    left, width, top = page.evaluate(
        """() => {
            const { xaxis, yaxis } = document.querySelector('.js-plotly-plot')._fullLayout;
            return [xaxis._offset, xaxis._length, yaxis._offset];
        }"""
    )
    box = line.bounding_box()
    page.mouse.click(box["x"] + left + width * 20.5 / 48, box["y"] + top + 3)
    column, _, above = marks(page)
    assert column[0] == pytest.approx(left + width * 20 / 48, abs=1.5)
    assert (above[0] + above[2]) / 2 == pytest.approx(left + width * 20.5 / 48, abs=1.5)
    page.keyboard.press("ArrowRight")
    assert marks(page)[0][0] == pytest.approx(left + width * 21 / 48, abs=1.5)


def test_marks_follow_a_zoom(inside):
    page = inside()
    stop(page)
    page.locator(TOKEN).nth(12).click()
    page.evaluate(
        "() => Plotly.relayout(document.querySelector('.js-plotly-plot'), {'xaxis.range': [8.5, 20.5]})"
    )
    for mine, theirs in zip(marks(page), expected_marks(page), strict=True):
        assert mine == pytest.approx(theirs, abs=1.5)
    page.keyboard.press("Home")  # out of view
    assert len(marks(page)) == 1


def test_a_click_on_the_unit_lines_chooses_the_step(shared):
    page = shared()
    stop(page)
    lines = page.locator(".overlay-selects").nth(2)
    offset, length = page.evaluate(
        """() => {
            const { _offset, _length } = document.querySelectorAll('.js-plotly-plot')[2]._fullLayout.xaxis;
            return [_offset, _length];
        }"""
    )
    box = lines.bounding_box()
    page.mouse.click(box["x"] + offset + length * 0.5, box["y"] + 20)
    assert chosen(page)[2] == pytest.approx((page.locator(TOKEN).count() - 1) / 2, abs=1)


def test_lines_and_their_values_are_those_that_plotly_itself_would_show(shared):
    page = shared()
    frames_pass(page, 10)
    stop(page)
    before, after = page.evaluate(
        """async () => {
            const plot = document.querySelectorAll('.js-plotly-plot')[2];
            const shown = () => [...plot.querySelectorAll('.js-line')].map((line, k) => {
                const { x, y, width, height } = line.getBBox();
                return [x, y, width, height, ...plot.calcdata[k].map(point => point.y)];
            });
            const before = shown();
            plot.layout.datarevision = 'again';
            await Plotly.react(plot, plot.data, plot.layout);
            return [before, shown()];
        }"""
    )
    assert len(before) == 6
    for painted, drawn in zip(before[:5], after[:5], strict=True):
        assert painted == pytest.approx(drawn, abs=0.6)
    assert before[5][4:] == after[5][4:]


def test_the_unit_view_shows_lines_values_and_twenty_stretches(shared):
    page = shared()
    page.locator(".stretches-row").nth(19).wait_for()
    assert page.locator(".stretches .coloured-chosen").count() == 20
    assert page.get_by_text("over 5,000 held-out characters").is_visible()
    page.keyboard.press("ArrowDown")
    unit = chosen(page)[0]
    page.locator(f".stretches-row[title*='of unit {unit} ']").first.wait_for()
    page.locator(f".distribution-head[title*='of unit {unit} ']").wait_for()
    heads = [text.split()[0] for text in page.locator(".stretches-head").all_text_contents()]
    assert heads == ["Highest", "Lowest"]
    for column in range(2):
        values = [
            float(text.replace("−", "-"))
            for text in page.locator(".stretches-column")
            .nth(column)
            .locator(".stretches-value")
            .all_text_contents()
        ]
        assert values == sorted(values, reverse=column == 0)


def test_units_are_found_for_a_pattern_and_a_click_colours_by_one(inside):
    page = inside()
    type_probe(page, PROBE)
    wait_for_step(page, 100)
    page.get_by_role("button", name="Find", exact=True).click()
    rows = page.locator("button.find-row")
    rows.first.wait_for()
    assert 1 <= rows.count() <= 12
    aucs = [float(text) for text in page.locator("button.find-row .find-auc").all_text_contents()]
    assert aucs == sorted(aucs, reverse=True)
    assert aucs[0] >= 0.5
    assert page.get_by_text(re.compile(r"Best of the untrained network: 0\.\d\d")).is_visible()
    assert page.get_by_text(re.compile("marked in held-out text")).is_visible()
    found = page.locator(f"{TOKEN}[data-marked^=found]").all_text_contents()
    assert "".join(found).strip('"') == "go (now)"
    unit = rows.nth(1).locator(".find-unit").text_content().removeprefix("unit ")
    rows.nth(1).click()
    wait_for_caption(page, f"unit {unit} ·")
    assert rows.nth(1).get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name=re.compile("ask again")).click()
    frames_pass(page)


def test_enter_asks_and_a_pattern_that_cannot_be_read_is_explained(inside):
    page = inside()
    page.get_by_label("Find units for").select_option("regex")
    box = page.get_by_label("Regular expression")
    box.press("Enter")
    page.get_by_text("Type a pattern first.").wait_for()
    box.fill("[")
    box.press("Enter")
    page.get_by_text("“[” is not a regular expression").wait_for()
    assert page.locator(".find-result").is_hidden()
    box.fill("[aeiou]")
    box.press("Enter")
    page.locator("button.find-row").first.wait_for()
    assert page.locator(".find-title").text_content() == "Matched by “[aeiou]”"


def test_a_marked_stretch_is_offered_to_find(inside):
    page = inside()
    type_probe(page, PROBE)
    first, last = (page.locator(TOKEN).nth(t).bounding_box() for t in (3, 6))
    page.mouse.move(first["x"] + 4, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + 4, last["y"] + 8, steps=5)
    page.mouse.up()
    assert page.locator(f"{TOKEN}[data-marked$=stretch]").count() == 4
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator(f"{TOKEN}[data-marked$=stretch]").count() == 5
    page.get_by_role("button", name="Find units for these 5 tokens").click()
    page.locator("button.find-row").first.wait_for()
    assert page.get_by_text(re.compile(rf"5 of {len(PROBE)} marked in the probe")).is_visible()
    page.locator(".sequence-body").focus()
    page.keyboard.press("Escape")
    assert page.locator(f"{TOKEN}[data-marked$=stretch]").count() == 0


def test_the_answer_and_the_selection_outlast_a_visit_to_another_page(inside):
    page = inside()
    page.get_by_label("Find units for").select_option("brackets")
    page.get_by_role("button", name="Find", exact=True).click()
    page.locator("button.find-row").nth(2).click()
    before = chosen(page)
    wait_for_caption(page, f"unit {before[0]} ")
    frames_pass(page)
    page.get_by_role("link", name="Guide").click()
    page.get_by_role("heading", name="What an LSTM is").wait_for()
    page.get_by_role("link", name="Look inside").click()
    page.locator("button.find-row").nth(2).wait_for()
    assert page.locator(".find-title").text_content() == "Inside brackets"
    assert page.get_by_label("Find units for").input_value() == "brackets"
    assert page.locator(".find-note").is_hidden()
    assert chosen(page) == before


def test_a_series_is_a_coloured_line_on_which_a_click_chooses(inside):
    page = inside("?series_kind=sine")
    pieces = page.locator(".sequence-body .coloured-piece")
    assert pieces.count() == 48
    box = page.locator(".sequence-body .coloured-line").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 10.5 / 48, box["y"] + 20)
    wait_for_caption(page, "t = 10 (sample 10)")
    page.get_by_label("Find units for").select_option("above")
    value = page.get_by_label("Value", exact=True)
    value.press("Enter")
    page.get_by_text("Type a number first.").wait_for()
    value.fill("0.5")
    value.press("Enter")
    page.locator("button.find-row").first.wait_for()
    assert page.locator(".find-title").text_content() == "Above 0.5"
    assert page.locator(".stretches .coloured-line").count() >= 2


def test_the_network_can_be_switched_without_a_trace_of_the_other(inside):
    page = inside()
    page.get_by_role("button", name="Find", exact=True).click()
    page.locator("button.find-row").first.wait_for()
    page.get_by_role("radio", name="Series", exact=True).click()
    page.locator(".sequence-body .coloured-piece").first.wait_for()
    assert page.locator(TOKEN).count() == 0
    assert page.locator(".find-result").is_hidden()
    assert page.get_by_label("Find units for").input_value() == "rising"
    frames_pass(page)
    page.get_by_role("radio", name="Text", exact=True).click()
    page.locator(TOKEN).first.wait_for()
    frames_pass(page)
    assert page.locator(".coloured-piece").count() == 0


@pytest.mark.parametrize("query", ["", "?text_level=words", "?series_kind=sunspots"])
def test_everything_stands_on_one_screen_and_nothing_moves(inside, query):
    page = inside(query)
    parts = ".stMain .live-panel"
    for _ in sizes(page, parts):
        reset(page)
        early = places_of(page, parts)
        wait_for_step(page, 100)
        assert places_of(page, parts) == early
        assert len(early) >= 7
        stand_on_one_screen(page, early, scrollers=())


def test_dark_theme_keeps_letters_legible(shared):
    page = shared()
    page.emulate_media(color_scheme="dark")
    frames_pass(page)
    worst = page.evaluate(
        """token => {
            const light = colour => {
                const [r, g, b] = colour.match(/\\d+/g).map(part => {
                    const share = part / 255;
                    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            return Math.min(...[...document.querySelectorAll(token)].map(node => {
                const { color, backgroundColor } = getComputedStyle(node);
                const [low, high] = [light(color), light(backgroundColor)].sort((a, b) => a - b);
                return (high + 0.05) / (low + 0.05);
            }));
        }""",
        TOKEN,
    )
    assert worst >= 3.5
    assert step(page) > 0


def test_from_page_to_page_the_settings_stay_chosen(server, open_page):
    """The three pages share widgets, which Streamlit does not hand on from one to the next."""
    page = open_page(server.url + "/inside")
    for name in ("Cell", "Hands on", "Look inside", "Cell", "Text", "Look inside"):
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("radio", name="32 most active", checked=True).wait_for()
        if name != "Text":
            page.get_by_role("radio", name="Text", exact=True, checked=True).wait_for()
        wait_for_step(page, step(page) + 1)
    page.get_by_role("radio", name="Series", exact=True).click()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=live]')?.dataset.status === 'training'"
    )
    page.get_by_role("link", name="Hands on", exact=True).click()
    page.get_by_role("radio", name="Series", exact=True, checked=True).wait_for()
