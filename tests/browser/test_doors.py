"""In a real browser: no text becomes anything but text, and the policy stops what would run nevertheless."""

import http.client
import json
from urllib.parse import quote, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.browser.conftest import frames_pass, wait_for_status, wait_for_step
from tests.browser.servers import start_server
from tests.films import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
# short enough for a column's name and for one token; every part of it would leave a mark
ATTACK = '"><img src=x onerror=window.owned=4><b>b</b><a href=javascript:0>'
PAGES = ["", "series", "inside", "cell", "hands", "memory", "bptt", "ablation", "compare", "guide"]
MADE = """() => [
    ...document.querySelectorAll(
        '[onerror], img[src$="/x"], a[href^="javascript" i], a[*|href^="javascript" i], iframe, object, embed'
    ),
    ...[...document.querySelectorAll('b, strong, tspan')].filter(node =>
        node.textContent === 'b' && Number(getComputedStyle(node).fontWeight) >= 600),
    ...[...document.querySelectorAll('script')].filter(node => node.textContent.includes('owned')),
].map(node => node.outerHTML)"""


def harmless(page):
    assert page.evaluate(MADE) == []
    assert page.evaluate("() => window.owned") is None


@pytest.mark.parametrize("path", PAGES)
def test_each_page_loads_without_a_violation(server, open_page, path):
    page = open_page(f"{server.url}/{path}", wait=False)
    if path == "guide":
        page.locator(".katex").first.wait_for()
        return
    wait_for_step(page, 1)
    frames_pass(page)


def own_text(page, text):
    page.get_by_role("button", name="Upload or paste").click()
    page.get_by_label("… or paste a text").fill(text)
    page.get_by_label("… or paste a text").press("Control+Enter")


@pytest.mark.parametrize("level", ["characters", "words"])
def test_a_hostile_text_of_ones_own_stays_text(server, open_page, level):
    page = open_page(f"{server.url}/?text_corpus=own&text_level={level}", wait=False)
    own_text(page, f"{HOSTILE} {ATTACK}\n" * 60)
    wait_for_step(page, 3)
    page.get_by_label("Prompt", exact=True).fill(HOSTILE)
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some(node => node.textContent.includes('<img src=x'))"
    )
    frames_pass(page)
    harmless(page)


def test_a_hostile_table_stays_text(server, open_page):
    page = open_page(f"{server.url}/series?series_kind=own", wait=False)
    quoted = ATTACK.replace('"', '""')
    table = f'"{quoted}"\n' + "".join(f"{(n * 7) % 13}\n" for n in range(300))
    name = ATTACK.replace("/", "").lstrip('"') + ".csv"  # a browser sends quotes as %22
    page.get_by_role("button", name="Upload …").click()
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": table.encode()}
    )
    wait_for_step(page, 3)
    page.get_by_role("button", name="Forget ><img src=x").wait_for()
    frames_pass(page)
    page.keyboard.press("Escape")
    # what hovers, and every title of the chart
    page.locator(".nsewdrag").first.hover()
    harmless(page)


HOSTILE_QUERIES = [
    f"/?text_corpus={quote(HOSTILE)}&text_hidden_size={quote(ATTACK)}",
    f"/?text_prompt={quote(HOSTILE)}&text_probe={quote(HOSTILE)}",
    f"/series?series_kind={quote(ATTACK)}&series_wave_noise={quote(ATTACK)}",
    f"/?text_run={quote(ATTACK)}",
    f"/memory?{quote(ATTACK)}={quote(ATTACK)}&memory_seed={quote(ATTACK)}",
]


@pytest.mark.parametrize("query", HOSTILE_QUERIES)
def test_a_hostile_address_stays_text(server, open_page, query):
    page = open_page(server.url + query)
    frames_pass(page)
    harmless(page)


def test_a_hostile_code_stays_text(server, open_page):
    page = open_page(f"{server.url}/follow?code={quote(ATTACK)}", wait=False)
    page.get_by_role("textbox").first.wait_for()
    page.get_by_role("textbox").first.fill(HOSTILE)
    page.get_by_role("textbox").first.press("Enter")
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
    harmless(page)


@pytest.fixture(scope="module")
def page_with_complaints(server, browser):
    """A page, and what its console has said: here a violation is what is wanted."""
    context, said = browser.new_context(), []
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.goto(server.url)
    wait_for_step(page, 1)
    yield page, said
    context.close()


RUNNERS = {
    "an inline script": """() => {
        const script = document.createElement('script');
        script.textContent = 'window.owned = 1';
        document.body.append(script);
    }""",
    "an event handler": """() => {
        const place = document.createElement('div');
        place.innerHTML = '<img src="data:," onerror="window.owned = 2"><svg onload="window.owned = 3">';
        document.body.append(place);
    }""",
    "an address that is a script": """() => {
        const link = document.createElement('a');
        link.href = 'javascript:window.owned = 4';
        document.body.append(link);
        link.click();
    }""",
    # later, since what the test itself evaluates is not held to the policy
    "a text that is evaluated": "() => void setTimeout('window.owned = 5')",
    "a script from elsewhere": """() => {
        const script = document.createElement('script');
        script.src = 'http://localhost:9/owned.js';
        document.body.append(script);
    }""",
    "a plugin": """() => {
        const object = document.createElement('object');
        object.data = '/app/static/x.swf';
        document.body.append(object);
    }""",
    "another site in a frame": """() => {
        const frame = document.createElement('iframe');
        frame.src = 'http://localhost:9/';
        document.body.append(frame);
    }""",
    "a message to another site": "() => void fetch('http://localhost:9/').catch(() => {})",
    "a picture from another site": "() => { new Image().src = 'http://localhost:9/?stolen'; }",
}


@pytest.mark.parametrize("what", RUNNERS)
def test_what_got_into_a_page_nevertheless_is_inert(page_with_complaints, what):
    page, said = page_with_complaints
    said.clear()
    page.evaluate(RUNNERS[what])
    for _ in range(100):
        if any("Content Security Policy" in text for text in said):
            break
        page.wait_for_timeout(50)
    assert any("Content Security Policy" in text for text in said), said
    assert page.evaluate("() => window.owned") is None


def test_another_site_can_neither_frame_a_page_nor_send_to_it(server, browser, tmp_path):
    """The other site is a page of another port, which is another origin."""
    elsewhere = tmp_path / "elsewhere.html"
    elsewhere.write_text(f'<!DOCTYPE html><iframe src="{server.url}/"></iframe>', encoding="utf-8")
    context = browser.new_context()
    try:
        page = context.new_page()
        said = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(elsewhere.as_uri())
        for _ in range(100):
            if any("frame-ancestors" in text for text in said):
                break
            page.wait_for_timeout(50)
        assert any("frame-ancestors" in text for text in said), said
        body = json.dumps({"token": "x" * 22})
        answers = page.evaluate(
            """async ([url, body]) => {
                const post = await fetch(url + '/live/film', { method: 'POST', body, mode: 'no-cors' })
                    .then(answer => [answer.type, answer.status], () => 'blocked');
                const opened = path => new Promise(done => {
                    const socket = new WebSocket(url.replace('http', 'ws') + path, ['streamlit']);
                    socket.onopen = () => done(true);
                    socket.onclose = () => done(false);
                });
                return [post, await opened('/live/socket'), await opened('/_stcore/stream')];
            }""",
            [server.url, body],
        )
        assert answers[1:] == [False, False]
        assert answers[0] in ("blocked", ["opaque", 0])
    finally:
        context.close()


def ask(server, target, method="GET", body=None, **headers):
    """Status, headers and text of the answer to a request whose target is sent as it is."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    finally:
        connection.close()


@pytest.mark.parametrize(
    "target",
    [
        "/../app.py",
        "/../../../../etc/passwd",
        "/%2e%2e/app.py",
        "/static/..%2f..%2f..%2fweb/bootstrap.py",
        "/static/%2e%2e/%2e%2e/web/bootstrap.py",
        "/live/static/x/..%2f..%2fapp.py",
        "/live/static/x/%00",
        "/live/plotly/..%2fx.js",
        "/media/..%2fapp.py",
        "/_stcore/bidi-components/x/..%2f..%2fapp.py",
        "/.data/",
        "/.streamlit/config.toml",
        "//etc/passwd",
        "/\\etc\\passwd",
        "/%00",
    ],
)
def test_no_path_leads_to_a_file_that_is_not_served(server, target):
    status, headers, text = ask(server, target)
    # an unknown page is Streamlit's own empty one
    assert status in (301, 400, 404) or '<div id="root">' in text
    assert not any(secret in text for secret in ("import ", "root:", "[server]", "Traceback"))
    assert headers["Content-Security-Policy"]


def test_long_addresses_and_headers_are_refused_by_the_real_server_too(server):
    assert ask(server, "/?" + "x" * 20_000)[0] == 414
    assert ask(server, "/", Cookie="x" * 40_000)[0] == 431
    assert ask(server, "/live/film", "POST", b"x" * 100_000)[0] == 413


def test_no_program_may_drive_the_pages_over_streamlits_agent_api(server):
    for path in ("interact", "mcp"):
        status, _, text = ask(
            server, f"/_stcore/agent/{path}", "POST", b"{}", **{"Content-Type": "application/json"}
        )
        assert status >= 400
        assert "session_id" not in text


def test_a_message_of_many_megabytes_is_cut_off_before_it_is_read(server):
    def send_and_wait(socket):
        socket.send("x" * 30_000_000)
        socket.recv(timeout=30)

    with connect(f"{server.url.replace('http', 'ws', 1)}/live/socket") as socket:
        with pytest.raises((ConnectionClosed, OSError, EOFError)):  # where it is noticed first
            send_and_wait(socket)
        socket.close()
    assert socket.close_code in (1009, 1006)  # 1006: the connection was gone before the reason was read


def test_whoever_finds_the_server_full_is_told_so_and_gets_in_later(open_page):
    server = start_server(LSTM_MAX_VIEWERS="1")
    try:
        first = open_page(server.url)
        second = open_page(server.url, wait=False)
        wait_for_status(second, "disconnected")
        full = second.get_by_text("The server is full: 1 pages are open. Try again later.")
        full.wait_for()
        # also when it has been refused again
        with second.expect_websocket(timeout=30_000):
            full.wait_for()
        full.wait_for()
        first.close()
        wait_for_step(second, 1)
    finally:
        server.stop()
