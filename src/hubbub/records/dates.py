"""Reads a day as people write it, near the day of the post.

A day that was meant lies near the post, and that settles most of what is ambiguous: which year, and
which of two numbers is the month.
"""

import calendar
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hubbub.records.words import DAYS_AGO, MONTHS, WEEKDAYS
from hubbub.records.writing import without_emoji


class Reach(NamedTuple):
    """The days that can be meant, and how their numbers are ordered."""

    posted: date
    before: int
    """Days back from the post."""
    after: int
    zone: ZoneInfo
    month_first: bool

    def holds(self, day: date) -> bool:
        """Whether a day can be meant."""
        return -self.before <= (day - self.posted).days <= self.after


class Dated(NamedTuple):
    """A day that was read, or none, and what is doubtful about it."""

    day: date | None
    doubt: str | None = None


_FRESH_DAYS = 2
"""Most posts are written on the day that they tell of, or soon after: a day so near is meant, if it
is the only one that can be."""
_LONGEST = 300
"""Characters that are looked at."""
_SLACK_DATE = re.compile(r"<!date\^(\d{9,11})\^[^>]*>")
_TOKEN = re.compile(r"<[^<>]*>")
_TIME = re.compile(
    r"\bT?\d{1,2}[:h]\d{2}(?::\d{2})?(?:\.\d+)?\s*(?:[ap]\.?m\b\.?|Z\b|h\b|Uhr\b)?"
    r"|\b\d{1,2}(?:\.\d{2})?\s*(?:[ap]m\b|a\.m\.|p\.m\.|Uhr\b|o'?clock\b)"
    r"|\b[01]\d[0-5]\d\s*(?:hrs|hours|h)\b|[+-]\d{2}:?\d{2}\b(?=\s*$)"
    r"|(?:오전|오후)?\s*\d{1,2}\s*시(?:\s*\d{1,2}\s*분)?",
    re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s*[-/.년年]\s*(\d{1,2})\s*[-/.월月]\s*(\d{1,2})(?!\d)")
_NUMBERS = re.compile(
    r"(?<![\d.])(\d{1,2})\s?([-/.\\])\s?(\d{1,2})(?:\s?[-/.\\]\s?'?(\d{4}|\d{2}))?(?![\d])"
)
_EASTERN = re.compile(r"(?<!\d)(\d{1,2})\s*[월月]\s*(\d{1,2})\s*[일日]?")
_COMPACT = re.compile(r"(?<!\d)(\d{8}|\d{6}|\d{4})(?!\d)")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’\-](?=[^\W\d_]))*")
_DAY = r"(?<![\d/.:])(\d{1,2})(?:\s?(?:st|nd|rd|th|er|º|°|ª|\.))?"
_YEAR = r"(?:'|’)?(\d{4}|\d{2})(?![\d:])"
_AFTER_MONTH = re.compile(
    rf"[\s.,\-/]*(?:the\s+)?{_DAY}(?!\d)(?:[\s,.\-/]*(?:de\s+|del\s+)?{_YEAR})?"
)
_BEFORE_MONTH = re.compile(rf"{_DAY}[\s.,\-/]*(?:of\s+|de\s+)?$")
_ONLY_YEAR = re.compile(rf"[\s.,\-/]*(?:de\s+|del\s+|of\s+)?{_YEAR}")
_AGO = re.compile(
    r"(\d{1,2})\s*(?:days? ago|일 ?전|日前)|hace (\d{1,2}) d[ií]as?|vor (\d{1,2}) tagen?"
)
_ONLY_DAY = re.compile(r"^\D*?(\d{1,2})\s?(?:st|nd|rd|th|일|日)\b\D*$")
_LAST = re.compile(r"\b(?:last|letzte[nr]?|pasado)\b")

Written = tuple[int | None, int, int]
"""Year or None, month, day."""


def read_date(text: str, reach: Reach) -> Dated:
    """The day that a field's text says."""
    if said := _SLACK_DATE.search(text):
        moment = datetime.fromtimestamp(int(said[1]), UTC)
        return _near(moment.astimezone(reach.zone).date(), reach)
    plain = unicodedata.normalize(
        "NFKC", without_emoji(_TOKEN.sub(" ", text[:_LONGEST]))
    ).casefold()
    plain = re.sub(r"[*_~`]", " ", plain).replace("\u200b", "").strip()
    timeless = _TIME.sub(" ", plain)
    found = _written_days(timeless, reach) or _written_days(plain, reach)
    if found:
        first = found[0]
        if any(other.day != first.day for other in found[1:]):
            return Dated(first.day, first.doubt or "several")
        return _checked_by_weekday(first, timeless)
    return _relative(timeless, reach) or Dated(None, "unreadable")


def find_date(text: str, reach: Reach) -> Dated | None:
    """A day that is written in full somewhere in a line, such as a title."""
    plain = unicodedata.normalize("NFKC", _TOKEN.sub(" ", text[:_LONGEST])).casefold()
    found = [day for day in _written_days(_TIME.sub(" ", plain), reach, compact=False) if day.day]
    near = [each for each in found if each.day and reach.holds(each.day)]
    return near[0] if near and len({each.day for each in near}) == 1 else None


def _written_days(text: str, reach: Reach, *, compact: bool = True) -> list[Dated]:
    """The days that are written with a month, in order; none if there is none."""
    found: list[tuple[int, Dated]] = []
    rest = text
    for pattern, settle in (
        (_YEAR_FIRST, _of_year_first),
        (_EASTERN, _of_eastern),
        (_NUMBERS, _of_numbers),
    ):
        for match in pattern.finditer(rest):
            day = settle(match, reach)
            if day is not None:
                found.append((match.start(), day))
                rest = rest[: match.start()] + " " * len(match[0]) + rest[match.end() :]
    found += _of_words(rest, reach)
    if not found and compact and (match := _COMPACT.search(rest)):
        day = _of_compact(match[1], reach)
        return [day] if day else []
    return [day for _, day in sorted(found, key=lambda each: each[0])]


def _of_year_first(match: re.Match[str], reach: Reach) -> Dated | None:
    return _settled([(int(match[1]), int(match[2]), int(match[3]))], reach)


def _of_eastern(match: re.Match[str], reach: Reach) -> Dated | None:
    return _settled([(None, int(match[1]), int(match[2]))], reach)


def _of_numbers(match: re.Match[str], reach: Reach) -> Dated | None:
    first, second, year = int(match[1]), int(match[3]), _full_year(match[4])
    orders: list[Written] = [(year, first, second), (year, second, first)]
    if not reach.month_first:
        orders.reverse()
    if match[4] and len(match[4]) == 2:  # 26-11-20
        orders.append((_full_year(match[1].zfill(2)), second, int(match[4])))
    return _settled(orders, reach)


def _of_compact(digits: str, reach: Reach) -> Dated | None:
    if len(digits) == 8:
        year_first = (int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        pairs, year = (int(digits[:2]), int(digits[2:4])), int(digits[4:])
    elif len(digits) == 6:
        year_first = (_full_year(digits[:2]), int(digits[2:4]), int(digits[4:]))
        pairs, year = (int(digits[:2]), int(digits[2:4])), _full_year(digits[4:])
    else:
        pairs, year = (int(digits[:2]), int(digits[2:])), None
        year_first = None
    orders: list[Written] = [(year, *pairs), (year, pairs[1], pairs[0])]
    if not reach.month_first:
        orders.reverse()
    if year_first is not None:
        orders.append(year_first)
    near = [day for order in orders if (day := _day(order, reach)) and reach.holds(day)]
    return Dated(near[0]) if near else None


def _of_words(text: str, reach: Reach) -> Iterator[tuple[int, Dated]]:
    words = list(_WORD.finditer(text))
    named = [(word, MONTHS.get(word[0])) for word in words]
    months = [(word, number, None) for word, number in named if number] or [
        (word, MONTHS[near[0]], "spelling_mended")
        for word, _ in named
        if len(word[0]) > 4
        and word[0] not in WEEKDAYS
        and (near := get_close_matches(word[0], _LONG_MONTHS, 1, 0.8))
    ]
    for word, month, doubt in months:
        behind = _AFTER_MONTH.match(text, word.end())
        before = _BEFORE_MONTH.search(text, 0, word.start())
        if before is not None:
            year = _ONLY_YEAR.match(text, word.end())
            written = (_full_year(year[1]) if year else None, month, int(before[1]))
        elif behind is not None:
            written = (_full_year(behind[2]), month, int(behind[1]))
        else:
            continue
        day = _settled([written], reach)
        if day is not None:
            yield word.start(), Dated(day.day, day.doubt or doubt)


_LONG_MONTHS = [name for name in MONTHS if len(name) > 4 and name.isascii()]


def _settled(orders: list[Written], reach: Reach) -> Dated | None:
    """The day that is meant by numbers that can be ordered in several ways, the usual one first."""
    days = [day for order in orders if (day := _day(order, reach))]
    near = [day for day in days if reach.holds(day)]
    if near:
        usual, closest = days[0], min(near, key=lambda day: abs((day - reach.posted).days))
        taken = usual if reach.holds(usual) else closest
        is_fresh = len({*near}) == 1 and abs((taken - reach.posted).days) <= _FRESH_DAYS
        is_sure = is_fresh or taken == usual == closest
        return Dated(taken, None if is_sure else "day_order")
    for year, month, day in orders:
        mended = _nearest_year((None, month, day), reach)
        if year is not None and mended is not None and reach.holds(mended):
            return Dated(mended, "year_mended")
    return Dated(days[0], "far_from_post") if days else None


def _near(day: date, reach: Reach) -> Dated:
    return Dated(day, None if reach.holds(day) else "far_from_post")


def _day(written: Written, reach: Reach) -> date | None:
    year, month, day = written
    if year is None:
        return _nearest_year(written, reach)
    if not 1970 <= year <= 2200 or not 1 <= month <= 12:
        return None
    return date(year, month, day) if 1 <= day <= calendar.monthrange(year, month)[1] else None


def _nearest_year(written: Written, reach: Reach) -> date | None:
    """The day of a month nearest to the post; None if there is none such."""
    _, month, day = written
    found = [
        each
        for year in range(reach.posted.year - 1, reach.posted.year + 2)
        if (each := _day((year, month, day), reach))
    ]
    near = [each for each in found if reach.holds(each)]
    return min(near or found, key=lambda each: abs((each - reach.posted).days), default=None)


def _full_year(written: str | None) -> int | None:
    if written is None:
        return None
    return int(written) + 2000 if len(written) == 2 else int(written)


def _checked_by_weekday(dated: Dated, text: str) -> Dated:
    """A day with a doubt if another day of the week is written beside it."""
    if dated.day is None or dated.doubt:
        return dated
    if (word := _weekday(text)) is not None and word != dated.day.weekday():
        return Dated(dated.day, "weekday")
    return dated


def _weekday(text: str) -> int | None:
    """The day of the week that a text names, Monday 0; None if none, or several."""
    rest = re.sub(r"\d\s*[년월일年月日]", " ", text)
    named = {
        WEEKDAYS[word[0]]
        for word in _WORD.finditer(rest)
        if word[0] in WEEKDAYS and word[0] not in MONTHS
    }
    return named.pop() if len(named) == 1 else None


def _relative(text: str, reach: Reach) -> Dated | None:
    """A day as said from the day of the post: yesterday, Saturday, two days ago, the 20th."""
    words = text.strip(" .,!?()-–—@\t")
    if words in DAYS_AGO:
        return Dated(reach.posted - timedelta(days=DAYS_AGO[words]))
    if ago := _AGO.search(words):
        return _near(reach.posted - timedelta(days=int(ago[ago.lastindex or 1])), reach)
    if only := _ONLY_DAY.match(words):
        near = _days_of_month(int(only[1]), reach)
        return _checked_by_weekday(Dated(near), words) if near else None
    for phrase, days in _BY_LENGTH:
        if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", words):
            return _checked_by_weekday(Dated(reach.posted - timedelta(days=days)), words)
    weekday = _weekday(words)
    if weekday is None:
        return None
    back = (reach.posted.weekday() - weekday) % 7
    if back == 0 and _LAST.search(words):
        back = 7
    is_plain = len(_WORD.findall(words)) <= 2
    return Dated(reach.posted - timedelta(days=back), None if is_plain else "assumed")


_BY_LENGTH = sorted(DAYS_AGO.items(), key=lambda each: -len(each[0]))


def _days_of_month(day: int, reach: Reach) -> date | None:
    """The nearest day in reach with a number in its month."""
    for back in sorted(range(-reach.after, reach.before + 1), key=abs):
        candidate = reach.posted - timedelta(days=back)
        if candidate.day == day:
            return candidate
    return None


def is_month_first(zone: ZoneInfo) -> bool:
    """Whether 11/12 is the 12th of November where a time zone is: in the United States, and in
    eastern Asia, where the year comes first; and where the zone says nothing."""
    name = zone.key or ""
    return name.startswith(_MONTH_FIRST) or name in _MONTH_FIRST_ZONES


_MONTH_FIRST = (
    "US/", "UTC", "Etc/", "GMT", "EST", "CST", "MST", "PST", "America/Indiana", "America/Kentucky",
    "America/North_Dakota",
)  # fmt: skip
_MONTH_FIRST_ZONES = frozenset({
    "America/New_York", "America/Detroit", "America/Chicago", "America/Menominee",
    "America/Denver", "America/Boise", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Juneau", "America/Sitka", "America/Metlakatla",
    "America/Yakutat", "America/Nome", "America/Adak", "America/Louisville",
    "America/Indianapolis", "America/Puerto_Rico", "Pacific/Honolulu", "Pacific/Guam",
    "Asia/Seoul", "Asia/Tokyo", "Asia/Shanghai", "Asia/Taipei", "Asia/Hong_Kong", "Asia/Manila",
})  # fmt: skip
