"""A report file: who gets a message, about which time, with which rows, charts and words.

    title = "Your month"
    doc = "Each member who wrote gets their year so far as a picture."

    [audience]
    each = "member"                     or: to = "general", or: list = "people.csv"
    metric = "member_months"            only those with rows here
    column = "user_id"

    [period]
    of = "month"                        day, week, month, round, open round or once

    [parameters]
    since = "year"                      of all metrics below

    [data.posts]                        a name for the message
    metric = "member_months"
    by = "user_id"                      only the recipient's rows

    [[charts]]
    chart = "member_months"
    by = "user_id"
    title = "{{ recipient.name }}: messages by month"

    [message]
    file = "monthly-member-chart"

    [schedule]
    cron = "0 9 1 * *"

Every error names the file and the line. See docs/reports.md.
"""

import re
from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, get_args

from msgspec import Struct

from hubbub.content import ContentFile, find
from hubbub.errors import BadContent, UsageError

Each = Literal["member", "channel", "leader"]
Of = Literal["day", "week", "month", "round", "open round", "once"]

KEYS = {
    "": {
        "title": "what it is called",
        "doc": "who gets what, in a sentence",
    },
    "audience": {
        "to": "one channel, by name or id",
        "each": "a letter for each of: " + ", ".join(get_args(Each)),
        "list": "a letter for each line of a CSV file beside the report, with the columns `member` "
        "or `channel`, and others for the message; `--list FILE` names another",
        "metric": "with `each`: only those who have rows in this metric",
        "column": "with `metric`: the column that names them, by id",
    },
    "period": {
        "of": "what it is about: the last whole " + ", ".join(get_args(Of)[:-1]) + "; or once"
    },
    "parameters": {},
    "data": {
        "metric": "whose rows the message gets",
        "by": "a column with ids: only the rows of the recipient; all rows without it",
        "parameters": "values of this metric's parameters",
    },
    "charts": {
        "chart": "the Vega-Lite file, drawn with the rows of its metric",
        "by": "a column with ids: only the rows of the recipient; all rows without it",
        "title": "what stands above it, in place of the chart's own; Jinja, as in the message",
        "alt": "what it shows, for those who cannot see it; Jinja too",
        "parameters": "values of its metric's parameters",
    },
    "message": {"file": "NAME of the files `messages/NAME.<language>.j2`"},
    "schedule": {"cron": "when it should go out, as a suggestion: hubbub.toml decides"},
}
"""What may stand in each part of a report, and what it means."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CHARTS = re.compile(r"\s*\[\[\s*charts\s*\]\]")
_OF_EACH = frozenset({"metric", "column"})

Wrong = Callable[[str, str, str], BadContent]
"""Makes the error about a key, a reason and a fix."""


class Part(Struct, frozen=True):
    """A table of a report's file."""

    file: ContentFile
    line: int
    """Where it begins."""

    def wrong(self, key: str, reason: str, fix: str) -> BadContent:
        """The error to raise about a key of it, or about the whole table if the key is empty."""
        line = self.file.line_in_table(self.line, key) if key else self.line
        return self.file.wrong(max(line, 1), reason, fix)


class Audience(Struct, frozen=True):
    """Who gets letters: one channel, each of some, or those of a list."""

    part: Part
    to: str = ""
    each: Each | None = None
    list: str = ""
    metric: str = ""
    column: str = ""

    @property
    def is_of_members(self) -> bool:
        """Whether each letter is for one member."""
        return self.each in {"member", "leader"}

    def in_words(self) -> str:
        """Who gets letters, for people."""
        if self.to:
            return f"#{self.to}"
        if self.list:
            return f"those in {self.list}"
        with_rows = f" in {self.metric}" if self.metric else ""
        return f"each {self.each}{with_rows}"


class Rows(Struct, frozen=True):
    """Rows of a metric that a report uses, for its message or for a chart."""

    part: Part
    name: str
    """The name of the data in the message; of a chart, its file's."""
    metric: str
    by: str
    parameters: dict[str, str]


class Picture(Struct, frozen=True):
    """A chart of a report; its rows' metric is the chart's."""

    part: Part
    chart: str
    by: str
    title: str
    alt: str
    parameters: dict[str, str]


class Report(Struct, frozen=True):
    """A report, as its file says."""

    file: ContentFile
    title: str
    doc: str
    audience: Audience
    of: Of
    parameters: dict[str, str]
    data: tuple[Rows, ...]
    charts: tuple[Picture, ...]
    message: str
    message_part: Part
    cron: str

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.name


class Reports:
    """The reports that a workspace has: those of the packs, and its own."""

    def __init__(self, own_pack: Path) -> None:
        self._own_pack = own_pack

    @cached_property
    def files(self) -> dict[str, ContentFile]:
        """The report files, by name."""
        return find("reports", [".toml"], self._own_pack)

    def report(self, name: str) -> Report:
        """A report. Raises `UsageError` if there is none of that name, `BadContent` if it is
        bad."""
        if name not in self.files:
            near = get_close_matches(name, self.files, 1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"There is no report {name!r}.", f"{hint}See: hubbub list reports")
        return parse(self.files[name])

    def reports(self) -> list[Report]:
        """All reports, in order of their names."""
        return [parse(file) for file in self.files.values()]


def parse(file: ContentFile) -> Report:
    """Read a report's file. Raises `BadContent`."""
    if not _NAME.fullmatch(file.name):
        fix = "Name the file with small letters, digits and -: weekly-summary.toml"
        raise file.wrong(1, f"{file.name!r} is no name for a report", fix)
    written = file.toml()
    for key in written:
        if key not in KEYS and key not in KEYS[""]:
            known = ", ".join([*KEYS[""], *(f"[{name}]" for name in KEYS if name)])
            line = file.line_of(key if not isinstance(written[key], dict | list) else f"[{key}")
            raise file.wrong(line, f"unknown key {key!r}", f"Known keys: {known}.")
    top = Part(file, 0)
    period = _table(file, written, "period")
    message = _table(file, written, "message")
    return Report(
        file,
        _text(top, written, "title"),
        _text(top, written, "doc"),
        _audience(file, written),
        _of(period),
        _parameters(*_table(file, written, "parameters", is_needed=False)),
        _data(file, written),
        _pictures(file, written),
        _text(*message, "file"),
        message[0],
        _text(*_table(file, written, "schedule", is_needed=False), "cron", is_needed=False),
    )


def check_known(part: Part, key: str, name: str, known: Collection[str]) -> None:
    """Raise `BadContent` if a metric or chart that a part names is none of these."""
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise part.wrong(key, f"there is no {key} {name!r}", f"{hint}See: hubbub list {key}s")


def check_column(part: Part, key: str, name: str, metric: str, columns: Collection[str]) -> None:
    """Raise `BadContent` if a part names a column that a metric does not have."""
    if name and name not in columns:
        raise part.wrong(
            key,
            f"{name!r} is no column of the metric {metric}",
            f"It has: {', '.join(columns)}.",
        )


def _audience(file: ContentFile, written: dict[str, Any]) -> Audience:
    part, table = _table(file, written, "audience")
    chosen = [key for key in ("to", "each", "list") if key in table]
    if len(chosen) != 1:
        said = " and ".join(chosen) or "nobody"
        fix = 'Write one of: to = "general", each = "member", list = "people.csv".'
        raise part.wrong(chosen[-1] if chosen else "", f"the audience is {said}", fix)
    each = _text(part, table, "each", is_needed=False)
    if each and each not in get_args(Each):
        fix = f"Take one of: {', '.join(get_args(Each))}."
        raise part.wrong("each", f"each is {each!r}", fix)
    given = _OF_EACH & set(table)
    if given and not each:
        key = min(given)
        raise part.wrong(key, f"{key} without each", f"Remove {key}.")
    if len(given) == 1 or (each == "leader" and not given):
        fix = 'Write metric = "…" and column = "…", which holds their ids.'
        raise part.wrong("each", f"each {each} needs a metric and a column", fix)
    return Audience(
        part,
        _text(part, table, "to", is_needed=False).removeprefix("#"),
        cast("Each | None", each or None),
        _text(part, table, "list", is_needed=False),
        _text(part, table, "metric", is_needed=False),
        _text(part, table, "column", is_needed=False),
    )


def _of(period: tuple[Part, dict[str, Any]]) -> Of:
    part, table = period
    of = _text(part, table, "of")
    if of not in get_args(Of):
        fix = f"Take one of: {', '.join(get_args(Of))}."
        raise part.wrong("of", f"the period is {of!r}", fix)
    return cast("Of", of)


def _data(file: ContentFile, written: dict[str, Any]) -> tuple[Rows, ...]:
    tables = written.get("data", {})
    if not isinstance(tables, dict):
        raise file.wrong(file.line_of("data"), "data is no table", "Write [data.NAME].")
    found: list[Rows] = []
    for name, table in cast("dict[str, Any]", tables).items():
        part = Part(file, file.line_of(f"[data.{name}]"))
        if not _COLUMN.fullmatch(name) or not isinstance(table, dict):
            fix = "Write [data.NAME] with small letters, digits and _."
            raise part.wrong("", f"{name!r} is no name for data", fix)
        said = cast("dict[str, Any]", table)
        _check_keys(part, "data", said)
        found.append(
            Rows(
                part,
                name,
                _text(part, said, "metric"),
                _text(part, said, "by", is_needed=False),
                _given(part, said),
            )
        )
    return tuple(found)


def _pictures(file: ContentFile, written: dict[str, Any]) -> tuple[Picture, ...]:
    tables = written.get("charts", [])
    if not isinstance(tables, list):
        raise file.wrong(file.line_of("[charts"), "charts is no list", "Write [[charts]].")
    numbered = enumerate(file.text.splitlines(), 1)
    lines = [number for number, line in numbered if _CHARTS.match(line)]
    found: list[Picture] = []
    for index, table in enumerate(cast("list[Any]", tables)):
        part = Part(file, lines[index] if index < len(lines) else 1)
        if not isinstance(table, dict):
            raise part.wrong("", "a chart is no table", "Write [[charts]].")
        said = cast("dict[str, Any]", table)
        _check_keys(part, "charts", said)
        chart, by, title, alt = (
            _text(part, said, key, is_needed=key == "chart")
            for key in ("chart", "by", "title", "alt")
        )
        found.append(Picture(part, chart, by, title, alt, _given(part, said)))
    return tuple(found)


def _table(
    file: ContentFile, written: dict[str, Any], key: str, *, is_needed: bool = True
) -> tuple[Part, dict[str, Any]]:
    """A table of the file, and where it begins."""
    table = written.get(key)
    part = Part(file, file.line_of(f"[{key}]"))
    if table is None and is_needed:
        raise file.wrong(1, f"no {key}", f"Write [{key}].")
    if table is not None and not isinstance(table, dict):
        raise file.wrong(file.line_of(key), f"{key} is no table", f"Write [{key}].")
    said = cast("dict[str, Any]", table or {})
    if key != "parameters":
        _check_keys(part, key, said)
    return part, said


def _check_keys(part: Part, kind: str, table: dict[str, Any]) -> None:
    for key in table:
        if key not in KEYS[kind]:
            known = ", ".join(KEYS[kind])
            raise part.wrong(key, f"unknown key {key!r} in {kind}", f"Known keys: {known}.")


def _text(part: Part, table: dict[str, Any], key: str, *, is_needed: bool = True) -> str:
    value = table.get(key)
    if value is None and not is_needed:
        return ""
    if not isinstance(value, str) or not value.strip():
        reason = f"no {key}" if value is None else f"{key} is no text"
        raise part.wrong(key, reason, f'Write {key} = "…".')
    return value


def _given(part: Part, table: dict[str, Any]) -> dict[str, str]:
    parameters = table.get("parameters", {})
    if not isinstance(parameters, dict):
        raise part.wrong("parameters", "parameters is no table", 'Write { since = "year" }.')
    return _parameters(part, cast("dict[str, Any]", parameters))


def _parameters(part: Part, table: dict[str, Any]) -> dict[str, str]:
    for name, value in table.items():
        if isinstance(value, dict | list):
            raise part.wrong(name, f"{name} is no single value", f'Write {name} = "…".')
    return {name: str(value) for name, value in table.items()}
