"""Settings that name members by a user group of Slack's, from the group to the figures."""

from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import Exit
from hubbub.stores import duckdb as store
from tests.writing.studio import BY_GROUP, Studio, studio

EVE, MINA, TOM, JUN, SORA, NEW = (
    "U0EVE00", "U0MINA0", "U0TOM00", "U0JUN00", "U0SORA0", "U0NEW00"
)  # fmt: skip
MARCH = ("--since", "2026-03-01", "--as-of", "2026-04-05")
Award = tuple[str, int, str, int]


def awards(here: Studio) -> list[Award]:
    """Who has which award."""
    names = ("award", "rank", "user_id", "amount")
    return [tuple(row[name] for name in names) for row in here.rows("awards", *MARCH)]


WITHOUT_EVE: list[Award] = [
    # Posts: Mina 3 of writing and 1 of talk, Sora 3 and a question, Jun 2; Tom and the newcomer, 1
    # each, are fourth. Reactions: Mina to Eve twice; Tom to Eve, Sora to Mina.
    ("posts", 1, MINA, 4), ("posts", 1, SORA, 4), ("posts", 3, JUN, 2),
    ("comments", 1, TOM, 1),
    ("reactions", 1, MINA, 2), ("reactions", 2, TOM, 1), ("reactions", 2, SORA, 1),
]  # fmt: skip


def test_who_is_in_the_group_gets_no_award(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with studio(tmp_path, capsys) as here:
        here.run("collect")
        for named in ("@staff", "@STAFF", "staff", "S0STAFF"):
            here.written(BY_GROUP.replace("@staff", named))
            assert awards(here) == WITHOUT_EVE, named


def test_awards_follow_who_enters_the_group_and_leaves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with studio(tmp_path, capsys) as here:
        here.run("collect")
        here.simulator.acts.set_group_members("S0STAFF", [MINA])
        assert awards(here) == WITHOUT_EVE  # nobody has told yet
        here.run("collect")
        # Eve wrote a post and a comment; her reaction is to herself.
        assert awards(here) == [
            ("posts", 1, SORA, 4), ("posts", 2, JUN, 2),
            ("posts", 3, EVE, 1), ("posts", 3, TOM, 1), ("posts", 3, NEW, 1),
            ("comments", 1, EVE, 1), ("comments", 1, TOM, 1),
            ("reactions", 1, TOM, 1), ("reactions", 1, SORA, 1),
        ]  # fmt: skip


def test_a_group_hands_in_and_another_is_not_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with studio(tmp_path, capsys) as here:
        here.simulator.acts.add_group("writers", [TOM, JUN, EVE])
        here.written(BY_GROUP.replace("#글쓰기", "@writers"))
        here.run("collect")
        rows = here.rows("round_status", "--set", "round=2", "--as-of", "2026-04-05")
        # Tom is missing and Jun late; Eve is staff. The others are not expected but handed in.
        assert {row["user_id"]: row["status"] for row in rows} == {
            TOM: "missing", JUN: "late", MINA: "submitted", SORA: "submitted", NEW: "submitted",
        }  # fmt: skip


def test_the_groups_id_does_where_names_are_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keyed = 'preset = "open"\nnames = false\npseudonyms = true'
    with studio(tmp_path, capsys, privacy=keyed) as here:
        here.run("collect")
        complaint = "There is no member or user group 'staff'"
        here.run("show", "awards", *MARCH, code=Exit.USAGE)
        assert complaint in here.errors
        here.written(BY_GROUP.replace("@staff", "S0STAFF"))
        shown = awards(here)
    figures = sorted((award, rank, amount) for award, rank, _, amount in shown)
    assert figures == sorted((award, rank, amount) for award, rank, _, amount in WITHOUT_EVE)


@pytest.mark.parametrize(
    ("change", "named", "said"),
    [
        ("", "@stuff", "There is no member or user group 'stuff'"),
        ("namesake", "@staff", "'staff' names both a user group (S0STAFF) and a member (U0SORA0)."),
        ("namesake", "staff", "'staff' names both a user group (S0STAFF) and a member (U0SORA0)."),
        ("disabled", "@staff", "The user group @staff is disabled"),
        ("empty", "S0STAFF", "Nobody is known to be in the user group @staff."),
        ("twin", "@staff", "'staff' is the handle of several user groups: S0OTHER, S0STAFF."),
    ],
)
def test_what_leaves_in_doubt_who_is_meant_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str, named: str, said: str
) -> None:
    with studio(tmp_path, capsys) as here:
        acts = here.simulator.acts
        if change == "namesake":
            acts.change_profile(SORA, display_name="Staff")
        elif change == "disabled":
            acts.disable_group("S0STAFF")
        elif change == "empty":
            acts.set_group_members("S0STAFF", [])
        elif change == "twin":
            acts.add_group("staff", [MINA], id="S0OTHER")
        here.written(BY_GROUP.replace("@staff", named))
        here.run("collect")
        here.run("show", "awards", *MARCH, code=Exit.USAGE)
        assert f"settings.toml, line 4: staff: {said}" in here.errors


def test_a_disabled_namesake_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with studio(tmp_path, capsys) as here:
        here.simulator.acts.add_group("staff", [MINA], id="S0OLD")
        here.simulator.acts.disable_group("S0OLD")
        here.run("collect")
        assert awards(here) == WITHOUT_EVE


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scopes": ["channels:read", "channels:history", "users:read", "reactions:read"]},
         "needs the scope usergroups:read"),
        ({"plan": "free"}, "Slack has them on paid plans only"),
    ],
)  # fmt: skip
def test_a_workspace_without_user_groups_is_collected_all_the_same_and_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], said: str
) -> None:
    with studio(tmp_path, capsys, **options) as here:
        here.written(BY_GROUP.replace("@staff", "eve"))
        here.run("collect")
        assert said in here.errors
        assert "could not be read whole" not in here.errors
        here.run("collect")
        assert "user groups" not in here.errors
        assert here.rows("awards", *MARCH) or options.get("plan") == "free"
        here.written(BY_GROUP)
        here.run("show", "awards", *MARCH, code=Exit.USAGE)
        assert "There is no member or user group 'staff'" in here.errors


def test_a_store_from_before_user_groups_gets_them_with_the_next_collection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with studio(tmp_path, capsys) as here:
        here.run("collect")
        with store.writing(here.settings.store) as connection:
            for table in ("user_groups", "user_group_members", "user_group_changes"):
                connection.execute(f"DROP TABLE store.{table}")
            connection.execute("UPDATE store.schema SET version = 5")
        here.run("show", "awards", *MARCH, code=Exit.USAGE)
        assert "There is no member or user group 'staff'" in here.errors
        here.run("collect")
        assert awards(here) == WITHOUT_EVE
