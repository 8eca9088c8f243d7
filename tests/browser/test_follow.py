"""Following a shared run in real Chromiums: the teacher's page beside a student's."""

import json
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
import segno

from tests.browser.conftest import (
    SMALL_PROJECTOR,
    live,
    places_of,
    press,
    quiet,
    sizes,
    stand_on_one_screen,
    step,
    still,
    themes,
    wait_for_status,
    wait_for_step,
)

pytestmark = pytest.mark.browser
SMALL = "text_corpus=counting&text_hidden_size=16"
CELL_STATE = """() => {
    const found = [...document.querySelectorAll('.js-plotly-plot')]
        .find(one => one.data[0].type === 'heatmap' && one.data.length === 1);
    return found?.data[0].z?.map(row => [...row]) ?? null;
}"""
SELECTED = "() => document.querySelector('.sequence-where')?.textContent ?? ''"
# Black and white of the picture, module by module, as it is drawn on the page
MODULES = """async ([picture, size]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 10 * size, height: 10 * size });
    const context = canvas.getContext('2d');
    const image = new Image();
    image.src = picture;
    await image.decode();
    context.drawImage(image, 0, 0, 10 * size, 10 * size);
    const { data } = context.getImageData(0, 0, 10 * size, 10 * size);
    const places = [...Array(size).keys()];
    const dark = (x, y) => {
        const at = 4 * (10 * size * (10 * y + 5) + 10 * x + 5); // the middle of a module
        return data[at + 3] === 255 ? +(data[at] < 128) : -1;
    };
    return places.map(y => places.map(x => dark(x, y)));
}"""


def share(page):
    """Share what a page shows; returns its code, as it is read aloud."""
    page.locator(".st-key-toolbar").get_by_role("button", name="Share").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Share", exact=True).click()
    code = page.get_by_test_id("share-code")
    code.wait_for()
    return code.text_content()


def close_popover(page):
    page.keyboard.press("Escape")
    page.get_by_test_id("share-code").wait_for(state="hidden")


def follow(open_page, server, code, **options):
    return open_page(f"{server.url}/follow?code={code}", **options)


def wait_for_text(page, expression, text):
    page.wait_for_function(f"text => ({expression})().includes(text)", arg=text)


def test_a_student_sees_every_step_and_whatever_the_teacher_does(server, open_page):
    teacher = open_page(f"{server.url}/?{SMALL}")
    code = share(teacher)
    close_popover(teacher)
    student = follow(open_page, server, code)
    student.get_by_text(f"You follow {code}").wait_for()
    teacher.get_by_text("1 follower", exact=True).wait_for()

    # the same network: the same step has the same loss and the same memory, also one by one
    press(teacher, "Pause")
    quiet(teacher)
    for _ in range(2):
        after = step(teacher) + 1
        press(teacher, "Step")
        for page in (teacher, student):
            wait_for_step(page, after)
            quiet(page)
        assert (live(student, "step"), live(student, "loss")) == (
            live(teacher, "step"),
            live(teacher, "loss"),
        )
        assert student.evaluate(CELL_STATE) == teacher.evaluate(CELL_STATE)

    # to another page, with what is selected there
    teacher.get_by_role("link", name="Look inside").click()
    student.get_by_text("Coloured sequence").wait_for()
    teacher.get_by_role("button", name="forget gate f", exact=True).click()
    teacher.keyboard.press("ArrowLeft")
    wait_for_text(student, SELECTED, "forget gate f")
    student.wait_for_function(f"where => ({SELECTED})() === where", arg=teacher.evaluate(SELECTED))

    # hands on a gate
    teacher.get_by_role("link", name="Hands on").click()
    press(teacher, "Forget everything: f = 0")
    student.get_by_text("f = 0 in all units").wait_for()
    held = student.get_by_role("switch", name="Forget gate held", exact=True)
    assert held.get_attribute("aria-checked") == "true"
    assert held.is_disabled()

    # back in time
    history = teacher.get_by_role("slider", name="Training history")
    history.focus()
    teacher.keyboard.press("Home")
    student.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.at === '0'")
    assert student.get_by_role("slider", name="Training history").is_disabled()
    assert (
        student.locator(".timebar-where").text_content() == teacher.locator(".timebar-where").text_content()
    )
    teacher.get_by_role("button", name="Back to live").click()
    student.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.at === ''")

    # new networks
    teacher.get_by_role("link", name="Text", exact=True).click()
    teacher.get_by_text("GRU", exact=True).click()
    student.get_by_text("Hidden state h").wait_for()


def test_what_a_student_presses_changes_nothing(server, open_page):
    teacher = open_page(f"{server.url}/inside?{SMALL}")
    code = share(teacher)
    close_popover(teacher)
    student = follow(open_page, server, code)
    student.get_by_text("Coloured sequence").wait_for()
    press(teacher, "Pause")
    quiet(teacher)
    before = teacher.evaluate(SELECTED)
    for name in ("Play", "Step", "Reset"):
        assert student.get_by_role("button", name=name, exact=True).count() == 0
    assert student.get_by_label("Training history").is_disabled()
    assert student.get_by_role("button", name="forget gate f", exact=True).is_disabled()
    box = student.locator(".sequence-body").bounding_box()
    student.mouse.click(box["x"] + 30, box["y"] + box["height"] / 2)
    student.keyboard.press("ArrowLeft")
    student.keyboard.press("ArrowUp")
    # what a forger sends over a socket of his own is answered with a sentence
    answers = student.evaluate(
        """([address, code]) => new Promise(done => {
            const socket = new WebSocket(address), said = [];
            socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', token: code }));
            socket.onmessage = ({ data }) => {
                if (typeof data !== 'string') {
                    if (said.length) return;
                    for (const forged of [{ type: 'play' }, { type: 'view', name: 'unit', value: 3 },
                                          { type: 'hands', name: 'f', value: 0 }, { type: 'reset' }])
                        socket.send(JSON.stringify(forged));
                    return;
                }
                const message = JSON.parse(data);
                if (message.type === 'facts') return; // of the run: they come by themselves
                said.push(message);
                if (said.length === 4) { socket.close(); done(said); }
            };
        })""",
        [f"{server.url.replace('http', 'ws')}/live/socket", code.replace("-", "")],
    )
    assert {answer["type"] for answer in answers} == {"error"}
    assert all("Take a copy" in answer["message"] for answer in answers)
    # the teacher's next step shows that all is as it was
    at = step(teacher)
    press(teacher, "Step")
    wait_for_step(teacher, at + 1)
    wait_for_step(student, at + 1)
    quiet(teacher)
    assert step(teacher) == at + 1
    assert live(teacher, "status") == "paused"
    assert teacher.evaluate(SELECTED).split(" · ")[:3] == before.split(" · ")[:3]
    quiet(student)
    assert student.evaluate(SELECTED) == teacher.evaluate(SELECTED)


def test_a_copy_goes_its_own_way_from_where_it_was_taken(server, open_page):
    teacher = open_page(f"{server.url}/?{SMALL}")
    code = share(teacher)
    close_popover(teacher)
    student = follow(open_page, server, code)
    press(teacher, "Pause")
    quiet(teacher)
    at, loss = step(teacher), live(teacher, "loss")
    wait_for_status(student, "paused")
    student.get_by_role("button", name="Take a copy").click()
    student.get_by_text("What it writes now").wait_for()
    student.get_by_text("This is your own copy").wait_for()
    student.get_by_role("button", name="Play", exact=True).wait_for()
    quiet(student)
    assert (step(student), live(student, "loss")) == (at, loss)
    assert student.get_by_label("Hidden units").first.is_visible()
    press(student, "Play")
    wait_for_step(student, at + 5)
    assert step(teacher) == at
    # both went through the same steps: the copy is exact
    press(student, "Pause")
    quiet(student)
    press(student, "Reset")
    student.wait_for_function("() => document.querySelector('[data-testid=live]').dataset.step === '0'")
    assert step(teacher) == at


def test_when_the_teacher_stops_sharing_the_student_is_told(server, open_page):
    teacher = open_page(f"{server.url}/?{SMALL}")
    code = share(teacher)
    student = follow(open_page, server, code)
    teacher.get_by_role("button", name="Stop sharing").click()
    student.get_by_text("The teacher has ended the sharing").first.wait_for()
    student.get_by_role("textbox", name="Code").wait_for()
    assert student.get_by_role("button", name="Take a copy").count() == 0
    wait_for_step(teacher, step(teacher) + 1)
    teacher.locator(".transport-crowd").wait_for(state="hidden")


def test_the_qr_code_on_the_page_is_the_link_to_follow(server, open_page):
    teacher = open_page(f"{server.url}/series", viewport=SMALL_PROJECTOR)
    code = share(teacher)
    popover = teacher.get_by_test_id("stPopoverBody")
    link = popover.get_by_test_id("stCode").locator("code").text_content()
    assert link == f"{server.url}/follow?code={code.replace('-', '')}"
    assert parse_qs(urlsplit(link).query)["code"] == [code.replace("-", "")]
    picture = popover.locator("img")
    box = picture.bounding_box()
    assert box["width"] == box["height"] >= 220
    quiet_zone = 4
    matrix = [list(row) for row in segno.make_qr(link, error="m").matrix]
    size = len(matrix) + 2 * quiet_zone
    around = [0] * quiet_zone
    expected = [[0] * size] * quiet_zone
    expected += [around + row + around for row in matrix]
    expected += [[0] * size] * quiet_zone
    parts = "[data-testid=stPopoverBody], .st-key-toolbar button"
    for _ in themes(teacher, parts):
        drawn = teacher.evaluate(MODULES, [picture.get_attribute("src"), size])
        assert drawn == expected, json.dumps(drawn[:3])
        stand_on_one_screen(teacher, places_of(teacher, parts))


@pytest.mark.parametrize(
    ("path", "further"),
    [("", {"Look inside": ".sequence-body", "Hands on": ".hands"}), ("memory", {})],
    ids=["text", "memory"],
)
def test_what_is_followed_stands_on_one_screen(server, open_page, path, further):
    teacher = open_page(f"{server.url}/{path}")
    code = share(teacher)
    close_popover(teacher)
    student = follow(open_page, server, code)
    wait_for_step(student, 2)
    followed_stands_on_one_screen(teacher, student)
    for name, part in further.items():
        teacher.get_by_role("link", name=name).click()
        for page in (teacher, student):
            page.locator(part).first.wait_for()
        followed_stands_on_one_screen(teacher, student)


def followed_stands_on_one_screen(teacher, student):
    parts = "[data-testid=live], .js-plotly-plot, .st-key-followed button, .hands, .live-sample"
    for viewport in sizes(student, ".js-plotly-plot, .st-key-followed button"):
        stand_on_one_screen(student, places_of(student, parts), scrollers=("stMain",))
        teacher.set_viewport_size(viewport)
        header_stands_in_one_row(teacher)
        header_stands_in_one_row(student)


def header_stands_in_one_row(page):
    still(page, "[data-testid=stTopNavLink]")
    links = page.get_by_test_id("stTopNavLink")
    assert links.last.text_content() == "Guide"
    assert links.count() == 11
    # the names of all pages, and the buttons beside them, one after the other
    header = places_of(page, "[data-testid=stTopNavLink], .presenter-button, .st-key-toolbar button")
    header = sorted(place for place in header if place[2] > place[0])
    stand_on_one_screen(page, header, scrollers=("stMain",))
    for (_, _, right, _), (left, *_) in pairwise(header):
        assert right <= left
