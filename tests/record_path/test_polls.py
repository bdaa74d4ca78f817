"""Polls as different apps post them: the question, the options, who has voted for which."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbub.records.polls import read_poll
from hubbub.slack.values import records
from tests.properties.messy_slack import ANYTHING

Json = dict[str, Any]


def text(said: str, kind: str = "mrkdwn") -> Json:
    return {"type": kind, "text": said}


def button(label: str, **fields: Any) -> Json:
    return {"type": "button", "text": text(label, "plain_text"), **fields}


def section(said: str, accessory: Json | None = None) -> Json:
    beside = {"accessory": accessory} if accessory else {}
    return {"type": "section", "text": text(said), **beside}


def context(*elements: Json) -> Json:
    return {"type": "context", "elements": [*elements]}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": [*elements]}


def options(kind: str, *labels: str) -> Json:
    listed = [{"text": text(label, "plain_text"), "value": label} for label in labels]
    return {"type": kind, "action_id": "poll_choice", "options": listed}


DIVIDER: Json = {"type": "divider"}
SLACKS_TEMPLATE = [
    section("*Where should we eat?* Poll by <https://example.org/mark|Mark>"), DIVIDER,
    section(":sushi: *Harbour Fish*\nThe best within a mile.", button("Vote")),
    context({"type": "image", "image_url": "https://example.org/a.png", "alt_text": "Ann"},
            text("3 votes", "plain_text")),
    section(":hamburger: *Buns*\nFor the hungry.", button("Vote")), context(text("No votes")),
    DIVIDER, actions(button("Add a suggestion")),
]  # fmt: skip
NUMBERED = [
    section("*Tea or coffee?*"),
    section("`:one:` Tea   `2`\n<@U1>, <@U2|bram>", button(":one:")),
    section("`:two:` Coffee   `1`\n<@U3>", button(":two:")),
    section("`:three:` Nothing", button(":three:")),
    actions(button("Delete Poll"), button("Create Poll")),
    context(text("Created by <@U9> with /poll")),
]  # fmt: skip
BARS = [
    {"type": "header", "text": text("Polly: How was the week?", "plain_text")},
    section("Great\n`██████    ` 60% (3)", button("Vote")),
    section("So so\n`████      ` 40% (2)", button("Vote")),
]
BUTTONS = [
    section("*Poll:* Which evening?"),
    actions(button("Tuesday", action_id="vote-0"), button("Sunday", action_id="vote-1"),
            button("Close poll"), button("Results", url="https://example.org/vote")),
]  # fmt: skip
TICKS = [section("*Pick your days*"), actions(options("checkboxes", "Mon (2)", "Tue (0)"))]
MENU = [section("Survey: size of shirt?", options("static_select", "S", "M", "L"))]
RICH = [
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "text", "text": "설문: 점심 뭐 먹을까요?"}]}]},
    actions(button("김밥 (2표)"), button("라면 0표")),
]  # fmt: skip
NAMED_BELOW = [
    section("Which bench? Please vote"),
    section("Slipway", button("Choose")), context(text("<@U1> <@U2> <@U1>")),
    section("Terrace", button("Choose")), context(text("nobody yet")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("blocks", "question", "found"),
    [
        (SLACKS_TEMPLATE, "Where should we eat?",
         [(":sushi: Harbour Fish", 3), (":hamburger: Buns", 0)]),
        (NUMBERED, "Tea or coffee?", [("Tea", 2), ("Coffee", 1), ("Nothing", None)]),
        (BARS, "How was the week?", [("Great", 3), ("So so", 2)]),
        (BUTTONS, "Which evening?", [("Tuesday", None), ("Sunday", None)]),
        (TICKS, "Pick your days", [("Mon", 2), ("Tue", 0)]),
        (MENU, "size of shirt?", [("S", None), ("M", None), ("L", None)]),
        (RICH, "점심 뭐 먹을까요?", [("김밥", 2), ("라면", 0)]),
        (NAMED_BELOW, "Which bench? Please vote", [("Slipway", 2), ("Terrace", None)]),
    ],
)  # fmt: skip
def test_question_and_options_are_read(
    blocks: list[Json], question: str, found: list[tuple[str, int | None]]
) -> None:
    readings = read_poll(blocks)
    assert readings is not None
    named = {reading.field: reading.values for reading in readings}
    assert [value.text for value in named["question"]] == [question]
    assert [(value.text, value.number) for value in named["options"]] == found


def test_voters_are_named_with_the_place_of_their_option() -> None:
    readings = read_poll(NUMBERED)
    assert readings is not None
    [voters] = [each.values for each in readings if each.field == "voters"]
    assert [(each.member_id, each.number) for each in voters] == [("U1", 0), ("U2", 0), ("U3", 1)]


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [section("Deploy 3.1 to production?"), actions(button("Approve"), button("Deny"))],
        [section("Thanks for your vote!"), actions(button("See results"))],
        [section("The poll is over. Tea has won with 7 votes.")],
        [section("Vote on the pull request"), actions(button("Open", url="https://example.org"),
                                                      button("Diff", url="https://example.org/d"))],
        [actions(button("Yes", action_id="vote-1"), button("No", action_id="vote-2"))],
        [{"type": "section", "text": None}, {"type": "actions", "elements": "vote"}],
    ],
    ids=["nothing", "approval", "thanks", "result", "links", "no question", "broken"],
)  # fmt: skip
def test_other_messages_of_apps_are_no_polls(blocks: list[Json]) -> None:
    assert read_poll(blocks) is None


_FIELDS = ("type", "text", "elements", "accessory", "options", "value", "fields", "url")
_KINDS = ("section", "actions", "context", "button", "rich_text", "user", "static_select", "vote")
_PARTS = st.recursive(
    ANYTHING | st.sampled_from(_KINDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_FIELDS), inner),
    max_leaves=20,
)


def nested(depth: int) -> Json:
    """A text in a text in a text …"""
    return {"type": "section", "text": nested(depth - 1) if depth else "vote"}


@given(st.lists(_PARTS, max_size=4))
@example([nested(600), nested(600)])
def test_blocks_of_anything_are_read_or_are_no_poll(blocks: list[Any]) -> None:
    readings = read_poll(records(blocks))
    assert readings is None or {each.field for each in readings} >= {"question", "options"}
