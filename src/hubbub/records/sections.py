"""Cuts a record's lines into sections: each label with what stands behind and below it."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from hubbub.records.labels import Label, Labels
from hubbub.records.people import looks_like_people
from hubbub.records.writing import trimmed


class Section(Struct):
    """A label's text; the line of the label first, even if nothing stands behind it."""

    field: str
    """Empty for labels that the template does not know, and for text without a label."""
    remark: str = ""
    is_sure: bool = True
    is_told: bool = False
    """Whether it stands below free text, where other things are told too."""
    lines: list[str] = []
    heading: str = ""
    """The label as it is written, for free text."""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines).strip()

    @property
    def first_line(self) -> str:
        """Its first line that says something."""
        return next((line for line in self.lines if trimmed(line)), "")

    def people_lines(self) -> tuple[int, int]:
        """How many of its lines list people, and how many at least: plain names in lines below a
        plain name may be something else."""
        is_inline = bool(trimmed(self.lines[0]))
        has_people, gap, end, sure = is_inline, False, 1, 1
        is_double_spaced = not is_inline and len(self.lines) > 1 and not trimmed(self.lines[1])
        for number, line in enumerate(self.lines[1:], 1):
            plain = line.strip()
            if not trimmed(plain):
                gap = gap or has_people
                continue
            if not looks_like_people(plain):
                break
            if (
                not has_people
                or "<@" in plain
                or _is_listed(plain)
                or is_double_spaced
                or (not gap and (not is_inline or _is_open(self.lines[:number])))
            ):
                sure = number + 1
            elif gap or self.lines[number - 1].rstrip().endswith(">"):
                break
            has_people, end = True, number + 1
        return end, sure


def _is_listed(line: str) -> bool:
    return line[0] in "-–—*•●▪◦‣·+" or line[0].isdigit()


def _is_open(lines: Sequence[str]) -> bool:
    """Whether a list goes on, since its last line ends with a comma or the like, or there are
    plain names below each other already."""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last.endswith((",", "&", "&amp;", "/", "+", ";")) or last.split()[-1:] == ["and"]


def cut(
    lines: Sequence[str], labels: Labels, rest_fields: Collection[str]
) -> tuple[list[str], list[Section]]:
    """The unlabelled lines above the first label, the first of them the line of the opening, and
    the sections."""
    above: list[str] = []
    sections: list[Section] = []
    is_told = False
    for number, line in enumerate(lines):
        first = None if number == 0 else labels.at_start(line)
        if first is None:
            inner = labels.within(line, 0) if number == 0 else []
            inner = [
                each for each in inner if each.separator == ":" or each.field not in rest_fields
            ]
            before = line[: inner[0].begin] if inner else line
            if sections and not (inner and number == 0):
                sections[-1].lines.append(before)
            else:
                above.append(before)
            found = inner
        else:
            inner = labels.within(line, first.end)
            if not first.field:
                inner = [each for each in inner if _is_strong(line, each)]
            found = [first, *inner]
        for number_of, label in enumerate(found):
            end = found[number_of + 1].begin if number_of + 1 < len(found) else len(line)
            is_told = is_told or not label.field or label.field in rest_fields
            sections.append(_section(label, line, end, is_told=is_told, is_first=label is first))
    return above, sections


def _is_strong(line: str, label: Label) -> bool:
    """Whether a label in a line of free text is meant as one: a tag stands behind it."""
    return line[label.end :].lstrip(" *_~`").startswith(("<@", "<#"))


def _section(label: Label, line: str, end: int, *, is_told: bool, is_first: bool) -> Section:
    return Section(
        label.field,
        label.remark,
        label.is_sure and (is_first or not is_told),
        is_told,
        [line[label.end : end]],
        line[label.begin : label.end].strip(),
    )
