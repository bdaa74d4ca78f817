"""The emoji that Slack's standard names stand for.

`emoji.json` is made from emoji-datasource 16.0.0 (MIT, https://github.com/iamcal/emoji-data), whose
names are those of Slack.
"""

import json
import re
from functools import cache
from pathlib import Path

_TONE = "[\U0001f3fb-\U0001f3ff]"
_PERSON = re.compile(
    "([\u261d\u26f9\u270a-\u270d\U0001f385\U0001f3c2-\U0001f3c4\U0001f3c7\U0001f3ca-\U0001f3cc"
    "\U0001f442\U0001f443\U0001f446-\U0001f450\U0001f466-\U0001f478\U0001f47c\U0001f481-\U0001f483"
    "\U0001f485-\U0001f487\U0001f4aa\U0001f574\U0001f575\U0001f57a\U0001f590\U0001f595\U0001f596"
    "\U0001f645-\U0001f647\U0001f64b-\U0001f64f\U0001f6a3\U0001f6b4-\U0001f6b6\U0001f6c0\U0001f6cc"
    "\U0001f90c\U0001f90f\U0001f918-\U0001f91f\U0001f926\U0001f930-\U0001f939\U0001f977"
    "\U0001f9b5\U0001f9b6\U0001f9b8\U0001f9b9\U0001f9bb\U0001f9cd-\U0001f9cf\U0001f9d1-\U0001f9dd"
    "\U0001fac3-\U0001fac5\U0001faf0-\U0001faf8])(\ufe0f?)"
)
"""Emoji that may have a skin tone (Unicode's Emoji_Modifier_Base), and the U+FE0F it replaces."""


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
    longest_first = sorted(set(standard().values()), key=len, reverse=True)
    return re.compile("|".join(map(_with_tones, longest_first)))


def _with_tones(known: str) -> str:
    """A pattern for an emoji whose persons may have a skin tone."""
    return _PERSON.sub(_may_have_tone, known).replace("*", r"\*")


def _may_have_tone(person: re.Match[str]) -> str:
    return f"{person[1]}{_TONE}?{person[2] and f'{person[2]}?'}"
