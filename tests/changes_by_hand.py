"""Changes for a warehouse, made of rows that a test writes down."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from hubbub.core.warehouse import Change, Field, Kind, Shape

pa: Any = pyarrow
pq: Any = pyarrow.parquet

_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
    Kind.TEXTS: pa.list_(pa.string()),
}

REACTIONS = Shape(
    "reactions",
    "A row per reaction; it's by one member.",
    ("channel_id", "ts", "user_id", "name"),
    (
        Field("channel_id", Kind.TEXT, "the channel"),
        Field("ts", Kind.TEXT, "the message's `ts`"),
        Field("user_id", Kind.TEXT, "who reacted"),
        Field("name", Kind.TEXT, "emoji as written"),
    ),
    indexes=(("user_id",),),
)

EVERYTHING = Shape(
    "everything",
    "A row per kind of value.",
    ("name",),
    (
        Field("name", Kind.TEXT, "what it is called"),
        Field("words", Kind.INTEGER, "how many"),
        Field("share", Kind.NUMBER, "how much"),
        Field("is_question", Kind.FLAG, "whether it asks"),
        Field("posted_at", Kind.INSTANT, "when"),
        Field("day", Kind.DATE, "which day"),
        Field("words_of", Kind.TEXTS, "its words"),
        Field("text", Kind.TEXT, "as it is written; 'quoted' \\ not"),
    ),
)

Row = Sequence[Any]


def change(
    folder: Path,
    shape: Shape,
    rows: Sequence[Row] = (),
    *,
    gone: Sequence[Row] = (),
    is_whole: bool = False,
) -> Change:
    """A change of one table: rows with all columns, and keys of rows that go."""
    keys = tuple(field for field in shape.fields if field.name in shape.key)
    return Change(
        shape,
        is_whole,
        _written(folder, shape.fields, rows),
        len(rows),
        _written(folder, keys, gone),
        len(gone),
    )


def whole(folder: Path, shape: Shape, rows: Sequence[Row]) -> Change:
    """All rows that a table is to have."""
    return change(folder, shape, rows, is_whole=True)


def at(text: str) -> datetime:
    """An instant, as `2026-01-31 23:59:59.123456` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def everything(name: str, **values: Any) -> tuple[Any, ...]:
    """A row of `EVERYTHING`, empty but for its name and what is given."""
    given: Mapping[str, Any] = {"name": name, **values}
    return tuple(given.get(field.name) for field in EVERYTHING.fields)


def _written(folder: Path, fields: Sequence[Field], rows: Sequence[Row]) -> tuple[Path, ...]:
    """The rows in two Parquet files; in none if there are none."""
    schema = pa.schema([(field.name, _TYPES[field.kind]) for field in fields])
    files: list[Path] = []
    size = max(1, (len(rows) + 1) // 2)
    for begin in range(0, len(rows), size):
        part = rows[begin : begin + size]
        columns = [
            pa.array([row[place] for row in part], type=each.type)
            for place, each in enumerate(schema)
        ]
        files.append(folder / f"{uuid.uuid4().hex}.parquet")
        pq.write_table(pa.table(columns, schema=schema), files[-1], compression="zstd")
    return tuple(files)
