"""A headless browser, and the dashboard that it looks at."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.server import DashboardServer
from tests.parts import missing

expect.set_options(timeout=30_000)  # a busy machine takes its time
_CHROMIUM = Path("/usr/bin/chromium")
_QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WATCH = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, sourceFile }) =>
        window.violations.push(`${violatedDirective} in ${sourceFile}`));
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((each) =>
        window.shifts.push([each.value, ...each.sources.map(({ node }) => node?.className)])
    )).observe({ type: "layout-shift", buffered: true });
"""

Look = Callable[..., Page]
"""Opens the dashboard: `query` of the address, and options of a browser's context."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser, started once a module: while it is there, asyncio is taken."""
    if not _CHROMIUM.exists():
        missing(f"there is no chromium at {_CHROMIUM}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_QUIET))
        yield started
        started.close()


@pytest.fixture
def server() -> Iterator[DashboardServer]:
    """A server of its own for each test."""
    with DashboardServer() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains of, and what it asks of other hosts."""
    return []


@pytest.fixture
def look(browser: Browser, server: DashboardServer, complaints: list[str]) -> Iterator[Look]:
    """Opens the dashboard in an empty profile."""
    contexts: list[Any] = []

    def opened(query: str = "", *, width: int = 1440, height: int = 900, **options: Any) -> Page:
        options.setdefault("reduced_motion", "reduce")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(15_000)
        origin = server.address.split("/hubbub/")[0]
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda told: complaints.append(told.text) if told.type == "error" else None,
        )
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(origin) else complaints.append(asked.url),
        )
        page.goto(server.address + query)
        return page

    yield opened
    for context in contexts:
        context.close()
