"""Reads a part of a post into a record, field by field."""

import re
from collections.abc import Callable, Mapping, Sequence

from hubbub.records.agreement import Draft, settle_counts
from hubbub.records.counts import read_count
from hubbub.records.dates import Reach, find_date, read_date
from hubbub.records.doubts import confidence
from hubbub.records.people import People, read_people, says_nobody, union
from hubbub.records.reading import Post, Reading, Record, Value
from hubbub.records.recognition import Part
from hubbub.records.sections import Section, cut
from hubbub.records.template import Field, Template
from hubbub.records.texts import (
    Told,
    find_choice,
    read_channel,
    read_choice,
    read_line,
    read_link,
    read_list,
    read_text,
)
from hubbub.records.writing import EMOJI, key

_PUNCTUATION = "!?:.-–—|,;=# "


def read_part(
    template: Template, post: Post, part: Part, reach: Reach, place: int
) -> Record | None:
    """The record that a part of a post is; None if it is none."""
    return _Reader(template, post, part, reach).record(place)


class _Reader:
    """Reads one part of one post by one template."""

    def __init__(self, template: Template, post: Post, part: Part, reach: Reach) -> None:
        self._template = template
        self._post = post
        self._part = part
        self._reach = reach
        rest = {each.name for each in template.fields.values() if each.origin == "rest"}
        self._above, self._sections = cut([part.title, *part.lines], template.labels, rest)
        self._left: dict[int, list[str]] = {}
        """Lines of a section that its field has not taken, by the section's place."""
        self._roles: list[tuple[Value, str]] = []
        self._title_line = 0
        """Which of the lines above the labels is the title."""

    def record(self, place: int) -> Record | None:
        drafts = {name: self._draft(each) for name, each in self._template.fields.items()}
        self._give_roles(drafts)
        if not self._is_evident(drafts):
            return None
        settle_counts(self._template.fields, drafts)
        readings = [
            self._reading(each, drafts[each.name]) for each in self._template.fields.values()
        ]
        kept = tuple(each for each in readings if each.values or each.doubt)
        return Record(self._template.name, place, kept, self._status(kept))

    def _is_evident(self, drafts: Mapping[str, Draft]) -> bool:
        """Whether enough is said for a record, and not only talked about one."""
        said = [
            name
            for name, draft in drafts.items()
            if draft.is_said and (draft.values or draft.stated is not None)
        ]
        if self._template.any_of and not set(said) & set(self._template.any_of):
            return False
        needed = self._template.needs + (not self._part.is_sure)
        if len(said) >= needed:
            return True
        people = [value for name in said for value in drafts[name].values if value.member_id]
        return self._part.is_sure and bool(said) and len(people) > 1

    def _status(self, readings: Sequence[Reading]) -> str:
        there = {each.field for each in readings if each.values or each.doubt == "unnamed"}
        if any(each.required and each.name not in there for each in self._template.fields.values()):
            return "refused"
        return "doubtful" if any(each.doubt for each in readings) else "good"

    # What each field says

    def _draft(self, field: Field) -> Draft:
        sections = self._sections_of(field)
        if field.type == "members" and sections:
            return self._members(field, sections)
        if field.origin == "rest" or not sections:
            return self._without_label(field)
        drafts = [(section, self._single(field, section)) for section in sections]
        section, first = next((each for each in drafts if each[1].values), drafts[0])
        if first.values and first.doubt is None:
            alike = [draft for _, draft in drafts if draft.values]
            if not section.is_sure:
                first.doubt = "loose_label"
            elif any(draft.values != first.values for draft in alike):
                first.doubt = "said_twice"
        return first

    def _sections_of(self, field: Field) -> list[Section]:
        """The sections of a field that count: the surest that say something."""
        own = [each for each in self._sections if each.field == field.name]
        said = [each for each in own if each.text or each.remark]
        header = [each for each in said if each.is_sure and not each.is_told]
        return header or [each for each in said if each.is_sure] or said

    def _single(self, field: Field, section: Section) -> Draft:
        if field.multi_line or field.type == "list":
            text = section.text
        else:
            text = section.first_line
            taken = section.lines.index(text) + 1 if text else len(section.lines)
            self._left[id(section)] = section.lines[taken:]
        draft = Draft(source=text.strip(), is_said=True)
        if field.type == "date":
            dated = read_date(text, self._reach)
            draft.values = (Value("date", day=dated.day),) if dated.day else ()
            draft.doubt = dated.doubt
        elif field.type == "count":
            self._count(field, draft, text or section.remark)
        else:
            draft.values, draft.doubt = self._read_told(field, text)
        return draft

    def _read_told(self, field: Field, text: str) -> Told:
        if field.type == "choice":
            return read_choice(text, field.choices)
        if field.type == "channel" and says_nobody(text):
            return Told()
        readers: dict[str, Callable[[str], Told]] = {
            "channel": read_channel,
            "link": read_link,
            "list": read_list,
            "text": read_text,
        }
        return readers[field.type](text)

    def _count(self, field: Field, draft: Draft, text: str) -> None:
        counted = read_count(text)
        draft.doubt, draft.numbers = counted.doubt, counted.others
        if counted.number is not None:
            draft.values = (Value("count", number=counted.number),)
            least, most = field.range or (0, counted.number)
            if not least <= counted.number <= most:
                draft.doubt = "out_of_range"

    def _members(self, field: Field, sections: Sequence[Section]) -> Draft:
        draft = Draft(is_said=True)
        headings: set[str] = set()
        for section in sections:
            text, people = self._people(field, section)
            both = tuple(union([draft.values, people.values]))
            doubt = people.doubt
            if people.values and not section.is_sure:
                doubt = doubt or "loose_label"
            elif key(section.heading) in headings and both != draft.values:
                doubt = doubt or "said_twice"
            elif people.stated and not text:
                doubt = doubt or "unnamed"
            draft.others = (
                *(tuple(union([other, people.values])) for other in draft.others),
                *(tuple(union([draft.values, other])) for other in people.others),
            )
            if people.stated is not None:
                draft.stated = (draft.stated or 0) + people.stated
            draft.values, draft.unnamed = both, draft.unnamed + people.unnamed
            draft.doubt = draft.doubt or doubt
            draft.source = f"{draft.source}\n{text}".strip()
            headings.add(key(section.heading))
            self._roles += people.roles
        return draft

    def _people(self, field: Field, section: Section) -> tuple[str, People]:
        """The people of a section, and the text that names them."""
        author, (end, sure) = self._post.author_id, section.people_lines()
        self._left[id(section)] = section.lines[end:]
        text = "\n".join(section.lines[:end]).strip()
        people = read_people(text, author, are_newcomers=field.remarks)
        if sure < end:  # names, or at some line the next thing that is told
            cuts = range(sure, min(end, sure + _MOST_CUTS))
            texts = ("\n".join(section.lines[:cut]).strip() for cut in cuts)
            fewer = (read_people(each, author, are_newcomers=field.remarks) for each in texts)
            others = (*people.others, *(each.values for each in fewer))
            people = people._replace(doubt=people.doubt or "unclear_name", others=others)
        stated = _REMARK_NUMBER.match(section.remark)
        if people.stated is None and stated:
            people = people._replace(stated=int(stated[1]))
        return text, people

    def _give_roles(self, drafts: dict[str, Draft]) -> None:
        """Take people who are marked in a list, such as `Otter (Q)`, into the field of the mark, if
        nobody stands there."""
        empty = {name for name, draft in drafts.items() if not draft.source}
        for value, role in self._roles:
            name = self._template.labels.field_of(role)
            if name in empty and self._template.fields[name].type == "members":
                draft = drafts[name]
                draft.values, draft.is_said = tuple(union([draft.values, [value]])), True

    # What stands without a label

    def _without_label(self, field: Field) -> Draft:
        if field.origin == "opening":
            return self._title()
        if field.origin == "rest":
            plain = self._rest(field)
            return Draft((Value("text", text=plain),) if plain else (), plain)
        if field.origin == "anywhere":
            text = "\n".join([self._part.opened or self._part.title, *self._part.lines])
            is_choice = field.type == "choice"
            found = find_choice(text, _by_themselves(field)) if is_choice else read_link(text)
            is_there = bool(found.values)
            return Draft(found.values, "", found.doubt if is_there else None, is_said=is_there)
        if field.type == "channel":
            return self._unlabelled_channel()
        if field.type == "date":
            for line in (self._part.title, self._part.before, *self._above[1:3]):
                if dated := find_date(line, self._reach):
                    return Draft((Value("date", day=dated.day),), line.strip(), dated.doubt)
        return Draft()

    def _unlabelled_channel(self) -> Draft:
        """A channel that is tagged above the labels."""
        lines = [self._part.before, *self._above]
        tagged = [line for line in lines if "<#" in line]
        found = read_channel(" ".join(tagged)) if tagged else Told()
        return Draft(found.values, " ".join(tagged).strip(), found.doubt)

    def _title(self) -> Draft:
        lines = [self._above[0], self._part.before, *self._above[1:4]]
        titles = [_titled(line) for line in lines]
        number = next((number for number, title in enumerate(titles) if title), None)
        if number is None:
            return Draft()
        self._title_line = max(0, number - 1)
        return Draft((Value("text", text=titles[number]),), lines[number].strip())

    def _rest(self, field: Field) -> str:
        """All that no other field has taken."""
        told = [line for n, line in enumerate(self._above[1:], 1) if n != self._title_line]
        for section in self._sections:
            if section.field in {"", field.name}:
                told += [f"{section.heading}{section.lines[0]}", *section.lines[1:]]
            else:
                told += self._left.get(id(section), [])
        return "\n".join(told).strip()

    # What a field says in the end

    def _reading(self, field: Field, draft: Draft) -> Reading:
        if draft.values or draft.doubt:
            sure = confidence(draft.doubt, is_written=bool(draft.source))
            return Reading(field.name, draft.values, draft.source, sure, draft.doubt)
        if field.default is not None and (value := self._given(field, str(field.default))):
            return Reading(field.name, (value,), draft.source, confidence(None, is_written=False))
        if field.assume is not None and (value := self._given(field, field.assume)):
            doubt = "assumed"
            return Reading(field.name, (value,), draft.source, confidence(doubt), doubt)
        if field.required:
            return Reading(field.name, (), draft.source, 0, "missing")
        return Reading(field.name, (), draft.source, 0)

    def _given(self, field: Field, given: str) -> Value | None:
        """What stands for a field of which a post says nothing."""
        if field.type == "date":
            return Value("date", day=self._reach.posted)
        if field.type == "channel":
            return Value("channel", channel_id=self._post.channel_id)
        if field.type == "members":
            author = self._post.author_id
            return Value("member", member_id=author) if author else None
        if field.type == "count":
            return Value("count", number=int(given))
        return Value("choice" if field.type == "choice" else "text", text=given)


def _titled(line: str) -> str:
    """A title without emoji and punctuation around it."""
    line = line[:_LONGEST_TITLE].strip()
    end = _EMOJI_AT_END.search(line, max(0, len(line) - 60))
    return read_line(line[: end.start()] if end else line).strip(_PUNCTUATION)


_LONGEST_TITLE = 300
_MOST_CUTS = 8
_REMARK_NUMBER = re.compile(r"[x#]?\s*(\d{1,3})(?!\d|\s*[+/])")
_EMOJI_AT_END = re.compile(rf"(?:\s|{EMOJI})+$")


def _by_themselves(field: Field) -> dict[str, tuple[str, ...]]:
    """The words for choices that say enough without a label. Where some have the label in them, as
    "using a pass" has, the others, such as "yes", mean something behind it alone."""
    labels = [key(each) for each in field.labels]
    telling = {
        name: tuple(word for word in words if any(each in key(word) for each in labels))
        for name, words in field.choices.items()
    }
    return telling if any(telling.values()) else dict(field.choices)
