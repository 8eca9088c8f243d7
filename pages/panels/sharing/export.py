"""Taking a run home: its file, its numbers and its code; and going on from such a file."""

from __future__ import annotations

import threading

import streamlit as st

from lstm_core.config import Hands, RunConfig
from lstm_core.experiments.ablation.config import AblationConfig
from lstm_core.experiments.configs import SubjectConfig
from lstm_core.experiments.pair.config import PairConfig
from lstm_core.experiments.race.config import RaceConfig
from lstm_core.export.script import data_file, script
from pages.common.markdown import escape_markdown
from pages.live.client.component import mount
from pages.live.server.export import file_stem
from pages.live.server.state import HOST, LIMITS
from pages.panels.controls.settings import Settings
from pages.panels.runs.linked import token_of
from pages.panels.runs.run import adopt_run
from pages.panels.runs.settings_from_config import page_of

WIDTH = 400  # pixels
HEIGHT = 64  # pixels of the buttons and the line below them
_UNPACKING = threading.Lock()  # a small file may need much memory, so that there is one at a time
UNPACKING_SECONDS = 10.0  # that one waits for the files of others
BUSY = "Other runs are being opened. Choose the file again in a few seconds."
FILES = {
    "run": ("Run file", "Weights, optimiser, random numbers, settings, data: all that it goes on from."),
    "trace": ("Trace", "CSV: every gate and state of every unit, at every step of what the network reads."),
    "losses": ("Losses", "CSV: the losses over the training steps."),
}
NO_SCRIPT = "No code: PyTorch has none of the eight variants, so that no short script could train them."


def export_panel(token: str, settings: Settings) -> None:
    """The files of a run, the script that does the same, and the way back for a file that was taken home.

    It stands on every page and is drawn at every script run: all that takes time waits for a click.
    """
    try:
        config = HOST.config(token)
    except (KeyError, ValueError):  # the run is gone; the page is about to say so
        return
    with st.container(width=WIDTH):
        st.markdown("**Save** the run as it is when you click")
        whats = [what for what in FILES if what != "trace" or isinstance(config, RunConfig)]
        files = [{"what": what, "label": FILES[what][0], "about": FILES[what][1]} for what in whats]
        mount("export.js", key=f"export_{settings.page}", token=token, height=HEIGHT, files=files)
        if isinstance(config, AblationConfig):
            st.caption(NO_SCRIPT)
        elif st.button(
            "Show the code",
            key=f"export_code_{settings.page}",
            icon=":material/code:",
            width="stretch",
            help="A plain PyTorch script of at most 60 lines with these settings, and the same losses.",
        ):
            show_code(config)
        _open_file(settings)
        st.caption("Pictures: point at a figure, and PNG and SVG appear above its corner.")


@st.dialog("The same network in plain PyTorch", width="large")
def show_code(config: SubjectConfig) -> None:
    """The script of these settings, of a pair that of either side, and the data that it reads."""
    if isinstance(config, PairConfig):
        left, right = config.names
        names = {f"left: {left}": config.left, f"right: {right}": config.right}
        side = st.segmented_control("Side", list(names), default=f"left: {left}", required=True)
        assert side is not None
        config = names[side]
    assert isinstance(config, RunConfig | RaceConfig)
    try:
        code, data = script(config), data_file(config)
    except ValueError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        return
    st.caption(escape_markdown(_about(config, data[0] if data else None)))
    first, second, _ = st.columns([3, 3, 4])
    first.download_button(
        "Download the script",
        code.encode(),
        file_name=f"{file_stem(config).replace('-', '_')}.py",
        mime="text/x-python",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
        key="export_script",
        width="stretch",
    )
    if data:
        second.download_button(
            f"Download {data[0]}",
            data[1],
            file_name=data[0],
            mime="application/octet-stream",
            on_click="ignore",
            icon=":material/download:",
            key="export_data",
            width="stretch",
        )
    st.code(code, language="python", line_numbers=True)


def _about(config: RunConfig | RaceConfig, data: str | None) -> str:
    """What the script does, and what of the run it does not."""
    needs = "It needs torch and numpy"
    needs += f", and reads {data} from the folder that it is run in." if data else ", and nothing else."
    said = [
        "It trains from the beginning with the current settings. Its losses are those of the page, digit for "
        f"digit on the same machine, as long as you change nothing while it trains. {needs}"
    ]
    if isinstance(config, RunConfig) and config.hands != Hands() and config.hands.training:
        said.append("What your hands hold while it trains is not in it.")
    return " ".join(said)


def _open_file(settings: Settings) -> None:
    """Take the run of an uploaded file, once; or say why it is refused, and leave all as it is."""
    state = st.session_state
    number = state.setdefault("export_uploads", 0)  # another key makes an empty uploader
    uploaded = st.file_uploader(
        "Open a run from its file",
        type="zip",
        key=f"export_upload_{settings.page}_{number}",
        max_upload_size=LIMITS.upload_mb,
        help="A file that was saved here or on another such server. The run that you see now is kept.",
    )
    if uploaded is None:
        return
    try:
        token = _opened(uploaded.getvalue())
        page = page_of(HOST.config(token))
    except ValueError as error:
        st.error(escape_markdown(str(error)), icon=":material/error:")
        return
    state["export_uploads"] += 1
    _go_on(page, token, settings)


def _opened(content: bytes) -> str:
    """The token of a file's run. Raises ValueError, also when it is not its turn for too long."""
    if not _UNPACKING.acquire(timeout=UNPACKING_SECONDS):
        raise ValueError(BUSY)
    try:
        return HOST.open_file(content)
    finally:
        _UNPACKING.release()


def _go_on(page: str, token: str, settings: Settings) -> None:
    """Show the run, on its page; one may return to the run before."""
    before: str | None = token_of(page)
    adopt_run(page, token)
    if before is not None and page in ("text", "series"):
        st.session_state[f"parents_{page}"] = [before]
    st.toast("The run of the file goes on from where it was saved.", icon=":material/file_open:")
    if page == settings.page:
        st.rerun()
    st.switch_page(f"{page}.py")
