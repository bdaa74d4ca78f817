"""dashboard.toml: what is wrong with one is said with its file and line; those that come with
Hubbub are right."""

from pathlib import Path

import pytest

from hubbub.content import PACKS
from hubbub.dashboards.catalog import Dashboard
from hubbub.errors import BadContent
from hubbub.flows.showing import shown_panels
from hubbub.settings import Settings

CARD = """
[[panels]]
name = "said"
title = "Said"
kind = "card"
metric = "totals"
value = "messages"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path, "default", privacy={"preset": "open"})
    made.pack.mkdir(parents=True)
    return made


def write(settings: Settings, text: str) -> None:
    (settings.pack / "dashboard.toml").write_text(text, encoding="utf-8")


def test_all_panels_that_come_with_hubbub_can_be_shown(settings: Settings) -> None:
    title, shown = shown_panels(settings, 1)
    assert title
    assert {file.parent.name for file in PACKS.glob("*/dashboard.toml")} == {
        each.panel.file.pack for each in shown.values()
    }
    for each in shown.values():
        assert each.panel.width <= 12
        assert each.metric is not None or each.panel.kind == "status"


def test_a_file_in_the_workspace_adds_overrides_and_hides(settings: Settings) -> None:
    before = list(Dashboard(settings.pack).panels)
    first, second = before[0], before[1]
    added = CARD.replace("said", "own_panel")
    overriding = CARD.replace('"said"', f'"{second}"').replace("Said", "Mine")
    write(settings, f'title = "Ours"\nhide = ["{first}"]\n{added}{overriding}')
    dashboard = Dashboard(settings.pack)
    assert dashboard.title == "Ours"
    assert list(dashboard.panels) == [*before[1:], "own_panel"], "in the place that they had"
    assert dashboard.panels[second].title == "Mine"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("title = ", 1, "no TOML: Invalid value"),
        ('titel = "x"', 1, "unknown key 'titel'"),
        ('\nhide = ["nobody"]', 2, "hide names 'nobody', which is no panel"),
        (CARD + 'colour = "red"', 8, "unknown key 'colour'"),
        (CARD.replace('"card"', '"tile"'), 5, "unknown kind 'tile'"),
        (CARD.replace('name = "said"', ""), 2, "no name"),
        (CARD.replace('"said"', '"Said!"'), 3, "'Said!' is no name"),
        (CARD.replace('value = "messages"', ""), 2, "a card without value"),
        (CARD + 'chart = "leaderboard"', 8, "a card has no chart"),
        (CARD + "width = 13", 8, "width is 13"),
        (CARD + "height = true", 8, "height is True"),
        (CARD + 'parts = "posts"', 8, "parts is no list of names"),
        (CARD + 'colours = { column = "messages", red = 1 }', 8, "colours is not a column and two"),
        (CARD + CARD, 10, "a second panel 'said'"),
        (CARD + "parameters = 30", 8, "parameters is no table"),
        # those that are seen only beside the metrics and charts
        (CARD.replace("totals", "total"), 6, "there is no metric 'total'"),
        (CARD.replace('"messages"', '"messagse"'), 7, "'messagse' is no column of the metric"),
        (CARD + 'parts = ["posts", "nothing"]', 8, "'nothing' is no column"),
        (CARD + 'parameters = { sinec = "30 days" }', 8, "'sinec' is no parameter"),
        (
            '[[panels]]\nname="a"\ntitle="A"\nkind="chart"\nchart="nothing"',
            5,
            "there is no chart 'nothing'",
        ),
        (
            '[[panels]]\nname="a"\ntitle="A"\nkind="chart"\nmetric="totals"\nchart="leaderboard"',
            5,
            "the chart leaderboard draws leaderboard, not totals",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(
    text: str, line: int, reason: str, settings: Settings
) -> None:
    write(settings, text)
    with pytest.raises(BadContent) as raised:
        shown_panels(settings, 1)
    assert raised.value.line == line
    said = raised.value.reason.partition(": ")[2]
    assert said.startswith(reason)
    assert str(settings.pack) in raised.value.reason


def test_a_title_names_no_period_that_small_groups_do_not_have(settings: Settings) -> None:
    write(settings, CARD.replace("Said", "Said in 30 days") + 'parameters = { since = "30 days" }')
    for k, title in ((1, "Said in 30 days"), (5, "Said in one month")):
        assert shown_panels(settings, k)[1]["said"].title == title
