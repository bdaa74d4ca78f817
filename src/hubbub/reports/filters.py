"""What message templates have beyond Jinja's own filters, and how their values become harmless."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from msgspec import Struct

from hubbub.reports import languages
from hubbub.reports.mrkdwn import harmless

_MEMBER = re.compile(r"[UW][A-Z0-9]{1,20}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{1,20}")
_URL = re.compile(r"https?://[^\s<>|]+")
_NOTHING = "–"
"""Stands where a figure is not known, or is held back."""

FILTERS = {
    "number": "`1,234.5`, as the language writes it",
    "percent": "`+12 %`",
    "day": "`Sun 15 Nov`, of a day or an instant",
    "moment": "`Sun 15 Nov 14:05`, of an instant, in the workspace's time zone",
    "line": "one line of at most 200 characters, or `line(80)`",
    "mention": "a member by their id, of which Slack tells them: `row.user_id | mention`; "
    "`mention(row.member)` names them where the id is a pseudonym",
    "channel": "a channel by its id, in the same way",
    "link": 'an address with words for it: `row.permalink | link("see it")`',
    "counted": '`1 message`, `2 messages`: `row.messages | counted("message", "messages")`',
}
"""What templates have beyond Jinja's own filters."""


class Voice(Struct, frozen=True):
    """How a template speaks: its language, and the workspace's time zone."""

    language: str
    zone: ZoneInfo


def filters_of(voice: Voice) -> Mapping[str, Callable[..., str]]:
    """The filters, as a voice speaks."""
    return {
        "number": partial(_number, voice),
        "percent": partial(_percent, voice),
        "day": partial(_day, voice),
        "moment": partial(_moment, voice),
        "line": _line,
        "mention": _mention,
        "channel": _channel,
        "link": _link,
        "counted": partial(_counted, voice),
    }


def shown(value: Any) -> Any:
    """What a template puts in, before it is escaped."""
    if value is None:
        return _NOTHING
    if isinstance(value, Markup | bool | int | float):
        return value
    return harmless(str(value))


def _number(voice: Voice, value: float | None) -> str:
    return _NOTHING if value is None else languages.number(value, voice.language)


def _percent(voice: Voice, value: float | None) -> str:
    if value is None:
        return _NOTHING
    sign = "+" if round(value) > 0 else "−" if round(value) < 0 else "±"
    return f"{sign}{languages.number(abs(round(value)), voice.language)}\u00a0%"


def _day(voice: Voice, value: date | datetime | None) -> str:
    if value is None:
        return _NOTHING
    local = value.astimezone(voice.zone).date() if isinstance(value, datetime) else value
    return languages.day_of_year(local, voice.language)


def _moment(voice: Voice, value: datetime | None) -> str:
    return _NOTHING if value is None else languages.moment(value, voice.language, voice.zone)


def _counted(voice: Voice, value: int, one: str, many: str) -> str:
    return f"{languages.number(value, voice.language)} {one if value == 1 else many}"


def _line(value: Any, longest: int = 200) -> str:
    said = " ".join(str(_NOTHING if value is None else value).split())
    return said if len(said) <= longest else f"{said[: longest - 1].rstrip()}…"


def mention_of(kind: str, slack_id: str, name: str) -> str:
    """A recipient in a message, so that Slack shows who it is; the name where the id is none of
    Slack's."""
    return _mention(slack_id, name) if kind == "member" else _channel(slack_id, name)


def _mention(value: Any, name: Any = None) -> str:
    return _marked(_MEMBER, "@", value, name)


def _channel(value: Any, name: Any = None) -> str:
    return _marked(_CHANNEL, "#", value, name)


def _marked(pattern: re.Pattern[str], sign: str, value: Any, name: Any) -> str:
    if pattern.fullmatch(str(value)):
        return Markup(f"<{sign}{value}>")  # noqa: S704 -- letters and digits alone
    return str(value if name is None else name)


def _link(value: Any, words: Any) -> str:
    """Words alone where there is no address: archives tell none."""
    said = harmless(" ".join(str(words).split())).replace("|", "¦")
    if value is None or not _URL.fullmatch(str(value)):
        return said
    return Markup("<{}|{}>").format(str(value), said)
