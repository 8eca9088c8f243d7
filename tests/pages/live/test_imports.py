"""What the server's own process imports: torch is for those that train."""

import json
import subprocess
import sys

from tests.servers import ROOT

PAGES = ("series", "memory", "ablation", "compare")
# The app as `streamlit run` begins it; its pages; and a run that is watched, taken home, opened and branched.
SERVER = """
import json, queue, sys
import app
from lstm_core.config import ModelConfig, RunConfig
from pages.live.server.state import HOST
from streamlit.testing.v1 import AppTest
for page in sys.argv[1:]:
    shown = AppTest.from_file("pages/shell.py", default_timeout=60)
    assert not shown.switch_page(page).run().exception, page
token = HOST.open(RunConfig(model=ModelConfig(hidden_size=4)))
frames = queue.Queue()
viewer = HOST.watch(token, lambda data: isinstance(data, bytes) and frames.put(data))
assert frames.get(timeout=60)
HOST.post(token, {"type": "find", "kind": "quotes"})
file, _ = HOST.export(token, "run")
HOST.open_file(file)
HOST.branch(token, 0)
print(json.dumps(sorted(sys.modules)))
HOST.close()
"""
HEAVY = ("torch", "scipy", "matplotlib", "safetensors", "sympy")


def test_a_server_that_others_train_for_imports_nothing_that_trains(tmp_path):
    environment = {"LSTM_DATA": str(tmp_path), "LSTM_PROCESSES": "1", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", SERVER, *(f"{page}.py" for page in PAGES)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    modules = json.loads(done.stdout.decode().splitlines()[-1])
    assert [name for name in HEAVY if name in modules] == []
