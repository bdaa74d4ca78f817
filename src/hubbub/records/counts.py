"""Reads a number as people write it: digits, words, sums, and what only looks like one."""

import re
import unicodedata
from itertools import pairwise
from typing import NamedTuple

from hubbub.records.words import COUNTERS, NOBODY, NUMBERS, UNKNOWN
from hubbub.records.writing import trimmed, without_emoji


class Counted(NamedTuple):
    """A number that was read, or none; what else it could be; and what is doubtful about it."""

    number: int | None
    doubt: str | None = None
    others: tuple[int, ...] = ()
    """Numbers that it could be as well: what else is known may settle it."""


_TOKEN = re.compile(r"<[^<>]*>")
_ASIDE = re.compile(r"[(\[（][^()\[\]（）]*[)\]）]")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_LONGEST = 400
"""Characters that are looked at: a number stands at the begin."""
_LONGEST_NUMBER = 6
_NUMBER_WORDS = sorted(NUMBERS, key=len, reverse=True)
_NUMBER = re.compile(
    r"(?<![\w.])(\d+)(?![\d]|[.:/]\d|[a-z]*\d)"
    rf"|(?<!\w)({'|'.join(map(re.escape, _NUMBER_WORDS))})"
    rf"(?=\s*(?:{'|'.join(COUNTERS)})|(?!\w|-[^\W\d]))"  # Two-Sock is a name
)
_ROUGHLY = re.compile(
    r"≈|\bish\b|(?<=\d)ish\b|\babout\b|\baround\b|\bapprox|\broughly\b|\balmost\b|\bnearly\b"
    r"|\bmore than\b|\bover\b|\bat least\b|\bor so\b|\bmaybe\b|\bunos\b|\bca\b|\betwa\b|\bcirca\b"
    r"|(?<=\d)\s*\+(?!\s*\w)|약|정도|\?"
)
_RANGE = re.compile(r"\d\s*(?:-|–|—|to|or|bis|a|o)\s*\d")
_PLUS = re.compile(r"^\D*?(?:\+|\bplus\b|\band\b|&|&amp;|\by\b|\bund\b)\D*?$")
_MARKS = re.compile(r"[*_`]|~(?=[^~\n]+~)|(?<=\w)~")
_LEFT_OF_EQUALS = re.compile(r"[=→]")
_CHILDREN = re.compile(r"\b2\.0s?\b")
_DOGS = re.compile(r"(?:[,+&]|\band\b|\bplus\b)?\s*(?:\d+|one|two|a)\s+(?:dogs?|pups?|k9s?)\b")


def read_count(text: str) -> Counted:
    """The number that a field's text says; its first line that says something counts."""
    plain = unicodedata.normalize(
        "NFKC", without_emoji(_TOKEN.sub(" ", text[:_LONGEST]))
    ).casefold()
    plain = _DOGS.sub("", _CHILDREN.sub("children", _GROUPED.sub("", _unmarked(plain))))
    lines = (trimmed(line) for line in plain.split("\n"))
    line = next((each for each in lines if each), "")
    if not line or line.strip(" .!") in UNKNOWN:
        return Counted(None, "unreadable" if line else None)
    outside = _ASIDE.sub(" ", line)
    said = _numbers(outside) or _numbers(line)
    if not said:
        is_nobody = re.split(r"[\s,.!]", line, maxsplit=1)[0] in NOBODY
        return Counted(0) if is_nobody else Counted(None, "unreadable")
    return _settled(outside if _numbers(outside) else line, said)


def _unmarked(text: str) -> str:
    """A text without marks of style; a single ~ is none."""
    return _MARKS.sub(" ", text).replace("~", "≈")


def _settled(line: str, said: list[tuple[int, int, int]]) -> Counted:
    numbers = [number for number, _, _ in said]
    equals = _LEFT_OF_EQUALS.search(line)
    if equals and any(begin > equals.start() for _, begin, _ in said):
        parts = [number for number, begin, _ in said if begin < equals.start()]
        total = next(number for number, begin, _ in said if begin > equals.start())
        is_sum = not parts or sum(parts) == total
        return Counted(total, None if is_sum else "contradicts", () if is_sum else (sum(parts),))
    if _ROUGHLY.search(line):
        return Counted(numbers[0], "roughly")
    if len(numbers) == 1:
        return Counted(numbers[0])
    if _RANGE.search(line):
        return Counted(numbers[0], "roughly")
    between = [line[end:begin] for (_, _, end), (_, begin, _) in pairwise(said)]
    if all(_PLUS.match(each) for each in between):
        return Counted(sum(numbers), None, (numbers[0],))
    return Counted(numbers[0], "several", tuple({sum(numbers), *numbers[1:]}))


def _numbers(text: str) -> list[tuple[int, int, int]]:
    """The numbers of a text with where each begins and ends."""
    return [
        (int(found[1]) if found[1] else NUMBERS[found[2]], found.start(), found.end())
        for found in _NUMBER.finditer(text)
        if len(found[1] or "") <= _LONGEST_NUMBER
    ]


def leading_count(text: str) -> tuple[int, int] | None:
    """A number that a list of people begins with, and where the list goes on; None if none."""
    found = _LEADING.match(text)
    if found is None:
        return None
    word = found[1].casefold()
    return (int(word) if word.isdigit() else NUMBERS[word]), found.end()


_LEADING = re.compile(
    rf"[\s*_~`(\[]*(\d{{1,3}}|(?:{'|'.join(map(re.escape, _NUMBER_WORDS))})(?!-[^\W\d]))"
    r"(?![\w.]|\s*[/]|/)"
    r"[*_~`)\]]*(?:\s*(?:total|strong|pax|hims?|men|guys|fngs?|people|present|명|인|personas|leute)"
    r"(?!\w))?[\s*_~`)\]]*(?:[-–—:.=,;]+|$|\n|(?=<)|(?=\s))",
    re.IGNORECASE,
)
