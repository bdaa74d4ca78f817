"""Makes the library that draws set names from everywhere properly.

By itself it takes the first font that has a character, of any style, and a text with an emoji of
several characters (a flag, a skin tone, a profession) comes out as boxes. So emoji are replaced by
stand-ins while it measures and cuts texts, and before it makes a PNG each stretch of a text names
its font.
"""

import re
from html import escape, unescape
from itertools import starmap
from unicodedata import normalize

from hubbub.charts import emoji
from hubbub.charts.fonts import EMOJI, Script, stretches

_FIRST, _WIDENER = 0xF0000, "\U000ffffd"
_STAND_IN = re.compile(f"([\U000f0000-\U000ffffc])({_WIDENER})?")
_SIMPLE = re.compile(
    r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u058f\u1e00-\u200a\u2010-\u2027\u202f-\u205f"
    r"\u2070-\u20cf\u2100-\u2bff]*"
)
"""Characters that are drawn each by itself, from left to right."""
_TEXT = re.compile(r"(<text\b[^>]*>)([^<]*)(</text>)")
_OPENING = '<tspan font-family="{}" font-size="0.1" fill="none">\U0001fffe</tspan>'
"""Invisible, and a character that no font has.

The library shapes a text with the font of its first stretch and replaces the others glyph by glyph,
which holds an emoji of several characters together only if the emoji's font comes first. And where
some font has every character of the text, it would take that one for all stretches.
"""


class StandIns:
    """Emoji replaced by two characters of private use, together about as wide as the emoji.

    A text that is cut between the two loses the emoji whole.
    """

    def __init__(self) -> None:
        self._emoji: list[str] = []

    def put(self, text: str) -> str:
        """A text with stand-ins for its emoji."""
        return emoji.pattern().sub(self._stand_in, text)

    def remove(self, text: str) -> str:
        """A text with the emoji back."""
        return _STAND_IN.sub(self._original, text)

    def _stand_in(self, found: re.Match[str]) -> str:
        if found[0] not in self._emoji:
            self._emoji.append(found[0])
        return chr(_FIRST + self._emoji.index(found[0])) + _WIDENER

    def _original(self, found: re.Match[str]) -> str:
        index = ord(found[1]) - _FIRST
        return self._emoji[index] if found[2] and index < len(self._emoji) else ""


def typeset(svg: str) -> str:
    """An SVG whose texts name a font for each stretch that the chart's own cannot show."""
    return _TEXT.sub(lambda text: text[1] + _spans(unescape(text[2])) + text[3], svg)


def _spans(text: str) -> str:
    """A text as SVG, a `tspan` for each stretch that needs a font of its own.

    Texts with scripts whose letters join are left as they are: the library fails on replacing
    their glyphs, and then on everything else that this process draws.
    """
    parts = list(stretches(normalize("NFC", text)))
    fonts = [script for script, _ in parts if script is not None]
    if not fonts or not all(_SIMPLE.fullmatch(part) for script, part in parts if script is None):
        return escape(text)
    first = EMOJI if EMOJI in fonts else fonts[0]
    return _OPENING.format(first.families) + "".join(starmap(_span, parts))


def _span(script: Script | None, text: str) -> str:
    shown = escape(text)
    return f'<tspan font-family="{script.families}">{shown}</tspan>' if script else shown
