"""Days, weeks, months, and the parts that weeks and months share; windows of whole ones."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

Part = tuple[date, date]
"""The days that a week and a month share: the week's Monday, and the first of the month."""

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


def part_of(day: date) -> Part:
    """The part that a day is in."""
    return day - timedelta(days=day.weekday()), day.replace(day=1)


def next_month(first: date) -> date:
    """The first of the month after one."""
    return (first + timedelta(days=31)).replace(day=1)


def days_between(begin: date, end: date) -> list[date]:
    """The days from one on, up to another that is left out."""
    return [begin + number * _DAY for number in range((end - begin).days)]


BEGINS: Mapping[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: part_of(day)[0],
    "month": lambda day: part_of(day)[1],
}
"""The first day of the day, week or month that a day is in."""
ENDS: Mapping[str, Callable[[date], date]] = {
    "day": lambda begin: begin + _DAY,
    "week": lambda begin: begin + 7 * _DAY,
    "month": next_month,
}
"""The first day after a day, week or month that begins on a day."""


class Bounds(Struct, frozen=True):
    """The days that a metric's rows may be about."""

    begin: date | None
    """None for the beginning."""
    end: date
    """The first day after them."""
    zone: ZoneInfo

    @property
    def since(self) -> datetime | None:
        """The first instant, UTC."""
        return None if self.begin is None else _midnight(self.begin, self.zone)

    @property
    def as_of(self) -> datetime:
        """The last instant, UTC."""
        return _midnight(self.end, self.zone) - _MICROSECOND


def end_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """The last instant of the day that an instant is in."""
    return Bounds(None, moment.astimezone(zone).date() + _DAY, zone).as_of


def released_until(now: datetime, zone: ZoneInfo) -> date:
    """The first day of which nothing is shown yet: its part has not ended."""
    return max(part_of(now.astimezone(zone).date()))


def whole_periods(
    period: str, since: datetime | None, as_of: datetime, now: datetime, zone: ZoneInfo
) -> Bounds:
    """A window widened to whole days, weeks or months, up to the last that can be shown."""
    begin_of = BEGINS[period]
    until = released_until(now, zone)
    last = begin_of(as_of.astimezone(zone).date())
    end = ENDS[period](last)
    begin = None if since is None else begin_of(since.astimezone(zone).date())
    return Bounds(begin, end if end <= until else min(last, begin_of(until)), zone)


def last_month(as_of: datetime, now: datetime, zone: ZoneInfo) -> Bounds:
    """The calendar month that an instant is in, or the last that has ended."""
    end = whole_periods("month", None, as_of, now, zone).end
    return Bounds((end - _DAY).replace(day=1), end, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
