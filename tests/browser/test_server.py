"""Servers that stop, start again, or are full."""

import json

import pytest

from tests.browser.conftest import frames_pass, live, step, wait_for_status, wait_for_step
from tests.browser.servers import start_server

pytestmark = pytest.mark.browser


def test_a_lost_connection_is_said_and_mends_itself(browser):
    server = start_server()
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(server.url)
        wait_for_step(page, 10)
        server.stop()
        wait_for_status(page, "disconnected")
        assert page.get_by_text("The connection to the server is lost").is_visible()
        slider = page.get_by_label("Noise", exact=True)
        slider.focus()
        slider.press("End")
        server.start()
        wait_for_status(page, "training")
        frames_pass(page)
        assert slider.input_value() == slider.get_attribute("max")
    finally:
        context.close()
        server.stop()


def test_who_finds_no_place_waits_and_is_told_so(open_page):
    server = start_server(LSTM_MAX_RUNS="1")
    try:
        first = open_page(server.url)
        second = open_page(server.url, wait=False)
        wait_for_status(second, "waiting")
        card = second.locator(".queue")
        card.get_by_text("You are number 1 in line; training starts by itself.").wait_for()
        assert "The only place is taken" in card.text_content()
        assert live(first, "status") == "training"
        first.close()
        # once the first run's lease is over
        wait_for_status(second, "training")
        frames_pass(second)
        assert card.is_hidden()
    finally:
        server.stop()


def test_a_server_that_is_told_to_end_saves_its_runs_and_logs_no_key(browser):
    server = start_server(LSTM_SAVE_SECONDS="3600")  # only its end saves what was learnt
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{server.url}/series")
        wait_for_step(page, 100)
        page.wait_for_function("() => location.search.includes('series_run=')")
        token = page.evaluate("() => new URLSearchParams(location.search).get('series_run')")
        learnt = step(page)
        server.process.terminate()
        server.process.wait(30)
        # a line that is no JSON is what Streamlit prints when it starts
        lines = [json.loads(line) for line in server.said().splitlines() if line.startswith("{")]
        assert [line["event"] for line in lines] == ["started", "closing", "closed"]
        assert token not in server.said()
        page.goto("about:blank")
        server.start()
        page.goto(f"{server.url}/series?series_run={token}")
        wait_for_step(page, 1)
        assert step(page) >= learnt
    finally:
        context.close()
        server.stop()
