"""Debian's nginx with the configuration that the README offers, as a process of its own."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.servers import ROOT

NGINX = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
CONFIG = ROOT / ".ci" / "nginx" / "lstm.conf"
START_SECONDS = 20

# where the logs, the process number and all that nginx keeps for a while go
AROUND = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/start.log notice;
events {{ worker_connections 500; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/lstm.conf;
}}
"""


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Nginx:
    """nginx in front of servers on the `upstreams` ports, until `stop`.

    Its first port is replica 1, the next one replica 2 as the comments of the configuration say.
    """

    def __init__(self, folder: Path, *upstreams: int) -> None:
        """folder: an empty one. Raises RuntimeError if nginx does not answer."""
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        _certificate(folder)
        (folder / "lstm.conf").write_text(self._config(upstreams), encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        main = folder / "nginx.conf"
        main.write_text(AROUND.format(folder=folder, user=user), encoding="utf-8")
        assert NGINX is not None
        self.process = subprocess.Popen([NGINX, "-e", f"{folder}/start.log", "-c", str(main)])
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _config(self, upstreams: tuple[int, ...]) -> str:
        text = CONFIG.read_text(encoding="utf-8")
        if len(upstreams) > 1:
            text = text.replace("# (*) ", "")
        changes = {
            "https://school.example": self.url,
            "school.example;": "127.0.0.1;",
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "/etc/ssl/school.example": f"{self.folder}/certificate",
            "/var/log/nginx": str(self.folder),
            "127.0.0.1:8501": f"127.0.0.1:{upstreams[0]}",
        }
        if len(upstreams) > 1:
            changes["127.0.0.1:8502"] = f"127.0.0.1:{upstreams[1]}"
        comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
        text = "\n".join(line for line in text.splitlines() if line not in comments)
        for there, here in changes.items():
            assert there in text, there
            text = text.replace(there, here)
        return text

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError(f"nginx did not start. It said:\n{self.logs()[-2000:]}")

    def get(self, path: str, **headers: str) -> urllib.request.addinfourl:
        """The answer to a request over TLS, also if it is an error. Redirects are not followed."""
        request = urllib.request.Request(self.url + path, headers=headers)
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=ssl._create_unverified_context()), _Stay()
        )
        return opener.open(request, timeout=20)

    def logs(self) -> str:
        """All that it has logged."""
        paths = sorted(self.folder.glob("*.log"))
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)

    def wait_for_line(self, text: str) -> None:
        """Until it has logged this. A request is logged when it is over, which may be after its answer."""
        end = time.monotonic() + START_SECONDS
        while text not in self.logs():
            assert time.monotonic() < end, f"{text!r} is not in the logs:\n{self.logs()[-2000:]}"
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class _Stay(urllib.request.HTTPErrorProcessor):
    """Whatever the answer is, it is the answer."""

    def http_response(self, request, response):  # type: ignore[no-untyped-def]
        return response

    https_response = http_response


def _certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that nobody else trusts."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", f"{folder}/certificate.key", "-out", f"{folder}/certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
