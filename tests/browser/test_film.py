"""The film in a real Chromium, opened from disk: it plays, it stops, and no text in it does anything."""

import re

import pytest

from lstm_core.config import MEMORY
from pages.live.film.route import film_html
from tests.browser.conftest import SMALL_PROJECTOR
from tests.films import HOSTILE, gaps_frames, series_frames, text_frames

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
FIRST_HEATMAP = ".heatmaplayer image"
STEP = "() => Number(document.querySelector('.slider-label').textContent.replace(/\\D/g, ''))"
SHOWN = "() => document.querySelector('.slider-label').textContent"


@pytest.fixture
def open_film(open_page, tmp_path):
    def open_film(frames, title="How it learnt", **options):
        path = tmp_path / "film.html"
        path.write_text(film_html(frames, title), encoding="utf-8")
        page = open_page(path.as_uri(), wait=False, **options)
        page.locator(FIRST_HEATMAP).first.wait_for()
        return page

    return open_film


def wait_for_label(page, text):
    page.wait_for_function(f"text => ({SHOWN})() === text", arg=text)


def press(page, name):
    page.locator(".updatemenu-button", has_text=re.compile(f"^{name}$")).click()


def values(page):
    """The numbers of the first heatmap, as Plotly holds them."""
    return page.evaluate("() => [...document.getElementById('film').calcdata[0][0].z].map(row => [...row])")


@pytest.mark.parametrize(
    ("make", "cell"),
    [
        (text_frames, "lstm"),
        (series_frames, "lstm"),
        (text_frames, "gru"),
        (series_frames, "rnn"),
        (gaps_frames, "gru"),
    ],
)
def test_play_runs_to_the_end_and_heatmaps_follow(open_film, make, cell):
    frames = make(5, cell=cell)
    memory = MEMORY[cell]
    page = open_film(frames)
    assert page.evaluate(SHOWN) == "training step 0"
    assert values(page) == frames[0].heatmaps[memory].tolist()
    picture = page.locator(FIRST_HEATMAP).first.get_attribute("href")
    page.evaluate(
        """() => {
            window.played = [];
            document.getElementById('film').on('plotly_animatingframe', ({ name }) => played.push(name));
        }"""
    )
    press(page, "Play")
    wait_for_label(page, "training step 16")
    assert page.evaluate("() => played") == ["0", "1", "4", "9", "16"]
    page.wait_for_function(
        "old => document.querySelector('.heatmaplayer image').getAttribute('href') !== old", arg=picture
    )
    assert values(page) == frames[-1].heatmaps[memory].tolist()


BLANKS = """() => new Promise(done => {
    // which pictures have loaded, and how many heatmaps have none, summed over all that the browser draws
    const loaded = new Set(document.querySelectorAll('image'));
    document.addEventListener('load', ({ target }) => loaded.add(target), true);
    new MutationObserver(changes => changes.forEach(({ target, attributeName }) => {
        if (attributeName === 'href') loaded.delete(target);
    })).observe(document, { subtree: true, attributes: true });
    const plots = [...document.querySelectorAll('.heatmaplayer')].map(layer => layer.parentNode);
    const shown = image => loaded.has(image) && getComputedStyle(image).opacity !== '0';
    let blanks = 0;
    const look = () => {
        blanks += plots.filter(plot => ![...plot.querySelectorAll('image')].some(shown)).length;
        const ended = document.querySelector('.slider-label').textContent === 'training step 81';
        if (ended) done([plots.length, blanks]);
        else requestAnimationFrame(look);
    };
    document.querySelectorAll('.updatemenu-button')[2].dispatchEvent(new MouseEvent('click'));
    requestAnimationFrame(look);
})"""


def test_no_heatmap_is_blank_while_it_plays(open_film):
    page = open_film(text_frames(10))
    assert page.evaluate(BLANKS) == [4, 0]
    page.wait_for_function("() => document.querySelectorAll('.film-copy image').length === 4")


def test_pause_holds_and_play_goes_on_from_there(open_film):
    page = open_film(text_frames(40))
    press(page, "Play")
    page.wait_for_function(f"() => ({STEP})() >= 4")
    press(page, "Pause")
    # the frame that is on its way may still come, and none after it
    held = page.evaluate(
        f"""() => new Promise(done => {{
            const end = () => done(({STEP})());
            let timer = setTimeout(end, 600);
            document.getElementById('film').on('plotly_animatingframe', () => {{
                clearTimeout(timer);
                timer = setTimeout(end, 600);
            }});
        }})"""
    )
    assert 4 <= held < 39**2
    press(page, "Play")
    page.wait_for_function(f"held => ({STEP})() > held", arg=held)


def test_the_slider_shows_any_step(open_film):
    frames = text_frames(5)
    page = open_film(frames)
    rail = page.locator(".slider-rail-touch-rect").bounding_box()
    middle = rail["y"] + rail["height"] / 2
    page.mouse.click(rail["x"] + rail["width"] * 0.75, middle)
    wait_for_label(page, "training step 9")
    page.wait_for_function("() => document.querySelector('.annotation-text')")
    page.get_by_text("upon a time 9").wait_for()
    assert values(page) == frames[3].heatmaps["c"].tolist()


def test_a_hover_names_unit_step_and_exact_value(open_film):
    frames = text_frames(3)
    page = open_film(frames)
    # the first column of the first row
    box = page.locator(FIRST_HEATMAP).first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 8, box["y"] + box["height"] / 8)
    label = page.locator(".hoverlayer .hovertext")
    label.wait_for()
    value = f"{frames[0].heatmaps['c'][0, 0]:.3g}"
    assert label.text_content() == f"unit 0 · t = 0 “t”cell state cₜ = {value}"


def written(page):
    """All that stands in the figure, letter by letter, annotations first."""
    return page.evaluate(
        "() => [...document.querySelectorAll('.annotation-text')].map(node => node.textContent)"
    )


@pytest.mark.parametrize("kind", ["text", "series"])
def test_hostile_text_is_shown_and_does_nothing(open_film, kind):
    if kind == "text":
        labels = [HOSTILE, "<b>", "&lt;", "$x$"]
        page = open_film(text_frames(3, labels, prompt=HOSTILE, sample="&amp;"), HOSTILE)
    else:
        page = open_film(series_frames(3, x_title=HOSTILE, unit=HOSTILE, label=HOSTILE), HOSTILE)
    press(page, "Play")
    wait_for_label(page, "training step 4")
    assert page.evaluate("() => window.owned") is None
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator("img, #film a, a[href]").count() == 0
    ticks = page.locator(".xaxislayer-above .xtick text").all_text_contents()
    if kind == "text":
        assert ticks[:4] == [HOSTILE[:15] + "…", *labels[1:]]
        assert "".join(HOSTILE.split()) + "&amp;4" in "".join("".join(written(page)).split())
    else:
        assert ticks[0] == HOSTILE[:15] + "…"
        assert page.locator(".ytitle, .y7title", has_text=HOSTILE).count() == 1
        assert page.locator(".xtitle", has_text=HOSTILE).count() == 1


def test_it_fits_a_small_projector(open_film):
    page = open_film(text_frames(3), viewport=SMALL_PROJECTOR)
    size = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size == [SMALL_PROJECTOR["width"], SMALL_PROJECTOR["height"]]
