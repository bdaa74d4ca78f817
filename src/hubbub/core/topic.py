"""An event as a record of a topic: one JSON object, made of admitted rows alone.

docs/kafka.md describes it for those who read the topic, docs/schemas/slack-events.schema.json for
their programs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import pyarrow as pa
from msgspec import Struct

from hubbub.core.arrow import SCHEMAS
from hubbub.core.batch import carries_copy
from hubbub.core.tables import MERGED, TABLES, Table, Type

_arrow: Any = pa

SCHEMA = 1
"""Of the records. What an older reader would misread needs a new one."""
WORKSPACE = "workspace"
"""Key of the events that belong to no channel."""

Rows = dict[str, list[dict[str, Any]]]
"""Rows by table; columns without a value are left out."""


class NoRecord(ValueError):
    """A record that cannot be read. Says why, and nothing of what it holds."""


class Admission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the privacy policy was in effect, as far as the rows do not show it."""

    text: Literal["whole", "scrubbed", "dropped"]
    links: Literal["whole", "trimmed", "domain"]
    keys: str
    """The mark of the keys that made pseudonyms and outlines; it tells nothing of them."""


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event."""

    schema: int
    workspace: str
    """Hubbub's name of it."""
    team_id: str
    event_id: str
    type: str
    at: datetime
    """When it was received."""
    policy: Admission
    copies: list[Rows]
    """What the event says, a copy of something each: its row, and those that hang on it."""


class Source(Struct, frozen=True):
    """What all events of a workspace have in common."""

    workspace: str
    team_id: str
    policy: Admission


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode


class _Head(msgspec.Struct):
    """What every schema's records have."""

    schema: int


_decode_head = msgspec.json.Decoder(_Head).decode


def copies_of(tables: Mapping[str, pa.Table]) -> dict[int, Rows]:
    """Admitted rows by copy number; book-keeping, which belongs to no copy, is left out, and so is
    what goes with a deletion: the event of one says once more what was deleted."""
    found: dict[int, Rows] = {}
    for name, rows in tables.items():
        if not carries_copy(name):
            continue
        for row in rows.to_pylist():
            copy = row.pop("copy")
            told = {column: value for column, value in row.items() if value is not None}
            found.setdefault(copy, {}).setdefault(name, []).append(told)
    return {copy: _without_deleted(rows) for copy, rows in found.items()}


_DELETED = [(table, table.deleted_when) for table in MERGED if table.deleted_when]


def _without_deleted(copy: Rows) -> Rows:
    """A copy without that of deleted rows which the merge would empty."""
    for table, mark in _DELETED:
        if any(mark in row for row in copy.get(table.name, ())):
            goes = {column.name for column in table.columns if column.goes}
            rows = [
                {name: value for name, value in row.items() if name not in goes}
                for row in copy[table.name]
            ]
            sets = {hanging.table for hanging in table.sets}
            left = {name: others for name, others in copy.items() if name not in sets}
            return {**left, table.name: rows}
    return copy


def written(
    source: Source, event_id: str, kind: str, received_at: int, copies: Sequence[Rows]
) -> bytes:
    """An event's record; `received_at` in microseconds since 1970."""
    at = datetime.fromtimestamp(received_at // 1_000_000, UTC)
    at = at.replace(microsecond=received_at % 1_000_000)
    return _encode(
        Event(
            SCHEMA, source.workspace, source.team_id, event_id, kind, at, source.policy, [*copies]
        )
    )


def read(value: bytes | None) -> Event:
    """The event of a record. Raises `NoRecord`."""
    if value is None:
        raise NoRecord("empty")
    try:
        schema = _decode_head(value).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoRecord("no JSON object with a schema") from error
    if schema != SCHEMA:
        raise NoRecord(f"schema {schema}; this Hubbub reads {SCHEMA}")
    try:
        return _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoRecord(f"not as schema {SCHEMA} has it") from error


class Gathered(Struct):
    """Rows of many events, on their way to being merged."""

    rows: dict[str, list[dict[str, Any]]] = {}
    copies: int = 0

    def add(self, event: Event) -> None:
        """Add an event's rows: all of them, or none. Raises `NoRecord` for a row of no table, or
        of other columns or types than the table has."""
        found = [
            (name, _checked(name, row), number)
            for number, copy in enumerate(event.copies, self.copies)
            for name, rows in copy.items()
            for row in rows
        ]
        for name, row, number in found:
            self.rows.setdefault(name, []).append({**row, "copy": number})
        self.copies += len(event.copies)

    def tables(self) -> dict[str, pa.Table]:
        """The rows as Arrow tables of the declared types."""
        return {
            name: _arrow.Table.from_pylist(rows, schema=SCHEMAS[name])
            for name, rows in self.rows.items()
        }


_PYTHON: dict[Type, type] = {
    Type.TEXT: str, Type.INTEGER: int, Type.FLAG: bool, Type.INSTANT: datetime
}  # fmt: skip
_LARGEST = 2**63
_SETTLE = ("presence", "version", "is_there", "changed_at")


def needed(table: Table) -> tuple[str, ...]:
    """The columns that no row lacks: without them the merge could not settle it."""
    return (*table.key, *(each for each in _SETTLE if each in table.names))


_NEEDED = {table.name: needed(table) for table in TABLES.values()}
_COLUMNS = {
    name: {column.name: column.type for column in table.columns}
    for name, table in TABLES.items()
    if carries_copy(name)
}


def _checked(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row with its instants read."""
    columns = _COLUMNS.get(name)
    if columns is None:
        raise NoRecord("rows of an unknown table")
    if not row.keys() <= columns.keys():
        raise NoRecord(f"unknown columns of {name}")
    lacking = [each for each in _NEEDED[name] if row.get(each) is None]
    if lacking:
        raise NoRecord(f"a row of {name} without {' and '.join(lacking)}")
    return {column: _value(TABLES[name], column, value) for column, value in row.items()}


def _value(table: Table, name: str, value: Any) -> Any:
    kind = _COLUMNS[table.name][name]
    if kind is Type.INSTANT and isinstance(value, str):
        try:
            value = msgspec.convert(value, datetime)
        except msgspec.ValidationError as error:
            raise NoRecord(f"{table.name}.{name} is no {kind.name.lower()}") from error
    is_right = type(value) is _PYTHON[kind]
    if kind is Type.INTEGER and is_right:
        is_right = -_LARGEST <= value < _LARGEST
    if kind is Type.INSTANT and is_right:
        is_right = value.tzinfo is not None
    if not is_right:
        raise NoRecord(f"{table.name}.{name} is no {kind.name.lower()}")
    return value


def values(event: Event) -> Iterable[tuple[str, str, Any]]:
    """All values of an event's rows, by table and column."""
    for copy in event.copies:
        for name, rows in copy.items():
            for row in rows:
                for column, value in row.items():
                    yield name, column, value
