"""When cron expressions are due, in time zones whose clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.cron import MOST, Cron
from hubbub.errors import UsageError


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(cron: Cron, begin: datetime, end: datetime) -> list[str]:
    """All times after `begin`, up to `end`, in UTC."""
    found: list[str] = []
    while (begin := cron.after(begin)) <= end:
        found.append(f"{begin:%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # Lisbon is at UTC in winter, an hour ahead in summer
        ("0 9 1 * *", "Europe/Lisbon", "2026-11-22T12:00", "2026-12-01T09:00"),
        ("0 9 1 * *", "Europe/Lisbon", "2026-06-01T08:00", "2026-07-01T08:00"),
        ("0 9 * * MON", "Asia/Seoul", "2026-11-22T00:00", "2026-11-23T00:00"),
        ("30 6 * * 1-5", "America/New_York", "2026-11-20T11:30", "2026-11-23T11:30"),
        ("0 0 L * *", "UTC", "2028-02-01T00:00", "2028-02-29T00:00"),
        ("*/15 * * * *", "Asia/Kathmandu", "2026-11-22T12:01", "2026-11-22T12:15"),
    ],
)
def test_the_next_time_is_of_the_workspaces_day(
    expression: str, zone: str, after: str, expected: str
) -> None:
    assert Cron(expression, zone).after(at(after)) == at(expected)


# Berlin: on 2026-03-29 at 02:00 (01:00 UTC) it becomes 03:00; on 2026-10-25 at 03:00 (01:00 UTC)
# it becomes 02:00.
SPRING = (at("2026-03-28T12:00"), at("2026-03-30T12:00"))
AUTUMN = (at("2026-10-24T12:00"), at("2026-10-26T12:00"))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 2 * * *", ["03-29 01:00", "03-30 00:30"]),
        ("15,45 2 * * *", ["03-29 01:00", "03-30 00:15", "03-30 00:45"]),
        ("0 2,3 * * *", ["03-29 01:00", "03-30 00:00", "03-30 01:00"]),
        ("30 3 * * *", ["03-29 01:30", "03-30 01:30"]),
    ],
)
def test_a_time_that_does_not_exist_comes_once(expression: str, expected: list[str]) -> None:
    cron = Cron(expression, "Europe/Berlin")
    assert times(cron, *SPRING) == expected
    due = cron.due(*SPRING)
    assert due is not None
    assert due.times == len(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("30 2 * * *", ["10-25 00:30", "10-26 01:30"]),
        ("0 2,3 * * *", ["10-25 00:00", "10-25 02:00", "10-26 01:00", "10-26 02:00"]),
    ],
)
def test_a_time_that_comes_twice_counts_once(expression: str, expected: list[str]) -> None:
    cron = Cron(expression, "Europe/Berlin")
    assert times(cron, *AUTUMN) == expected
    # looked at from within the second pass of that hour, the first is not due again
    assert cron.due(at("2026-10-25T01:10"), at("2026-10-25T01:50")) is None


def test_what_goes_by_the_hour_goes_by_hours_that_pass() -> None:
    cron = Cron("0 * * * *", "Europe/Berlin")
    assert len(times(cron, at("2026-10-24T22:00"), at("2026-10-25T23:00"))) == 25
    assert len(times(cron, at("2026-03-28T23:00"), at("2026-03-29T22:00"))) == 23


def test_due_times_are_counted_from_one_end_to_the_other() -> None:
    cron = Cron("0 3 * * *", "UTC")
    assert cron.due(at("2026-11-20T03:00"), at("2026-11-21T02:59")) is None
    due = cron.due(at("2026-11-20T03:00"), at("2026-11-23T03:00"))
    assert due is not None
    assert (due.times, due.first) == (3, at("2026-11-21T03:00"))
    every_minute = Cron("* * * * *", "UTC").due(at("2025-01-01T00:00"), at("2026-01-01T00:00"))
    assert every_minute is not None
    assert every_minute.times == MOST


@pytest.mark.parametrize(
    "expression",
    ["", "daily", "@daily", "0 3 * *", "0 0 3 * * *", "61 3 * * *", "0 3 * * FOO", "0 0 30 2 *",
     "0 3 */0 * *", "* * */20 * 1L"],
)  # fmt: skip
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(UsageError) as refused:
        Cron(expression, "UTC")
    assert "0 9 1 * *" in refused.value.fix


def test_an_expression_in_words() -> None:
    assert Cron("0 9 * * MON", "UTC").words == "At 09:00 on Monday"


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"]),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 87_600),
)
def test_a_daily_time_comes_once_on_each_day(zone: str, hour: int, minute: int, hours: int) -> None:
    cron = Cron(f"{minute} {hour} * * *", zone)
    moment = at("2020-01-01T00:00") + timedelta(hours=hours)
    for _ in range(5):
        following = cron.after(moment)
        assert following > moment
        assert following - moment <= timedelta(hours=26)
        assert cron.due(moment, following) == (1, following)
        moment = following
