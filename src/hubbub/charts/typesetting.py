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

_BOXES = "[\u2500-\u257f]"
_FIRST_BOX, _NUMBER_OF_BOXES = 0x2500, 0x80
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
    """Emoji replaced by two box-drawing characters: the chart's own font has those, and two are
    about as wide as an emoji.

    A text that is cut between the two loses the emoji whole.
    """

    def __init__(self) -> None:
        self._originals: list[str] = []

    def put(self, text: str) -> str:
        """A text with stand-ins for its emoji, and for the box-drawing characters that it has."""
        return re.sub(f"{emoji.pattern().pattern}|{_BOXES}", self._stand_in, text)

    def remove(self, text: str) -> str:
        """A text with the originals back."""
        return re.sub(f"{_BOXES}{{1,2}}", self._original, text)

    def _stand_in(self, found: re.Match[str]) -> str:
        if found[0] not in self._originals:
            self._originals.append(found[0])
        pair = divmod(self._originals.index(found[0]), _NUMBER_OF_BOXES)
        return "".join(chr(_FIRST_BOX + number) for number in pair)

    def _original(self, found: re.Match[str]) -> str:
        if len(found[0]) == 1:
            return ""
        high, low = (ord(each) - _FIRST_BOX for each in found[0])
        return self._originals[_NUMBER_OF_BOXES * high + low]


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
