"""The emoji that Slack's standard names stand for.

`emoji.json` is made from emoji-datasource 16.0.0 (MIT, https://github.com/iamcal/emoji-data), whose
names are those of Slack.
"""

import json
import re
from functools import cache
from pathlib import Path

_TONE = "[\U0001f3fb-\U0001f3ff]"


@cache
def standard() -> dict[str, str]:
    """Emoji by standard name."""
    return json.loads((Path(__file__).parent / "emoji.json").read_text(encoding="utf-8"))


def shown(name: str) -> str:
    """An emoji's name and, behind it, the emoji; a workspace's own emoji keep their colons."""
    known = standard().get(name)
    return f"{name.replace('_', ' ')} {known}" if known else f":{name}:"


@cache
def pattern() -> re.Pattern[str]:
    """What matches a standard emoji, with or without skin tones."""
    whole = {each for each in standard().values() if not re.fullmatch(_TONE, each)}
    longest_first = sorted(whole, key=len, reverse=True)
    return re.compile("|".join(map(_with_tones, longest_first)))


def _with_tones(known: str) -> str:
    """A pattern for an emoji whose persons may have a skin tone, which takes U+FE0F's place."""
    persons = re.sub(
        "([\U0001f385-\U0001f3cc\U0001f442-\U0001f4aa\U0001f574-\U0001f64f"
        "\U0001f6a3-\U0001f6cc\U0001f90c-\U0001f9dd\U0001fac3-\U0001faf8])",
        f"\\1{_TONE}?",
        re.escape(known),
    )
    return persons.replace("\ufe0f", f"(?:\ufe0f|{_TONE})")
