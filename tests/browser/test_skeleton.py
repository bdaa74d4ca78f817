"""The page as it is sent, before any script runs."""

import json
import re
from typing import Any

import pytest

from hubbub.server.page import STATIC, page
from tests.browser import invented


def _card(name: str, width: int = 3, height: int = 1) -> dict[str, Any]:
    return invented.PANELS[1] | {"name": name, "width": width, "height": height}


def _of_class(panels: list[dict[str, Any]], which: str) -> list[str]:
    sent = page(invented.dashboard(panels=panels)).decode()
    return re.findall(rf'<section class="[^"]*{which}[^"]*" id="panel-(\w+)"', sent)


def test_what_is_known_can_be_read_back() -> None:
    frame = {"version": 3, "panels": {}, "status": {"told": "</script> & <!-- \u2028 김"}}
    dashboard = invented.dashboard(community="<b>{{known}}</b>")
    sent = page(dashboard, json.dumps(frame).encode(), vega="static/vega.js?v=1").decode()
    block = sent.split('<script type="application/json" id="known">')[1].split("</script>")[0]
    assert json.loads(block) == {
        "vega": "static/vega.js?v=1", "dashboard": dashboard, "frame": frame,
    }  # fmt: skip
    assert "<h1><bdi>&lt;b&gt;{{known}}&lt;/b&gt;</bdi></h1>" in sent


def test_nothing_in_it_needs_a_looser_policy() -> None:
    sent = page(invented.dashboard()).decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|https?://(?!www\.w3\.org/)", sent)
    assert set(re.findall(r"<script([^>]*)>", sent)) == {
        ' src="static/early.js"',
        ' type="module" src="static/main.js"',
        ' type="application/json" id="known"',
    }


def test_every_file_that_it_names_is_there() -> None:
    sent = page(invented.dashboard()).decode()
    named = set(re.findall(r'(?:src|href)="static/([^"?]+)"', sent)) - {"vega.js"}
    assert all((STATIC / name).is_file() for name in named)
    modules = {file.relative_to(STATIC).as_posix() for file in STATIC.rglob("*.js")}
    assert modules <= named


@pytest.mark.parametrize(
    ("panels", "halves"),
    [
        ([_card("a"), _card("b")], ["a", "b"]),
        ([_card("a"), _card("b"), _card("c")], ["a", "b"]),
        ([_card("a"), _card("wide", 6), _card("b"), _card("c")], ["b", "c"]),
        ([_card("a"), _card("high", 3, 2)], []),
        ([invented.PANELS[0] | {"name": "scale", "height": 1}, _card("b"), _card("c")], ["b", "c"]),
    ],
)
def test_small_cards_stand_in_pairs_on_a_phone(
    panels: list[dict[str, Any]], halves: list[str]
) -> None:
    assert _of_class(panels, "phone-half") == halves


@pytest.mark.parametrize(
    ("panels", "halves"),
    [
        ([_card("high", 4, 2), _card("a", 4), _card("b", 4)], ["high", "a", "b"]),
        ([_card("a", 4, 3), _card("b", 4, 3), _card("c", 4, 3)], ["a", "b"]),
        ([_card("a", 4), _card("wide", 8, 3), _card("b", 6, 2)], []),
        ([_card("a", 4, 1), _card("b", 4, 2), _card("c", 4, 1)], ["a", "b", "c"]),
    ],
)
def test_panels_fill_two_columns_on_a_tablet(
    panels: list[dict[str, Any]], halves: list[str]
) -> None:
    assert _of_class(panels, "tablet-half") == halves


def test_the_scripts_stay_small() -> None:
    sizes = {file.name: file.stat().st_size for file in STATIC.rglob("*.js")}
    assert sum(sizes.values()) < 47_000
