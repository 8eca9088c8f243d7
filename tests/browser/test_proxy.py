"""Behind nginx, with TLS and below a path, as the README says: all works, and no log holds a key."""

import http.client
import http.server
import json
import ssl
import threading
from urllib.parse import urlsplit

import pytest
import websockets
import websockets.sync.client

from tests.browser.conftest import REQUIRED, frames_pass, live, press, quiet, step, wait_for_step
from tests.browser.servers import start_server
from tests.nginx import NGINX, Nginx

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def nginx_is_there():
    if not NGINX:
        if REQUIRED:
            pytest.fail("REQUIRE_BROWSER=1, but there is no nginx: apt-get install nginx-light")
        pytest.skip("there is no nginx: apt-get install nginx-light")


@pytest.fixture(scope="module")
def server():
    server = start_server(base="/lstm")
    yield server
    server.stop()
    assert "Traceback" not in server.said()


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory):
    proxy = Nginx(tmp_path_factory.mktemp("nginx"), urlsplit(server.url).port)
    yield proxy
    proxy.stop()


@pytest.fixture
def open_behind(open_page, proxy):
    def open_behind(path="/", **options):
        return open_page(f"{proxy.url}/lstm{path}", ignore_https_errors=True, **options)

    return open_behind


@pytest.mark.parametrize("path", ["/", "/series"])
def test_a_page_trains(open_behind, path):
    page = open_behind(path)
    frames_pass(page)
    assert live(page, "status") == "training"


def test_a_slider_acts(open_behind):
    page = open_behind("/series")
    slider = page.get_by_label("Learning rate", exact=True)
    slider.focus()
    before = live(page, "lr")
    slider.press("Home")
    page.wait_for_function(
        "before => document.querySelector('[data-testid=live]').dataset.lr !== before", arg=before
    )


@pytest.mark.thorough
def test_a_second_page_of_the_same_address_follows_the_same_run(open_behind, proxy):
    page = open_behind("/series")
    page.wait_for_function("() => location.search.includes('series_run=')")
    frames_pass(page)
    query = page.evaluate("() => location.search")
    second = open_behind(f"/series{query}")
    press(page, "Pause")
    quiet(page)
    quiet(second)
    held = step(second)
    assert held == step(page)
    press(page, "Step")
    wait_for_step(second, held + 1)


def test_a_film_is_exported(open_behind, tmp_path):
    page = open_behind("/series")
    wait_for_step(page, 10)
    with page.expect_download() as download:
        press(page, "Export")
    download.value.save_as(tmp_path / "film.html")
    assert "plotly" in (tmp_path / "film.html").read_text(encoding="utf-8").lower()


def test_a_file_is_uploaded(open_behind):
    page = open_behind("/?text_corpus=own", wait=False)
    words = "the tide comes in and the tide goes out again. " * 40
    file = {"name": "tide.txt", "mimeType": "text/plain", "buffer": words.encode()}
    page.get_by_role("button", name="Upload or paste").click()
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_text("Forget tide.txt").wait_for()


def test_no_log_holds_a_key_even_if_a_request_fails(open_behind, proxy, tmp_path):
    page = open_behind("/")
    page.wait_for_function("() => location.search.includes('text_run=')")
    token = page.evaluate("() => new URLSearchParams(location.search).get('text_run')")
    page.reload()
    wait_for_step(page, 1)
    proxy.get(f"/lstm/series?series_run={token}", Referer=f"{proxy.url}/lstm/?text_run={token}").close()
    proxy.wait_for_line("GET /lstm/series 200")
    assert token not in proxy.logs()
    # nothing listens where this one asks
    (tmp_path / "alone").mkdir()
    alone = Nginx(tmp_path / "alone", 9)
    try:
        assert alone.get(f"/lstm/?text_run={token}").status == 502
        alone.wait_for_line("GET /lstm/ 502")
        assert token not in alone.logs()
    finally:
        alone.stop()


def socket_to(proxy, origin):
    return websockets.sync.client.connect(
        proxy.url.replace("https", "wss", 1) + "/lstm/live/socket",
        ssl=ssl._create_unverified_context(),
        origin=origin,
        open_timeout=20,
    )


def test_a_socket_is_for_the_servers_own_pages(proxy):
    with socket_to(proxy, proxy.url) as socket:
        socket.send('{"type": "hello", "token": "x"}')
        assert json.loads(socket.recv(timeout=30)) == {"type": "gone"}
    # another site, the same without TLS, on another port, and what a proxy in between might be talked into
    for origin in ("https://evil.example", proxy.url.replace("https", "http"), "https://127.0.0.1", "null"):
        with pytest.raises(websockets.InvalidStatus), socket_to(proxy, origin):
            pass


def test_headers(proxy):
    answer = proxy.get("/lstm/")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Server"] == "nginx"


def test_what_is_zipped_once_is_not_zipped_again(proxy):
    page = proxy.get("/lstm/", **{"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    plain = proxy.get("/lstm/")
    assert plain.headers["Content-Encoding"] is None


def test_plain_http_is_sent_to_tls(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain_port, timeout=20)
    connection.request("GET", "/lstm/series?a=1")
    answer = connection.getresponse()
    assert answer.status == 301
    assert answer.headers["Location"] == f"{proxy.url}/lstm/series?a=1"
    connection.close()


def test_a_request_that_is_too_large_is_refused(proxy):
    assert proxy.get("/lstm/?x=" + "x" * 20_000).status == 414


class Named(http.server.BaseHTTPRequestHandler):
    """Answers everything with the number of its replica."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.name)

    def log_message(self, *_):
        pass


class Replica:
    """A server that says its number."""

    def __init__(self, number):
        self.number, self.port = number, 0
        self.start()

    def start(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Named)
        self.port = self.server.server_address[1]
        self.server.name = str(self.number).encode()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def replicas():
    replicas = [Replica(number) for number in (1, 2)]
    yield replicas
    for replica in replicas:
        replica.stop()


@pytest.fixture
def before(replicas, tmp_path):
    proxy = Nginx(tmp_path, *(replica.port for replica in replicas))
    yield proxy
    proxy.stop()


def place_of(proxy, name):
    """The cookie that leads a class to its replica."""
    link = proxy.get(f"/lstm/class/{name}")
    assert (link.status, link.headers["Location"]) == (302, "/lstm/")
    cookie = link.headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    return cookie.split(";")[0]


def test_a_class_meets_on_its_replica_and_others_stay_where_they_are(before):
    for name, replica in (("a", b"1"), ("b", b"2")):
        cookie = place_of(before, name)
        assert {before.get("/lstm/", Cookie=cookie).read() for _ in range(6)} == {replica}
    assert len({before.get("/lstm/").read() for _ in range(6)}) == 1


def test_a_replica_that_starts_again_gets_its_class_back_and_the_other_one_none_of_it(before, replicas):
    first, second = (place_of(before, name) for name in "ab")
    replicas[0].stop()
    assert {before.get("/lstm/", Cookie=first).status for _ in range(4)} == {502}
    assert before.get("/lstm/", Cookie=second).read() == b"2"
    replicas[0].start()
    assert {before.get("/lstm/", Cookie=first).read() for _ in range(4)} == {b"1"}
