"""Times as people write them: a day, an instant, or a while before now."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hubbub.errors import UsageError

_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800}


def begin_of(name: str, value: str, now: datetime, zone: ZoneInfo) -> datetime:
    """A day's begin, an instant, or a while before now (`30 days`). Raises `UsageError`."""
    number, _, unit = value.partition(" ")
    if number.isdigit() and unit.removesuffix("s") in _UNITS:
        return now - timedelta(seconds=int(number) * _UNITS[unit.removesuffix("s")])
    return _instant(name, value, zone, " or 30 days.")


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
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=zone)
