"""The dashboard's page: boxes and titles of all panels, and what is known already, in one answer.

The browser draws the figures (`static/main.js`). So that they are there at the first sight, the
layout and the newest frame stand in the page, in a block of data that is no script. Nothing in the
page is a script or a style itself: the content security policy forbids it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import msgspec

STATIC = Path(__file__).parent / "static"
"""The folder whose files are served under `static/`."""

_ICON = '<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="{}"/></svg>'
_ABOUT = _ICON.format("M10 2.5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 0 1 0-15M10 9v4.8M10 6.2v.6")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_NARROW, _HALF = 4, 6
"""Panels up to so many columns share a row with another: cards on a phone, all on a tablet."""


def page(
    dashboard: Mapping[str, Any], frame: bytes | None = None, *, vega: str = "static/vega.js"
) -> bytes:
    """The page as HTML.

    `dashboard` is what `/api/v1/dashboard` answers, `frame` the data of the newest `frame` event of
    the stream for the view that is asked for, `vega` where the browser finds the drawing library.
    All addresses are relative to the page.
    """
    known = {
        "vega": vega,
        "dashboard": dashboard,
        "frame": msgspec.Raw(frame or b"null"),
    }
    parts = {
        "title": escape(f"{dashboard['community']} · {dashboard['title']}"),
        "community": escape(dashboard["community"]),
        "modules": "\n".join(_preloads(vega)),
        "panels": "\n".join(_panels(dashboard["panels"])),
        # no text can end the element that holds it
        "known": msgspec.json.encode(known).decode().replace("<", "\\u003c"),
    }
    return _PLACE.sub(lambda place: parts[place[1]], _template()).encode()


def _panels(panels: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    halves = {
        "phone-half": _paired(panels, [_is_small(panel) for panel in panels]),
        "tablet-half": _paired(panels, [_is_half(panel) for panel in panels]),
    }
    for place, panel in enumerate(panels):
        name, title = escape(panel["name"]), escape(panel["title"])
        half = [each for each, places in halves.items() if place in places]
        sizes = " ".join([f"w-{panel['width']}", f"h-{panel['height']}", *half])
        about = f'<button class="icon about" type="button" aria-haspopup="dialog">{_ABOUT}'
        about += f'<span class="unseen">About {title}</span></button>'
        yield (
            f'<section class="panel {panel["kind"]} {sizes}" id="panel-{name}"'
            f' aria-labelledby="title-{name}" aria-busy="true">'
            f'<header><div><h2 id="title-{name}">{title}</h2><p class="of"></p></div>'
            f"{about if panel['metric'] else ''}</header>"
            f'<div class="body"><div class="skeleton"></div></div><p class="note"></p></section>'
        )


def _is_small(panel: Mapping[str, Any]) -> bool:
    """Whether half a phone is wide enough: not for a scale with its word beside the figure."""
    is_card = panel["kind"] == "card" and panel["colours"] is None
    return is_card and panel["height"] == 1 and panel["width"] <= _NARROW


def _is_half(panel: Mapping[str, Any]) -> bool:
    """Whether half a tablet is wide enough; a status is a line there, below or above others."""
    return panel["width"] <= _HALF and panel["kind"] != "status"


def _paired(panels: Sequence[Mapping[str, Any]], is_half: Sequence[bool]) -> set[int]:
    """The panels that share a row with another, of those that may. The last ones of a run get the
    whole width as long as they would leave a hole beside them."""
    paired: set[int] = set()
    run: list[int] = []
    for place, half in enumerate([*is_half, False]):
        if half:
            run.append(place)
            continue
        while not _is_even([panels[each]["height"] for each in run]):
            run.pop()
        paired |= {*run}
        run = []
    return paired


def _is_even(heights: Sequence[int]) -> bool:
    """Whether boxes, put into the shorter of two columns one after another, fill both."""
    left = right = 0
    for height in heights:
        if left <= right:
            left += height
        else:
            right += height
    return left == right


def _preloads(vega: str) -> Iterator[str]:
    """All modules at once: otherwise the browser would find out about them one after another."""
    for file in sorted(STATIC.rglob("*.js")):
        if file.name != "early.js":
            place = file.relative_to(STATIC).as_posix()
            yield f'<link rel="modulepreload" href="static/{place}">'
    yield f'<link rel="modulepreload" href="{escape(vega)}" fetchpriority="low">'


@cache
def _template() -> str:
    return (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
