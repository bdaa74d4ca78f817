"""Dates, numbers and a few words in the language of whoever reads them.

Languages are named as Slack and the web do: `en`, `ko`, `pt-BR`.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_interval, format_skeleton
from babel.numbers import format_decimal

from hubbub.reports.periods import Period

FALLBACK = "en"

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {"dropped": "_… and {count} more lines_", "one": "_… and one more line_",
           "round": "round {number}"},
    "ko": {"dropped": "_… 그 밖에 {count}줄_", "one": "_… 그 밖에 1줄_", "round": "{number}회차"},
}  # fmt: skip
"""What Hubbub itself says in letters; other languages get the English."""


def is_language(name: str) -> bool:
    """Whether a language is known."""
    try:
        return bool(_locale(name))
    except (UnknownLocaleError, ValueError):
        return False


def best(wanted: str, there: Collection[str]) -> str | None:
    """Of the languages that there are, the one for a reader of another: `ko` for `ko-KR`; else
    English, else the first. None if there is none."""
    base = wanted.replace("_", "-").partition("-")[0].lower()
    for each in (wanted, base, FALLBACK):
        if each in there:
            return each
    return min(there, default=None)


def name_of(period: Period, language: str) -> str:
    """A period for people: `October 2026`, `9–15 Nov 2026`, `round 7 (…)`."""
    if period.begin is None:
        return day(period.end, language)
    if period.of == "month":
        return format_skeleton("yMMMM", period.begin, locale=_locale(language))
    days = days_of(period.begin, period.end, language)
    if period.number is not None:
        return f"{_word(language, 'round').format(number=period.number)} ({days})"
    return days


def days_of(first: date, last: date, language: str) -> str:
    """Some days: `9–15 Nov 2026`."""
    if first == last:
        return day(first, language)
    return format_interval(first, last, "yMMMd", locale=_locale(language))


def day(value: date, language: str) -> str:
    """A day: `Sun, 15 Nov 2026`."""
    return format_skeleton("yMMMEd", value, locale=_locale(language))


def moment(value: datetime, language: str, zone: ZoneInfo) -> str:
    """An instant in a time zone: `Sun 15 Nov 14:05`."""
    local = value.astimezone(zone)
    return f"{day_of_year(local.date(), language)} {local:%H:%M}"


def day_of_year(value: date, language: str) -> str:
    """A day without its year: `Sun 15 Nov`."""
    return format_skeleton("MMMEd", value, locale=_locale(language))


def number(value: float, language: str) -> str:
    """A number with one decimal at most: `1,234.5`."""
    return format_decimal(value, "#,##0.#", locale=_locale(language))


def lines_dropped(count: int, language: str) -> str:
    """Says that so many lines were left out."""
    return _word(language, "one" if count == 1 else "dropped").format(count=number(count, language))


def _word(language: str, name: str) -> str:
    known = best(language, _WORDS)
    assert known is not None
    return _WORDS[known][name]


@cache
def _locale(language: str) -> Locale:
    """English as most of the world writes its dates: the day before the month."""
    chosen = "en-GB" if language == FALLBACK else language
    return Locale.parse(chosen, sep="-")
