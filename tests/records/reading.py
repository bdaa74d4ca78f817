"""What the tests of records share: posts, and what a template reads in them."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hubbub.records.plain import plain_post
from hubbub.records.reading import Post, Record
from hubbub.records.templates import Templates

UTC = ZoneInfo("UTC")
HOME = "C00000HOME"
AUTHOR = "U0AUTHOR00"


@cache
def templates() -> Templates:
    """The templates that come with Hubbub."""
    return Templates(Path("no-such-pack"))


def post(
    text: str,
    posted: str = "2026-11-20",
    channel: str = HOME,
    name: str | None = None,
    author: str | None = AUTHOR,
    zone: ZoneInfo = UTC,
    **more: Any,
) -> Post:
    """A post of noon on a day, a Friday unless told otherwise."""
    moment = datetime.fromisoformat(f"{posted}T12:00:00").replace(tzinfo=zone)
    return Post(text, int(moment.timestamp()) * 1_000_000, zone, channel, name, author, **more)


def records(text: str, template: str = "backblast", **about: Any) -> list[Record]:
    """The records of a template in a text."""
    found = templates().read(post(text, **about))
    return [each for each in found if each.template == template]


def read(text: str, template: str = "backblast", **about: Any) -> dict[str, Any]:
    """What a template reads in a text, as plain JSON."""
    return plain_post(records(text, template, **about), templates().templates[template])
