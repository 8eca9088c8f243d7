"""Frames made by hand, as those of a small network that learns: what a film is made of."""

import numpy as np

from lstm_core.config import MEMORY, SIGNALS
from lstm_core.frames.frame import Frame

# whatever of this is not shown letter by letter would run, vanish, or be typeset
HOSTILE = (
    '</script><script>window.owned = 1</script><img src=x onerror="window.owned = 2"> & &lt;b&gt; <b>b</b> '
    '<a href="javascript:window.owned=3">a</a> $x^2$ %{y} <!-- {{title}} \\u003c </title>'
)


def sent(frame):
    return Frame.decode(frame.encode())


def _frame(place, meta, arrays, cell="lstm", heatmaps=None, units=(0, 1, 2, 5)):
    """The frame of step 0, 1, 4, 9, …"""
    heatmaps = SIGNALS[cell] if heatmaps is None else heatmaps
    random = np.random.default_rng(place)
    length = len(meta["labels"])
    losses = np.array([[step, 3 / step] for step in range(1, place**2 + 1)], np.float32).reshape(-1, 2)
    shared = {
        "step": place**2,
        "loss": float(losses[-1, 1]) if place else None,
        "hidden_size": 6,
        "num_layers": 1,
        "cell": cell,
        "memory": MEMORY[cell],
        "directions": 1,
        "units": list(units),
        "c_limit": [0.5, 1.0, 3.0][min(place, 2)],
    }
    arrays = arrays | {"loss_step": losses[:, 0], "loss": losses[:, 1]}
    arrays |= {"valid_step": losses[:1, 0], "valid": losses[:1, 1]}
    matrices = {name: random.uniform(0, 1, (len(units), length)).astype(np.float32) for name in heatmaps}
    return sent(Frame(shared | meta, arrays, matrices))


def text_frames(count=5, labels="t he", prompt="once", sample="upon a time", **options):
    """Frames of a network that writes `sample` and, each time, its step."""
    labels = list(labels)
    text = {"kind": "text", "level": "characters", "labels": labels, "ticks": labels, "prompt": prompt}
    text["tick_steps"] = list(range(len(labels)))
    return [_frame(k, text | {"sample": f"{sample} {k**2}"}, {}, **options) for k in range(count)]


def gaps_frames(count=5, labels="t he", guess="x", level="characters", **options):
    """Frames of a network that fills the gap at step 2: wrongly with `guess`, in the last frame rightly."""
    tokens = [{" ": "␣"}.get(label, label) for label in labels]
    read = [*tokens[:2], "▢", *tokens[3:]]
    text = {"kind": "text", "goal": "gaps", "level": level, "labels": read, "ticks": read}
    text["tick_steps"] = list(range(len(read)))
    frames = []
    for k in range(count):
        said = tokens[2] if k == count - 1 else guess
        gap = {"t": 2, "true": tokens[2], "guess": said, "p": 0.5, "p_true": 0.1}
        filled = {"tokens": tokens, "gaps": [gap], "accuracy": 1.0, "valid_accuracy": k / count}
        frames.append(_frame(k, text | {"filled": filled}, {}, **options))
    return frames


def series_frames(count=5, x_title="sample", unit="value", label="", **options):
    """Frames of a network that forecasts a straight line ever better. `label` begins every label."""
    x = [f"2024-01-{day:02}" for day in range(1, 13)]
    labels = [f"{label}{day}" for day in x[:6]]
    series = {"kind": "series", "labels": labels, "ticks": labels[::2], "tick_steps": [0, 2, 4], "x": x}
    series |= {"forecast_x": x[8:], "x_title": x_title, "x_type": "date", "unit": unit}
    data = np.arange(12, dtype=np.float32)
    frames = []
    for k in range(count):
        fit = np.concatenate([[np.nan], data[1:8]]).astype(np.float32)
        lines = {"data": data, "probe": data[:6], "fit": fit, "forecast": data[8:] * (k + 1) / count}
        frames.append(_frame(k, series, lines, **options))
    return frames
