"""What the README says about running it for real: limits as in the code, commands as in the files."""

import re
import shlex
from dataclasses import fields

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lstm_core.config.server_settings import Limits
from pages.live.routes import routes
from tests.servers import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECURITY = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")
UNIT = (ROOT / ".ci" / "systemd" / "lstm@.service").read_text(encoding="utf-8")
NGINX = (ROOT / ".ci" / "nginx" / "lstm.conf").read_text(encoding="utf-8")


def shown(default):
    if isinstance(default, float):
        return f"{default:g}"
    return f"{default:,}" if isinstance(default, int) else str(default)


def test_its_table_of_limits_is_that_of_the_code():
    table = re.findall(r"^\| `(LSTM_\w+)` \| `(.+?)` \| (.+) \|$", README, re.MULTILINE)
    limits = [
        (spec.metadata["variable"], shown(spec.default), spec.metadata["about"]) for spec in fields(Limits)
    ]
    assert table == limits


def test_every_variable_that_the_code_reads_is_a_limit():
    known = {spec.metadata["variable"] for spec in fields(Limits)}
    for path in [ROOT / "app.py", *ROOT.glob("pages/**/*.py"), *ROOT.glob("lstm_core/**/*.py")]:
        named = set(re.findall(r"\bLSTM_[A-Z]+(?:_[A-Z]+)*\b", path.read_text(encoding="utf-8")))
        assert named <= known, path


def test_health_has_the_fields_that_it_names():
    paragraph = re.search(r"\*\*Health\*\*.*?\n\n", README, re.DOTALL)
    assert paragraph is not None
    named = set(re.findall(r"`([a-z_]+)`", paragraph[0]))
    with TestClient(Starlette(routes=routes())) as client:
        assert named | {"status"} == set(client.get("/api/health").json())


@pytest.mark.parametrize("text", [README, SECURITY], ids=["README", "SECURITY"])
def test_every_file_that_it_names_is_there(text):
    named = re.findall(r"\]\(([^)#:]+)\)|`((?:tests|lstm_core|pages|\.ci)/[\w/@.-]+)`", text)
    assert named
    for link, path in named:
        assert (ROOT / (link or path).rstrip("/")).exists(), link or path


def test_every_hop_of_its_flows_is_a_function_in_a_file():
    hops = re.findall(r"^\d+\. `([\w/.]+)` `([\w.]+)`", README, re.MULTILINE)
    assert len(hops) == 12 + 8
    for path, name in hops:
        file = ROOT / path if path.startswith("pages/") else ROOT / "lstm_core" / path
        source = file.read_text(encoding="utf-8")
        for part in name.split("."):
            assert re.search(rf"\b(class|def|function)? ?{part}\b ?[(={{:]|{part} =", source), (path, part)


def test_service_proxy_and_readme_speak_of_the_same_place():
    command = re.search(r"^ExecStart=(.+)$", UNIT, re.MULTILINE)
    assert command is not None
    words = shlex.split(command[1].replace("%i", "1"))
    # not an Environment=, which the file with the limits could override for all replicas alike
    assert words[:2] == ["/usr/bin/env", "LSTM_DATA=/var/lib/lstm-1"]
    assert words[2:7] == ["/opt/lstm/.venv/bin/python", "-m", "streamlit", "run", "app.py"]
    flags = dict(word.removeprefix("--").split("=") for word in words[7:])
    assert flags["server.baseUrlPath"] == "lstm"
    address = f"{flags['server.address']}:{flags['server.port']}"
    assert f"server {address};" in NGINX
    assert f"server {address} max_fails=0;" in NGINX
    assert address in README
    assert "StateDirectory=lstm-%i" in UNIT


def test_the_proxy_takes_uploads_as_large_as_the_server_does():
    taken = re.search(r"client_max_body_size (\d+)m;", NGINX)
    configured = re.search(
        r"^maxUploadSize = (\d+)$", (ROOT / ".streamlit/config.toml").read_text(), re.MULTILINE
    )
    assert taken is not None
    assert configured is not None
    assert int(taken[1]) > int(configured[1]) >= Limits().upload_mb
