"""Times as people write them: a day, an instant, a while before now, or a period's begin."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hubbub.core.periods import BEGINS
from hubbub.errors import UsageError

_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_PERIODS: Mapping[str, Callable[[date], date]] = {
    "week": BEGINS["week"],
    "month": BEGINS["month"],
    "year": lambda day: day.replace(month=1, day=1),
}
"""The first day of the period that a day lies in."""
_is_number = re.compile(r"[0-9]{1,12}").fullmatch
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)
"""Times of Slack lie in between; a series of days that goes much further would have no end."""


def begin_of(name: str, value: str, now: datetime, zone: ZoneInfo) -> datetime:
    """A day's begin, an instant, a while before now (`30 days`), or the begin of the `week`,
    `month` or `year` that now lies in; but not before 1970. Raises `UsageError`."""
    if value in _PERIODS:
        first = _PERIODS[value](now.astimezone(zone).date())
        return datetime.combine(first, time(), zone)
    number, _, unit = value.partition(" ")
    if _is_number(number) and unit.removesuffix("s") in _UNITS:
        seconds = int(number) * _UNITS[unit.removesuffix("s")]
        longest = (now - _BEGINNING).total_seconds()
        return now - timedelta(seconds=seconds) if seconds < longest else _BEGINNING
    return max(_instant(name, value, zone, ", 30 days, or week, month or year."), _BEGINNING)


def end_of(name: str, value: str, zone: ZoneInfo) -> datetime:
    """A day's end, or an instant. Raises `UsageError`."""
    moment = _instant(name, value, zone, ", now or latest.")
    is_day = len(value) == len("2026-03-01")
    return moment + timedelta(days=1, microseconds=-1) if is_day else moment


def _instant(name: str, value: str, zone: ZoneInfo, other_forms: str) -> datetime:
    """A day in a time zone, or an ISO 8601 instant."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise UsageError(
            f"{name} {value!r} is no time.",
            f"Write a day (2026-03-01), an instant (2026-03-01T12:00:00Z){other_forms}",
        ) from error
    if not _BEGINNING.year - 1 <= moment.year <= _END.year:
        raise UsageError(
            f"{name} {value!r} is too far away.",
            f"Name a time between {_BEGINNING.year} and {_END.year}.",
        )
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=zone)
