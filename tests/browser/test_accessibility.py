"""axe-core looks at the page in all its states."""

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import expect as _expect

from tests.browser import invented
from tests.browser.conftest import Look
from tests.browser.server import DashboardServer
from tests.parts import missing

expect: Any = _expect  # its patterns have no types

_VERSION = "4.14.1"
_CACHE = Path(__file__).parents[2] / ".venv" / "axe-core"


@pytest.fixture(scope="session")
def axe() -> str:
    """The checker's script, from npm; kept in the environment, never part of the program."""
    script = _CACHE / f"axe-{_VERSION}.js"
    if not script.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", f"axe-core@{_VERSION}"]
        with tempfile.TemporaryDirectory(dir=_CACHE) as folder:  # others may do the same just now
            try:
                subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
            except (OSError, subprocess.SubprocessError) as error:
                missing(f"axe-core cannot be had from npm: {error}")
            with tarfile.open(Path(folder) / f"axe-core-{_VERSION}.tgz") as packed:
                member: Any = packed.extractfile("package/axe.min.js")
                (Path(folder) / "axe.js").write_bytes(member.read())
            (Path(folder) / "axe.js").replace(script)
    return script.read_text(encoding="utf-8")


def _found(page: Page, axe: str) -> list[str]:
    page.evaluate(f"() => {{ {axe} }}")
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [
        f"{each['id']}: {json.dumps([node['html'][:200] for node in each['nodes'][:4]])}"
        for each in found
    ]


def _draw_all(page: Page) -> None:
    for chart in page.locator(".panel.chart").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".drawing svg")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_axe_finds_nothing(look: Look, axe: str, width: int, scheme: str) -> None:
    page = look(width=width, height=900, color_scheme=scheme)
    _draw_all(page)
    assert _found(page, axe) == []
    page.get_by_role("button", name="About Who writes the most").click()
    page.get_by_text("As a table").click()
    assert _found(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_all_goes_wrong(
    look: Look, server: DashboardServer, axe: str, scheme: str
) -> None:
    server.frame = invented.empty_frame("There are no messages yet.") | {
        "status": invented.status(log=("full", "Slack is asked to deliver again"))
    }
    broken = invented.panel("unanswered", [["C00"]]) | {"columns": None}
    server.frame["panels"]["unanswered"] = broken
    error = {"reason": "This panel's query failed.", "fix": "See the server's log."}
    failed = invented.panel("leaderboard", [], error=error)
    server.frame["panels"]["leaderboard"] = failed
    page = look(color_scheme=scheme)
    expect(page.locator("#state-word")).to_have_text("Event log full")
    assert _found(page, axe) == []
    server.away = True
    server.cut()
    expect(page.locator("#state-word")).to_contain_text("Reconnecting")
    assert _found(page, axe) == []
