"""The house's floors: nothing in lstm_core knows of a screen, and no import runs up."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = [
    {"checked", "cell", "fused", "digits", "frame", "pace", "keys", "reading", "heap"},
    {"limits", "tree", "adam", "history", "growth"},
    {"config"},
    {"tasks", "trace", "model", "hold", "timeline", "rows"},
    {"trainer", "generate", "backward", "inside", "probe"},
    {"outputs", "survey", "patterns"},
    {"find", "scene"},
    {"observe", "subject"},
    {"network", "experiments"},
    {"subjects", "script", "tables"},
    {"messages", "plain", "footprint"},
    {"checkpoint", "inbox"},
    {"restore", "store", "hosted"},
    {"run", "takehome", "saver", "cleaner"},
    {"room"},
    {"remote", "desk"},
    {"seat", "turns"},
    {"audience", "places", "saves", "workers"},
    {"seats"},
    {"sharing"},
    {"host"},
]
LEVEL = {name: number for number, floor in enumerate(FLOORS) for name in floor}
FILES = sorted((ROOT / "lstm_core").rglob("*.py"))


def room(path):
    inside = path.relative_to(ROOT / "lstm_core").parts
    return inside[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_import_runs_up(path):
    if room(path) == "__init__":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module and module.startswith("lstm_core."):
            imported = module.split(".")[1]
            assert LEVEL[imported] <= LEVEL[room(path)], f"{path.name} imports {module}"


def test_the_core_loads_without_a_screen():
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in FILES]
    code = (
        f"import sys, importlib; [importlib.import_module(name) for name in {modules!r}]; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"streamlit", "plotly", "starlette"} & set(loaded)
