"""The cell that is played by hand, in a real Chromium: it computes what the plain cell computes."""

import random

import pytest
import torch

from lstm_core.nn.cell import cell_step
from tests.browser.conftest import press, wait_for_step
from tests.browser.test_cell import BY_HAND, GATES, READ, assert_adds_up, shown, wait_for_cell

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


def set_slider(page, label, value):
    page.get_by_label(label, exact=True).evaluate(
        "(node, value) => { node.value = value; node.dispatchEvent(new Event('input')); }", value
    )


def test_by_hand_computes_what_the_plain_cell_computes(server, open_page):
    page = open_page(server.url + BY_HAND, wait=False)
    wait_for_cell(page)
    dice = random.Random(2)
    names = {"i": "input gate", "f": "forget gate", "g": "candidate", "o": "output gate"}
    for _ in range(8):
        weights = {}
        for gate, name in names.items():
            for part, label in (("x", "w_x"), ("h", "w_h"), ("b", "b")):
                weights[gate, part] = dice.randint(-50, 50) / 10
                set_slider(page, f"{label} of the {name}", weights[gate, part])
        given = {
            "x": dice.randint(-30, 30) / 10,
            "h": dice.randint(-20, 20) / 20,
            "c": dice.randint(-30, 30) / 10,
        }
        for label, name in (("x", "x"), ("h before", "h"), ("c before", "c")):
            set_slider(page, label, given[name])
        for _ in range(3):
            numbers = assert_adds_up(page.evaluate(READ))
            w_ih, w_hh, bias = (
                torch.tensor([weights[gate, part] for gate in GATES], dtype=torch.float64) for part in "xhb"
            )
            x, h, c = (torch.tensor([[given[name]]], dtype=torch.float64) for name in "xhc")
            step = cell_step(x, h, c, w_ih[:, None], w_hh[:, None], bias)
            for name in GATES:
                assert abs(float(numbers[f"out_{name}"]) - getattr(step, name).item()) <= 0.00051
            assert abs(float(numbers["c"]) - step.c.item()) <= 0.00051
            assert abs(float(numbers["h"]) - step.h.item()) <= 0.00051
            press(page, "Step ▶")
            given |= {"h": step.h.item(), "c": step.c.item()}
            set_slider(page, "x", given["x"])


def test_a_challenge_that_was_solved_stays_solved_also_after_a_reload(server, open_page):
    page = open_page(server.url + BY_HAND, wait=False)
    wait_for_cell(page)
    press(page, "Challenge")
    for label, value in (("forget gate", 5), ("input gate", 5)):
        set_slider(page, f"b of the {label}", value)
    set_slider(page, "w_x of the candidate", -5)
    task = page.locator(".cell-task")
    for step in range(11):
        assert task.inner_text().startswith("Solved" if step >= 9 else "All weights are 0 at first")
        press(page, "Step ▶")
    before = page.evaluate(READ)["diagram"]
    page.reload()
    wait_for_cell(page)
    assert task.inner_text().startswith("Solved")
    assert page.get_by_role("button", name="Challenge", exact=True).get_attribute("aria-pressed") == "true"
    assert page.evaluate(READ)["diagram"] == before


def test_by_hand_follows_a_slider_while_it_is_dragged(server, open_page):
    page = open_page(server.url + BY_HAND, wait=False)
    wait_for_cell(page)
    press(page, "Challenge")
    box = page.get_by_label("b of the forget gate", exact=True).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=4)
    numbers = assert_adds_up(page.evaluate(READ))  # the button is still down
    assert 2 < numbers["pre_f"] < 4
    page.mouse.up()


def test_by_hand_counts_steps_back_and_starts_over(server, open_page):
    page = open_page(server.url + BY_HAND, wait=False)
    wait_for_cell(page)
    press(page, "Counter")
    states = [page.evaluate(READ)["diagram"]]
    for _ in range(9):
        press(page, "Step ▶")
        states.append(page.evaluate(READ)["diagram"])
        assert states[-1]["c_before"] == states[-2]["c"]
        assert states[-1]["h_before"] == states[-2]["h"]
    assert 4.5 < shown(states[-1]["c"]) < 5
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(READ)["diagram"] == states[-2]
    press(page, "Start over")
    assert page.evaluate(READ)["diagram"] == states[0]
    page.get_by_role("button", name="x at step 0", exact=True).click()
    assert shown(page.evaluate(READ)["diagram"]["c"]) == 0


def test_by_hand_the_challenge_says_whether_it_is_solved(server, open_page):
    page = open_page(server.url + BY_HAND, wait=False)
    wait_for_cell(page)
    press(page, "Challenge")
    task = page.locator(".cell-task")
    for _ in range(9):
        press(page, "Step ▶")
    assert task.text_content().startswith("Not yet: after 5 ones c is 0.000")
    press(page, "Start over")
    for label, value in (
        ("b of the forget gate", 5),
        ("b of the input gate", 5),
        ("w_x of the candidate", -5),
    ):
        set_slider(page, label, value)
    for _ in range(9):
        press(page, "Step ▶")
    assert task.text_content().startswith("Solved: after 5 ones c is −4.")


def test_by_hand_needs_no_run_and_is_still_there_after_a_look_at_the_network(server, open_page):
    sockets = []
    page = open_page("about:blank", wait=False)
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(server.url + BY_HAND)
    wait_for_cell(page)
    press(page, "Write")
    press(page, "Step ▶")
    before = page.evaluate(READ)["diagram"]
    assert not any("/live/socket" in url for url in sockets)
    page.get_by_role("radio", name="Live network").click()
    wait_for_step(page, 1)
    wait_for_cell(page)
    page.get_by_role("radio", name="By hand").click()
    page.get_by_role("button", name="Step ▶").wait_for()
    assert page.evaluate(READ)["diagram"] == before
