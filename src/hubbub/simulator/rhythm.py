"""When members are awake: the shape of a day and of a week, each in the member's own time zone."""

import math
import random
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from msgspec import Struct

SLOT_SECONDS = 1800
"""Zones differ by half hours at the least that matters here, so local hours are kept by slot."""


class Rhythm(Struct, frozen=True):
    """How likely a member is at the keyboard by local hour, and on days off against others."""

    hours: tuple[float, ...]
    day_off: float
    cumulated: tuple[float, ...]

    def weekday(self, day: date) -> float:
        """The weight of a local day."""
        return self.day_off if day.weekday() >= 5 else 1.0

    def presence(self, zone: str, instant: float) -> float:
        """How likely a member of that zone is there at an instant, between 0 and about 1."""
        weekday, hour = _local(zone, int(instant // SLOT_SECONDS))
        return self.hours[hour] * (self.day_off if weekday >= 5 else 1.0)

    def moment(self, rng: random.Random, zone: str, day: date) -> float:
        """An instant at which a member of that zone might write on that local day."""
        hour = rng.choices(range(24), cum_weights=self.cumulated)[0]
        return local_instant(zone, day, hour) + rng.random() * 3600


def _day(*peaks: tuple[float, float, float], day_off: float) -> Rhythm:
    """A rhythm from peaks of (hour, width in hours, height), over a small floor for odd nights."""
    hours = tuple(
        0.008
        + sum(
            height * math.exp(-((min(abs(hour - at), 24 - abs(hour - at)) / width) ** 2) / 2)
            for at, width, height in peaks
        )
        for hour in range(24)
    )
    return Rhythm(hours, day_off, tuple(accumulate(hours)))


RHYTHMS = {
    "office": _day((9.5, 1.3, 0.9), (13, 1.2, 0.8), (16, 1.6, 0.7), (20.5, 1.2, 0.35), day_off=0.3),
    "early": _day((6.5, 1.2, 1.0), (12, 2.0, 0.6), (17.5, 1.3, 0.3), day_off=0.5),
    "evening": _day((12.5, 1.0, 0.4), (20, 1.7, 1.0), day_off=0.65),
    "owl": _day((1.0, 1.7, 1.0), (22.5, 1.5, 0.9), (15, 1.5, 0.2), day_off=0.7),
}


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1 << 17)
def _local(zone: str, slot: int) -> tuple[int, int]:
    local = datetime.fromtimestamp(slot * SLOT_SECONDS, _zone(zone))
    return local.weekday(), local.hour


@lru_cache(maxsize=1 << 16)
def local_instant(zone: str, day: date, hour: int) -> float:
    """The instant at which a local hour begins."""
    return datetime.combine(day, time(hour), _zone(zone)).timestamp()


@lru_cache(maxsize=1 << 16)
def _slot_date(zone: str, slot: int) -> date:
    return datetime.fromtimestamp(slot * SLOT_SECONDS, _zone(zone)).date()


def local_date(zone: str, instant: float) -> date:
    """The local day on which an instant falls."""
    return _slot_date(zone, int(instant // SLOT_SECONDS))


def utc_offset(zone: str, instant: float) -> int:
    """Seconds east of UTC in a zone at an instant."""
    offset = datetime.fromtimestamp(instant, UTC).astimezone(_zone(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0
