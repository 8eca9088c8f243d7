"""The film: every moment is in it, on common scales, and no text in it is anything but text."""

import html
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from lstm_core.frames.frame import Frame
from lstm_core.tasks.tokens import normalise
from pages.live.film import figure as module
from pages.live.film.figure import film_figure
from pages.live.film.route import FILM, film_html
from pages.live.film.text import escape, wrapped
from pages.live.server.downloads import BODY_LIMIT
from pages.live.server.state import HOST
from tests.films import HOSTILE, gaps_frames, series_frames, text_frames


def trace(figure, place, name):
    """What an animation frame has to say of the trace whose hover names `name`."""
    number = next(k for k, one in enumerate(figure.data) if name in (one.hovertemplate or one.name))
    frame = figure.frames[place]
    return frame.data[frame.traces.index(number)]


def texts(figure, place):
    return [annotation.text for annotation in figure.frames[place].layout.annotations]


# what the figure shows


def test_every_frame_is_there_in_its_order():
    figure = film_figure(text_frames(5))
    names = [frame.name for frame in figure.frames]
    assert names == ["0", "1", "4", "9", "16"]
    steps = figure.layout.sliders[0].steps
    assert [step.label for step in steps] == names
    assert [list(step.args[0]) for step in steps] == [[name] for name in names]


def test_it_plays_at_three_speeds_and_redraws_at_once():
    *plays, pause = film_figure(text_frames(3)).layout.updatemenus[0].buttons
    assert [button.label for button in plays] == ["Play", "Half speed", "Double speed"]
    normal, *others = [button.args[1]["frame"]["duration"] for button in plays]
    assert [normal / other for other in others] == [0.5, 2]
    for button in plays:
        options = button.args[1]
        assert (options["fromcurrent"], options["mode"], options["frame"]["redraw"]) == (
            True,
            "immediate",
            True,
        )
        assert options["transition"]["duration"] == 0
    assert (pause.label, pause.args[0]) == ("Pause", (None,))


SHOWN = {
    "lstm": {"c": "cell state", "i": "input", "f": "forget", "o": "output"},
    "gru": {"h": "hidden state", "r": "reset", "z": "update", "n": "candidate"},
    "rnn": {"h": "hidden state"},
}


@pytest.mark.parametrize("cell", SHOWN)
@pytest.mark.parametrize("make", [text_frames, series_frames])
def test_states_and_gates_are_those_of_the_frames(make, cell):
    frames = make(4, cell=cell)
    figure = film_figure(frames)
    for place, frame in enumerate(frames):
        for name, title in SHOWN[cell].items():
            np.testing.assert_array_equal(trace(figure, place, title).z, frame.heatmaps[name])
    np.testing.assert_array_equal(figure.data[0].z, frames[0].heatmaps[next(iter(SHOWN[cell]))])
    assert [one.type for one in figure.data].count("heatmap") == len(SHOWN[cell])
    assert any(title in text for text in texts(figure, 0) for title in SHOWN[cell].values())


def test_a_candidate_has_a_sign_and_a_gate_has_none():
    limits = {
        one.hovertemplate: (one.zmin, one.zmax) for one in film_figure(text_frames(3, cell="gru")).data[1:4]
    }
    assert {(-1, 1) if "candidate" in name else (0, 1) for name in limits} == set(limits.values())


def test_what_is_written_and_the_loss_at_each_step():
    figure = film_figure(text_frames(4))
    assert "<b>once</b>upon a time 9" in texts(figure, 3)
    assert "<b>loss</b> 0.333" in texts(figure, 3)
    assert "<b>loss</b> none yet" in texts(figure, 0)
    dot = trace(figure, 3, "step")
    assert (list(dot.x), list(dot.y)) == ([9], pytest.approx([1 / 3]))
    assert trace(figure, 0, "step").y == (None,)


def test_gaps_are_filled_at_each_step_and_marked_by_sign_and_colour():
    figure = film_figure(gaps_frames(4))
    wrong = next(text for text in texts(figure, 0) if "✗" in text)
    right = next(text for text in texts(figure, 3) if "✓" in text)
    assert re.sub("<[^>]*>", "", wrong) == "t x✗e"
    assert re.sub("<[^>]*>", "", right) == "t h✓e"
    assert re.search("color:(#......)", wrong)[1] != re.search("color:(#......)", right)[1]
    assert "75%" in " ".join(texts(figure, 3))
    assert " 0%" in " ".join(texts(figure, 0))


def test_words_in_gaps_stand_apart():
    figure = film_figure(gaps_frames(2, labels=["a", "cat", "sat", "down"], guess="ran", level="words"))
    assert any(re.sub("<[^>]*>", "", text) == "a cat ran✗ down " for text in texts(figure, 0))


def test_a_forecast_at_each_step():
    frames = series_frames(4)
    figure = film_figure(frames)
    names = [one.name for one in figure.data]
    for place, frame in enumerate(frames):
        moving = dict(zip(figure.frames[place].traces, figure.frames[place].data, strict=True))
        np.testing.assert_array_equal(moving[names.index("forecast")].y, frame.arrays["forecast"])
        np.testing.assert_array_equal(moving[names.index("one step ahead")].y, frame.arrays["fit"])
    np.testing.assert_array_equal(figure.data[names.index("data")].y, frames[0].arrays["data"])
    assert list(figure.data[names.index("forecast")].x) == frames[0].meta["forecast_x"]


@pytest.mark.parametrize("make", [text_frames, series_frames])
def test_scales_hold_for_the_whole_film(make):
    figure = film_figure(make(5))
    assert (figure.data[0].zmin, figure.data[0].zmax) == (-3, 3)
    assert {(one.zmin, one.zmax) for one in figure.data[1:4]} == {(0, 1)}
    for frame in figure.frames:
        assert set(frame.layout.to_plotly_json()) == {"annotations"}
        assert all(set(one.to_plotly_json()) <= {"type", "x", "y", "z"} for one in frame.data)
    low, high = figure.layout.yaxis5.range
    assert 10**low < 3 / 16 < 3 < 10**high
    start, end = figure.layout.xaxis5.range
    assert 10**start < 1 < 16 < 10**end


def test_a_row_stays_with_its_unit():
    frames = text_frames(2, units=(1, 3, 4)) + text_frames(4, units=(0, 3, 4, 5))[2:]
    rows = trace(film_figure(frames), 0, "cell state").z
    np.testing.assert_array_equal(rows[1:3], frames[0].heatmaps["c"][1:])
    assert np.isnan(rows[[0, 3]]).all()


def test_without_gates_the_cell_state_has_the_room():
    figure = film_figure(text_frames(3, heatmaps="c"))
    assert [one.type for one in figure.data].count("heatmap") == 1
    assert tuple(figure.layout.yaxis.domain) == (0, 1)


def test_a_film_too_large_for_the_gates_goes_without(monkeypatch):
    monkeypatch.setattr(module, "NUMBERS", 3 * 4 * 4 * 4)
    assert len(film_figure(text_frames(3)).data) == len(film_figure(text_frames(4)).data) + 3


def test_nothing_makes_no_film():
    with pytest.raises(ValueError, match="at least one frame"):
        film_html([], "nothing")


@pytest.mark.parametrize("make", [text_frames, series_frames])
def test_a_network_that_has_not_begun_to_learn(make):
    figure = film_figure(make(1))
    assert all(map(math.isfinite, [*figure.layout.xaxis5.range, *figure.layout.yaxis5.range]))


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, 1e-30, 1e30])
def test_any_loss_leaves_the_axes_finite(value):
    frames = text_frames(3)
    arrays = frames[-1].arrays | {"loss": np.full(4, value, np.float32)}
    frames[-1] = Frame(frames[-1].meta, arrays, frames[-1].heatmaps)
    assert all(map(math.isfinite, film_figure(frames).layout.yaxis5.range))


# text


def unwrapped(text):
    """Lines of what Plotly shows, and which letters are bold."""
    lines, bold = [], []
    for line in text.split("<br>"):
        pieces = re.split(r"(</?b>)", line)
        lines.append(html.unescape("".join(pieces[::2])))
        bold += [
            html.unescape(piece)
            for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True)
            if mark == "<b>"
        ]
    return lines, "".join(bold)


def squeezed(text):
    return re.sub(r"\s+", "", text)


@given(st.text(max_size=80), st.text(max_size=80))
def test_wrapping_loses_nothing(prompt, sample):
    lines, bold = unwrapped(wrapped(prompt, sample, 10, 1000))
    assert squeezed("".join(lines)) == squeezed(normalise(prompt) + normalise(sample))
    assert squeezed(bold) == squeezed(normalise(prompt))


@given(st.text("ab 漢<&\n", max_size=80), st.integers(2, 12), st.integers(1, 6))
def test_no_line_is_too_long_and_there_are_not_too_many(text, columns, count):
    lines, _ = unwrapped(wrapped("", text, columns, count))
    assert len(lines) <= count
    assert all(len(line.rstrip(" ")) + line.count("漢") <= columns for line in lines)


def test_lines_break_between_words_and_keep_their_indent():
    text = wrapped("def f(a):", "\n    return a\n\tb & c", 12, 10)
    assert text == "<b>def f(a):</b><br>    return a<br>    b &amp; c"
    assert wrapped("the cat sat", " on the mat", 9, 10) == "<b>the cat </b><br><b>sat</b> on <br>the mat"
    assert wrapped("", "aaaaaaaa b c d e f", 4, 3) == "aaaa<br>aaaa <br>…"


@given(st.text())
def test_plain_text_has_no_marks_in_it(text):
    assert not set("<>$") & set(escape(text))
    assert html.unescape(escape(text)) == text


class Elements(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)


def elements(page):
    parser = Elements()
    parser.feed(page)
    return parser.seen


@pytest.mark.parametrize("kind", ["text", "gaps", "series"])
def test_hostile_text_adds_no_element_to_the_page(kind):
    if kind == "gaps":
        tame = film_html(gaps_frames(2), "A film")
        page = film_html(gaps_frames(2, labels=[HOSTILE, "<", "b"], guess=HOSTILE), HOSTILE)
    elif kind == "text":
        tame = film_html(text_frames(2), "A film")
        page = film_html(text_frames(2, labels=[HOSTILE, "<", "b"], prompt=HOSTILE, sample=HOSTILE), HOSTILE)
    else:
        tame = film_html(series_frames(2), "A film")
        page = film_html(series_frames(2, x_title=HOSTILE, unit=HOSTILE, label=HOSTILE), HOSTILE)
    assert elements(page) == elements(tame)
    assert page.count("</script") == tame.count("</script")
    assert page.count("<h1>") == 1
    assert html.unescape(re.search("<h1>(.*)</h1>", page)[1]) == HOSTILE


@pytest.mark.parametrize(("cell", "learner"), [("lstm", "an LSTM"), ("gru", "a GRU"), ("rnn", "a plain RNN")])
@pytest.mark.parametrize(
    ("make", "learnt"),
    [(text_frames, "to write"), (gaps_frames, "to fill gaps"), (series_frames, "to continue a series")],
)
def test_the_title_says_who_learnt_what(client, monkeypatch, cell, learner, make, learnt):
    encoded = [frame.encode() for frame in make(2, cell=cell)]
    monkeypatch.setattr(HOST, "film", {"good": encoded}.__getitem__, raising=False)
    assert f"<h1>How {learner} learnt {learnt}</h1>" in ask(client, {"token": "good"}).text


def test_the_file_says_what_made_it_and_needs_nothing_else():
    page = film_html(text_frames(4), "How it learnt")
    assert "made with LSTM playground, H 6, steps 0 to 9" in page
    assert page.startswith("<!DOCTYPE html>")
    # plotly.js itself, which holds such addresses as text, stands in the first long script
    own = re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=", own)
    assert re.findall(r"<script[^>]*\bsrc=", page) == []


# the route


@pytest.fixture(scope="module")
def client():
    with TestClient(Starlette(routes=[Route("/live/film", FILM.answer, methods=["POST"])])) as client:
        yield client


@pytest.fixture
def frames(monkeypatch):
    """A host that knows one network, "good", and its frames, which may be changed."""
    encoded = [frame.encode() for frame in text_frames(3)]
    monkeypatch.setattr(HOST, "film", {"good": encoded}.__getitem__, raising=False)
    return encoded


def ask(client, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body)
    return client.post("/live/film", content=content, headers=headers)


def test_a_run_that_cannot_be_read_has_no_film(client, monkeypatch):
    def damaged(token):
        raise ValueError("This run was saved, but its files are damaged and cannot be read.")

    monkeypatch.setattr(HOST, "film", damaged)
    answer = ask(client, {"token": "good"})
    assert (answer.status_code, "damaged" in answer.text) == (409, True)


def test_a_film_comes_as_a_file(client, frames):
    answer = ask(client, {"token": "good"}, origin="http://testserver")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "How an LSTM learnt to write" in answer.text


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "http://testserver.example"])
def test_pages_from_elsewhere_get_none(client, frames, origin):
    assert ask(client, {"token": "good"}, origin=origin).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"good",
        b"\xff\xfe",
        b"[" * 900,
        b'{"token": "good"' + b" " * BODY_LIMIT + b"}",
        [],
        "good",
        {},
        {"token": None},
        {"token": 7},
        {"token": ["good"]},
    ],
)
def test_a_bad_request_is_told_so(client, frames, body):
    answer = ask(client, body)
    assert answer.status_code == 400
    assert "token" in answer.text


@pytest.mark.parametrize("token", ["", "bad", "../..", "good "])
def test_an_unknown_network_is_gone(client, frames, token, monkeypatch):
    monkeypatch.setattr("pages.live.server.downloads.WRONG_KEY", 0)
    answer = ask(client, {"token": token})
    assert answer.status_code == 404
    assert "gone" in answer.text


def test_a_network_that_does_not_exist_yet_makes_no_film(client, frames):
    frames.clear()
    answer = ask(client, {"token": "good"})
    assert answer.status_code == 409
    assert "nothing to show" in answer.text


def test_half_a_surrogate_pair_does_not_spoil_the_file(client, frames):
    frames[:] = [frame.encode() for frame in text_frames(2, prompt="\ud83d")]
    assert ask(client, {"token": "good"}).status_code == 200


def test_only_asking_makes_a_film(client):
    assert client.get("/live/film").status_code == 405
