"""Rounds, against the calendar of Python, and submissions in them whatever posts say."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hubbub.content import PACKS

VIEWS = PACKS / "writing" / "views"
ZONES = ["Asia/Seoul", "America/Chicago", "Europe/Lisbon", "Asia/Kathmandu", "Pacific/Apia"]


@pytest.fixture(scope="module")
def session() -> duckdb.DuckDBPyConnection:
    """The views over tables that a test fills."""
    connection = duckdb.connect()
    connection.execute("""
        SET TimeZone = 'UTC';
        CREATE TABLE writing_settings(first_round DATE, round_days BIGINT, timezone VARCHAR);
        CREATE TABLE links(channel_id VARCHAR, ts VARCHAR, position BIGINT, url VARCHAR,
            scheme VARCHAR);
        CREATE TABLE handed_in(channel_id VARCHAR, ts VARCHAR, user_id VARCHAR,
            posted_at TIMESTAMPTZ, characters BIGINT, is_passed_token BOOLEAN,
            named_round BIGINT)""")
    for name in ("rounds", "submissions"):
        text = (VIEWS / f"{name}.sql").read_text(encoding="utf-8")
        connection.execute(f"CREATE VIEW {name} AS {text}")
    return connection


def microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def read(
    session: duckdb.DuckDBPyConnection,
    posts: Sequence[tuple[datetime, int | None]],
    *,
    first: date | None,
    days: int,
    zone: str,
) -> list[tuple[Any, ...]]:
    """The round of each post, and whether it is late: moments, and the rounds that posts name."""
    session.execute("DELETE FROM writing_settings; DELETE FROM handed_in")
    session.execute("INSERT INTO writing_settings VALUES ($1, $2, $3)", [first, days, zone])
    for number, (moment, named) in enumerate(posts):
        session.execute(
            "INSERT INTO handed_in VALUES ('C1', $1, 'U1', $2, 1, false, $3)",
            [f"{number:04}", moment, named],
        )
    return session.execute("SELECT round, is_late FROM submissions ORDER BY ts").fetchall()


_SINCE = datetime(2025, 9, 1, tzinfo=UTC)
moments = st.integers(0, 365 * 86_400_000_000).map(
    lambda each: _SINCE + timedelta(microseconds=each)
)


@given(
    moment=moments,
    first=st.dates(date(2025, 10, 1), date(2026, 6, 1)),
    days=st.integers(1, 40),
    zone=st.sampled_from(ZONES),
)
# the night in which Chicago's clocks go forward is the first of a round
@example(datetime(2026, 3, 8, 5, 59, 59, tzinfo=UTC), date(2026, 2, 22), 14, "America/Chicago")
@example(datetime(2026, 3, 8, 6, 0, tzinfo=UTC), date(2026, 2, 22), 14, "America/Chicago")
def test_a_post_is_in_the_round_of_its_day(
    session: duckdb.DuckDBPyConnection, moment: datetime, first: date, days: int, zone: str
) -> None:
    day = moment.astimezone(ZoneInfo(zone)).date()
    number = (day - first).days // days + 1 if day >= first else None
    [(found, is_late)] = read(session, [(moment, None)], first=first, days=days, zone=zone)
    assert found == number
    assert is_late is (None if number is None else False)


@settings(max_examples=25)
@given(
    first=st.dates(date(2025, 10, 1), date(2026, 6, 1)),
    days=st.integers(1, 40),
    zone=st.sampled_from(ZONES),
)
def test_rounds_follow_each_other_without_a_gap(
    session: duckdb.DuckDBPyConnection, first: date, days: int, zone: str
) -> None:
    here = ZoneInfo(zone)
    read(session, [], first=first, days=days, zone=zone)
    query = "SELECT * REPLACE (epoch_us(begins_at) AS begins_at, epoch_us(ends_at) AS ends_at)"
    before = datetime.now(here).date()
    rounds = session.execute(f"{query} FROM rounds ORDER BY round").fetchall()
    after = datetime.now(here).date()  # another day if midnight has passed in between
    assert [each[0] for each in rounds] == [*range(1, len(rounds) + 1)]
    assert rounds[0][1] == first
    for _, begins, ends, begins_at, ends_at in rounds:
        assert (ends - begins).days == days - 1
        assert begins_at == microseconds(datetime.combine(begins, time(), here))
        assert ends_at == microseconds(datetime.combine(ends + timedelta(1), time(), here)) - 1
    present, following = rounds[-2:]
    assert present[1] <= after, "the last round but one has begun"
    assert before < following[1], "the last one has not"


@pytest.mark.parametrize(
    ("day", "named", "expected"),
    [
        # rounds of two weeks from March 2: the third begins on March 30
        ("2026-03-31", None, (3, False)),
        ("2026-03-31", 3, (3, False)),
        ("2026-03-31", 2, (2, True)),
        ("2026-03-31", 4, (4, False)),
        ("2026-03-31", 1, (3, False)),
        ("2026-03-31", 5, (3, False)),
        ("2026-03-31", 2026, (3, False)),
        ("2026-03-03", 0, (1, False)),
        ("2026-03-01", 1, (None, None)),
    ],
)
def test_a_round_beside_that_of_the_day_can_be_named(
    session: duckdb.DuckDBPyConnection, day: str, named: int | None, expected: tuple[Any, ...]
) -> None:
    moment = datetime.fromisoformat(f"{day}T12:00:00Z")
    posts = [(moment, named)]
    assert read(session, posts, first=date(2026, 3, 2), days=14, zone="UTC") == [expected]


def test_until_it_is_set_the_first_round_begins_on_the_monday_of_the_first_post(
    session: duckdb.DuckDBPyConnection,
) -> None:
    # It is Sunday, March 8, in UTC and Monday, March 9, in Seoul.
    posts = [(datetime(2026, 3, 8, 16, tzinfo=UTC), None)]
    read(session, posts, first=None, days=14, zone="Asia/Seoul")
    assert session.execute("SELECT min(begins) FROM rounds").fetchall() == [(date(2026, 3, 9),)]
    read(session, posts, first=None, days=14, zone="UTC")
    assert session.execute("SELECT min(begins) FROM rounds").fetchall() == [(date(2026, 3, 2),)]
    read(session, [], first=None, days=14, zone="UTC")
    assert session.execute("FROM rounds").fetchall() == []
