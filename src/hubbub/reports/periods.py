"""The time that a report is about: the last whole day, week, month or round, or one that is named.

Days are those of the workspace's time zone, weeks begin on Monday; both ends lie inside.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from hubbub.core.periods import BEGINS, ENDS
from hubbub.errors import UsageError
from hubbub.reports.catalog import Of

_DAY = timedelta(days=1)
_BACK = re.compile(r"([1-9][0-9]{0,3}) (day|week|month)s?")
_ONCE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_EXAMPLES: Mapping[Of, str] = {
    "day": "2026-10-31",
    "week": "2026-W44",
    "month": "2026-10",
    "round": "round-7",
    "open round": "round-7",
    "once": "a name, such as spring",
}


class Round(NamedTuple):
    """A round, as the view `rounds` of a pack has it; both days inside."""

    number: int
    begins: date
    ends: date


class Period(Struct, frozen=True):
    """A period: what it is called in keys, and its days."""

    of: Of
    key: str
    """`2026-10-31`, `2026-W44`, `2026-10`, `round-7`; for `once` any name."""
    begin: date | None
    """None where it is about no time."""
    end: date
    """The last day; for `once` the present one."""
    number: int | None = None
    """Of a round."""

    @property
    def is_timeless(self) -> bool:
        """Whether it is about no time: then metrics have their own windows, up to now."""
        return self.begin is None

    @property
    def is_open(self) -> bool:
        """Whether metrics are about all that there is by now, not only up to its end."""
        return self.of in {"open round", "once"}

    def since(self, wanted: str) -> str:
        """The begin of a metric's window for the value `wanted` of its parameter since.

        `period` is the period's own, `year` January 1st of its end's year, `12 weeks` so many whole
        days, weeks or months up to its end; all else is left to the metric.
        """
        if wanted == "period":
            return "" if self.begin is None else self.begin.isoformat()
        if wanted == "year":
            return date(self.end.year, 1, 1).isoformat()
        back = _BACK.fullmatch(wanted)
        if back is None:
            return wanted
        return _before(self.end + _DAY, int(back[1]), back[2]).isoformat()


def last_period(of: Of, today: date, rounds: Sequence[Round]) -> Period:
    """The last period that has ended before a day. Raises `UsageError` if no round has."""
    if of == "once":
        return Period(of, "once", None, today)
    if of == "round":
        ended = [each for each in rounds if each.ends < today]
        if not ended:
            raise UsageError(
                "No round has ended yet.", "Name one with --period, or see docs/writing.md."
            )
        return _of_round(of, max(ended))
    if of == "open round":
        present = next((each for each in rounds if each.begins <= today <= each.ends), None)
        if present is None:
            raise UsageError("No round is open.", "Name one with --period, or see docs/writing.md.")
        return _of_round(of, present)
    return _of_days(of, BEGINS[of](BEGINS[of](today) - _DAY))


def named_period(of: Of, name: str, today: date, rounds: Sequence[Round]) -> Period:
    """The period that somebody names. Raises `UsageError` if it is none, or has not ended."""
    period = _READERS[of](name, today, rounds)
    if period is None:
        raise UsageError(
            f"{name!r} is no {of} to report about." if of != "once" else f"{name!r} is no name.",
            f"Write {_EXAMPLES[of]}.",
        )
    if not period.is_open and period.end >= today:
        raise UsageError(
            f"The {of} {period.key} has not ended.",
            "What is sent now would lack the rest, and is never sent again. Wait for its end.",
        )
    return period


def today(now: datetime, zone: ZoneInfo) -> date:
    """The day that it is in a time zone."""
    return now.astimezone(zone).date()


def _before(end: date, count: int, unit: str) -> date:
    """The first of so many days, weeks or months before a day."""
    if unit != "month":
        days = count * (7 if unit == "week" else 1)
        return end - days * _DAY if days < end.toordinal() else date.min
    years, month = divmod(end.year * 12 + end.month - 1 - count, 12)
    return date(years, month + 1, 1) if years >= 1 else date.min


def _of_days(of: Of, begin: date) -> Period:
    year, week, _ = begin.isocalendar()
    keys = {"day": f"{begin}", "week": f"{year}-W{week:02}", "month": f"{begin:%Y-%m}"}
    return Period(of, keys[of], begin, ENDS[of](begin) - _DAY)


def _of_round(of: Of, told: Round) -> Period:
    return Period(of, f"round-{told.number}", told.begins, told.ends, told.number)


def _day(name: str, today: date, rounds: Sequence[Round]) -> Period | None:
    del today, rounds
    found = re.fullmatch(r"\d{4}-\d\d-\d\d", name)
    return _read("day", "%Y-%m-%d", name) if found else None


def _week(name: str, today: date, rounds: Sequence[Round]) -> Period | None:
    del today, rounds
    found = re.fullmatch(r"(\d{4})-?W(\d\d)", name)
    return _read("week", "%G-%V-%u", f"{found[1]}-{found[2]}-1") if found else None


def _month(name: str, today: date, rounds: Sequence[Round]) -> Period | None:
    del today, rounds
    found = re.fullmatch(r"\d{4}-\d\d", name)
    return _read("month", "%Y-%m", name) if found else None


def _read(of: Of, form: str, name: str) -> Period | None:
    try:
        return _of_days(of, datetime.strptime(name, form).date())  # noqa: DTZ007 -- only its day
    except ValueError:
        return None


def _round(of: Of, name: str, today: date, rounds: Sequence[Round]) -> Period | None:
    del today
    number = name.removeprefix("round-")
    return next((_of_round(of, each) for each in rounds if str(each.number) == number), None)


def _once(name: str, today: date, rounds: Sequence[Round]) -> Period | None:
    del rounds
    return Period("once", name, None, today) if _ONCE.fullmatch(name) else None


_READERS: Mapping[Of, Callable[[str, date, Sequence[Round]], Period | None]] = {
    "day": _day,
    "week": _week,
    "month": _month,
    "round": partial(_round, "round"),
    "open round": partial(_round, "open round"),
    "once": _once,
}
