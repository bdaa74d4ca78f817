"""What is told of Parquet files before BigQuery gets them."""

import secrets
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from hubbub.core.quoting import parquet
from hubbub.core.warehouse import DAY, DAY_OF_TS, Change
from hubbub.destinations.bigquery import statements as sql


@contextmanager
def as_one(files: Sequence[Path], scratch: Path) -> Generator[Path]:
    """One Parquet file with the rows of several."""
    if len(files) == 1:
        yield files[0]
        return
    import pyarrow.parquet as pq

    parquet: Any = pq
    joined = scratch / f"{secrets.token_hex(8)}.parquet"
    with closing(parquet.ParquetFile(files[0])) as first:
        schema = first.schema_arrow
    with parquet.ParquetWriter(joined, schema, compression="zstd") as writer:
        for path in files:
            with closing(parquet.ParquetFile(path)) as file:
                for batch in file.iter_batches():
                    writer.write_batch(batch)
    yield joined
    joined.unlink()


def days_of(change: Change) -> list[date]:
    """The days on which a row is new, changed or gone; none if the table is not parted."""
    if sql.partitioning(change.shape) is None:
        return []
    queries = [f"SELECT {DAY} FROM {parquet(change.rows)}"] if change.rows else []
    if change.gone:
        queries.append(f"SELECT {DAY_OF_TS} FROM {parquet(change.gone)}")
    with closing(duckdb.connect(":memory:")) as session:
        found = session.execute(" UNION ".join(queries)).fetchall()
    return sorted(day for (day,) in found)
