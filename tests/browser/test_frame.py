"""A frame as JavaScript decodes it: every number is the one that Python decodes."""

import base64
from pathlib import Path

import numpy as np
import pytest

from lstm_core.frames import digits
from lstm_core.frames.frame import Frame

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).parents[2] / "pages" / "live" / "client" / "frame.js"
DECODE = """async ([source, encoded]) => {
    const module = await import(`data:text/javascript;base64,${source}`);
    const buffer = await (await fetch(`data:;base64,${encoded}`)).arrayBuffer();
    const { meta, arrays } = module.decode(buffer);
    const list = ([name, { values, shape }]) => [name, { values: [...values].map(String), shape }];
    return { meta, arrays: Object.fromEntries(Object.entries(arrays).map(list)) };
}"""


def as_text(data):
    return base64.b64encode(data).decode()


def test_every_code_and_type_is_read_as_python_reads_it(browser):
    # a row of every number that has a code, and of its negative
    sizes = digits.decode(np.arange(32401, dtype=np.uint16))
    every = np.stack([sizes, -sizes, np.full_like(sizes, np.nan)])
    arrays = {
        "fit": np.array([1.5, np.nan, -2e-30], np.float32),
        "count": np.array([[-7, 2**31 - 1]], np.int32),
    }
    frame = Frame({"prompt": "ein Bär 😀", "step": 3}, arrays, {"c": every})
    page = browser.new_page()
    result = page.evaluate(DECODE, [as_text(SCRIPT.read_bytes()), as_text(frame.encode())])
    page.close()
    assert result["meta"] == frame.meta
    assert result["arrays"].keys() == {"fit", "count", "c"}
    for name, array in (arrays | {"c": every}).items():
        found = result["arrays"][name]
        assert found["shape"] == list(array.shape)
        values = np.array([float(text.replace("Infinity", "inf")) for text in found["values"]], array.dtype)
        np.testing.assert_array_equal(values.reshape(array.shape), array)
