"""Reads record templates: TOML files in the folders `records` of packs. See docs/records.md.

Every error names the file and the line, and says what to write instead.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast, get_args

from hubbub.content import ContentFile, find
from hubbub.errors import BadContent
from hubbub.records.template import Field, Message, Template, Type
from hubbub.records.writing import key as label_key

KEYS = {
    "title": "what a record is called",
    "doc": "a sentence about it",
    "openings": "words that a post begins with; without them, `without_opening` says where posts "
    "are read",
    "other_openings": "words that other kinds of posts begin with: what stands below is not read",
    "talk": "words beside an opening by which people talk about records: such a line opens none",
    "talk_before": "the same, but only before the opening: behind it they can be a title",
    "instructions": "words beside an opening or above it by which people are told how to write a "
    "record: what stands below is an example",
    "channels": "patterns of names, or ids, of the channels in which it is looked for (all)",
    "without_opening": "patterns of the channels in which a post needs no opening",
    "authors": "who writes it: people, apps, or ids of members (everybody)",
    "needs": "how many fields a post must fill to be a record, and not talk about one (2); 0 where "
    "the opening says it all",
    "any_of": "fields of which one at least must be there",
    "day_order": "month first or day first, where 11/12 could be both (as in the time zone)",
    "reader": "text, or poll for polls that apps post as Block Kit (text)",
    "table": "views of its records are named by it: this one, and one for each field of several",
    "example": "a post as it should be written: shown to authors whose post could not be read",
    "author": "messages to the author: imported, updated, wrong",
    "fields": "the fields: a table [fields.NAME] each",
}
"""What may stand in a template, and what it means."""

FIELD_KEYS = {
    "type": "one of: " + ", ".join(get_args(Type)),
    "labels": "what stands before it, in any language; case, marks and blanks do not matter",
    "from": "opening: also the rest of the opening's line; rest: all that no other field takes; "
    "anywhere: also without a label (link, choice)",
    "required": "whether a record without it is refused",
    "multi_line": "text: whether it goes on to the next label",
    "remarks": "members: whether more stands beside each name, such as a full name",
    "default": "what it is where the post says nothing",
    "assume": "the same, but the author is asked",
    "range": "count: the least and the most; date: days from the post, such as [-30, 2]",
    "counts": "count: the fields of members whose people it is the number of",
    "may_count": "count: fields of members who may be in the number or not",
    "includes": "members: fields whose people belong here too",
    "rest_to": "members: only the first is meant, further ones belong to that field",
    "choices": "choice: what can be chosen, each with a list of words for it",
}
"""What may stand in a field, and what it means."""

MESSAGES = ("imported", "updated", "wrong")
_ORIGINS = ("opening", "rest", "anywhere")
_DEFAULTS: dict[str, str] = {"date": "posted", "channel": "here", "members": "author"}
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "multi_line": ("text",),
    "remarks": ("members",),
    "range": ("count", "date"),
    "counts": ("count",),
    "may_count": ("count",),
    "includes": ("members",),
    "rest_to": ("members",),
    "choices": ("choice",),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_Table = dict[str, Any]


def read_templates(own_pack: Path) -> dict[str, Template]:
    """The templates of the packs and the workspace's own, by name. Raises `BadContent`."""
    return {name: _template(file) for name, file in find("records", [".toml"], own_pack).items()}


class _Place:
    """A table of a file: what is wrong there is said with its line."""

    def __init__(self, file: ContentFile, header: str = "") -> None:
        self.file = file
        self.begin = 0
        if header:
            written = re.compile(rf"\s*\[\s*{re.escape(header)}\s*\]")
            lines = file.text.splitlines()
            self.begin = next((n for n, line in enumerate(lines, 1) if written.match(line)), 0)

    def wrong(self, key: str, reason: str, fix: str) -> BadContent:
        line = self.file.line_in_table(self.begin, key)
        return self.file.wrong(max(line, 1), reason, fix)

    def check_keys(self, table: _Table, known: Iterable[str], where: str) -> None:
        names = list(known)
        for name in table:
            if name not in names:
                near = get_close_matches(name, names, 1)
                hint = f"Did you mean {near[0]}? " if near else ""
                raise self.wrong(
                    name, f"unknown key {name!r}", f"{hint}Known {where}: {', '.join(names)}."
                )

    def text(self, table: _Table, name: str, *, needed: bool = False) -> str:
        value = table.get(name, "")
        if not isinstance(value, str) or (needed and not value.strip()):
            reason = f"{name} is no text" if name in table else f"no {name}"
            raise self.wrong(name, reason, f'Write {name} = "…".')
        return value

    def texts(self, table: _Table, name: str) -> tuple[str, ...]:
        value: Any = table.get(name, [])
        if not isinstance(value, list) or not all(
            isinstance(each, str) and each.strip() for each in cast("list[Any]", value)
        ):
            raise self.wrong(name, f"{name} is no list of texts", f'Write {name} = ["…"].')
        return tuple(cast("list[str]", value))

    def flag(self, table: _Table, name: str) -> bool:
        value = table.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, f"{name} is {value!r}", f"Write {name} = true, or leave it out.")
        return value

    def choice(self, table: _Table, name: str, known: Iterable[str]) -> str:
        value, names = self.text(table, name), list(known)
        if name in table and value not in names:
            near = get_close_matches(value, names, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise self.wrong(
                name, f"unknown {name} {value!r}", f"{hint}Take one of: {', '.join(names)}."
            )
        return value


def _template(file: ContentFile) -> Template:
    written, place = file.toml(), _Place(file)
    place.check_keys(written, KEYS, "here")
    fields = _fields(file, written.get("fields"))
    order = place.choice(written, "day_order", ("month first", "day first"))
    messages = _messages(file, written.get("author", {}))
    table = place.text(written, "table")
    if table and not _NAME.fullmatch(table):
        raise place.wrong("table", f"{table!r} is no name", "Take small letters, digits and _.")
    template = Template(
        file,
        file.name,
        place.text(written, "title", needed=True),
        place.text(written, "doc", needed=True),
        fields,
        place.texts(written, "openings"),
        place.texts(written, "other_openings"),
        place.texts(written, "talk"),
        place.texts(written, "talk_before"),
        place.texts(written, "instructions"),
        place.texts(written, "channels"),
        place.texts(written, "without_opening"),
        place.texts(written, "authors"),
        _number(place, written, "needs", 2),
        place.texts(written, "any_of"),
        order == "month first" if order else None,
        place.choice(written, "reader", ("text", "poll")) or "text",
        table or None,
        place.text(written, "example"),
        messages.get("imported"),
        messages.get("updated"),
        messages.get("wrong"),
    )
    _check(place, template)
    return template


def _check(place: _Place, template: Template) -> None:
    """Raise `BadContent` for what no single key shows."""
    if template.reader == "text":
        for field in template.fields.values():
            if not (field.labels or field.origin != "label" or field.counts):
                own = _Place(template.file, f"fields.{field.name}")
                raise own.wrong("labels", "no labels", 'Write labels = ["…"].')
    if template.reader == "text" and not (template.openings or template.without_opening):
        fix = 'Write openings = ["…"], or without_opening = ["channel"].'
        raise place.wrong("title", "no post can be recognised by it", fix)
    for author in template.authors:
        if author not in {"people", "apps"} and not re.fullmatch(r"[UWB][A-Z0-9]+", author):
            fix = "Take people, apps, or ids such as U0123ABCD."
            raise place.wrong("authors", f"{author!r} is nobody", fix)
    _check_named(place, "any_of", template.any_of, template.fields)
    _check_labels(template)
    for field in template.fields.values():
        own = _Place(template.file, f"fields.{field.name}")
        members = {name: each for name, each in template.fields.items() if each.type == "members"}
        for key in ("counts", "may_count", "includes"):
            _check_named(own, key, getattr(field, key), members, " of members")
        if field.rest_to:
            _check_named(own, "rest_to", (field.rest_to,), members, " of members")


def _check_named(
    place: _Place, key: str, names: Iterable[str], known: Mapping[str, Field], what: str = ""
) -> None:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            reason = f"{key} names {name!r}, which is no field{what}"
            raise place.wrong(key, reason, f"{hint}There are: {', '.join(known) or 'none'}.")


def _check_labels(template: Template) -> None:
    taken: dict[str, tuple[str, str]] = {}
    for field in template.fields.values():
        place = _Place(template.file, f"fields.{field.name}")
        for label in field.labels:
            folded = label_key(label)
            if not folded:
                fix = "Write letters or digits."
                raise place.wrong("labels", f"the label {label!r} has no letters", fix)
            other, written = taken.get(folded, (field.name, label))
            if other != field.name:
                reason = f"the label {label!r} is a label of {other} too"
                if written != label:
                    reason += f" (there {written!r}: case, marks and blanks do not matter)"
                raise place.wrong("labels", reason, f"Remove it from {field.name} or {other}.")
            taken[folded] = (field.name, label)


def _fields(file: ContentFile, written: Any) -> dict[str, Field]:
    if not isinstance(written, dict) or not written:
        place = _Place(file)
        raise place.wrong("fields", "no fields", "Write a table for each: [fields.date].")
    return {
        name: _field(file, name, table) for name, table in cast("dict[str, Any]", written).items()
    }


def _field(file: ContentFile, name: str, table: Any) -> Field:
    place = _Place(file, f"fields.{name}")
    if not _NAME.fullmatch(name):
        fix = "Take small letters, digits and _."
        raise place.wrong("type", f"{name!r} is no name of a field", fix)
    if not isinstance(table, dict):
        raise _Place(file).wrong(name, f"{name} is no table", f"Write [fields.{name}].")
    written = cast("_Table", table)
    place.check_keys(written, FIELD_KEYS, "in a field")
    place.text(written, "type", needed=True)
    kind = cast("Type", place.choice(written, "type", get_args(Type)))
    for key, kinds in _ONLY_FOR.items():
        if key in written and kind not in kinds:
            raise place.wrong(key, f"a {kind} has no {key}", f"Remove {key}.")
    origin = place.choice(written, "from", _ORIGINS) or "label"
    if (origin == "anywhere" and kind not in {"link", "choice"}) or (
        origin in {"opening", "rest"} and kind != "text"
    ):
        fix = "opening and rest are for text, anywhere for link and choice."
        raise place.wrong("from", f"a {kind} cannot be taken from {origin}", fix)
    labels = place.texts(written, "labels")
    choices = _choices(place, written)
    if kind == "choice" and not choices:
        fix = 'Write choices = { yes = ["yes", "ja"] }.'
        raise place.wrong("type", "a choice without choices", fix)
    return Field(
        name,
        kind,
        labels,
        cast("Any", origin),
        place.flag(written, "required"),
        place.flag(written, "multi_line"),
        place.flag(written, "remarks"),
        _default(place, written, kind, choices),
        _assumed(place, written, kind, choices),
        _range(place, written),
        place.texts(written, "counts"),
        place.texts(written, "may_count"),
        place.texts(written, "includes"),
        place.text(written, "rest_to") or None,
        choices,
    )


def _choices(place: _Place, written: _Table) -> dict[str, tuple[str, ...]]:
    value = written.get("choices", {})
    if not isinstance(value, dict):
        raise place.wrong("choices", "choices is no table", 'Write { yes = ["yes", "ja"] }.')
    table = cast("_Table", value)
    for name, words in table.items():
        if not isinstance(words, list) or not all(
            isinstance(word, str) for word in cast("list[Any]", words)
        ):
            reason = f"the words for {name!r} are no list of texts"
            raise place.wrong("choices", reason, f'Write {name} = ["…"].')
    return {name: tuple(cast("list[str]", words)) for name, words in table.items()}


def _default(
    place: _Place, written: _Table, kind: str, choices: Mapping[str, Any], key: str = "default"
) -> str | int | None:
    value = written.get(key)
    if value is None:
        return None
    if kind in _DEFAULTS:
        if value != _DEFAULTS[kind]:
            fix = f'Write {key} = "{_DEFAULTS[kind]}", or leave it out.'
            raise place.wrong(key, f"{key} of a {kind} is {value!r}", fix)
    elif kind == "count":
        if type(value) is not int:
            raise place.wrong(key, f"{key} of a count is {value!r}", "Write a number.")
    elif not isinstance(value, str):
        raise place.wrong(key, f"{key} is {value!r}", f'Write {key} = "…".')
    elif kind == "choice" and value not in choices:
        raise place.wrong(
            key, f"{key} is {value!r}, which is no choice", f"Take one of: {', '.join(choices)}."
        )
    return cast("str | int", value)


def _assumed(place: _Place, written: _Table, kind: str, choices: Mapping[str, Any]) -> str | None:
    value = _default(place, written, kind, choices, "assume")
    if value is not None and "default" in written:
        raise place.wrong("assume", "both default and assume", "Keep one of them.")
    return None if value is None else str(value)


def _range(place: _Place, written: _Table) -> tuple[int, int] | None:
    value = written.get("range")
    if value is None:
        return None
    ends = cast("list[Any]", value) if isinstance(value, list) else []
    if len(ends) != 2 or not all(type(end) is int for end in ends) or ends[0] > ends[1]:
        fix = "Write two numbers, the lesser first: range = [0, 100]."
        raise place.wrong("range", f"range is {value!r}", fix)
    return ends[0], ends[1]


def _number(place: _Place, written: _Table, name: str, default: int) -> int:
    value = written.get(name, default)
    if type(value) is not int or not 0 <= value <= 20:
        raise place.wrong(name, f"{name} is {value!r}", "Write a number from 0 to 20.")
    return value


def _messages(file: ContentFile, written: Any) -> dict[str, Message]:
    place = _Place(file, "author")
    if not isinstance(written, dict):
        raise place.wrong("author", "author is no table", "Write [author].")
    table = cast("_Table", written)
    place.check_keys(table, MESSAGES, "in [author]")
    found: dict[str, Message] = {}
    for name, value in table.items():
        if isinstance(value, str) and value.strip():
            found[name] = Message(text=value)
        elif isinstance(value, dict) and [*cast("_Table", value)] == ["file"]:
            found[name] = Message(file=str(cast("_Table", value)["file"]))
        else:
            fix = f'Write {name} = "a text", or {name} = {{ file = "name of a message" }}.'
            raise place.wrong(name, f"{name} is neither a text nor a file", fix)
    return found
