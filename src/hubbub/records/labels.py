"""Finds labels in lines: `Date:`, `*Q* -`, `PAX (8):`, and those that no template knows.

A label stands at the begin of a line, behind bullets, emoji and marks, or further on in a line that
begins with one. It is looked up by its words, so that how many labels there are costs nothing.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from hubbub.records.words import DAYS_AGO, MONTHS, NUMBERS, WEEKDAYS
from hubbub.records.writing import DECOR, EMOJI, MARKS, key


class Label(NamedTuple):
    """A label in a line."""

    field: str
    """Empty: a label that the template does not know."""
    begin: int
    end: int
    """Where its value begins."""
    remark: str
    """What stands in brackets, or as a number, between it and the colon: `PAX (8):`."""
    is_sure: bool
    separator: str


_WORD = re.compile(r"[^\s:=<>|,;\-–—/&+→\t]+")
_BETWEEN = re.compile(r"[ \-–/&+_*]*(?:amp;)?[ ]*")
_AFTER = re.compile(
    rf"(?P<marks>[{MARKS}\"'”’.]*)"
    rf"(?P<remark>(?:[\(\[{{][^()\[\]{{}}\n]{{0,60}}[\)\]}}][{MARKS}]*)?)"
    rf"(?P<number>[#x]?\d{{1,3}}(?=[{MARKS}]*[:=\-–—]))?"
    rf"(?:[{MARKS}]|{EMOJI})*"
    r"(?P<separator>:+[-=]?|=+>?|\||[-–—]+(?:>|&gt;)?(?=[\s<\d*_]|[^\W\d_]|$)|→|»|(?:&gt;|>)(?=\s))?"
)
_UNKNOWN = re.compile(
    rf"(?P<name>[^\W\d_][^\n:<>|=]{{0,40}}?|\d\.\d\w*[^\n:<>|=]{{0,20}}?)[{MARKS}]*"
    rf"(?:\([^()\n]{{0,40}}\))?[{MARKS}]*:(?=[\s*_~`<]|$|[^\W\d_])(?!//)"
)
_MOST_WORDS = 5
_LONGEST_DECOR = 60
_COLON = re.compile(r"[:=|]|\s[-–—]+\s|(?=<[@#!])")
_WORDS_BEFORE = re.compile(r"[^\s:=<>|,;/&+]+")
_QUALIFIED = re.compile(
    r"\b(?:next|upcoming|future|following|last|tomorrow['’]?s|this|week['’]?s|\w+day['’]?s)\s+"
    r"[*_]*$",
    re.IGNORECASE,
)
_DATE_BEGINS = re.compile(r"\W*(?:\d{1,4}[-/.]\d|\d{1,2}(?:st|nd|rd|th)\b|(?P<word>[^\W\d_]+))")
_ONLY_A_NUMBER = re.compile(r"\W*(\d{1,4}|[^\W\d_]+)\W*$")
_NAMES = re.compile(r"[^\W_]")
_NUMBER_BEFORE = re.compile(r"(\d{1,3})\s+(?=[^\W\d_])")
_LETTER = re.compile(r"[^\W\d_]")
_DECOR_BEFORE = re.compile(rf"(?:{EMOJI}|[{MARKS}•●▪◦‣·|,;/–—-])+$")


class Labels:
    """The labels of a template, by key."""

    def __init__(self, by_key: Mapping[str, str], types: Mapping[str, str]) -> None:
        self._by_key = dict(by_key)
        self._types = dict(types)
        self._longest = max((len(each.split()) for each in by_key), default=0)
        self._first = {each.split()[0] for each in by_key if each}

    def field_of(self, label_key: str) -> str | None:
        """The field that a label means, by its key."""
        return self._by_key.get(label_key)

    def at_start(self, line: str) -> Label | None:
        """The label that a line begins with; None if it begins with none."""
        decor = DECOR.match(line)
        begin = decor.end() if decor else 0
        number = _NUMBER_BEFORE.match(line, begin)
        if number and (found := self._known(line, number.end(), is_bold=False)) and found.separator:
            return found._replace(begin=begin, remark=found.remark or number[1])
        found = self._known(line, begin, is_bold="*" in line[:begin] or "`" in line[:begin])
        if found is not None and found.separator not in {"", ":", "="}:
            unknown = _UNKNOWN.match(line, begin)
            between = line[found.end : unknown.end()] if unknown else ""
            if unknown and found.separator in {"-", "–", "—"} and _LETTER.search(between):
                inner = self.within(line, found.end)
                if not inner or inner[0].begin > unknown.end():
                    return Label("", begin, unknown.end(), "", is_sure=True, separator=":")
        if found is not None:
            return found
        unknown = _UNKNOWN.match(line, begin)
        if unknown and len(unknown["name"].split()) <= _MOST_WORDS:
            inner = self.within(line, begin)
            if not inner or inner[0].begin > begin + len(unknown["name"]):
                return Label("", begin, unknown.end(), "", is_sure=True, separator=":")
            first = inner[0]
            if first.begin - begin < len(unknown["name"]) and not line[begin : first.begin].strip():
                return first
        return None

    def _known(self, line: str, begin: int, *, is_bold: bool) -> Label | None:
        ends: list[int] = []
        position = begin
        while len(ends) < self._longest and (word := _WORD.match(line, position)):
            if not ends and key(word[0]) not in self._first and not self._begins(word[0]):
                return None
            ends.append(word.end())
            between = _BETWEEN.match(line, word.end())
            position = between.end() if between else word.end()
        for end in reversed(ends):
            name = self._by_key.get(key(line[begin:end]))
            if name is not None:
                label = self._completed(name, line, begin, end, is_bold=is_bold)
                if label is not None:
                    return label
        return None

    def _begins(self, word: str) -> bool:
        parts = key(word).split()
        return bool(parts) and parts[0] in self._first

    def _completed(
        self, name: str, line: str, begin: int, end: int, *, is_bold: bool
    ) -> Label | None:
        after = _AFTER.match(line, end)
        assert after is not None
        separator = after["separator"] or ("\t" if "\t" in after["marks"] else "")
        remark = after["remark"].strip(" ()[]{}*_~`") or (after["number"] or "").lstrip("#x")
        if separator:
            return Label(name, begin, after.end(), remark, is_sure=True, separator=separator)
        rest = line[after.end() :]
        is_closed = is_bold and any(mark in after["marks"] for mark in "*`")
        if not rest.strip() or rest.lstrip().startswith(("<@", "<#", "<!date")) or is_closed:
            return Label(name, begin, after.end(), remark, is_sure=True, separator="")
        if self._fits(name, line[begin:end], rest):
            is_sure = self._types.get(name) in {"date", "count"}
            return Label(name, begin, after.end(), remark, is_sure=is_sure, separator="")
        return None

    def _fits(self, name: str, label: str, rest: str) -> bool:
        """Whether what follows a label without a colon is what its field holds."""
        kind = self._types.get(name)
        words = rest.split()
        if kind == "date":
            begins = _DATE_BEGINS.match(rest)
            word = begins["word"] if begins else None
            is_day = word is None or any(
                word.casefold() in known for known in (MONTHS, WEEKDAYS, DAYS_AGO)
            )
            return begins is not None and is_day and len(words) <= 6
        if kind == "count" or (kind == "members" and rest.strip().isdigit()):
            only = _ONLY_A_NUMBER.match(rest)
            return only is not None and (only[1].isdigit() or only[1].casefold() in NUMBERS)
        if kind in {"members", "channel"} and label.strip("*_~`").isupper():
            named = [word for word in words if _NAMES.match(word)]
            return 0 < len(named) <= 12 and all(not word[0].islower() for word in named)
        return False

    def within(self, line: str, begin: int) -> list[Label]:
        """The labels further on in a line, in order."""
        found: list[Label] = []
        for sign in _COLON.finditer(line, begin):
            last = found[-1].end if found else begin
            if sign.start() < last:
                continue
            label = self._before(line, last, sign.start())
            if label is not None:
                found.append(label)
        return found

    def _before(self, line: str, begin: int, sign: int) -> Label | None:
        """The label that ends where a colon, or a tag, stands."""
        words = list(_WORDS_BEFORE.finditer(line, max(begin, sign - 60), sign))
        for word in words[-self._longest - 1 :]:
            start = word.start()
            if start > begin and line[start - 1] not in " \t*_~`|,;/.([•·)>-–—":
                continue
            decor = DECOR.match(line, start, word.end())
            start = decor.end() if decor else start
            name_begin = start
            label = self._known(line, name_begin, is_bold=line[start - 1 : start] in {"*", "`"})
            if label is None or not label.is_sure or label.end < sign:
                continue
            if not label.separator and line[label.end :].lstrip()[:1] != "<":
                continue
            if _QUALIFIED.search(line, begin, start):
                return None
            decorated = _DECOR_BEFORE.search(line, max(begin, start - _LONGEST_DECOR), start)
            return label._replace(begin=decorated.start()) if decorated else label
        return None
