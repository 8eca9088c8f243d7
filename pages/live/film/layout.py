"""Where everything stands in a film: at the left what the network computes, at the right what comes of it."""

from __future__ import annotations

import math
from typing import Any

from lstm_core.frames.frame import Frame
from pages.common.colours import GATES, NAMES
from pages.live.film.text import escape, filled, wrapped

INK, PAPER, PANEL, LINES = "#1F2328", "#FFFFFF", "#F5F6F8", "#DDE1E6"
FONT = "system-ui, 'Segoe UI', 'Liberation Sans', sans-serif"
MONOSPACE = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
STAY = {"Play": 250, "Half speed": 500, "Double speed": 125}  # milliseconds that a frame stays, at least
COLUMNS, ROWS = 36, 11  # of what a text network writes

# shares of the figure's width and height
LEFT, RIGHT = (0.0, 0.6), (0.69, 1.0)
LOSS, MADE = (0.66, 1.0), (0.0, 0.5)
GATE_TOP = 0.26
GATES_SHOWN = {"lstm": "ifo", "gru": "rzn", "rnn": ""}
# "x5" is the axis of the loss, and so on
AXES = {"c": "", "h": "", "loss": "5", "probe": "6", "made": "7"}
AXES |= {gate: str(2 + place) for gates in GATES_SHOWN.values() for place, gate in enumerate(gates)}

Place = tuple[tuple[float, float], tuple[float, float]]  # from left to right, from bottom to top


def places(last: Frame, gates: str) -> dict[str, Place]:
    """Where each heatmap and each chart stands; what the film does not show has no place."""
    series = last.meta["kind"] == "series"
    labels = 0.21 if last.meta.get("level") == "words" else 0.14  # of the steps, and the gates' headings
    bottom, top = GATE_TOP + labels if gates else 0.0, 0.84 if series else 1.0
    width = (LEFT[1] - 0.02) / 3
    memory = (LEFT, (bottom, top))
    result: dict[str, Place] = {last.meta["memory"]: memory, "loss": (RIGHT, LOSS), "made": (RIGHT, MADE)}
    if series:
        result["probe"] = (LEFT, (top + 0.03, 1.0))
    for number, gate in enumerate(gates):
        start = number * (width + 0.01)
        result[gate] = ((start, start + width), (0.0, GATE_TOP))
    return result


def layout(frames: list[Frame], where: dict[str, Place]) -> dict[str, Any]:
    """All but the annotations, for the whole film: every scale is that of all frames together."""
    meta = frames[-1].meta
    series = meta["kind"] == "series"
    result: dict[str, Any] = {
        "template": "none",
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "font": {"family": FONT, "size": 13, "color": INK},
        "margin": {"l": 52, "r": 16, "t": 44, "b": 96},
        "hoverlabel": {"font": {"family": FONT, "size": 14}},
        "sliders": [_slider(frames)],
        "updatemenus": [_buttons()],
        "legend": _legend(LOSS[1]),
        "shapes": [],
    }
    axes: dict[str, dict[str, Any]] = {meta["memory"]: _heatmap_axes(meta), "loss": _loss_axes(frames)}
    for gate in GATES_SHOWN[meta["cell"]]:
        axes[gate] = {"x": {"showticklabels": False, "matches": "x"}}
        axes[gate]["y"] = {"showticklabels": False, "matches": "y", "autorange": "reversed"}
    if series:
        axes["made"] = _series_axes(frames[-1])
        axes["probe"] = {
            "x": {"showticklabels": False, "matches": "x"},
            "y": {"nticks": 3, "title": _title("value")},
        }
        result["legend2"] = _legend(MADE[1])
    else:
        (left, right), (low, high) = where["made"]
        box = {"x0": left - 0.012, "x1": right, "y0": low, "y1": high, "layer": "below"}
        look = {"fillcolor": PANEL, "line": {"color": LINES, "width": 1}}
        result["shapes"] = [{"type": "rect", "xref": "paper", "yref": "paper"} | box | look]
    for name in axes.keys() & where.keys():
        across, up = where[name]
        plainly = {
            "showgrid": name in ("loss", "made"),
            "gridcolor": "#ECEEF1",
            "zeroline": False,
            "ticks": "",
        }
        number = AXES[name]
        result[f"xaxis{number}"] = plainly | {"domain": across, "anchor": f"y{number}"} | axes[name]["x"]
        result[f"yaxis{number}"] = plainly | {"domain": up, "anchor": f"x{number}"} | axes[name]["y"]
    return result


def captions(frame: Frame, where: dict[str, Place]) -> list[dict[str, Any]]:
    """Headings, and what the network writes, at the step of `frame`."""
    meta, memory = frame.meta, frame.meta["memory"]
    headings = {name: _heading(name, memory) for name in where if name in NAMES}
    loss = "none yet" if meta["loss"] is None else f"{meta['loss']:.3g}"
    headings["loss"] = f"<b>loss</b> {loss}"
    gaps = meta.get("goal") == "gaps"
    headings["made"] = "<b>what it writes</b> after the prompt in bold"
    if gaps:
        share = meta["filled"]["valid_accuracy"]
        known = "" if share is None else f" {share:.0%} right in held-out text"
        headings["made"] = f"<b>how it fills gaps</b>{known}"
    if meta["kind"] == "series":
        headings["made"] = "<b>what it predicts</b>"
        headings[memory] = ""
        headings["probe"] = _heading(memory, memory) + ", below the values that it reads"
    marks = []
    for name, text in headings.items():
        (left, _), (_, top) = where[name]
        colour = GATES.get(memory if name == "probe" else name, INK)
        shift = 20 if name == "made" and meta["kind"] == "series" else 3
        font = {"size": 14, "color": colour}
        marks.append(_text(text, left, top, yanchor="bottom", yshift=shift, font=font))
    if meta["kind"] == "text":
        (left, _), (_, top) = where["made"]
        if gaps:
            writing = filled(meta["filled"], meta["level"] == "words", COLUMNS, ROWS)
        else:
            writing = wrapped(meta["prompt"], meta["sample"], COLUMNS, ROWS)
        font = {"family": MONOSPACE, "size": 15, "color": INK}
        marks.append(_text(writing, left, top, yanchor="top", yshift=-6, font=font))
    return marks


def _text(text: str, x: float, y: float, **options: Any) -> dict[str, Any]:
    place = {"xref": "paper", "yref": "paper", "x": x, "y": y, "xanchor": "left", "align": "left"}
    return {"text": text, "showarrow": False, "borderpad": 0} | place | options


def _heading(name: str, memory: str = "") -> str:
    title, symbol, about = NAMES[name]
    about = NAMES["c"][2] if name == memory else about  # where h is all that there is to remember in
    return f"<b>{title} {symbol}</b> {about}"


def _title(text: str) -> dict[str, Any]:
    return {"text": escape(text), "standoff": 4, "font": {"size": 14}}


def _legend(top: float) -> dict[str, Any]:
    side = {"x": RIGHT[1], "xanchor": "right"} if top == LOSS[1] else {"x": RIGHT[0], "xanchor": "left"}
    return side | {"orientation": "h", "y": top, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}


# -- axes ---------------------------------------------------------------------------------------------------


def _heatmap_axes(meta: dict[str, Any]) -> dict[str, Any]:
    rows = range(0, len(meta["units"]), max(1, len(meta["units"]) // 8))
    return {
        "x": {
            "tickvals": meta["tick_steps"],
            "ticktext": [escape(label if len(label) <= 16 else label[:15] + "…") for label in meta["ticks"]],
            "tickangle": -60 if meta.get("level") == "words" else 0,
            "title": _title(meta.get("x_title", "")),
        },
        "y": {
            "tickvals": list(rows),
            "ticktext": [meta["units"][row] for row in rows],
            "title": _title("unit"),
            "autorange": "reversed",
        },
    }


def _loss_axes(frames: list[Frame]) -> dict[str, Any]:
    """Both logarithmic: a network learns most in its first steps."""
    last = frames[-1]
    values = [*last.arrays["loss"].tolist(), *last.arrays["valid"].tolist()]
    values += [frame.meta["loss"] or 0.0 for frame in frames]
    powers = [math.log10(value) for value in values if 0 < value < math.inf] or [0.0]
    low = min(powers) - 0.1
    high = max(max(powers) + 0.1, low + 0.4)  # so that a 1, a 2 or a 5 stands at the axis
    ends = range(math.floor(low), math.ceil(high) + 1)
    ticks, names = [10.0**power for power in ends], [f"10<sup>{power}</sup>" for power in ends]
    if high - low < 3:
        ticks = [digit * tick for tick in ticks for digit in (1, 2, 5)]
        names = [f"{tick:g}" for tick in ticks]
    decades = range(math.ceil(math.log10(max(2, last.meta["step"]))) + 1)
    return {
        "x": {
            "type": "log",
            "range": [-0.05, math.log10(max(10, last.meta["step"])) + 0.05],
            "tickvals": [10**decade for decade in decades],
            "ticktext": [f"{10**decade:,}" for decade in decades],
            "title": _title("training step"),
        },
        "y": {
            "type": "log",
            "range": [low, high],
            "tickvals": ticks,
            "ticktext": names,
            "title": _title("nats" if last.meta["kind"] == "text" else "squared error"),
        },
    }


def _series_axes(last: Frame) -> dict[str, Any]:
    """The data fill the middle half of the height: an untrained network's forecast may leave it."""
    data = last.arrays["data"]
    low, high = float(data.min()), float(data.max())
    room = 0.4 * (high - low) or 1.0
    return {
        "x": {"type": last.meta["x_type"], "nticks": 5, "title": _title(last.meta["x_title"])},
        "y": {"range": [low - room, high + room], "nticks": 6, "title": _title(last.meta["unit"])},
    }


# -- controls -----------------------------------------------------------------------------------------------


def _slider(frames: list[Frame]) -> dict[str, Any]:
    now = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    steps = [{"label": name, "method": "animate", "args": [[name], now]} for name in map(frame_name, frames)]
    return {
        "steps": steps,
        "x": 0.34,
        "len": 0.66,
        "y": 0,
        "pad": {"t": 34, "b": 0},
        "currentvalue": {"prefix": "training step ", "xanchor": "left", "offset": 8, "font": {"size": 17}},
        "transition": {"duration": 0},
        "bgcolor": LINES,
        "bordercolor": LINES,
        "tickcolor": "#9AA0A8",
        "font": {"size": 13},
        "ticklen": 5,
    }


def _buttons() -> dict[str, Any]:
    """One for each speed, also while it plays, and Pause."""
    now = {"mode": "immediate", "transition": {"duration": 0}}
    buttons = [
        {
            "label": label,
            "method": "animate",
            "args": [None, now | {"fromcurrent": True, "frame": {"duration": stay, "redraw": True}}],
        }
        for label, stay in STAY.items()
    ]
    stop = now | {"frame": {"duration": 0, "redraw": False}}
    return {
        "type": "buttons",
        "direction": "right",
        "buttons": [*buttons, {"label": "Pause", "method": "animate", "args": [[None], stop]}],
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "pad": {"t": 50},
        "showactive": False,
        "bgcolor": PANEL,
        "bordercolor": LINES,
        "font": {"size": 15},
    }


def frame_name(frame: Frame) -> str:
    """The step, as it stands below the slider."""
    return f"{frame.meta['step']:,}"
