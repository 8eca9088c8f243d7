"""Taking home in a real Chromium: pictures of what is on screen, files, and going on from one elsewhere."""

import base64
import csv
import struct
import xml.etree.ElementTree as ET

import pytest

from lstm_core.config import ModelConfig, RunConfig, TextConfig
from lstm_core.export.script import data_file, script
from tests.browser.conftest import frames_pass, live, press, quiet, step, wait_for_status, wait_for_step

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
HEAD = 30  # pixels for the title above a chart
SVG = "{http://www.w3.org/2000/svg}"

# [colour in the picture, colour on screen] at the middle of cells of the heatmap
COLOURS = """async ({ png, head }) => {
    const load = async (src) => {
        const image = new Image();
        image.src = src;
        await image.decode();
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return (x, y) => [...context.getImageData(x, y, 1, 1).data];
    };
    const plot = document.querySelector(".js-plotly-plot");
    const picture = await load("data:image/png;base64," + png);
    const screen = await load(plot.querySelector(".heatmaplayer image").getAttribute("href"));
    const { xaxis, yaxis } = plot._fullLayout;
    const found = [];
    for (const row of [1, 7, 15, 22, 30]) for (const column of [2, 11, 23, 37, 46]) {
        const x = 2 * (xaxis._offset + xaxis.l2p(column));
        const y = 2 * (head + yaxis._offset + yaxis.l2p(row));
        // Plotly may draw its image in cells of several pixels
        const size = plot.canvases ? 1 : null;
        found.push([picture(Math.round(x), Math.round(y)), size && screen(column, row)]);
    }
    return found;
}"""


def download(page, act):
    with page.expect_download() as waiting:
        act()
    return waiting.value


def picture(page, name, suffix, tmp_path):
    """The file that the button for figure `name` saves, and what it is called."""
    button = page.get_by_role("button", name=f"Save “{name}” as {suffix}")
    button.focus()
    saved = download(page, lambda: page.keyboard.press("Enter"))
    path = tmp_path / saved.suggested_filename
    saved.save_as(path)
    return path


def take_home(page):
    page.get_by_role("button", name="Take home").click()
    page.locator(".export-button").first.wait_for()


def test_a_picture_of_a_heatmap_shows_the_frame_on_screen(share_page, server, tmp_path):
    page = share_page(server.url)
    frames_pass(page, 12)  # by then the heatmap has been repainted without Plotly
    press(page, "Pause")
    quiet(page)
    path = picture(page, "Cell state c", "PNG", tmp_path)
    assert path.name == f"lstm-cell-state-c-step-{step(page)}.png"
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    box = page.locator(".js-plotly-plot").first.bounding_box()
    assert struct.unpack(">II", content[16:24]) == (
        2 * round(box["width"]),
        2 * (round(box["height"]) + HEAD),
    )
    colours = page.evaluate(COLOURS, {"png": base64.b64encode(content).decode(), "head": HEAD})
    assert len({tuple(saved) for saved, _ in colours}) > 8
    for saved, shown in colours:
        assert max(abs(a - b) for a, b in zip(saved, shown, strict=True)) <= 3, colours


def test_an_svg_of_a_heatmap_stands_alone(share_page, server, tmp_path):
    page = share_page(server.url)
    page.emulate_media(color_scheme="dark")
    press(page, "Pause")
    quiet(page)
    text = picture(page, "Cell state c", "SVG", tmp_path).read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    images = list(root.iter(f"{SVG}image"))
    href = images[0].get("{http://www.w3.org/1999/xlink}href") or images[0].get("href")
    assert href.startswith("data:image/png;base64,")
    assert "rgb(18, 20, 24)" in text, "the dark theme's background"
    assert f"step {step(page):,}" in "".join(root.itertext())


def test_the_buttons_are_seen_only_where_the_mouse_or_the_focus_is(share_page, server):
    page = share_page(server.url)
    buttons = page.locator(".picture-buttons")
    seen = "node => getComputedStyle(node).opacity === '1'"
    assert not buttons.first.evaluate(seen)
    page.locator(".live-figure").first.hover()
    assert buttons.first.evaluate(seen)
    assert not buttons.nth(1).evaluate(seen)
    png = buttons.first.get_by_text("PNG")
    box = png.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5, steps=12)  # on the way there they stay
    assert buttons.first.evaluate(seen)
    figure = page.locator(".live-figure").first.bounding_box()
    assert box["y"] + box["height"] <= figure["y"], "they cover nothing of the figure"
    buttons.nth(1).get_by_text("SVG").focus()
    assert buttons.nth(1).evaluate(seen)


def test_a_diagram_is_saved_as_it_is_drawn(open_page, server, tmp_path):
    page = open_page(f"{server.url}/cell")
    press(page, "Pause")
    quiet(page)
    root = ET.fromstring(picture(page, "Cell", "SVG", tmp_path).read_text(encoding="utf-8"))
    assert "the memory lane" in "".join(root.itertext())
    assert not [node for node in root.iter() if node.get("class")], "styles are written into each part"
    strokes = {node.get("style", "") for node in root.iter(f"{SVG}path")}
    assert any("stroke: rgb" in style for style in strokes)
    assert "foreignObject" not in {node.tag.removeprefix(SVG) for node in root.iter()}
    content = picture(page, "Cell", "PNG", tmp_path).read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    box = page.locator(".cell-diagram").bounding_box()
    assert abs(width - 2 * box["width"]) <= 1
    assert abs(height - 2 * box["height"]) <= 1


def test_a_panel_of_text_is_saved_too(share_page, server, tmp_path):
    page = share_page(server.url)
    press(page, "Pause")
    quiet(page)
    shown = page.locator(".live-sample-page").inner_text()
    root = ET.fromstring(picture(page, "What it writes now", "SVG", tmp_path).read_text(encoding="utf-8"))
    assert shown.split()[0] in "".join(root.itertext())
    assert picture(page, "What it writes now", "PNG", tmp_path).read_bytes().startswith(b"\x89PNG")


def test_a_run_goes_on_elsewhere_from_where_it_was_saved(open_page, server, tmp_path):
    page = open_page(f"{server.url}/?text_hidden_size=32&text_corpus=rhymes&text_seed=7")
    wait_for_step(page, 60)
    press(page, "Pause")
    wait_for_status(page, "paused")
    take_home(page)
    saved = download(page, lambda: press(page, "Run file"))
    path = tmp_path / saved.suggested_filename
    saved.save_as(path)
    at, loss = step(page), live(page, "loss")
    assert path.name == f"lstm-rhymes-step-{at}.zip"

    # in another browser, from another page
    other = open_page(f"{server.url}/series")
    take_home(other)
    other.locator("[data-testid=stPopoverBody] input[type=file]").set_input_files(path)
    other.get_by_text("Watch it read").wait_for()
    wait_for_step(other, at)
    wait_for_status(other, "paused")
    assert (step(other), live(other, "loss")) == (at, loss)
    press(other, "Step")
    wait_for_step(other, at + 1)
    press(page, "Step")
    page.keyboard.press("Escape")
    wait_for_step(page, at + 1)
    assert live(other, "loss") == live(page, "loss"), "the same next step"


def test_the_trace_and_the_losses_come_as_tables(open_page, server, tmp_path):
    page = open_page(server.url)  # so young that every loss has a row of its own
    wait_for_step(page, 12)
    press(page, "Pause")
    wait_for_status(page, "paused")
    take_home(page)
    for what in ("Trace", "Losses"):
        saved = download(page, lambda what=what: press(page, what))
        saved.save_as(tmp_path / f"{what}.csv")
        assert saved.suggested_filename == f"lstm-tales-{what.lower()}-step-{step(page)}.csv"
    with (tmp_path / "Trace.csv").open(encoding="utf-8", newline="") as file:
        trace = list(csv.DictReader(file))
    assert len(trace) == 48 * 64
    with (tmp_path / "Losses.csv").open(encoding="utf-8", newline="") as file:
        losses = list(csv.DictReader(file))
    page.keyboard.press("Escape")
    assert losses[-1]["step"] == str(step(page))
    assert float(losses[-1]["train"]) == float(live(page, "loss"))


def test_the_code_is_shown_and_downloaded(open_page, server, tmp_path):
    page = open_page(f"{server.url}/?text_corpus=counting&text_cell=gru&text_hidden_size=16")
    config = RunConfig(TextConfig("counting"), ModelConfig("gru", 16))
    take_home(page)
    press(page, "Show the code")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("manual_seed").wait_for()
    assert not page.get_by_test_id("stPopoverBody").is_visible(), "it stands in front of nothing"
    saved = download(page, lambda: dialog.get_by_role("button", name="Download the script").click())
    saved.save_as(tmp_path / "home.py")
    assert saved.suggested_filename == "gru_counting.py"
    assert (tmp_path / "home.py").read_text(encoding="utf-8") == script(config)
    name, content = data_file(config)
    saved = download(page, lambda: dialog.get_by_role("button", name=f"Download {name}").click())
    saved.save_as(tmp_path / name)
    assert (tmp_path / name).read_bytes() == content


def test_a_file_that_cannot_be_opened_meets_a_sentence(open_page, server):
    page = open_page(server.url)
    take_home(page)
    nonsense = {"name": "run.zip", "mimeType": "application/zip", "buffer": b"nonsense"}
    page.locator("[data-testid=stPopoverBody] input[type=file]").set_input_files(nonsense)
    page.get_by_text("cannot be used as a run").wait_for()
    frames_pass(page)
