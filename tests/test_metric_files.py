"""Metric and view files: what is wrong with one is said with its file and line."""

from collections.abc import Iterator

import pytest

from hubbub.errors import BadContent, UsageError
from hubbub.flows.importing import import_archive
from hubbub.flows.measuring import Measured, measure
from hubbub.metrics.catalog import Catalog
from hubbub.settings import Settings
from tests.invented import write_export

GOOD = """/*
title = "Words"
question = "How many words?"

[parameters]
since = ""
at_least = { default = 1, doc = "words that a message must have" }

[columns]
channel_id = { type = "id", doc = "channel" }
words = { type = "integer", doc = "words", unit = "words" }
*/
SELECT channel_id, sum(words)::BIGINT AS words
FROM people_messages
WHERE posted_at BETWEEN $since AND $as_of AND words >= $at_least
GROUP BY ALL
ORDER BY channel_id
"""


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("community")
    settings = Settings(folder / "home", "default", privacy={"preset": "open"})
    import_archive(settings, write_export(folder / "export"))
    (settings.pack / "metrics").mkdir(parents=True)
    (settings.pack / "views").mkdir(parents=True)
    return settings


@pytest.fixture(autouse=True)
def tidy(community: Settings) -> Iterator[None]:
    yield
    for path in community.pack.rglob("*.sql"):
        path.unlink()


def shown(community: Settings, text: str, **given: str) -> Measured:
    (community.pack / "metrics" / "words.sql").write_text(text, encoding="utf-8")
    return measure(community, "words", given)


def test_a_file_in_the_workspace_is_a_metric(community: Settings) -> None:
    # garden: "a private word"; general: "who brings <…|seeds>?" and "me, <@U1>"
    assert shown(community, GOOD).rows.to_pylist() == [
        {"channel_id": "C1", "words": 5},
        {"channel_id": "C2", "words": 3},
    ]


def test_a_parameter_of_its_own_is_set_as_the_type_of_its_default(community: Settings) -> None:
    rows = shown(community, GOOD, at_least="3").rows.to_pylist()
    assert rows == [{"channel_id": "C1", "words": 3}, {"channel_id": "C2", "words": 3}]
    with pytest.raises(UsageError, match="at_least 'many' is no int"):
        shown(community, GOOD, at_least="many")


def test_a_file_overrides_the_metric_of_its_name(community: Settings) -> None:
    path = community.pack / "metrics" / "totals.sql"
    path.write_text(GOOD, encoding="utf-8")
    assert Catalog(community.pack).metric("totals").title == "Words"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("/*\ntitle", "title", 1, "no header"),
        ('title = "Words"', "title = ", 2, "the header is no TOML"),
        ('title = "Words"\n', "", 1, "no title"),
        ('question = "How many words?"', 'question = "?"\ncolour = 1', 4, "unknown key 'colour'"),
        ('since = ""', 'since = ""\nas_of = ""', 7, "every metric has the parameter 'as_of'"),
        (', doc = "words that a message must have"', "", 7, "lacks a default or a doc"),
        ("$at_least", "$at_most", 15, "uses $at_most, which is no parameter"),
        (" AND words >= $at_least", "", 7, "does not use the parameter 'at_least'"),
        ('type = "integer"', 'type = "whole"', 11, "unknown type 'whole'"),
        ('type = "integer"', 'type = "text"', 11, "'words' is BIGINT, no text"),
        ("AS words", "AS letters", 9, "the query gives the columns channel_id, letters"),
        ("FROM people_messages", "FROM nobody", 14, "Table with name nobody does not exist"),
        ("GROUP BY ALL", "GROUP ALL", 16, "syntax error"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    community: Settings, old: str, new: str, line: int, reason: str
) -> None:
    assert old in GOOD
    with pytest.raises(BadContent) as caught:
        shown(community, GOOD.replace(old, new))
    assert reason in caught.value.reason
    assert f"words.sql, line {line}:" in caught.value.reason
    assert caught.value.fix


def test_a_wrong_view_is_named_with_its_line(community: Settings) -> None:
    (community.pack / "views" / "shouts.sql").write_text("-- loud\nSELECT *\nFROM nowhere\n")
    with pytest.raises(BadContent, match=r"shouts\.sql, line 3: .*nowhere"):
        shown(community, GOOD.replace("FROM people_messages", "FROM shouts"))


def test_views_that_need_each_other_are_refused(community: Settings) -> None:
    (community.pack / "views" / "hen.sql").write_text("SELECT * FROM egg")
    (community.pack / "views" / "egg.sql").write_text("SELECT * FROM hen")
    with pytest.raises(BadContent, match="views that need each other"):
        shown(community, GOOD.replace("FROM people_messages", "FROM hen"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"since": "yesterday"}, "no time"),
        ({"as_of": "2026-13-01"}, "no time"),
        ({"colour": "red"}, "no parameter 'colour'"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused(
    community: Settings, given: dict[str, str], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        shown(community, GOOD, **given)


@pytest.mark.parametrize("name", ["#nowhere", "nowhere"])
def test_an_unknown_channel_or_member_is_refused(community: Settings, name: str) -> None:
    with pytest.raises(UsageError, match="no channel 'nowhere'"):
        measure(community, "totals", {"channel": name})


OF_A_MEMBER = GOOD.replace('since = ""', 'since = ""\nmember = ""').replace(
    "AND words", "AND user_id = $member AND words"
)


@pytest.mark.parametrize(
    ("member", "rows"),
    [("@olive", 2), ("Olive Example", 2), (" OLIVE ", 2), ("브람", 1), ("@bram", 1), ("U2", 1)],
)
def test_a_member_is_named_by_handle_name_or_id(
    community: Settings, member: str, rows: int
) -> None:
    assert shown(community, OF_A_MEMBER, member=member).rows.num_rows == rows


def test_an_unknown_member_is_refused_with_near_names(community: Settings) -> None:
    with pytest.raises(UsageError, match="There is no member 'Oliv'") as caught:
        shown(community, OF_A_MEMBER, member="@Oliv")
    assert caught.value.fix.startswith("Did you mean olive?")


def test_a_name_that_two_members_share_asks_for_the_id(community: Settings) -> None:
    view = community.pack / "views" / "known_names.sql"
    view.write_text("SELECT unnest(['U2', 'U1']) AS user_id, 'twin' AS name")
    with pytest.raises(UsageError, match="'Twin' names several: U1, U2") as caught:
        shown(community, OF_A_MEMBER, member="@Twin")
    assert caught.value.fix == "Give the id."


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        # posted on March 2 at 09:00 and 10:00 UTC, and on March 3 at 09:00
        ({"as_of": "2026-03-02"}, 2),
        ({"as_of": "2026-03-02T09:00:00.0001Z"}, 1),
        ({"as_of": "2026-03-02T09:00:00.00009Z"}, 0),
        ({"since": "2026-03-03"}, 1),
        ({"since": "24 hours", "as_of": "latest"}, 3),
        ({"since": "86400 seconds", "as_of": "latest"}, None),
        ({"since": "1 day", "as_of": "2026-03-03T09:00:00.0002Z"}, 2),
    ],
)
def test_both_ends_of_a_window_are_inside(
    community: Settings, given: dict[str, str], messages: int | None
) -> None:
    if messages is None:
        with pytest.raises(UsageError, match="no time"):
            measure(community, "totals", given)
    else:
        assert measure(community, "totals", given).rows.to_pylist()[0]["messages"] == messages


def test_an_empty_window_says_where_the_messages_are(community: Settings) -> None:
    measured = measure(community, "leaderboard", {"as_of": "2026-08-01"})
    assert measured.rows.num_rows == 0
    assert "The newest message is of 2026-03-03" in measured.why_empty()
    assert "--as-of latest" in measured.why_empty()
