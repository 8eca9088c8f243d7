"""Nothing is lost: a refresh, a second tab, the back button and a server that is killed all find the run."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import (
    LAPTOP,
    frames_pass,
    live,
    press,
    quiet,
    step,
    wait_for_status,
    wait_for_step,
)
from tests.browser.servers import start_server

pytestmark = pytest.mark.browser
PAGES = {"": "text", "/series": "series", "/memory": "memory", "/ablation": "ablation", "/compare": "compare"}


def run_of(page, name="text"):
    """The run that the address names."""
    page.wait_for_url(re.compile(rf"{name}_run="))
    return re.search(rf"{name}_run=([\w-]+)", page.url)[1]


def second_tab(page):
    """A tab of the same browser at the same address."""
    tab = page.context.new_page()
    tab.goto(page.url)
    wait_for_step(tab, 1)
    return tab


def note_steps(page):
    """From now on every step that is drawn is added to the list, also after the page was loaded anew."""
    steps = []
    page.expose_function("noteStep", lambda step: steps.append(int(step)))
    watch = """() => {
        const note = () => {
            const node = document.querySelector('[data-testid=live]');
            // before the first frame it says 0, and that it waits
            if (node && node.dataset.status !== 'waiting') window.noteStep(node.dataset.step);
        };
        new MutationObserver(note).observe(document, {
            subtree: true, childList: true, attributeFilter: ['data-step'],
        });
    }"""
    page.add_init_script(f"({watch})()")
    page.evaluate(watch)
    return steps


@pytest.mark.parametrize(("path", "name"), PAGES.items())
def test_a_refresh_goes_on_with_the_same_run(server, open_page, path, name):
    page = open_page(server.url + path)
    run = run_of(page, name)
    frames_pass(page)
    before = step(page)
    page.reload()
    wait_for_step(page, before)
    assert run_of(page, name) == run
    frames_pass(page)


def test_a_second_tab_shows_and_controls_the_same_run(server, open_page):
    one = open_page(server.url)
    run = run_of(one)
    frames_pass(one)
    other = second_tab(one)
    assert run_of(other) == run
    frames_pass(other)
    press(one, "Pause")
    quiet(one)
    wait_for_status(other, "paused")
    quiet(other)
    held = step(one)
    assert step(other) == held
    assert live(one, "loss") == live(other, "loss")
    press(other, "Step")
    for tab in (one, other):
        wait_for_step(tab, held + 1)
    quiet(one)
    assert step(one) == step(other) == held + 1


def test_the_controls_of_a_second_tab_follow_what_is_set_in_the_first_one(server, open_page):
    one = open_page(server.url)
    other = second_tab(one)
    one.get_by_label("Temperature", exact=True).evaluate(
        """node => {
            node.value = 5;
            for (const name of ['input', 'change']) node.dispatchEvent(new Event(name));
        }"""
    )
    one.get_by_label("Prompt", exact=True).fill("Leo: ")
    for name in ("Temperature", "Prompt"):
        wanted = one.get_by_label(name, exact=True).input_value()
        expect(other.get_by_label(name, exact=True)).to_have_value(wanted)
    assert other.get_by_label("Temperature", exact=True).input_value() == "5"
    note = other.locator(".live-text-note", has_text="its text has no")
    note.wait_for()
    other.locator(".live-sample-prompt", has_text="Leo▢ ").wait_for()


def test_a_slider_goes_back_where_the_run_is_when_its_value_is_refused(server, open_page):
    page = open_page(server.url + "/?text_hidden_size=256&text_num_layers=3&text_sequence_length=96")
    slider = page.get_by_label("Batch size", exact=True)
    before = slider.input_value()
    slider.focus()
    slider.press("End")
    page.get_by_text("is too much for 3 layers of 256 units").wait_for()
    expect(slider).to_have_value(before)
    assert "text_batch_size" not in page.url


def test_a_setting_that_is_lost_on_its_way_is_sent_again(server, browser):
    page = browser.new_page()
    lost = []

    def carry(socket):
        there = socket.connect_to_server()

        def pass_on(message):
            if lost or '"noise"' not in message:
                there.send(message)
            else:
                lost.append(message)
                socket.close()

        socket.on_message(pass_on)

    page.route_web_socket(re.compile("/live/socket"), carry)
    page.goto(server.url)
    wait_for_step(page, 1)
    slider = page.get_by_label("Noise", exact=True)
    slider.focus()
    slider.press("End")
    page.wait_for_url(re.compile("text_noise=0.5"))  # which is written for what the run has
    assert lost
    assert slider.input_value() == slider.get_attribute("max")
    page.close()


def test_no_frame_is_drawn_around_the_page_after_a_click_and_a_key(server, open_page):
    page = open_page(server.url)
    page.mouse.click(890, 400)  # between two panels
    page.keyboard.press("s")
    page.keyboard.press("p")
    page.keyboard.press("ArrowRight")
    main = "document.querySelector('.stMain')"
    assert page.evaluate(f"{main}.matches(':focus-visible')")
    assert page.evaluate(f"getComputedStyle({main}, '::before').content") == "none"
    page.keyboard.press("Tab")  # who walks with the keyboard sees where
    page.evaluate(f"{main}.focus()")
    assert page.evaluate(f"getComputedStyle({main}, '::before').content") != "none"


def test_a_slider_keeps_its_place_whatever_it_says(server, open_page):
    page = open_page(server.url)
    slider = page.get_by_label("Batch size", exact=True)
    page.get_by_label("Learning rate", exact=True).wait_for()
    places = set()
    for position in (0, 60, 100, 130, 150, 200):
        page.get_by_label("Learning rate", exact=True).evaluate(
            "(node, value) => { node.value = value; node.dispatchEvent(new Event('input')); }", position
        )
        places.add(slider.bounding_box()["y"])
    assert len(places) == 1


def test_the_layout_of_a_second_tab_follows_when_the_first_one_asks_for_another_network(server, open_page):
    one = open_page(server.url)
    other = second_tab(one)
    other.evaluate(
        """() => {
            window.scripts = 0;  // how often Streamlit has run the page
            new MutationObserver(() => {
                const running = document.querySelector('[data-test-script-state=running]');
                if (running && !window.running) window.scripts += 1;
                window.running = Boolean(running);
            }).observe(document.body, { subtree: true, attributes: true, childList: true });
        }"""
    )
    one.get_by_role("slider", name="Hidden units").press("ArrowLeft")
    one.get_by_text("layer of 48 units").wait_for()
    other.locator("[data-testid=stSlider]", has_text="Hidden units").get_by_text("48", exact=True).wait_for()
    one.get_by_role("radio", name="GRU", exact=True).click()
    # two gates instead of three, which only another layout can show
    for tab in (one, other):
        tab.wait_for_function(
            "() => [...document.querySelectorAll('.js-plotly-plot')].some(plot => plot.data.length === 3)"
        )
        tab.wait_for_url(re.compile("text_cell=gru"))
        frames_pass(tab)
    assert run_of(one) == run_of(other)
    assert one.get_by_role("slider", name="Hidden units").get_attribute("aria-valuetext") in ("48", None)
    assert other.evaluate("window.scripts") <= 6
    before = other.evaluate("window.scripts")
    frames_pass(other, 8)
    assert other.evaluate("window.scripts") == before


def test_live_sliders_of_a_new_tab_stand_where_the_run_is(server, open_page):
    one = open_page(server.url)
    slider = one.get_by_label("Noise", exact=True)
    slider.focus()
    slider.press("End")
    one.wait_for_url(re.compile("text_noise="))
    address = re.sub("&?text_noise=[^&]*", "", one.url)
    other = one.context.new_page()
    other.goto(address)
    wait_for_step(other, 1)
    other.wait_for_url(re.compile("text_noise=0.5"))
    assert other.get_by_label("Noise", exact=True).input_value() == slider.input_value()


def test_back_and_forward_show_the_runs_that_were_there(server, open_page):
    page = open_page(server.url + "/?text_corpus=counting&text_hidden_size=16")
    wait_for_step(page, 20)
    first = run_of(page)
    page.get_by_label("Training history", exact=True).press("Home")
    page.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.at === '0'")
    press(page, "Continue from here")
    page.get_by_text("A new run goes on from step").wait_for()
    page.wait_for_url(lambda url: first not in url)
    second = run_of(page)
    wait_for_step(page, 1)
    page.wait_for_timeout(3500)  # what the address was a moment ago counts as an echo of the browser
    page.go_back()
    page.wait_for_url(lambda url: first in url)
    # as it was left: at its beginning
    page.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.at === '0'")
    press(page, "Back to live")
    wait_for_step(page, 20)
    page.go_forward()
    page.wait_for_url(lambda url: second in url)
    frames_pass(page)
    page.get_by_role("link", name="Series").click()
    page.get_by_text("What it forecasts now").wait_for()
    run_of(page, "series")
    page.go_back()
    page.get_by_text("What it writes now").wait_for()
    assert run_of(page) == second
    frames_pass(page)


def test_a_link_whose_run_is_gone_opens_its_set_up_and_says_so(server, open_page):
    page = open_page(server.url + "/?text_run=AAAAAAAAAAAAAAAAAAAAAA&text_hidden_size=16", wait=False)
    page.get_by_text("The run of this link no longer exists; a new one starts with its settings.").wait_for()
    assert run_of(page) != "AAAAAAAAAAAAAAAAAAAAAA"
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?.data[0].z?.length === 16")


OWN = "All work and no play makes Jack a dull boy. <b>bold</b>\n"


def test_a_killed_server_that_starts_again_goes_on_with_the_run(browser, tmp_path):
    server = start_server(LSTM_SAVE_SECONDS="0.5")
    context = browser.new_context(viewport=LAPTOP)
    try:
        page = context.new_page()
        page.set_default_timeout(40_000)
        page.goto(server.url + "/?text_hidden_size=32&text_corpus=own&text_steps_per_second=20")
        file = tmp_path / "own.txt"
        file.write_text(OWN * 40)
        page.get_by_role("button", name="Upload or paste").click()
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_text("A new network starts").wait_for()
        wait_for_step(page, 60)
        run, before = run_of(page), step(page)
        steps = note_steps(page)
        server.stop()
        wait_for_status(page, "disconnected")
        server.start()
        wait_for_status(page, "training")
        frames_pass(page, 10)
        assert run_of(page) == run
        # at most what was learnt since the last save is learnt again
        assert before - 40 <= min(steps)
        page.get_by_text(f"Your text is kept with this run ({len(OWN) * 40:,} characters)").wait_for()
        page.wait_for_function("() => document.querySelector('.js-plotly-plot')?.data[0].z?.length === 32")
        assert "text_hidden_size=32" in page.url
        reopened = context.new_page()
        reopened.goto(re.sub(r"\?.*", f"?text_run={run}", page.url))
        wait_for_step(reopened, before - 40)
        reopened.get_by_text("Your text is kept with this run").wait_for()
        assert run_of(reopened) == run
        assert "Traceback" not in server.said()
    finally:
        context.close()
        server.stop()
