"""Every page can be opened by its address, also below a base path, and all that it asks for is there."""

import pytest

from tests.browser.conftest import frames_pass, wait_for_step
from tests.browser.servers import start_server


@pytest.fixture(scope="module")
def below():
    """A server below a base path."""
    server = start_server(base="/class")
    yield server
    server.stop()


@pytest.mark.browser
@pytest.mark.parametrize(("path", "shown"), [("/text?lang=en", "/?lang=en"), ("/series", "/series")])
def test_a_page_opens_by_its_address(below, browser, path, shown):
    page = browser.new_page()
    refused = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    page.goto(below.url + path)
    wait_for_step(page, 1)
    frames_pass(page)
    assert page.url.startswith(below.url + shown)
    assert page.get_by_role("dialog").count() == 0
    assert refused == []
    page.close()
