"""The month's end of the circle, from Slack to Slack: collected, counted, written and sent, and
held against what was worked out by hand.

March is the month: Mina wrote 4 posts, Sora 4 of which the last is of April, Jun 2, Tom, Eve and
the newcomer 1 each; tests/writing/circle.py has all of them.
"""

import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hubbub.errors import Exit
from tests.writing.circle import SEOUL
from tests.writing.studio import BY_GROUP, Studio, studio

EVE, MINA, TOM, JUN, SORA, NEW = (
    "U0EVE00", "U0MINA0", "U0TOM00", "U0JUN00", "U0SORA0", "U0NEW00"
)  # fmt: skip
GENERAL = "C0TALK0"
PNG = b"\x89PNG\r\n\x1a\n"
Figures = dict[str, list[int]]


@pytest.fixture
def circle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Generator[Studio]:
    """The circle, collected; Tom reads English, the others Korean."""
    with studio(tmp_path, capsys, locales={TOM: "en-US"}) as here:
        here.run("collect")
        yield here


def figures(text: str) -> Figures:
    """The numbers of the lines that begin with an emoji, by its name."""
    lines = (line for line in text.splitlines() if line.startswith(":"))
    parts = [line[1:].partition(":") for line in lines]
    return {emoji: [int(each) for each in re.findall(r"\d+", rest)] for emoji, _, rest in parts}


def test_each_member_gets_their_own_month_in_their_language(circle: Studio) -> None:
    circle.run("send", "personal-letter", "--period", "2026-03")
    sent = circle.sent()
    assert {place: len(found) for place, found in sent.items()} == dict.fromkeys(
        [EVE, MINA, TOM, JUN, SORA, NEW], 1
    )
    texts = {place: message["text"] for place, [message] in sent.items()}
    # posts and the submissions among them; comments; reactions given and received; the streak of
    # rounds. Eve's clap for herself counts neither way, and no zero is said.
    assert {place: figures(text) for place, text in texts.items()} == {
        MINA: {"pencil2": [4, 3], "heart": [2], "sparkles": [1], "fire": [2]},
        SORA: {"pencil2": [3, 1], "heart": [1]},
        TOM: {"pencil2": [1, 1], "speech_balloon": [1], "heart": [1]},
        EVE: {"pencil2": [1, 1], "speech_balloon": [1], "sparkles": [3]},
        JUN: {"pencil2": [2, 1]},
        NEW: {"pencil2": [1, 1]},
    }
    hangul = {place for place, text in texts.items() if re.search("[가-힣]{3}", text)}
    assert hangul == {EVE, MINA, JUN, SORA, NEW}
    assert texts[TOM].startswith("Hello Tom Reed,")


def test_the_channel_hears_who_wrote_most_and_the_staff_is_not_among_them(circle: Studio) -> None:
    circle.run("send", "awards", "--to", "general", "--period", "2026-03")
    [(place, [message])] = circle.sent().items()
    assert place == GENERAL
    medals = [
        (line.split(":")[1].partition("_")[0], said[1], int(said[2]))
        for line in message["text"].splitlines()
        if (said := re.search(r"_place_medal: <@(\w+)>\D*(\d+)", line))
    ]
    assert medals == [
        ("first", MINA, 4), ("second", SORA, 3), ("third", JUN, 2),
        ("first", TOM, 1),
        ("first", MINA, 2), ("second", TOM, 1), ("second", SORA, 1),
    ]  # fmt: skip
    # posts, comments and reactions of all, Eve's too, and how many members
    [totals] = [line for line in message["text"].splitlines() if "*12" in line]
    assert [int(each) for each in re.findall(r"\d+", totals)] == [12, 2, 5, 6]


def test_the_round_that_is_over_is_shown_with_its_charts(circle: Studio) -> None:
    circle.run("send", "round-check", "--period", "round-2")
    [(place, [message])] = circle.sent().items()
    assert place == GENERAL
    blocks = [each for each in message["text"].split("\n\n") if each.startswith(":")]
    assert {each.split(":")[1]: each.splitlines()[1:] for each in blocks} == {
        "white_check_mark": ["미나, 새봄, 소라"],
        "hourglass": ["준호"],
        "grey_question": ["Tom Reed"],
    }
    pictures = circle.pictures(message)
    assert [each[:8] for each in pictures] == [PNG] * 2
    assert min(len(each) for each in pictures) > 5_000, "something is drawn"


def test_who_has_not_handed_in_yet_is_reminded(circle: Studio) -> None:
    begins = datetime.now(UTC).astimezone(SEOUL).date() - timedelta(days=3)
    circle.written(BY_GROUP.replace("2026-03-02", begins.isoformat()))
    circle.simulator.acts.post(
        "C0WRITE", SORA, "*제출합니다*\n제목: 새 글\n링크: https://a.example/1"
    )
    circle.run("collect")
    circle.run("send", "round-reminder")
    # neither Sora, who has just handed in, nor the staff
    assert set(circle.sent()) == {MINA, TOM, JUN, NEW}


def test_a_notice_reaches_those_of_its_list(circle: Studio, tmp_path: Path) -> None:
    guests = tmp_path / "guests.csv"
    guests.write_text(
        "member,title,starts,link,coupon\n"
        "미나,겨울 글쓰기,12월 3일,https://example.org/w,WINTER-MINA\n"
        "U0TOM00,Winter class,3 December,https://example.org/w,\n",
        encoding="utf-8",
    )
    circle.run("send", "notice", "--list", str(guests))
    sent = {place: message["text"] for place, [message] in circle.sent().items()}
    assert set(sent) == {MINA, TOM}
    assert "`WINTER-MINA`" in sent[MINA]
    assert "Winter class" in sent[TOM]
    assert "WINTER" not in sent[TOM]


def test_letters_can_be_sent_to_a_user_group_alone(circle: Studio) -> None:
    circle.simulator.acts.add_group("core", [MINA, JUN], id="S0CORE")
    circle.run("collect")
    circle.run("send", "personal-letter", "--period", "2026-03", "--to", "@core")
    assert set(circle.sent()) == {MINA, JUN}
    circle.run("send", "personal-letter", "--period", "2026-03", "--to", "S0STAFF", "--to", "@tom")
    assert set(circle.sent()) == {MINA, JUN, EVE, TOM}
    circle.simulator.acts.change_profile(SORA, display_name="core")
    circle.run("collect")
    letters = ("send", "personal-letter", "--period", "2026-02", "--to", "@core")
    circle.run(*letters, code=Exit.USAGE)
    assert "'core' names both a user group (S0CORE) and a member (U0SORA0)." in circle.errors


def test_a_second_run_sends_nothing_again(circle: Studio) -> None:
    for _ in range(2):
        circle.run("send", "awards", "--period", "2026-03")
        circle.run("send", "personal-letter", "--period", "2026-03")
    sent = circle.sent()
    assert {place: len(found) for place, found in sent.items()} == dict.fromkeys(
        [GENERAL, EVE, MINA, TOM, JUN, SORA, NEW], 1
    )
    assert len(circle.run("show", "deliveries", "--json")) > 0
