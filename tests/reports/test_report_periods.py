"""What time a report is about, by hand and against the calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.errors import UsageError
from hubbub.reports.catalog import Of
from hubbub.reports.languages import name_of
from hubbub.reports.periods import Round, last_period, named_period, today

SUNDAY = date(2026, 11, 22)
ROUNDS = [
    Round(1, date(2026, 10, 26), date(2026, 11, 8)),
    Round(2, date(2026, 11, 9), date(2026, 11, 22)),
]


@pytest.mark.parametrize(
    ("of", "day", "key", "begin", "end"),
    [
        ("day", SUNDAY, "2026-11-21", date(2026, 11, 21), date(2026, 11, 21)),
        ("week", SUNDAY, "2026-W46", date(2026, 11, 9), date(2026, 11, 15)),
        ("week", date(2026, 11, 23), "2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        # ISO 8601: the week of 1 January 2027, a Friday, is the 53rd of 2026
        ("week", date(2027, 1, 4), "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("month", SUNDAY, "2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        ("month", date(2026, 1, 1), "2025-12", date(2025, 12, 1), date(2025, 12, 31)),
        ("month", date(2028, 3, 1), "2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("round", SUNDAY, "round-1", date(2026, 10, 26), date(2026, 11, 8)),
        ("round", date(2026, 11, 23), "round-2", date(2026, 11, 9), date(2026, 11, 22)),
        ("open round", SUNDAY, "round-2", date(2026, 11, 9), date(2026, 11, 22)),
    ],
)
def test_the_last_whole_one(of: Of, day: date, key: str, begin: date, end: date) -> None:
    period = last_period(of, day, ROUNDS)
    assert (period.key, period.begin, period.end) == (key, begin, end)
    assert named_period(of, key, day, ROUNDS) == period


@given(
    day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), of=st.sampled_from(["day", "week", "month"])
)
def test_it_has_ended_and_the_next_has_not(day: date, of: Of) -> None:
    period = last_period(of, day, [])
    assert period.begin is not None
    assert period.begin <= period.end < day
    # the day after its end lies in the one that is still going on
    following = last_period(of, period.end + timedelta(days=1), [])
    assert following == period
    assert named_period(of, period.key, day, []) == period


@pytest.mark.parametrize(
    ("of", "name"),
    [
        *[("month", name) for name in ("2026-11", "2026-13", "2026", "last", "2026-1")],
        *[("week", name) for name in ("2026-W47", "2026-W54", "2026-47", "2026-W00")],
        *[("day", name) for name in ("2026-11-22", "2026-02-30", "yesterday")],
        *[("round", name) for name in ("round-2", "3", "round-x")],
        *[("once", name) for name in ("Spring", "a b", "-x", "ü")],
    ],
)
def test_what_is_none_or_has_not_ended_is_refused(of: Of, name: str) -> None:
    with pytest.raises(UsageError):
        named_period(of, name, SUNDAY, ROUNDS)


def test_days_are_those_of_the_time_zone() -> None:
    moment = datetime(2026, 10, 31, 15, 30, tzinfo=UTC)
    assert today(moment, ZoneInfo("Asia/Seoul")) == date(2026, 11, 1)
    assert today(moment, ZoneInfo("America/Halifax")) == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("of", "wanted", "since"),
    [
        ("month", "period", "2026-10-01"),
        ("month", "year", "2026-01-01"),
        ("month", "12 months", "2025-11-01"),
        ("month", "1 month", "2026-10-01"),
        ("week", "12 weeks", "2026-08-24"),
        ("week", "1 week", "2026-11-09"),
        ("day", "30 days", "2026-10-23"),
        ("month", "2026-03-01", "2026-03-01"),
        ("month", "", ""),
        ("once", "period", ""),
        ("once", "year", "2026-01-01"),
    ],
)
def test_windows_begin_where_a_report_says(of: Of, wanted: str, since: str) -> None:
    assert last_period(of, SUNDAY, ROUNDS).since(wanted) == since


def test_twelve_weeks_are_whole_across_a_change_of_clocks() -> None:
    # the clocks of Halifax change on 1 November: 12 × 168 hours would begin on a Sunday
    period = last_period("week", SUNDAY, [])
    assert date.fromisoformat(period.since("12 weeks")).weekday() == 0


@pytest.mark.parametrize(
    ("of", "language", "name"),
    [
        ("month", "en", "October 2026"),
        ("month", "ko", "2026년 10월"),
        ("week", "en", "9–15 Nov 2026"),
        ("week", "ko", "2026년 11월 9일~15일"),
        ("round", "ko", "1회차 (2026년 10월 26일 ~ 11월 8일)"),
    ],
)
def test_periods_have_names_for_people(of: Of, language: str, name: str) -> None:
    assert name_of(last_period(of, SUNDAY, ROUNDS), language) == name
