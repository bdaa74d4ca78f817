"""Rows of a publication as Parquet files that are good to scan: one for a day, or one for all."""

from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from hubbub.core.quoting import parquet, quoted
from hubbub.core.warehouse import DAY, ROW_GROUP, Field, Kind, Ready, Shape, in_duckdb
from hubbub.destinations.lake.places import unwritable
from hubbub.errors import DiskFull

_pa: Any = pa
_pq: Any = pq

_MEMORY = "1GB"
"""What sorting may take; the rest goes to the scratch folder."""

ARROW: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.INSTANT: pa.timestamp("us", "UTC"),
    Kind.DATE: pa.date32(),
    Kind.TEXTS: pa.list_(pa.string()),
}


def columns_of(shape: Shape) -> list[Field]:
    """The columns of a table's files: the day is said by the folder, as engines expect it."""
    return [field for field in shape.fields if not (shape.is_by_day and field.name == DAY)]


def schema_of(shape: Shape) -> pa.Schema:
    """The columns of a table's files, as Arrow has them."""
    return _pa.schema([(field.name, ARROW[field.kind]) for field in columns_of(shape)])


@contextmanager
def _sorting(scratch: Path) -> Generator[duckdb.DuckDBPyConnection]:
    """A session that sorts rows; what its memory does not hold waits in the scratch folder."""
    with closing(duckdb.connect(":memory:")) as session:
        session.execute(
            f"SET TimeZone = 'UTC'; SET memory_limit = '{_MEMORY}'; "
            f"SET temp_directory = '{quoted(scratch / 'sort')}'"
        )
        yield session


def write_files(
    shape: Shape, sources: Sequence[Path], folder: Path, scratch: Path
) -> Generator[Ready]:
    """Write the rows of Parquet files to a folder, sorted by key: yields a file for each day as
    soon as it is written; or one for all rows, where a table has no days.

    A metric's rows stay in their order. Raises `HubbubError`, `DiskFull` if there is no room.
    """
    schema = schema_of(shape)
    with _sorting(scratch) as session:
        pieces = _pieces(session, shape, sources) if sources else iter(())
        if not shape.is_by_day:
            path = folder / f"{shape.name}.parquet"
            yield Ready(None, path, _write(path, schema, (piece for _day, piece in pieces)))
            return
        for day, of_day in groupby(pieces, key=itemgetter(0)):
            path = folder / f"{shape.name}.{day}.parquet"
            yield Ready(day, path, _write(path, schema, (piece for _day, piece in of_day)))


def _pieces(
    session: Any, shape: Shape, sources: Sequence[Path]
) -> Iterator[tuple[date | None, pa.Table]]:
    """Rows in their order, in pieces that are of one day each."""
    order = [*([DAY] if shape.is_by_day else []), *shape.key]
    columns = in_duckdb(columns_of(shape))
    day = f", {DAY}::DATE AS {DAY}" if shape.is_by_day else ""
    sql = f"SELECT {columns}{day} FROM {parquet(sources)}"
    if order:
        sql += " ORDER BY " + ", ".join(f'"{name}"' for name in order)
    try:
        for batch in session.sql(sql).to_arrow_reader(ROW_GROUP):
            table = _pa.Table.from_batches([batch])
            yield from _by_day(table) if shape.is_by_day else ((None, table),)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise DiskFull(
            f"The rows of {shape.name} cannot be sorted: {error}.",
            "Make room on the disk, then publish again.",
        ) from error


def _by_day(table: Any) -> Iterator[tuple[date, pa.Table]]:
    days = table.column(DAY)
    table = table.drop_columns([DAY])
    begin = 0
    while begin < len(days):
        day = days[begin].as_py()
        end = bisect_right(range(len(days)), day, begin, key=lambda place: days[place].as_py())
        yield day, table.slice(begin, end - begin)
        begin = end


def _write(path: Path, schema: pa.Schema, pieces: Iterable[pa.Table]) -> int:
    """Write pieces to one file, in row groups of full size. Returns the number of rows."""
    written = 0
    try:
        with _pq.ParquetWriter(path, schema, compression="zstd") as file:
            for group in _groups(schema, pieces):
                file.write_table(group)
                written += group.num_rows
    except OSError as error:
        raise unwritable(path, error) from error
    return written


def _groups(schema: Any, pieces: Iterable[Any]) -> Iterator[pa.Table]:
    held: Any = schema.empty_table()
    for piece in pieces:
        # a cast that changes nothing would load all that Arrow can compute
        fit = piece if piece.schema.equals(schema) else piece.cast(schema)
        held = _pa.concat_tables([held, fit])
        while held.num_rows >= ROW_GROUP:
            yield held.slice(0, ROW_GROUP)
            held = held.slice(ROW_GROUP)
    if held.num_rows:
        yield held
