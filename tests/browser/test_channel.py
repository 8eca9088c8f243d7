"""The channel between a page and its run, with a socket that is there or not as the test says."""

import base64
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
CLIENT = Path(__file__).parents[2] / "pages" / "live" / "client"
# window.sockets: all that were opened, each with what was sent; window.channel: of one panel that has left
SET_UP = """async source => {
    window.sockets = [];
    window.WebSocket = class {
        static OPEN = 1;
        static CLOSED = 3;
        constructor() { Object.assign(this, { readyState: 0, sent: [] }); sockets.push(this); }
        send(text) { this.sent.push(JSON.parse(text)); }
        open() { this.readyState = 1; this.onopen(); }
        lose() { this.readyState = 3; this.onclose?.(); }
        close() { this.lose(); }
        say(message) { this.onmessage({ data: JSON.stringify(message) }); }
    };
    const { channelFor } = await import(source);
    window.channel = channelFor('', 'token');
    window.leave = channel.subscribe(() => {});
    sockets[0].open();
}"""
LOST = "() => sockets[0].lose()"
LEAVE = "() => leave()"
AGAIN = "() => sockets.length > 1"
SENT = "() => sockets.at(-1).sent.filter(({ type }) => type !== 'hello' && type !== 'ready')"
ANSWER = """([answered, noise]) => {
    const settings = { knob: { noise } };
    sockets.at(-1).say({ type: 'facts', facts: { settings, answered } });
}"""


def address(name, **imports):
    source = (CLIENT / name).read_text(encoding="utf-8")
    for imported, at in imports.items():
        assert f'"./{imported}.js"' in source
        source = source.replace(f"./{imported}.js", at)
    return f"data:text/javascript;base64,{base64.b64encode(source.encode()).decode()}"


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.evaluate(SET_UP, address("channel.js", frame=address("frame.js")))
    yield page
    page.close()


def test_a_setting_moved_without_connection_is_sent_by_the_next_one_although_its_page_is_left(page):
    page.evaluate(LOST)
    page.evaluate("() => channel.send({ type: 'knob', name: 'noise', value: 0.1 })")
    page.evaluate("() => channel.send({ type: 'knob', name: 'noise', value: 0.2 })")
    page.evaluate(LEAVE)
    page.wait_for_function(AGAIN)
    page.evaluate("() => sockets.at(-1).open()")
    assert page.evaluate(SENT) == [{"type": "knob", "name": "noise", "value": 0.2, "number": 2}]
    assert page.evaluate("() => channel.setting('knob', 'noise', 0)") == 0.2
    # it has been dealt with: nothing holds the connection any more
    page.evaluate(ANSWER, [2, 0.3])
    assert page.evaluate("() => channel.setting('knob', 'noise', 0)") == 0.3
    page.wait_for_function("() => sockets.at(-1).readyState === WebSocket.CLOSED")


def test_an_answer_to_an_earlier_setting_is_none_to_a_later_one(page):
    for value in (0.1, 0.2):
        page.evaluate("value => channel.send({ type: 'knob', name: 'noise', value })", value)
    page.evaluate(ANSWER, [1, 0.1])
    assert page.evaluate("() => [channel.setting('knob', 'noise', 0), channel.rests]") == [0.2, False]
    page.evaluate(ANSWER, [2, 0.1])
    assert page.evaluate("() => [channel.setting('knob', 'noise', 0), channel.rests]") == [0.1, True]


def test_gates_let_go_without_connection_are_let_go_by_the_next_one(page):
    page.evaluate("() => channel.send({ type: 'hands', name: 'f', value: 0 })")
    page.evaluate(LOST)
    page.evaluate("() => channel.send({ type: 'knob', name: 'noise', value: 0.1 })")
    page.evaluate("() => channel.send({ type: 'release' })")
    page.wait_for_function(AGAIN)
    page.evaluate("() => sockets.at(-1).open()")
    sent = page.evaluate(SENT)
    assert [message["type"] for message in sent] == ["knob", "release"]
    assert page.evaluate("() => channel.setting('hands', 'f', 'as learned')") == "as learned"
