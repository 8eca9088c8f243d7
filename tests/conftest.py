"""Before anything is imported: saved runs of the tests go to a folder of their own, and as few examples of a
property are drawn as show that it does not hold at all (see amount.py).
"""

import os
import tempfile

import pytest
from hypothesis import settings

from tests.amount import PROFILE, times

os.environ["LSTM_DATA"] = tempfile.mkdtemp(prefix="lstm-runs-")
# one process that trains beside the tests is enough
os.environ.setdefault("LSTM_PROCESSES", "1")

# the same examples at every push, so that what fails there was changed there; others once a week
settings.register_profile(
    "lstm", max_examples=times(12, 200), deadline=None, derandomize=PROFILE != "thorough"
)
settings.load_profile("lstm")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Browser tests come last, so that their server and Chromium are started once only. Those
    that take long are left out, unless this run is thorough or their files are named.
    """
    if PROFILE != "thorough" and config.args == config.getini("testpaths"):
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
