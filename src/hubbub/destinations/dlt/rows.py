"""A table's columns and rows, as dlt takes them."""

from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from hubbub.core.quoting import parquet, quoted
from hubbub.core.warehouse import Change, Field, Kind, Shape

GONE = "_hubbub_gone"
"""The column by which dlt is told that a row is to be taken away. No row has anything in it."""
_MEMORY = "1GB"
_BATCH_ROWS = 50_000

_TYPES = {
    Kind.TEXT: "text",
    Kind.INTEGER: "bigint",
    Kind.NUMBER: "double",
    Kind.FLAG: "bool",
    Kind.INSTANT: "timestamp",
    Kind.DATE: "date",
    Kind.TEXTS: "text",
}


_VALUES = {
    Kind.TEXT: "replace({0}::VARCHAR, chr(0), '')",  # PostgreSQL is not alone in having no NUL
    Kind.INTEGER: "{0}::BIGINT",
    Kind.NUMBER: "CASE WHEN isfinite({0}::DOUBLE) THEN {0}::DOUBLE END",
    Kind.FLAG: "{0}::BOOLEAN",
    Kind.INSTANT: "{0}::TIMESTAMPTZ",
    Kind.DATE: "{0}::DATE",
    Kind.TEXTS: "to_json({0}::VARCHAR[])::VARCHAR",
}
"""Values as all warehouses take them, in DuckDB's SQL."""


def hints(shape: Shape) -> dict[str, dict[str, Any]]:
    """What dlt is told of the columns of a table."""
    told: dict[str, dict[str, Any]] = {field.name: _hint(shape, field) for field in shape.fields}
    if shape.key:
        told[GONE] = {"data_type": "bool", "nullable": True, "hard_delete": True}
        told[GONE]["description"] = "always empty: by it, rows are told to go"
    return told


def _hint(shape: Shape, field: Field) -> dict[str, Any]:
    hint: dict[str, Any] = {"data_type": _TYPES[field.kind], "description": field.doc}
    hint["nullable"] = field.name not in shape.key
    if field.name in shape.key:
        hint["primary_key"] = True
    return hint


def batches(change: Change, scratch: Path) -> Iterator[Any]:
    """The rows of a change, and the keys of those that are gone, as Arrow's tables; one without
    rows if there are none, so that dlt makes the table all the same."""
    import pyarrow as pa

    arrow: Any = pa
    with closing(duckdb.connect(":memory:")) as session:
        session.execute(
            f"SET TimeZone = 'UTC'; SET memory_limit = '{_MEMORY}'; "
            f"SET temp_directory = '{quoted(scratch)}'"
        )
        reader: Any = session.sql(_query(change)).to_arrow_reader(_BATCH_ROWS)
        yield arrow.Table.from_batches([], reader.schema)
        for batch in reader:
            yield arrow.Table.from_batches([batch])


def _query(change: Change) -> str:
    shape = change.shape
    names = [field.name for field in shape.fields]
    parts = [_part(shape, (), "(SELECT 1) WHERE false", is_gone=False)]
    if change.rows:
        parts.append(_part(shape, names, parquet(change.rows), is_gone=False))
    if change.gone:
        parts.append(_part(shape, shape.key, parquet(change.gone), is_gone=True))
    return " UNION ALL ".join(parts)


def _part(shape: Shape, known: Collection[str], source: str, *, is_gone: bool) -> str:
    """Rows of a source that has the known columns."""
    columns = [
        _VALUES[field.kind].format(f'"{field.name}"' if field.name in known else "NULL")
        + f' AS "{field.name}"'
        for field in shape.fields
    ]
    if shape.key:
        columns.append(f"{'true' if is_gone else 'NULL'}::BOOLEAN AS {GONE}")
    return f"SELECT {', '.join(columns)} FROM {source}"
