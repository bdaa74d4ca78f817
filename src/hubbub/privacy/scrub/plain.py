"""Texts in the plain form that the detectors read, with a way back to the original places.

People and programs write one number in many ways: with full-width digits, with en dashes, with
non-breaking spaces, with zero-width characters between. The detectors read a form without these;
what they find is in the text as it was written.
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple


class Plain(NamedTuple):
    """A plain text, and where each of its characters begins and ends in the original; None where
    both are as long, character by character."""

    text: str
    begins: list[int] | None
    ends: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of a stretch that is not empty."""
        if self.begins is None or self.ends is None:
            return start, end
        return self.begins[start], self.ends[end - 1]


_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d"
_SPACES = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff"
)
_JOINING = "\u0300-\u036f\u1160-\u11ff\u3099\u309a"
"""Marks and Hangul vowels and finals that join what stands before them, as file systems write."""

_MAY_CHANGE_LENGTH = re.compile(f"[{_UNSEEN}]|[^\n][{_JOINING}]+")


@cache
def _substitutes() -> dict[int, str]:
    """One character for one: what is a digit, letter or sign of ASCII in other clothes."""
    table = {ord(dash): "-" for dash in _DASHES} | {ord(space): " " for space in _SPACES}
    for code in (*range(0x80, 0x3400), *range(0xFE00, 0x10000), *range(0x1D400, 0x1D800)):
        character = chr(code)
        if code in table:
            continue
        same = unicodedata.normalize("NFKC", character)
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            table[code] = str(digit)
        elif len(same) == 1 and "!" <= same <= "~":
            table[code] = same
    return table


@cache
def _odd() -> re.Pattern[str]:
    """Any character that is written otherwise in the plain form."""
    ones = "".join(re.escape(chr(code)) for code in _substitutes() if code <= 0xFFFF)
    # letters and digits of formulas stand in one range, which keeps the search fast
    return re.compile(f"[{ones}{_UNSEEN}{_JOINING}\U0001d400-\U0001d7ff]")


def plain(text: str) -> Plain:
    """The plain form of a text."""
    if text.isascii() or not _odd().search(text):
        return Plain(text, None, None)
    text = text.translate(_substitutes())
    if not _MAY_CHANGE_LENGTH.search(text):
        return Plain(text, None, None)
    kept: list[str] = []
    begins: list[int] = []
    ends: list[int] = []
    last = 0
    for match in _MAY_CHANGE_LENGTH.finditer(text):
        begin, end = match.span()
        kept.append(text[last:begin])
        begins += range(last, begin)
        ends += range(last + 1, begin + 1)
        if end - begin > 1:
            composed = unicodedata.normalize("NFC", match[0])
            kept.append(composed)
            begins += [begin] * len(composed)
            ends += [end] * len(composed)
        last = end
    kept.append(text[last:])
    begins += range(last, len(text))
    ends += range(last + 1, len(text) + 1)
    return Plain("".join(kept), begins, ends)
