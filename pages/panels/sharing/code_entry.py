"""The form that asks for the code of a shared run, and slows down who guesses."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import streamlit as st

from lstm_core.config.access_keys import CODE_LENGTH, CODE_LETTERS, normal_code, shown_code
from pages.live.server.state import HOST

EXAMPLE = "K7QM-3XWD"
WIDTH = 460  # pixels


class Tries:
    """Wrong codes that may still be tried: `most` at once, `rate` more a second. Any thread may ask."""

    def __init__(self, most: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = self.left = most
        self.rate = rate
        self._clock = clock
        self._at = clock()
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Seconds until the next try is allowed; 0: now."""
        with self._lock:
            now = self._clock()
            self.left = min(self.most, self.left + (now - self._at) * self.rate)
            self._at = now
            return max(0.0, (1 - self.left) / self.rate)

    def note_wrong(self) -> None:
        """A wrong code was tried."""
        with self._lock:
            self.left -= 1


# A class in which everybody mistypes once is let in at once. A year of guessing at this rate tries less than
# one in a thousand of the codes there are.
EVERYBODY = Tries(most=300, rate=20)


def code_to_follow() -> str:
    """The code in the address, if it opens a run. Else it asks for one, says what is wrong, and ends the
    script.
    """
    code = normal_code(st.query_params.get("code", ""))
    problem = _problem(code) if code else ""
    if problem or not code:
        ask(problem)
        st.stop()
    st.session_state["followed_code"] = code
    return code


def ask(problem: str) -> None:
    """A box for the code. problem: a sentence that says why it is asked for again, if it is."""
    middle = st.container(horizontal_alignment="center")
    with middle, st.container(key="code_entry", width=WIDTH):
        st.subheader("Follow a run", anchor=False)
        st.markdown(
            "Your teacher’s network on your own screen: every step, all that is selected, held, or dragged "
            "back in time. You can only watch, until you take a copy of your own."
        )
        if problem:
            st.warning(problem, icon=":material/info:")
        with st.form("follow_code", border=False):
            last = st.session_state.get("followed_code", "")
            typed = st.text_input(
                "Code",
                value=shown_code(last) if last and not problem else "",
                max_chars=2 * CODE_LENGTH,
                placeholder=EXAMPLE,
                help="8 letters and digits. Your teacher reads them from the button “Share”.",
                key="follow_typed",
            )
            pressed = st.form_submit_button("Follow", type="primary", width="stretch")
    if pressed:
        st.query_params["code"] = normal_code(typed or "") or "?"
        st.rerun()


def _problem(code: str) -> str:
    """A sentence if this code opens nothing now, else ""."""
    if len(code) != CODE_LENGTH or any(letter not in CODE_LETTERS for letter in code):
        never = "it never has I, L, O, 0 or 1"
        return f"A code has {CODE_LENGTH} letters and digits, such as {EXAMPLE}; {never}."
    state = st.session_state
    if code == state.get("followed_code"):  # it did open a run: to ask for it again is no guess
        ended = f"The teacher has ended the sharing of {shown_code(code)}. Ask for a new code."
        return "" if HOST.knows(code) else ended
    if state.get("wrong_code") == code:
        return _wrong(code)  # nor is it to show the same wrong one again
    mine: Tries = state.setdefault("code_tries", Tries(most=5, rate=0.25))
    wait = max(mine.wait(), EVERYBODY.wait())
    if wait > 0:
        seconds = math.ceil(wait)
        return f"Many wrong codes were tried. Wait {seconds} second{'s' * (seconds > 1)}, then try again."
    if HOST.knows(code):
        return ""
    mine.note_wrong()
    EVERYBODY.note_wrong()
    state["wrong_code"] = code
    return _wrong(code)


def _wrong(code: str) -> str:
    return (
        f"Nothing is shared under {shown_code(code)}: a letter may be wrong, or the sharing has ended. "
        "Ask your teacher for the code."
    )
