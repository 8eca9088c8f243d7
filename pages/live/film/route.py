"""A film of how a network learnt: one HTML file that any browser shows, without this server or any other.

POST {base}/live/film   {"token": …} → the file, to be saved
"""

from __future__ import annotations

import html
from pathlib import Path

from lstm_core.frames.frame import Frame
from pages.live.film.figure import film_figure
from pages.live.server.downloads import Download, File, text_of
from pages.live.server.state import HOST

PLAYER = Path(__file__).with_name("player.js").read_text(encoding="utf-8")

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
  html, body {{ height: 100%; margin: 0; background: #fff; color: #1f2328; }}
  body {{ display: flex; flex-direction: column; min-width: 1180px; min-height: 640px; }}
  header {{ padding: 14px 20px 2px; font-family: system-ui, "Segoe UI", "Liberation Sans", sans-serif; }}
  h1 {{ display: inline; margin: 0 14px 0 0; font-size: 22px; }}
  p {{ display: inline; margin: 0; font-size: 15px; color: #59636e; }}
  main {{ flex: 1; min-height: 0; }}
  .film-copies .heatmaplayer image {{ opacity: 0; }}
  .slider-grip-rect {{ fill: #d55e00 !important; stroke: #fff !important; stroke-width: 2px !important; }}
</style>
</head>
<body>
<header><h1>{title}</h1><p>{made_with}</p></header>
<main>{figure}</main>
</body>
</html>
"""


def film_html(frames: list[Frame], title: str) -> str:
    """The file: `frames` as the HTML of a Plotly figure with a slider and Play at three speeds, and Plotly.

    frames: those of one network in the order of their steps, each with the heatmap of its memory, and
    those of its gates if they shall be shown. Raises ValueError when there are none.
    """
    figure = film_figure(frames).to_html(
        include_plotlyjs=True,
        full_html=False,
        auto_play=False,
        config={"responsive": True, "displaylogo": False, "displayModeBar": False},
        default_width="100%",
        default_height="100%",
        div_id="film",
        post_script=PLAYER,
    )
    return PAGE.format(title=html.escape(title), made_with=html.escape(_made_with(frames)), figure=figure)


def _made_with(frames: list[Frame]) -> str:
    meta = frames[-1].meta
    layers = f", {meta['num_layers']} layers" if meta["num_layers"] > 1 else ""
    both = ", read in both directions" if meta.get("directions") == 2 else ""
    steps = f"steps {frames[0].meta['step']:,} to {meta['step']:,}"
    return f"made with LSTM playground, H {meta['hidden_size']}{layers}{both}, {steps}"


def _make(token: str) -> File:
    """The film. Raises KeyError for an unknown token, ValueError where there is nothing to show."""
    frames = [Frame.decode(data) for data in HOST.film(token)]
    if not frames:
        raise ValueError("This network has not begun to learn, so there is nothing to show.")
    # half a surrogate pair has no place in a file
    page = film_html(frames, f"How {_learner(frames[0])}").encode(errors="replace")
    return File("film.html", page, "text/html; charset=utf-8")


def _learner(frame: Frame) -> str:
    """Which network learnt what."""
    meta = frame.meta
    cell = {"lstm": "an LSTM", "gru": "a GRU", "rnn": "a plain RNN"}[meta["cell"]]
    learnt = "to write" if meta["kind"] == "text" else "to continue a series"
    return f"{cell} learnt {'to fill gaps' if meta.get('goal') == 'gaps' else learnt}"


FILM = Download('A request for a film is {"token": …}.', lambda asked: text_of(asked["token"]), _make)
