"""Finds where records begin in a post, and tells them from talk about records."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from hubbub.records.template import Template
from hubbub.records.writing import DECOR


class Part(NamedTuple):
    """Lines of a post that may be a record."""

    title: str
    """What stands behind the opening in its line."""
    before: str
    """What stands before it."""
    lines: tuple[str, ...]
    """The lines below."""
    is_sure: bool
    """Whether its line begins with the opening, or none is needed."""
    opened: str = ""
    """The whole line of the opening; empty where there is none."""


_PLACEHOLDER = re.compile(
    r"\b(?:mm?|dd?)\s?[-/.]\s?(?:mm?|dd?)(?:\s?[-/.]\s?y{2,4})?\b|\by{4}-mm-dd\b", re.IGNORECASE
)
_TOKEN = re.compile(r"<[^<>]*>")
_CLAUSE_ENDS = re.compile(r"[!:|\n(]|\s[-–—]\s")
_MOST_WORDS_AROUND = 14


def parts(lines: Sequence[str], template: Template, *, is_open: bool) -> list[Part]:
    """The parts of a post that may each be a record, in order; where no opening is needed, the
    whole of it if it has none."""
    if _PLACEHOLDER.search("\n".join(lines)):
        return []
    marks = [_mark(line, template) for line in lines]
    plain = [_without_tokens(line) for line in lines]
    begins = [number for number, mark in enumerate(marks) if mark is not None]
    opened = next((number for number in begins if isinstance(marks[number], Part)), None)
    if _is_instruction_above(plain[:opened] if begins else plain, template):
        return []
    if not begins:
        return [Part(lines[0], "", tuple(lines[1:]), is_sure=True)] if is_open else []
    found: list[Part] = []
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        mark = marks[begin]
        if isinstance(mark, Part):
            sure = mark.is_sure or is_open
            found.append(mark._replace(lines=tuple(lines[begin + 1 : end]), is_sure=sure))
    return found


def _without_tokens(line: str) -> str:
    """A line with blanks in place of links and tags, whose words are not the author's."""
    return _TOKEN.sub(lambda token: " " * len(token[0]), line) if "<" in line else line


def _mark(written: str, template: Template) -> Part | bool | None:
    """Whether a line opens a record (what stands around the opening), something else (false), or
    nothing."""
    line = _without_tokens(written)
    other = template.other_opening.search(line) if template.other_opening else None
    decor = DECOR.match(line)
    begin = decor.end() if decor else 0
    if other is not None and other.start() <= begin + 1:
        return False
    opening = template.opening.search(line) if template.opening else None
    if opening is None or (other is not None and other.start() < opening.start()):
        return None
    before, after = line[: opening.start()], line[opening.end() :]
    is_head = opening.start() <= begin
    if not is_head and len(before.split()) > _MOST_WORDS_AROUND // 2:
        return None
    if _is_talk(before, after, template):
        return False
    return Part(written[opening.end() :], written[: opening.start()], (), is_head, written)


def _is_talk(before: str, after: str, template: Template) -> bool:
    clause = _CLAUSE_ENDS.split(after.lstrip("*_~` "), maxsplit=1)[0]
    is_talk = after.lstrip("*_~` ")[:1] == "?" or any(
        pattern is not None and (pattern.search(before) or pattern.search(clause))
        for pattern in (template.talking, template.instructing)
    )
    return is_talk or bool(template.talking_before and template.talking_before.search(before))


def _is_instruction_above(lines: Sequence[str], template: Template) -> bool:
    return template.instructing is not None and any(map(template.instructing.search, lines))
