"""How a table and its rows are written down in MySQL's and MariaDB's SQL."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from hubbub.core.quoting import parquet
from hubbub.core.warehouse import Field, Kind, Shape

MEMORY = "1GB"
"""What sorting rows may take; the rest goes to the scratch folder."""
KEY_CHARACTERS = 191
"""Of a text in a key or an index: four such columns are the most that one index of InnoDB's can
have (3,072 bytes, four a character)."""
_BATCH_ROWS = 2_000
_BATCH_CHARACTERS = 250_000
"""Of one INSERT: at most a million bytes, whatever they are, unless one row has more."""
_COMMENT_CHARACTERS = 1_024
_TABLE_COMMENT_CHARACTERS = 2_048

_TYPES = {
    Kind.TEXT: "MEDIUMTEXT",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
    Kind.INSTANT: "DATETIME(6)",
    Kind.DATE: "DATE",
    Kind.TEXTS: "JSON",
}
_LITERALS = {
    Kind.TEXT: "'''' || replace({0}, '''', '''''') || ''''",
    Kind.INTEGER: "{0}::VARCHAR",
    Kind.NUMBER: "CASE WHEN isfinite({0}) THEN {0}::VARCHAR END",
    Kind.FLAG: "{0}::INTEGER::VARCHAR",
    Kind.INSTANT: (
        "CASE WHEN year({0}) BETWEEN 1000 AND 9999 "
        "THEN '''' || strftime({0}, '%Y-%m-%d %H:%M:%S.%f') || '''' END"
    ),
    Kind.DATE: ("CASE WHEN year({0}) BETWEEN 1000 AND 9999 THEN '''' || {0}::VARCHAR || '''' END"),
    Kind.TEXTS: "'''' || replace(to_json({0})::VARCHAR, '''', '''''') || ''''",
}
"""What makes SQL of a value, in DuckDB's SQL; NULL for what MySQL's type cannot hold."""
_EMPTY = {Kind.TEXT: "''''''", Kind.INTEGER: "'0'"}


def quoted(name: str) -> str:
    """A name as SQL."""
    return "`" + name.replace("`", "``") + "`"


def names(columns: Iterable[str]) -> str:
    """Names of columns as SQL."""
    return ", ".join(map(quoted, columns))


def text(value: str) -> str:
    """A text as SQL, where a backslash is no escape."""
    return "'" + value.replace("'", "''") + "'"


def column(shape: Shape, field: Field, collation: str) -> str:
    """A column as SQL: type, collation and meaning."""
    type_ = _TYPES[field.kind]
    if field.kind is Kind.TEXT and field.name in _searched(shape):
        type_ = f"VARCHAR({KEY_CHARACTERS})"
    if field.kind is Kind.TEXT:
        type_ += f" CHARACTER SET utf8mb4 COLLATE {collation}"
    null = "NOT NULL" if field.name in shape.key else "NULL"
    doc = f"{field.doc} (UTC)" if field.kind is Kind.INSTANT else field.doc
    return f"{quoted(field.name)} {type_} {null} COMMENT {text(doc[:_COMMENT_CHARACTERS])}"


def table(shape: Shape, collation: str) -> str:
    """Columns, keys and meaning of a table, as they follow its name in CREATE TABLE."""
    parts = [column(shape, field, collation) for field in shape.fields]
    parts += _primary(shape)
    parts += [
        f"INDEX {quoted('_'.join(('by', *columns)))} ({names(columns)})"
        for columns in shape.indexes
    ]
    return (
        f"({', '.join(parts)}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation} "
        f"COMMENT={text(shape.doc[:_TABLE_COMMENT_CHARACTERS])}"
    )


def staged(shape: Shape, columns: Sequence[str], collation: str) -> str:
    """The same for a table in which rows of some columns wait."""
    parts = [column(shape, field, collation) for field in shape.fields if field.name in columns]
    return f"({', '.join([*parts, *_primary(shape)])}) ENGINE=InnoDB"


def _primary(shape: Shape) -> list[str]:
    return [f"PRIMARY KEY ({names(shape.key)})"] if shape.key else []


def _searched(shape: Shape) -> set[str]:
    return {*shape.key, *(name for columns in shape.indexes for name in columns)}


def inserts(
    files: Sequence[Path], shape: Shape, columns: Sequence[str], into: str, scratch: Path
) -> Generator[str]:
    """INSERT statements for the rows of Parquet files, in the order of the key, which InnoDB takes
    several times as fast as any other."""
    kinds = {field.name: field.kind for field in shape.fields}
    literals = [_literal(shape, name, kinds[name]) for name in columns]
    order = ", ".join(f'"{name}"' for name in shape.key)
    begin = f"INSERT INTO {quoted(into)} ({names(columns)}) VALUES "
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute(
            f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'; "
            f"SET temp_directory = {text(str(scratch))}"
        )
        connection.execute(
            f"SELECT '(' || concat_ws(', ', {', '.join(literals)}) || ')' "
            f"FROM {parquet(files)} {'ORDER BY ' + order if order else ''}"
        )
        for batch in _batches(connection):
            yield begin + ", ".join(batch)


def _literal(shape: Shape, name: str, kind: Kind) -> str:
    written = _LITERALS[kind].format(f'"{name}"')
    empty = _EMPTY.get(kind, "'NULL'") if name in shape.key else "'NULL'"
    return f"coalesce({written}, {empty})"


def _batches(connection: duckdb.DuckDBPyConnection) -> Generator[list[str]]:
    batch: list[str] = []
    characters = 0
    while rows := connection.fetchmany(_BATCH_ROWS):
        for (row,) in rows:
            if batch and characters + len(row) > _BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
            batch.append(row)
            characters += len(row)
    if batch:
        yield batch
