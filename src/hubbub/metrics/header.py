"""A metric file: a header in TOML, inside the comment that opens it, and one SQL query.

    /*
    title = "Messages by channel"
    question = "Where is the talk?"
    members = "members"
    keys = ["channel"]
    shown = ["messages"]

    [parameters]
    since = "30 days"

    [columns]
    channel = { type = "text", doc = "its name" }
    messages = { type = "integer", doc = "messages in it", unit = "messages" }
    members = { type = "integer", doc = "members who wrote them", unit = "members" }
    */
    SELECT …

Every error names the file and the line. See docs/metrics.md.
"""

import re
import tomllib
from typing import Any, cast

from msgspec import Struct

from hubbub.content import ContentFile

TYPES = {
    "id": "a Slack id; terminals leave it out where a name stands beside it",
    "text": "text",
    "markup": "text in Slack's markup, shown with names in place of ids",
    "integer": "a whole number",
    "number": "a number",
    "flag": "yes or no",
    "instant": "an instant, UTC",
    "date": "a day of the workspace's time zone",
}

PARAMETERS = {
    "since": "begin of the window, inside it: a day, an instant, time before as-of (`30 days`), or "
    "`week`, `month`, `year` for the begin of the one that as-of lies in",
    "channel": "one channel, by name or id",
    "member": "one member, by handle, name or id",
}
"""Parameters that mean the same in every metric; a header gives only their default."""

BUILT_IN = {
    "as_of": "end of the window, inside it: now, `latest`, a day or an instant",
    "timezone": "the workspace's time zone",
}
"""Parameters that every metric has."""

SMALL_GROUPS = {
    "members": "the column that counts the members whom a row is about; or `one`: each row is "
    "about a single member; `overlapping`: rows, or a row now and a moment later, are about groups "
    "that overlap, so that their differences are about fewer; `none`: no row is about members",
    "keys": "columns that a row keeps when its members are too few: what is known without it, such "
    "as days and channels",
    "shown": "the other columns that may be shown when its members are enough; each is about all "
    "of them",
}
"""Keys of a header that say what may leave under a policy with a smallest group."""

ABOUT = ("one", "overlapping", "none")
"""What `members` can be in place of a column."""

SUPPRESSED = "suppressed"
"""The column that is added where small groups are suppressed."""

_KEYS = {"title", "question", "parameters", "columns", "note", *SMALL_GROUPS}
_HEADER = re.compile(r"\s*/\*\n(?P<toml>.*?)\n\s*\*/(?P<sql>.*)", re.DOTALL)
_USED = re.compile(r"\$([a-z_]+)")
_LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)


class Parameter(Struct, frozen=True):
    """A parameter: what it means, and its value where nothing else is said."""

    name: str
    doc: str
    default: Any


class MetricColumn(Struct, frozen=True):
    """A column: its type, what it says, and the unit it counts in."""

    name: str
    type: str
    doc: str
    unit: str


class Metric(Struct, frozen=True):
    """A metric, ready to run."""

    file: ContentFile
    title: str
    question: str
    note: str
    parameters: dict[str, Parameter]
    columns: dict[str, MetricColumn]
    sql: str
    uses: frozenset[str]
    """The parameters that the query names."""
    members: str = ""
    """The column that counts a row's members, or one of `ABOUT`; empty if the header is silent."""
    keys: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.name

    @property
    def released(self) -> frozenset[str]:
        """The columns that may leave where small groups are suppressed."""
        return frozenset((*self.keys, *self.shown, self.members))


def parse(file: ContentFile) -> Metric:
    """Read a metric file. Raises `BadContent`."""
    match = _HEADER.match(file.text)
    if match is None:
        raise file.wrong(
            1, "no header", "Open the file with /*, TOML, and */ on lines of their own."
        )
    first = file.text[: match.start("toml")].count("\n")
    header = _toml(file, match["toml"], first)
    for key in header:
        if key not in _KEYS:
            raise file.wrong(
                file.line_of(key),
                f"unknown key {key!r}",
                f"Known keys: {', '.join(sorted(_KEYS))}.",
            )
    parameters = {
        name: _parameter(file, name, value)
        for name, value in _section(file, header, "parameters").items()
    }
    columns = {
        name: _column(file, name, value)
        for name, value in _section(file, header, "columns").items()
    }
    if not columns:
        raise file.wrong(1, "no columns", "Declare each column of the query under [columns].")
    sql = match["sql"].strip().removesuffix(";")
    uses = frozenset(_USED.findall(_LITERAL.sub("", sql)))
    for name in sorted(uses - set(parameters) - set(BUILT_IN)):
        line = 1 + file.text[: file.text.index(f"${name}")].count("\n")
        raise file.wrong(
            line,
            f"the query uses ${name}, which is no parameter",
            f"Declare {name} under [parameters].",
        )
    for name in sorted(set(parameters) - uses):
        raise file.wrong(
            file.line_of(name),
            f"the query does not use the parameter {name!r}",
            f"Use ${name} in the query, or remove it.",
        )
    members = _members(file, header, columns)
    return Metric(
        file,
        _text(file, header, "title"),
        _text(file, header, "question"),
        str(header.get("note", "")),
        parameters,
        columns,
        sql,
        uses,
        members,
        _named_columns(file, header, "keys", members, columns),
        _named_columns(file, header, "shown", members, columns),
    )


def _toml(file: ContentFile, text: str, first: int) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = first + (int(said[1]) if said else 1)
        reason = re.sub(r" \(at .*\)", "", str(error))
        raise file.wrong(line, f"the header is no TOML: {reason}", "Correct that line.") from error


def _text(file: ContentFile, header: dict[str, Any], key: str) -> str:
    value = header.get(key)
    if not isinstance(value, str) or not value:
        raise file.wrong(file.line_of(key), f"no {key}", f'Write {key} = "…" into the header.')
    return value


def _section(file: ContentFile, header: dict[str, Any], key: str) -> dict[str, Any]:
    value = header.get(key, {})
    if not isinstance(value, dict):
        raise file.wrong(file.line_of(key), f"{key} is no table", f"Write [{key}].")
    return cast("dict[str, Any]", value)


def _members(file: ContentFile, header: dict[str, Any], columns: dict[str, MetricColumn]) -> str:
    members = header.get("members", "")
    counts = members in columns and columns[members].type == "integer"
    if members and not counts and members not in ABOUT:
        raise file.wrong(
            file.line_of("members"),
            f"members is {members!r}, which is no integer column",
            f"Name the column that counts a row's members, or write one of: {', '.join(ABOUT)}.",
        )
    return members


def _named_columns(
    file: ContentFile,
    header: dict[str, Any],
    key: str,
    members: str,
    columns: dict[str, MetricColumn],
) -> tuple[str, ...]:
    """The columns that a key of the header names."""
    if key not in header:
        return ()
    value = header[key]
    named = cast("list[Any]", value) if isinstance(value, list) else [value]
    for name in named:
        if name not in columns:
            raise file.wrong(
                file.line_of(key), f"{key} names {name!r}, which is no column", "Name columns."
            )
    if members not in columns:
        raise file.wrong(
            file.line_of(key), f"{key} without a column that counts members", f"Remove {key}."
        )
    return tuple(named)


def _parameter(file: ContentFile, name: str, value: Any) -> Parameter:
    if name in BUILT_IN:
        raise file.wrong(
            file.line_of(name),
            f"every metric has the parameter {name!r}",
            "Remove it from the header.",
        )
    if name in PARAMETERS:
        return Parameter(name, PARAMETERS[name], value)
    if _keys(value) != {"default", "doc"}:
        raise file.wrong(
            file.line_of(name),
            f"the parameter {name!r} lacks a default or a doc",
            f'Write {name} = {{ default = …, doc = "…" }}.',
        )
    return Parameter(name, value["doc"], value["default"])


def _column(file: ContentFile, name: str, value: Any) -> MetricColumn:
    line = file.line_of(name)
    if name == SUPPRESSED:
        raise file.wrong(line, f"the column {name!r} is Hubbub's own", "Give it another name.")
    if not {"type", "doc"} <= _keys(value) <= {"type", "doc", "unit"}:
        raise file.wrong(
            line,
            f"the column {name!r} lacks a type or a doc",
            f'Write {name} = {{ type = "integer", doc = "…", unit = "…" }}.',
        )
    if value["type"] not in TYPES:
        raise file.wrong(
            line,
            f"the column {name!r} has the unknown type {value['type']!r}",
            f"Take one of: {', '.join(TYPES)}.",
        )
    return MetricColumn(name, value["type"], value["doc"], value.get("unit", ""))


def _keys(value: Any) -> set[str]:
    """The keys of a TOML table; none for anything else."""
    return set(cast("dict[str, Any]", value)) if isinstance(value, dict) else set()
