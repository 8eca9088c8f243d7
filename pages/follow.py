"""The Follow page: somebody else's run on one's own screen, to be watched, and to be copied."""

from typing import Any

import streamlit as st

from lstm_core.config import RunConfig
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.experiments.pair.config import PairConfig
from pages.common.heading import heading
from pages.common.markdown import escape_markdown
from pages.live.server.state import HOST
from pages.panels.hands_on.hands import hands_controls
from pages.panels.playback.transport import followed_bar
from pages.panels.playback.without_run import page_without_run
from pages.panels.runs.run import adopt_run
from pages.panels.runs.settings_from_config import page_of
from pages.panels.sharing.code_entry import code_to_follow
from pages.panels.sharing.presented import screen_of
from pages.panels.unit.find import find_panel
from pages.screens.every import NAMES, NOT_FOLLOWED, SCREENS, SHOWN_ON

BESIDE = [5, 17]  # widths of what stands in a sidebar on the page of the run, and of its screen
TEACHER = "Teacher’s page"


def header_of(config: SubjectConfig) -> dict[str, Any]:
    """What a frame's header says where the run is as it is drawn here, beside what `drawn` holds anyway."""
    if isinstance(config, RunConfig):
        return {"layer": min(config.view.layer, config.model.rows - 1)}
    return {"shown": config.signal} if isinstance(config, PairConfig) else {}


def take_copy(code: str, page: str) -> None:
    """Go on with a run of one's own, from where the followed one is now, on the page that it belongs to."""
    try:
        token = HOST.copy(code)
    except KeyError:
        return  # it has just ended, which the page says when it is drawn again
    except ValueError as error:
        st.toast(escape_markdown(f"No copy could be taken: {error}"), icon=":material/error:")
        return
    adopt_run(page, token)
    st.session_state["copied"] = True  # a page that is left shows no message any more
    st.switch_page(f"{page}.py")


page_without_run("follow", buttons=False)
code = code_to_follow()
try:
    # before the config, so that what changes in between is noticed
    drawn: dict[str, Any] = {
        "run": HOST.name(code),
        "generation": HOST.generation(code),
        "page": HOST.sharing.page(code),
    }
    config = HOST.config(code)
except KeyError:  # it has ended this very moment
    st.rerun()
except ValueError as error:  # it slept, and cannot be read any more
    st.error(escape_markdown(str(error)), icon=":material/error:")
    st.stop()
page = page_of(config)

with st.container(horizontal=True, gap="small", key="followed"):
    place = st.container()
    screens = [TEACHER, *SHOWN_ON[page]]
    chosen = TEACHER
    if len(screens) > 2:
        chosen = st.selectbox(
            "Screen",
            screens,
            format_func=lambda name: NAMES.get(name, name),
            key=f"follow_screen_{page}",
            label_visibility="collapsed",
            width=168,
        )
    if st.button(
        "Take a copy",
        key="follow_copy",
        icon=":material/content_copy:",
        help="A run of your own that goes on from here: you can change everything in it.",
    ):
        take_copy(code, page)
shown, options = screen_of(drawn["page"]) if chosen == TEACHER else (chosen, {})
if chosen != TEACHER:
    del drawn["page"]
elif shown in NOT_FOLLOWED:
    st.info(NOT_FOLLOWED[shown], icon=":material/co_present:")
    shown, options = SHOWN_ON[page][0], {}
elif shown not in SHOWN_ON[page]:  # as long as nobody has looked at it since the server began
    shown, options = SHOWN_ON[page][0], {}
with place:
    followed_bar(code, page, drawn | header_of(config))

if isinstance(config, RunConfig) and shown in ("hands", "inside"):
    aside, main = st.columns(BESIDE, gap="medium")
    with aside:
        if shown == "hands":
            st.caption("HANDS · what is held")
            hands_controls(code, config.model.cell, key="follow_hands", height=368)
        else:
            heading("Find a unit", "what was looked for")
            find_panel(code, config.model.cell, key="follow_find", series=page == "series")
else:
    main = st.container()
with main:
    SCREENS[shown](code, config, **options)
