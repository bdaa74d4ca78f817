"""What the metrics say of the circle; each figure follows from the comments in `circle.py`."""

from datetime import date, datetime
from typing import Any

import pytest

from hubbub.content import PACKS
from tests.writing.circle import PASS, SEOUL, ts
from tests.writing.conftest import Run

AS_OF = "2026-04-05"
"""In the midst of round 3."""
MINA, TOM, JUN, SORA, NEW, EVE = (
    "U0MINA0", "U0TOM00", "U0JUN00", "U0SORA0", "U0NEW00", "U0EVE00"
)  # fmt: skip
NAMES = {MINA: "미나", TOM: "Tom Reed", JUN: "준호", SORA: "소라", NEW: "새봄", EVE: "Eve"}
SPANS = {
    1: (date(2026, 3, 2), date(2026, 3, 15)),
    2: (date(2026, 3, 16), date(2026, 3, 29)),
    3: (date(2026, 3, 30), date(2026, 4, 12)),
}
STATUS = [
    # in each round those who handed in come first, then by name
    (1, EVE, "submitted", "03-05 09:00"),
    (1, MINA, "submitted", "03-15 23:59:59.999999"),
    (1, TOM, "late", "03-16 00:00"),
    (1, JUN, "passed", "03-10 20:00"),
    (1, SORA, "missing", ""),
    (2, MINA, "submitted", "03-17 10:00"),
    (2, NEW, "submitted", "03-25 12:00"),
    (2, SORA, "submitted", "03-25 10:00"),
    (2, JUN, "late", "03-30 08:00"),
    (2, TOM, "missing", ""),
    (3, SORA, "submitted", "04-02 10:00"),
    (3, TOM, "open", ""),
    (3, MINA, "open", ""),
    (3, NEW, "open", ""),
    (3, JUN, "open", ""),
]


def moment(seoul: str) -> datetime | None:
    return datetime.fromisoformat(f"2026-{seoul}").replace(tzinfo=SEOUL) if seoul else None


def table(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in rows]


def test_every_metric_of_the_pack_is_held_against_figures_here() -> None:
    names = {path.stem for path in (PACKS / "writing" / "metrics").iterdir()}
    assert names == {
        "round_status", "submissions", "submissions_by_round", "submission_totals", "awards",
        "member_letters",
    }  # fmt: skip


def test_each_round_says_who_has_handed_in_passed_or_is_missing(run: Run) -> None:
    assert run("round_status", as_of=AS_OF) == [
        {
            "round": number, "begins": SPANS[number][0], "ends": SPANS[number][1], "user_id": user,
            "member": NAMES[user], "status": status, "handed_in_at": moment(at), "permalink": None,
        }
        for number, user, status, at in STATUS
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        # At the last microsecond of round 1 it is over: who has nothing is missing, Tom too.
        ("2026-03-15", [(EVE, "submitted"), (MINA, "submitted"), (JUN, "passed"),
                        (TOM, "missing"), (SORA, "missing")]),
        # One before it is not, and Mina's post of the last microsecond is not there.
        ("2026-03-15T23:59:59.999998", [(EVE, "submitted"), (JUN, "passed"), (TOM, "open"),
                                        (MINA, "open"), (SORA, "open")]),
        # On its first day nobody has done anything, and staff who will is not expected.
        ("2026-03-02", [(TOM, "open"), (MINA, "open"), (SORA, "open"), (JUN, "open")]),
    ],
)  # fmt: skip
def test_a_round_is_told_as_it_stood(run: Run, as_of: str, expected: list[tuple[str, str]]) -> None:
    rows = run("round_status", as_of=as_of, round="1")
    assert table(rows, "user_id", "status") == expected


def test_a_window_chooses_rounds_by_their_first_day(run: Run) -> None:
    def rounds(**given: str) -> set[int]:
        return {row["round"] for row in run("round_status", **given)}

    assert rounds(since="2026-03-16", as_of="2026-03-29") == {2}
    assert rounds(since="2026-03-17", as_of="2026-03-30") == {3}
    assert rounds(since="2026-03-03", as_of="2026-03-15") == set()


def test_one_status_and_one_member_can_be_asked_for(run: Run) -> None:
    rows = run("round_status", as_of=AS_OF, status="missing")
    assert table(rows, "round", "user_id") == [(1, SORA), (2, TOM)]
    rows = run("round_status", as_of=AS_OF, member="@tom reed")
    assert table(rows, "round", "status") == [(1, "late"), (2, "missing"), (3, "open")]


def test_rounds_are_summed_up(run: Run) -> None:
    columns = ("expected", "submitted", "late", "passed", "missing", "open", "submissions")
    rows = run("submissions_by_round", as_of=AS_OF)
    assert table(rows, "round", "begins", "ends") == [(n, *SPANS[n]) for n in (1, 2, 3)]
    assert table(rows, *columns) == [
        # Mina, Tom, Jun and Sora are expected; Eve's submission is counted beside them.
        (4, 2, 1, 1, 1, 0, 3),
        # The newcomer is not expected yet; Mina's two submissions are two.
        (4, 3, 1, 0, 1, 0, 5),
        (5, 1, 0, 0, 0, 4, 1),
    ]


def test_members_are_summed_up(run: Run) -> None:
    rows = run("submission_totals", as_of=AS_OF)
    # rounds, submitted, late, passed, missing; round 3 counts for Sora alone, who has handed in
    assert table(rows, "user_id", "rounds", "submitted", "late", "passed", "missing") == [
        (MINA, 2, 2, 0, 0, 0),
        (SORA, 3, 2, 0, 0, 1),
        (EVE, 1, 1, 0, 0, 0),
        (NEW, 1, 1, 0, 0, 0),
        (JUN, 2, 0, 1, 1, 0),
        (TOM, 2, 0, 1, 0, 1),
    ]
    assert [row["member"] for row in rows] == [NAMES[row["user_id"]] for row in rows]


def test_submissions_are_listed_newest_first(run: Run) -> None:
    rows = run("submissions", as_of=AS_OF)
    assert table(rows, "round", "user_id", "ts", "is_pass", "is_late") == [
        (3, SORA, ts("04-02 10:00"), False, False),
        (2, JUN, ts("03-30 08:00"), False, True),
        (2, MINA, ts("03-28 10:00"), False, False),
        (2, NEW, ts("03-25 12:00"), False, False),
        (2, SORA, ts("03-25 10:00"), False, False),
        (2, SORA, ts("03-20 10:00"), True, False),
        (2, MINA, ts("03-17 10:00"), False, False),
        (1, TOM, ts("03-16 00:00:00"), False, True),
        (1, MINA, ts("03-15 23:59:59.999999"), False, False),
        (1, JUN, ts("03-10 20:00"), True, False),
        (1, EVE, ts("03-05 09:00"), False, False),
    ]
    assert rows[0]["link"] == "https://drafts.example.org/U0SORA0/04-02T10:00"
    assert rows[5]["link"] is None
    assert rows[5]["characters"] == len(PASS)
    assert {row["channel"] for row in rows} == {"글쓰기"}


def test_awards_go_to_all_who_share_a_rank_and_not_to_staff(run: Run) -> None:
    rows = run("awards", since="2026-03-01", as_of=AS_OF)
    # Posts: Mina 3 of writing and 1 of talk, Sora 3 and a question, Jun 2; Tom and the newcomer, 1
    # each, are fourth. Eve wrote a post and a comment and reacted to herself. Reactions: Mina to
    # Eve twice; Tom to Eve, Sora to Mina; the bot's is no one's.
    assert table(rows, "award", "rank", "user_id", "amount") == [
        ("posts", 1, MINA, 4),
        ("posts", 1, SORA, 4),
        ("posts", 3, JUN, 2),
        ("comments", 1, TOM, 1),
        ("reactions", 1, MINA, 2),
        ("reactions", 2, TOM, 1),
        ("reactions", 2, SORA, 1),
    ]
    assert [row["member"] for row in rows[:2]] == ["미나", "소라"]


def test_awards_of_a_window_and_a_channel(run: Run) -> None:
    rows = run("awards", since="2026-03-16", as_of="2026-03-29", channel="글쓰기", top="1")
    # Mina's two, Sora's pass and submission; nobody reacted to a message of these days
    assert table(rows, "award", "user_id", "amount") == [("posts", MINA, 2), ("posts", SORA, 2)]


def test_without_staff_everybody_can_have_an_award(run: Run) -> None:
    rows = run("awards", written="", since="2026-03-01", as_of=AS_OF)
    comments = [row for row in rows if row["award"] == "comments"]
    assert table(comments, "rank", "user_id") == [(1, EVE), (1, TOM)]


def test_letters_have_everybodys_figures(run: Run) -> None:
    rows = run("member_letters", since="2026-03-01", as_of=AS_OF)
    columns = (
        "user_id", "level", "contributions", "posts", "comments", "reactions",
        "reactions_received", "submissions", "streak",
    )  # fmt: skip
    assert table(rows, *columns) == [
        # The levels are 1, 3 and 6. Mina has handed in thrice in two rounds, and round 3 is open.
        (MINA, 3, 6, 4, 0, 2, 1, 3, 2),
        # Sora has handed in since she missed round 1.
        (SORA, 2, 5, 4, 0, 1, 0, 2, 2),
        # Tom missed round 2 after he had handed in.
        (TOM, 2, 3, 1, 1, 1, 0, 1, 0),
        (EVE, 1, 2, 1, 1, 0, 3, 1, 1),
        # Jun's pass does not end what his late submission goes on with.
        (JUN, 1, 2, 2, 0, 0, 0, 1, 1),
        (NEW, 1, 1, 1, 0, 0, 0, 1, 1),
    ]


def test_who_says_nothing_gets_a_letter_of_level_0(run: Run) -> None:
    rows = run("member_letters", since="2026-04-03", as_of=AS_OF)
    assert len(rows) == 6, "all but the bot and the closed account"
    assert {(row["level"], row["contributions"], row["submissions"]) for row in rows} == {(0, 0, 0)}


class TestWithoutSettings:
    """What counts until something is set."""

    def test_the_first_round_begins_with_the_week_of_the_first_submission(self, run: Run) -> None:
        rows = run("submissions_by_round", written="", as_of=AS_OF)
        assert table(rows, "round", "begins", "ends") == [(n, *SPANS[n]) for n in (1, 2, 3)]

    def test_who_has_handed_in_once_is_expected_from_then_on(self, run: Run) -> None:
        rows = run("round_status", written="", as_of=AS_OF)
        said = {(row["round"], row["user_id"]): row["status"] for row in rows}
        # Sora's first is in round 2; Eve, who is no staff now, is missing in it.
        assert (1, SORA) not in said
        assert said[2, EVE] == "missing"
        assert said[3, NEW] == "open"

    def test_numbers_of_rounds_mean_nothing(self, run: Run) -> None:
        rows = run("submissions", written="", as_of=AS_OF, member="@tom reed")
        assert table(rows, "round", "is_late") == [(2, False)]
