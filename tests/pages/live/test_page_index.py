"""The addresses of pages: what they answer before any script runs."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pages.live.routes import routes
from pages.live.server.page_index import FIRST, index_html, page_names
from pages.live.server.security_headers import inline_hashes, policy

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(scope="module")
def client():
    with TestClient(Starlette(routes=routes())) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("", "./"),
        ("?lang=de&prompt=%E2%82%AC%26a", "./?lang=de&prompt=%E2%82%AC%26a"),
        ("?//x", "./?//x"),
    ],
)
def test_the_first_page_is_found_under_its_name_too(client, query, location):
    answer = client.get(f"/{FIRST}{query}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, location)


def test_every_page_tells_streamlit_where_the_server_is_before_its_scripts_run(client):
    for name in set(page_names()) - {FIRST}:
        page = client.get(f"/{name}").text
        assert 0 < page.index("BACKEND_BASE_URL") < page.index('<script type="module"')


def test_the_policy_allows_all_scripts_that_stand_in_the_page():
    hashes = inline_hashes(index_html())
    assert len(hashes) == 2
    assert all(one in policy() for one in hashes)


def test_the_pages_are_those_of_the_shell():
    scripts = re.findall(r'"(\w+)\.py"', SHELL.read_text(encoding="utf-8"))
    assert scripts[0] == FIRST
    assert sorted(scripts) == page_names()


def test_what_a_page_shall_load_early_is_there(client):
    page = client.get("/").text
    own = re.findall(r'rel="(?:module)?preload"[^>]* href="\./(live/[^"]+)"', page)
    assert {"all.css", "figure.js", "channel.js"} <= {Path(address).name for address in own}
    assert all(client.get(f"/{address}").status_code == 200 for address in own)
