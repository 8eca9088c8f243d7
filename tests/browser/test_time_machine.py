"""The time machine and the truth badge in a real Chromium."""

import json
import re
import struct

import pytest

from tests.browser.conftest import (
    frames_pass,
    live,
    press,
    quiet,
    sizes,
    step,
    wait_for_status,
    wait_for_step,
)

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
# few units, so that every frame has the same rows
SMALL = "/?text_corpus=counting&text_hidden_size=16"
PAST = "() => document.querySelector('.transport-bar').hasAttribute('data-past')"


def history(page):
    return page.get_by_label("Training history", exact=True)


def where(page):
    return page.locator(".timebar-where").text_content()


def wait_for_exact_step(page, wanted):
    page.wait_for_function(
        "wanted => document.querySelector('[data-testid=live]').dataset.step === String(wanted)", arg=wanted
    )


def wait_for_the_present(page):
    page.wait_for_function(
        "() => document.querySelector('[data-testid=live]').dataset.at === ''"
        " && !document.querySelector('.transport-bar').hasAttribute('data-past')"
    )


def go_back(page, positions):
    """By so many snapshots, one after the other; the step then shown."""
    slider = history(page)
    slider.focus()
    for _ in range(positions):
        before = where(page)
        slider.press("ArrowLeft")
        page.wait_for_function(
            "before => document.querySelector('.timebar-where').textContent !== before", arg=before
        )
    wanted = int(re.match(r"step ([\d,]+) of", where(page))[1].replace(",", ""))
    wait_for_exact_step(page, wanted)
    return wanted


def picture(page):
    """Values and colour scale of the first heatmap."""
    return page.evaluate(
        """() => {
            const [plot] = document.querySelectorAll('.js-plotly-plot');
            const { zmin, zmax } = plot._fullData[0];
            return JSON.stringify([zmin, zmax, plot.calcdata[0][0].z.map(row => [...row])]);
        }"""
    )


@pytest.mark.parametrize("path", ["", "/series", "/hands"])
def test_a_scrub_shows_an_older_network_on_every_panel_while_training_goes_on(server, share_page, path):
    page = share_page(server.url + path)
    wait_for_step(page, 200)
    assert where(page) == "live"
    assert page.get_by_role("button", name="Back to live", exact=True).is_disabled()
    assert page.get_by_role("button", name="Continue from here", exact=True).is_disabled()
    now, live_step = picture(page), step(page)
    shown = go_back(page, 12)
    assert shown < live_step
    assert page.evaluate(PAST)
    assert picture(page) != now
    assert live(page, "status") == "training"
    # the past stays as it is while the present goes on
    page.wait_for_function(
        "before => document.querySelector('.timebar-where').textContent !== before", arg=where(page)
    )
    assert step(page) == shown
    if path != "/hands":  # the whole curve, with a mark where this network lies on it
        page.wait_for_function(
            """shown => {
                const [losses, , mark] = [...document.querySelectorAll('.js-plotly-plot')].at(-1).data;
                return mark.x.length === 2 && mark.x.every(x => x === shown) && Math.max(...losses.x) > shown;
            }""",
            arg=shown,
        )
    press(page, "Back to live")
    wait_for_the_present(page)
    assert step(page) > live_step
    frames_pass(page)


def test_a_drag_shows_every_step_under_the_hand(server, share_page):
    page = share_page(server.url)
    wait_for_step(page, 300)
    box = history(page).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    shown = []
    for share in (0.8, 0.5, 0.2):
        page.mouse.move(box["x"] + box["width"] * share, middle, steps=3)
        page.wait_for_function(
            "() => document.querySelector('.timebar-where').textContent"
            ".startsWith(`step ${Number(document.querySelector('[data-testid=live]').dataset.step)} of`)"
        )
        shown.append(step(page))
    page.mouse.up()
    assert shown == sorted(shown, reverse=True)
    assert len(set(shown)) == 3
    frames_pass_by_the_clock(page)
    assert step(page) == shown[-1]
    for _ in sizes(page, ".transport"):
        assert page.locator(".transport").evaluate("bar => bar.scrollWidth <= bar.clientWidth")
    press(page, "Back to live")


def frames_pass_by_the_clock(page, count=3):
    """Wait until some more frames have come, also where they show the same step."""
    for _ in range(count):
        page.wait_for_function(
            "before => document.querySelector('.timebar-where').textContent !== before", arg=where(page)
        )


def test_the_beginning_is_the_same_picture_every_time(server, open_page):
    page = open_page(server.url + SMALL)
    wait_for_step(page, 150)
    seen = []
    for _ in range(2):
        history(page).press("Home")
        wait_for_exact_step(page, 0)
        seen.append((picture(page), page.locator(".live-sample-text").text_content()))
        press(page, "Back to live")
        wait_for_the_present(page)
        frames_pass(page)
    assert seen[0] == seen[1]


def test_a_paused_run_can_be_looked_back_on_and_reset_forgets_its_history(server, open_page):
    page = open_page(server.url)
    wait_for_step(page, 100)
    press(page, "Pause")
    quiet(page)
    held = step(page)
    history(page).press("Home")
    wait_for_exact_step(page, 0)
    history(page).press("End")
    wait_for_exact_step(page, held)
    wait_for_the_present(page)
    go_back(page, 3)
    press(page, "Reset")
    wait_for_exact_step(page, 0)
    wait_for_the_present(page)
    assert history(page).get_attribute("max") == "1"


def test_the_film_plays_every_snapshot_in_order_and_ends_in_the_present(server, open_page):
    page = open_page(server.url + SMALL)
    wait_for_step(page, 60)
    press(page, "Pause")
    quiet(page)
    snapshots = int(history(page).get_attribute("max"))
    page.evaluate(
        """() => {
            const live = document.querySelector('[data-testid=live]');
            window.film = [];
            new MutationObserver(() => window.film.push(Number(live.dataset.step)))
                .observe(live, { attributeFilter: ['data-step'] });
        }"""
    )
    press(page, "Film")
    page.get_by_role("button", name="Stop", exact=True).wait_for()
    page.get_by_role("button", name="Film", exact=True).wait_for()
    wait_for_the_present(page)
    film = page.evaluate("() => window.film.filter((step, k, all) => step !== all[k - 1])")
    assert film[0] == 0
    assert film == sorted(film)
    assert len(film) >= snapshots - 1  # the last one may be the present itself


def test_the_film_stops_where_it_is_stopped(server, share_page):
    page = share_page(server.url)
    wait_for_step(page, 300)
    press(page, "Film")
    wait_for_exact_step(page, 0)
    page.wait_for_function("() => Number(document.querySelector('[data-testid=live]').dataset.step) > 3")
    press(page, "Stop")
    frames_pass_by_the_clock(page)
    stopped = step(page)
    frames_pass_by_the_clock(page)
    assert step(page) == stopped
    assert page.evaluate(PAST)
    press(page, "Back to live")


@pytest.mark.parametrize("path", ["", "/hands"])
def test_a_branch_goes_on_from_an_earlier_step_and_there_is_a_way_back(server, open_page, path):
    page = open_page(server.url + path)
    wait_for_step(page, 300)
    shown = go_back(page, 20)
    assert shown < 200
    page.evaluate(
        """() => {
            const live = document.querySelector('[data-testid=live]');
            window.lowest = Infinity;
            new MutationObserver(() => {
                if (!live.parentElement.hasAttribute('data-past'))
                    window.lowest = Math.min(window.lowest, live.dataset.step);
            }).observe(live, { attributeFilter: ['data-step'] });
        }"""
    )
    press(page, "Continue from here")
    page.get_by_text("A new run goes on from step").wait_for()
    wait_for_the_present(page)
    frames_pass(page)
    assert shown <= page.evaluate("() => window.lowest") < 300
    press(page, "Return to the run before")
    wait_for_step(page, 300)  # as it is now
    wait_for_the_present(page)
    assert page.get_by_role("button", name="Return to the run before", exact=True).count() == 0


def test_the_film_can_be_saved_as_one_file(server, open_page, tmp_path):
    page = open_page(server.url + SMALL)
    wait_for_step(page, 50)
    with page.expect_download() as download:
        press(page, "Export")
    assert re.fullmatch(r"lstm-text-\d+-steps\.html", download.value.suggested_filename)
    file = tmp_path / "film.html"
    download.value.save_as(file)
    assert "<html" in file.read_text(encoding="utf-8")[:500]
    page.get_by_role("button", name="Export", exact=True).wait_for()
    frames_pass(page)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda route: route.abort(), "the server does not answer."),
        (lambda route: route.fulfill(status=409, body="There is nothing <b>yet</b>."), "nothing <b>yet</b>."),
    ],
)
def test_a_film_that_cannot_be_made_is_said_in_a_sentence(server, browser, answer, said):
    context = browser.new_context()  # the browser itself notes the failure on its console
    try:
        page = context.new_page()
        page.goto(server.url)
        wait_for_step(page, 1)
        page.route("**/live/film", answer)
        press(page, "Export")
        page.get_by_text("The film could not be made:").get_by_text(said).wait_for()
        page.get_by_role("button", name="Export", exact=True).click(trial=True)
        frames_pass(page)
    finally:
        context.close()


# --- the truth badge ---


def edited(data, change):
    """An encoded frame with another header; its arrays stay as they are."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    change(header["meta"])
    body = data[4 + length + (-(4 + length) % 8) :]
    head = json.dumps(header).encode()
    return struct.pack("<I", len(head)) + head + bytes(-(4 + len(head)) % 8) + body


def rewrite_frames(page, change):
    """From the next load on, `change(meta)` is what the server says."""

    def route(ws):
        server = ws.connect_to_server()
        server.on_message(lambda m: ws.send(edited(m, change) if isinstance(m, bytes) else m))

    page.route_web_socket(re.compile("/live/socket"), route)


def badge(page, state):
    node = page.locator(f"[data-testid=truth][data-state={state}]")
    node.wait_for()
    return node


@pytest.mark.parametrize("path", ["", "/series", "/hands"])
def test_the_badge_is_green_and_the_gradients_are_checked_on_request(server, share_page, path):
    page = share_page(server.url + path)
    green = badge(page, "exact")
    assert re.fullmatch(r"exact · [\d.e-]+", green.text_content())
    green.click()
    page.get_by_text(
        re.compile(r"gradients of all [\d,]+ weights.*torch's autograd.*differ by at most")
    ).wait_for()
    assert page.locator(".truth-popover [data-state=exact]").count() == 2
    page.keyboard.press("Escape")
    page.locator(".truth-popover").wait_for(state="hidden")
    assert badge(page, "exact")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda meta: meta.update(truth={"difference": 0.03, "allowed": 1e-5}), "off by 0.03"),
        (lambda meta: meta.update(truth={"difference": None, "allowed": 1e-5}), "not checked"),
        (lambda meta: meta.pop("truth", None), "not checked"),
        (
            lambda meta: meta.update(
                check={"step": 1, "difference": 0.5, "allowed": 1e-8, "weights": 100, "seconds": 0.1}
            ),
            "gradients off by 0.5",
        ),
    ],
)
def test_the_badge_turns_red_when_it_should(server, open_page, change, said):
    page = open_page(server.url, fresh=True)
    badge(page, "exact")
    rewrite_frames(page, change)
    page.reload()
    wait_for_step(page, 1)
    assert badge(page, "off").text_content() == said


def test_a_run_without_a_place_is_not_called_untrue(open_page):
    from tests.browser.servers import start_server

    server = start_server(LSTM_MAX_RUNS="1")
    try:
        open_page(server.url)
        second = open_page(server.url, wait=False)
        wait_for_status(second, "waiting")
        assert badge(second, "unknown")
    finally:
        server.stop()
