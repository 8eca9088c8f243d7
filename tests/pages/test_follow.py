"""The Follow page through AppTest: who gets in, what they see, and what they may take with them."""

import re

import pytest
import segno

from lstm_core.config import RunConfig
from lstm_core.config.access_keys import CODE_LENGTH, normal_code, shown_code
from lstm_core.storage.store import Damaged
from pages.live.server.state import HOST, base_path
from pages.panels.runs.settings_from_config import page_of
from pages.panels.sharing import code_entry, share
from pages.panels.sharing.code_entry import Tries
from pages.panels.sharing.presented import presented, screen_of
from pages.screens.every import NAMES, SCREENS, SHOWN_ON
from tests.pages.app import open_app, words

SINGLE = ["text", "series", "inside", "cell", "hands"]
EXPERIMENTS = ["memory", "bptt", "ablation", "compare"]
NOBODYS = "AAAABBBB"


def teach(page="text", **query):
    """A page of somebody who shares what it shows; and its code."""
    app = open_app(f"{page}.py", **query)
    run = {"inside": "text", "cell": "text", "hands": "text", "bptt": "memory"}.get(page, page)
    token = app.session_state[f"run_{run}"]
    return app, HOST.sharing.share(token)


def follow(code, **query):
    return open_app("follow.py", code=code, **query)


def headings(app):
    return " ".join(element.body for element in app.main.get("html"))


@pytest.fixture(autouse=True)
def nobody_has_guessed(monkeypatch):
    monkeypatch.setattr(code_entry, "EVERYBODY", Tries(most=300, rate=20))


# --- the door ---


def test_without_a_code_it_asks_for_one():
    app = open_app("follow.py")
    assert not app.error
    assert not app.warning
    assert app.text_input(key="follow_typed")
    assert "Take a copy" not in [button.label for button in app.button]


@pytest.mark.parametrize("typed", ["{code}", "{lower}", " {first} {second} ", "{first}-{second}"])
def test_a_code_opens_a_run_however_it_is_typed(typed):
    _, code = teach()
    halves = {"first": code[:4].lower(), "second": code[4:]}
    app = open_app("follow.py")
    app.text_input(key="follow_typed").set_value(typed.format(code=code, lower=code.lower(), **halves))
    app.button[0].click().run()
    assert not app.exception
    assert app.button(key="follow_copy")
    assert app.query_params["code"] in (code, [code])


def test_a_link_opens_a_run():
    _, code = teach()
    app = follow(code)
    assert not app.warning
    assert app.button(key="follow_copy")


@pytest.mark.parametrize("wrong", [NOBODYS, "AAAA-BBBB"])
def test_a_wrong_code_meets_one_sentence_that_says_what_to_do(wrong):
    app = follow(wrong)
    assert len(app.warning) == 1
    assert "AAAA-BBBB" in app.warning[0].value
    assert "Ask your teacher" in app.warning[0].value
    assert app.text_input(key="follow_typed")


@pytest.mark.parametrize("wrong", ["AB7", "<b>x</b>", "I10OL-ABC", "x" * 5000, "A" * 22, "🔑" * 8])
def test_what_is_no_code_at_all_is_named_and_not_repeated(wrong):
    app = follow(wrong)
    assert f"{CODE_LENGTH} letters and digits" in app.warning[0].value
    assert normal_code(wrong) not in app.warning[0].value


def test_the_token_of_a_run_does_not_open_the_follow_page():
    app, _ = teach()
    guest = follow(app.session_state["run_text"])
    assert guest.warning
    assert not [button for button in guest.button if button.key == "follow_copy"]


def test_a_code_is_no_key_to_the_page_of_the_run():
    _, code = teach()
    app = open_app(text_run=code)
    assert not HOST.controls(code)
    assert app.session_state["run_text"] != code


def test_who_guesses_is_slowed_down_and_the_right_code_then_has_to_wait_as_well():
    _, code = teach()
    app = open_app("follow.py")
    for letter in "ABCDE":
        app.query_params["code"] = letter * CODE_LENGTH
        app.run()
        assert "Nothing is shared" in app.warning[0].value
    app.query_params["code"] = code
    app.run()
    assert re.search(r"Wait \d+ seconds?", app.warning[0].value)
    assert follow(code).button(key="follow_copy")  # somebody else need not wait


def test_guessing_in_many_sessions_is_slowed_down_as_well(monkeypatch):
    monkeypatch.setattr(code_entry, "EVERYBODY", Tries(most=2, rate=0.001))
    assert "Nothing is shared" in follow("AAAAAAAA").warning[0].value
    assert "Nothing is shared" in follow("BBBBBBBB").warning[0].value
    assert "Wait" in follow("CCCCCCCC").warning[0].value


def test_tries_come_back_with_time():
    now = [100.0]
    tries = Tries(most=2, rate=0.5, clock=lambda: now[0])
    for _ in range(2):
        assert tries.wait() == 0
        tries.note_wrong()
    assert tries.wait() == pytest.approx(2)
    now[0] += 1
    assert tries.wait() == pytest.approx(1)
    now[0] += 1
    assert tries.wait() == 0
    now[0] += 1000
    tries.wait()
    assert tries.left == 2  # no more than at first


def test_the_same_wrong_code_again_is_no_further_guess():
    app = follow(NOBODYS)
    for _ in range(8):
        app.run()
        assert "Nothing is shared" in app.warning[0].value


# --- what is seen ---


@pytest.mark.parametrize("page", SINGLE + EXPERIMENTS)
def test_one_follows_to_every_page(page):
    teacher, code = teach(page)
    app = follow(code)
    assert not app.error
    assert not app.warning
    theirs, mine = (re.findall(r"<b[^>]*>(.*?)</b>", headings(one)) for one in (teacher, app))
    assert set(theirs) <= set(mine)  # the same panels under the same names
    assert theirs or page == "cell"


@pytest.mark.parametrize("cell", ["gru", "rnn"])
@pytest.mark.parametrize("page", ["text", "inside", "hands"])
def test_one_follows_every_cell(page, cell):
    _, code = teach(page, text_cell=cell)
    app = follow(code)
    assert not app.error
    assert "Cell state" not in headings(app)


def test_one_follows_a_network_that_fills_gaps():
    _, code = teach("text", text_goal="gaps", text_bidirectional="True", text_layer="1")
    shown = headings(follow(code))
    assert "How it fills gaps now" in shown
    assert "from the end" in shown


def test_the_page_follows_when_the_teacher_goes_on_and_when_a_new_network_starts():
    teacher, code = teach()
    app = follow(code)
    assert "What it writes now" in headings(app)
    teacher.switch_page("inside.py").run()
    app.run()
    assert "Coloured sequence" in headings(app)
    teacher.switch_page("text.py").run()
    teacher.segmented_control(key="text_cell").set_value("gru").run()
    app.run()
    assert "Hidden state h" in headings(app)


def test_how_an_experiment_is_shown_follows_as_well():
    _, code = teach("bptt", bptt_lane="GRU", bptt_scale="logarithmic")
    assert HOST.sharing.page(code) == "bptt?lane=gru&scale=logarithmic"
    shown = headings(follow(code))
    assert "GRU, unrolled" in shown
    assert "power of ten" in shown


@pytest.mark.parametrize(
    ("page", "query", "said"),
    [
        ("guide.py", {}, "turned to the Guide"),
        ("cell.py", {"cell": "By hand"}, "plays Cell → By hand"),
        ("follow.py", {}, "follows somebody else’s run"),
    ],
)
def test_those_who_follow_are_told_of_a_page_that_shows_no_run(page, query, said):
    app = open_app()
    code = HOST.sharing.share(app.session_state["run_text"])
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(page).run()
    follower = open_app("follow.py", code=code)
    assert not follower.exception
    assert said in words(follower.info).replace("*", "")
    app.switch_page("inside.py").run()
    assert not follower.run().info


@pytest.mark.parametrize(("page", "query"), [("guide.py", {}), ("cell.py", {"cell": "By hand"})])
def test_a_run_can_be_shared_from_a_page_that_shows_none(page, query):
    token = HOST.open(RunConfig())
    app = open_app(page, text_run=token, **query)
    share = next(button for button in app.button if button.label == "Share")
    share.click().run()
    assert HOST.sharing.code(token)
    assert HOST.sharing.page(token) == ("guide" if page == "guide.py" else "by_hand")
    assert not [button for button in open_app(page, **query).button if button.label == "Share"]


def test_another_screen_of_the_same_run_may_be_looked_at():
    _, code = teach()
    app = follow(code)
    app.selectbox(key="follow_screen_text").select("hands").run()
    assert not app.exception
    assert "As learned" not in headings(app)  # that is told by a live panel
    assert "the same prompt, the same dice" in headings(app)
    app.selectbox(key="follow_screen_text").select_index(0).run()
    assert "What it writes now" in headings(app)


def test_nothing_can_be_changed_on_it():
    """Only the choice of a screen and the copy are widgets; the live panels lock themselves."""
    for page in ("text", "hands", "inside"):
        _, code = teach(page)
        app = follow(code)
        assert [button.key for button in app.button] == ["follow_copy"]
        assert [box.key for box in app.selectbox] == ["follow_screen_text"]
        for kind in ("slider", "select_slider", "text_input", "text_area", "toggle", "radio"):
            assert not app.get(kind), (page, kind)


def test_following_opens_no_run():
    _, code = teach()
    runs = HOST.placement.sessions.run_ids()
    follow(code)
    assert HOST.placement.sessions.run_ids() <= runs  # those of other tests may leave the memory meanwhile


def test_a_page_that_no_run_of_its_kind_is_shown_on_is_left_out():
    teacher, code = teach()
    HOST.sharing.present(teacher.session_state["run_text"], "memory?over=steps")
    assert "What it writes now" in headings(follow(code))


def test_when_the_sharing_ends_it_says_so_and_there_is_nothing_to_copy():
    teacher, code = teach()
    app = follow(code)
    HOST.sharing.unshare(teacher.session_state["run_text"])
    app.run()
    assert not app.exception
    assert app.warning[0].value == (
        f"The teacher has ended the sharing of {shown_code(code)}. Ask for a new code."
    )
    assert "Take a copy" not in [button.label for button in app.button]


def test_a_shared_run_that_cannot_be_read_any_more_is_said_to_be_one(monkeypatch):
    _, code = teach()

    def damaged(key):
        raise Damaged("This run was saved, but its files are damaged and cannot be read.")

    monkeypatch.setattr(HOST, "config", damaged)
    app = follow(code)
    assert not app.exception
    assert "damaged" in app.error[0].value


def test_every_screen_has_a_name_and_belongs_to_a_run():
    assert set(SCREENS) == set(NAMES) == {name for names in SHOWN_ON.values() for name in names}
    assert page_of(RunConfig()) == "text"


@pytest.mark.parametrize("options", [{}, {"lane": "gru", "scale": "linear"}, {"over": "a&b=c?d"}])
def test_what_is_presented_is_understood(options):
    assert screen_of(presented("bptt", options)) == ("bptt", options)


# --- the copy ---


@pytest.mark.parametrize(
    ("page", "query", "key", "value"),
    [
        ("text", {"text_corpus": "counting", "text_hidden_size": "16"}, "text_hidden_size", "16"),
        ("series", {"series_kind": "square"}, "series_kind", "square"),
        ("memory", {"memory_hidden_size": "8"}, "memory_hidden_size", "8"),
        ("ablation", {"ablation_hidden_size": "8"}, "ablation_hidden_size", "8"),
        ("compare", {"compare_differs": "train.seed"}, "compare_differs", "train.seed"),
    ],
)
def test_a_copy_is_ones_own_run_with_the_same_settings_on_its_own_page(page, query, key, value):
    teacher, code = teach(page, **query)
    theirs = teacher.session_state[f"run_{page}"]
    app = follow(code)
    app.button(key="follow_copy").click().run()
    assert not app.exception
    assert not app.error
    mine = app.session_state[f"run_{page}"]
    assert mine != theirs
    assert HOST.controls(mine)
    assert HOST.config(mine).network == HOST.config(theirs).network
    assert app.query_params[key] in (value, [value])
    assert HOST.sharing.code(mine) is None  # to take a copy shares nothing
    assert "your own copy" in words(app.toast)
    app.run()
    assert not app.toast


def test_a_copy_of_what_has_just_ended_meets_the_sentence():
    teacher, code = teach()
    app = follow(code)
    HOST.sharing.unshare(teacher.session_state["run_text"])
    app.button(key="follow_copy").click().run()
    assert not app.exception
    assert "ended the sharing" in app.warning[0].value


# --- sharing ---


def test_opening_the_panel_shares_nothing_and_a_button_does():
    app = open_app()
    token = app.session_state["run_text"]
    assert HOST.sharing.code(token) is None
    app.button(key="share_text").click().run()
    code = HOST.sharing.code(token)
    assert shown_code(code) in headings(app)
    assert app.code[0].value.endswith(f"/follow?code={code}")
    assert "not the address of this page" in words(app.caption)
    app.run()
    assert HOST.sharing.code(token) == code
    app.button(key="share_text_end").click().run()
    assert HOST.sharing.code(token) is None
    assert not HOST.knows(code)
    assert not app.code


def test_a_disk_that_refuses_is_named(monkeypatch):
    def refuse(token):
        raise OSError(28, "No space left on device")

    app = open_app()
    monkeypatch.setattr(HOST.sharing, "share", refuse)
    app.button(key="share_text").click().run()
    assert not app.exception
    assert "No space left" in words(app.toast)


@pytest.mark.parametrize(
    ("base", "address", "link"),
    [
        ("", "http://h:8501", "http://h:8501/follow?code=C"),
        ("", "http://h:8501/", "http://h:8501/follow?code=C"),
        ("", "https://h/inside", "https://h/follow?code=C"),
        ("/lstm", "https://h/lstm", "https://h/lstm/follow?code=C"),
        ("/lstm", "https://h/lstm/", "https://h/lstm/follow?code=C"),
        ("/lstm", "https://h/lstm/inside", "https://h/lstm/follow?code=C"),
        ("/a/b", "https://h/a/b/series", "https://h/a/b/follow?code=C"),
    ],
)
def test_the_link_leads_to_the_follow_page_of_this_server(monkeypatch, base, address, link):
    monkeypatch.setattr(share, "base_path", lambda: base)
    assert share.follow_link(address, "C") == link
    assert base_path() == ""


@pytest.mark.parametrize(
    ("link", "only"),
    [
        ("http://localhost:8501/follow?code=C", True),
        ("http://127.0.0.1:8501/follow?code=C", True),
        ("http://[::1]:8501/follow?code=C", True),
        ("http://192.168.1.7:8501/follow?code=C", False),
        ("https://school.example/lstm/follow?code=C", False),
    ],
)
def test_a_link_that_opens_here_only_is_said_to_be_one(link, only):
    assert share.only_here(link) == only


def test_the_qr_code_holds_the_link_dark_on_white_with_a_quiet_zone():
    link = "https://school.example/lstm/follow?code=K7QM3XWD"
    svg = share.qr_code(link)
    size = segno.make_qr(link, error="m").symbol_size(border=4)[0]
    assert f'viewBox="0 0 {size} {size}"' in svg or f'width="{size}"' in svg
    assert "#fff" in svg
    assert share.QR_WIDTH / size >= 4  # pixels a module


def test_whoever_looks_at_another_screen_is_led_along_too():
    teacher, code = teach("text")
    app = follow(code)
    app.selectbox(key="follow_screen_text").set_value("inside").run()
    memory = open_app("memory.py")
    token = memory.session_state["run_memory"]
    HOST.sharing.lead(teacher.session_state["run_text"], token)
    assert HOST.name(code) == HOST.name(token)
    app.run()
    assert not app.exception
    assert "Accuracy" in headings(app)


def test_the_code_goes_along_when_the_teacher_turns_to_another_page():
    teacher, code = teach("text")
    teacher.run()
    teacher.switch_page("series.py").run()
    assert not teacher.exception
    assert HOST.sharing.code(teacher.session_state["run_series"]) == code
    assert HOST.sharing.code(teacher.session_state["run_text"]) is None
    teacher.switch_page("text.py").run()
    assert HOST.sharing.code(teacher.session_state["run_text"]) == code
