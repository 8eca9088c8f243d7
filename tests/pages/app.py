"""The app through AppTest: opened at a page, and what it shows and holds there."""

from streamlit.testing.v1 import AppTest

from pages.live.server.state import HOST
from tests.servers import ROOT


def open_app(page="text.py", **query):
    app = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    if page != "text.py":
        app.switch_page(page)
    app.run()
    assert not app.exception
    return app


def config_of(app, page):
    """Of the run that a page shows."""
    return HOST.config(app.session_state[f"run_{page}"])


def words(elements):
    """What the reader of these elements sees, without the marks that keep Markdown away."""
    return " ".join(element.value.replace("\\", "").replace("\u2060", "") for element in elements)
