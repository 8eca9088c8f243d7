"""Pages of the browser that tests use one after the other."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

TIMEOUT = 120_000  # milliseconds; reached only when something is broken
LOOK: dict[str, Any] = {"color_scheme": "light", "reduced_motion": "no-preference"}


class Tabs:
    """Pages that are opened again and again: what has shown the app once shows it again at half the price.

    Pages in `kept` stay as they are until whoever keeps them closes them.
    """

    def __init__(self, browser: Browser, viewport: Any) -> None:
        self.kept: list[Page] = []
        self._errors: list[str] = []  # what consoles said since the last `leave`
        self._browser = browser
        self._viewport = viewport
        self._contexts: dict[tuple[Any, ...], BrowserContext] = {}  # by their options
        self._free: dict[tuple[Any, ...], list[Page]] = {}  # of each context, the pages that nobody uses
        self._used: list[tuple[tuple[Any, ...], Page]] = []

    def open(self, url: str, viewport: Any, fresh: bool = False, **options: Any) -> Page:
        """A page at this address. fresh: one that was never used, and is closed after the test.
        options: color_scheme, reduced_motion, and what a context can be made with.
        """
        look = {name: options.pop(name, value) for name, value in LOOK.items()}
        key = tuple(sorted(options.items()))
        if key not in self._contexts:
            self._contexts[key] = self._browser.new_context(viewport=self._viewport, **options)
            self._free[key] = []
        free = self._free[key]
        page = free.pop() if free and not fresh else self._new(self._contexts[key])
        if not fresh:
            self._used.append((key, page))
        page.set_viewport_size(viewport)
        page.emulate_media(**look)
        page.bring_to_front()  # where there are windows, only what is in front is drawn
        page.goto(url)
        return page

    def _new(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        return page

    def _note(self, message: ConsoleMessage) -> None:
        # Streamlit looks for its own base path by asking below the page's address first, and is told 404
        url = message.location.get("url", "")
        # where pages wait that nobody uses (see `leave`) there is no icon, and behind a proxy nothing at all
        known = "/_stcore/" in url or url.endswith(("/favicon.ico", "/api/health"))
        if message.type == "error" and not known:
            self._errors.append(f"{message.text} {url}")

    def leave(self) -> list[str]:
        """The test is over: its pages show nothing any more. What their consoles had to complain about."""
        errors = list(self._errors)
        for key, page in self._used:
            if page.is_closed():
                continue
            try:
                page.mouse.move(0, 0)
                page.evaluate("() => (sessionStorage.clear(), localStorage.clear())")
                # of the same origin, so that the next page need not compile all scripts again
                page.goto(urljoin(page.url, "/api/health"))
            except Error:  # a file, or its server is gone
                page.close()
            else:
                self._free[key].append(page)
        self._used.clear()
        self._close_others()
        self._errors.clear()
        return errors

    def _close_others(self) -> None:
        """Fresh pages, and those that tests or pages opened themselves."""
        for key, context in self._contexts.items():
            for page in context.pages:
                if page not in self._free[key] and page not in self.kept:
                    page.close()
