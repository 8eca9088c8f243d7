"""The Gates-away page in a real Chromium: nine charts, the ranking beside them, what has been seen below."""

import pytest

from tests.browser.conftest import (
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
# small networks, so that the tests need not wait; that there is no forget gate soon shows on a sine
SINE = "/ablation?ablation_data=sine&ablation_hidden_size=16"
TALES = "/ablation?ablation_hidden_size=8"
ROWS = "() => [...document.querySelectorAll('.ablation-row')].map(row => ({...row.dataset}))"


def rows(page):
    """data- attributes of the ranking's rows, in the order of the variants."""
    return page.evaluate(ROWS)


def chart(page):
    """Steps and losses of all traces of the nine charts."""
    return page.evaluate(
        """() => document.querySelector('.js-plotly-plot').data
            .map(({ x, y }) => [[...(x ?? [])], [...(y ?? [])]])"""
    )


def wait_for_verdict(page, variant, verdict):
    page.locator(f'.ablation-row[data-variant="{variant}"][data-verdict="{verdict}"]').wait_for()


def test_it_finds_out_what_a_network_without_a_forget_gate_cannot_do(server, share_page):
    page = share_page(server.url + SINE)
    page.get_by_text("which part of the LSTM matters most?").wait_for()
    wait_for_verdict(page, "no forget gate", "worse")
    seen = page.get_by_test_id("observation")
    seen.get_by_text("without a forget gate makes").wait_for()
    assert seen.get_attribute("data-seen") == "true"
    press(page, "Pause")
    quiet(page)
    ranked = rows(page)
    assert sorted(int(row["place"]) for row in ranked) == list(range(1, 10))
    assert next(row for row in ranked if row["variant"] == "no forget gate")["place"] == "9"
    tops = page.evaluate(
        "() => [...document.querySelectorAll('.ablation-row')].map(row => row.getBoundingClientRect().y)"
    )
    by_top = sorted(range(9), key=lambda number: tops[number])
    assert [int(ranked[number]["place"]) for number in by_top] == list(range(1, 10))


def test_every_chart_shows_its_variant_beside_the_plain_one(server, share_page):
    page = share_page(server.url + TALES)
    page.locator(".ablation-row").first.wait_for()
    press(page, "Pause")
    quiet(page)
    traces = chart(page)
    assert len(traces) == 36
    for number in range(9):
        low, high, plain, mean = traces[4 * number : 4 * number + 4]
        assert low[0] == high[0] == plain[0] == mean[0]
        assert plain == traces[2]
        assert all(
            one <= two + 1e-5 <= three + 2e-5
            for one, two, three in zip(low[1], mean[1], high[1], strict=True)
        )
    lows, highs = page.evaluate(
        """() => {
            const layout = document.querySelector('.js-plotly-plot')._fullLayout;
            const axes = [...Array(9).keys()].map(k => layout[`yaxis${k ? k + 1 : ''}`].range);
            return [0, 1].map(end => [...new Set(axes.map(range => range[end]))]);
        }"""
    )
    (low,), (high,) = lows, highs
    # what was before the last seven eighths of the steps may lie above
    late = [
        loss
        for steps, losses in traces
        for at, loss in zip(steps, losses, strict=True)
        if 8 * at >= steps[-1]
    ]
    assert low < min(late)
    assert max(late) < high < 1.2 * max(late)


def test_the_learning_rate_acts_while_it_is_dragged(server, open_page):
    page = open_page(server.url + TALES)
    page.get_by_label("Learning rate", exact=True).fill("195")  # of 200 positions
    page.wait_for_function("() => Number(document.querySelector('[data-testid=live]').dataset.lr) > 0.1")
    frames_pass(page)
    assert live(page, "status") == "training"


def test_one_seed_supports_no_ranking(server, open_page):
    page = open_page(f"{server.url}{TALES}&ablation_seeds=1")
    page.get_by_text("nobody can tell that from luck: choose 3 or more").wait_for()
    wait_for_verdict(page, "no forget gate", "unknown")
    assert page.locator(".ablation-dot").count() == 9


def test_other_data_start_the_networks_anew(server, open_page):
    page = open_page(server.url + TALES)
    wait_for_step(page, 10)
    page.get_by_text("Forget bias").wait_for()
    assert page.get_by_label("Lag", exact=True).count() == 0
    page.get_by_role("combobox").click()
    page.get_by_role("option", name="Memory: Recall").click()
    page.get_by_text("The networks start anew").wait_for()
    page.get_by_label("Lag", exact=True).wait_for()
    frames_pass(page)


def test_a_step_by_hand_moves_the_charts(server, share_page):
    page = share_page(server.url + TALES)
    page.locator(".ablation-row").first.wait_for()
    press(page, "Pause")
    quiet(page)
    before = step(page)
    press(page, "Step")
    wait_for_step(page, before + 1)
    page.wait_for_function(
        "step => document.querySelector('.js-plotly-plot').data[0].x.at(-1) === step", arg=before + 1
    )


def test_what_a_row_means_stands_in_its_tooltip(server, share_page):
    page = share_page(server.url + TALES)
    row = page.locator('.ablation-row[data-variant="coupled gates"]')
    row.wait_for()
    assert "f = 1 − i" in row.text_content()
    assert "What is written replaces what is forgotten. Seeds: " in row.get_attribute("title")


def test_everything_stands_on_one_screen_and_nothing_moves(server, share_page):
    page = share_page(server.url + SINE)
    page.locator(".observation").wait_for()
    parts = ".live-panel, .transport > *"
    page.locator(".ablation-row").first.wait_for()
    for _ in sizes(page, parts):
        reset(page)
        page.locator('.ablation-row[data-variant="no forget gate"]:not([data-verdict="worse"])').wait_for()
        early = places_of(page, parts)
        wait_for_verdict(page, "no forget gate", "worse")
        for _ in themes(page, parts):
            assert places_of(page, parts) == early
            stand_on_one_screen(page, early)
            can_be_read(page)


def can_be_read(page):
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.ablation-name, .ablation-equation, .ablation-verdict')]
            .filter(node => node.scrollWidth > node.clientWidth).map(node => node.textContent)"""
    )
    assert cut == []
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('.ablation-row *, .js-plotly-plot text')]
            .filter(node => node.textContent.trim())
            .map(node => parseFloat(getComputedStyle(node).fontSize))"""
    )
    assert min(sizes) >= 13 - 0.01
