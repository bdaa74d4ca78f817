"""Files that other programs read: how each form is written, and how a file appears whole."""

import csv
import io
import os
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubbub.errors import HubbubError

if TYPE_CHECKING:
    import pyarrow as pa

_INSTANTS = "TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'"

FORMS = {
    "csv": f"FORMAT csv, HEADER true, {_INSTANTS}",
    "json": f"FORMAT json, ARRAY true, {_INSTANTS}",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
"""Options of DuckDB's COPY by ending; instants are ISO 8601 in UTC, to the microsecond."""


@contextmanager
def whole(path: Path) -> Generator[Path]:
    """A place to write a file that appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise HubbubError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make room on the disk, or choose another place with -o.",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def bundle(path: Path, files: Sequence[Path]) -> None:
    """Move files into a zip."""
    with whole(path) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
        for each in files:
            file.write(each, each.name)
    for each in files:
        each.unlink()


_CSV_ROWS = 10_000
"""Rows that are written at a time."""


def csv_parts(rows: "pa.Table") -> Iterator[str]:
    """Rows as CSV with a header line, in parts; instants in ISO 8601, UTC."""
    part = io.StringIO()
    writer = csv.writer(part, lineterminator="\n")
    writer.writerow(rows.column_names)
    for batch in rows.to_batches(max_chunksize=_CSV_ROWS):
        for row in batch.to_pylist():
            writer.writerow([plain_value(value) for value in row.values()])
        yield part.getvalue()
        part.seek(0)
        part.truncate()
    yield part.getvalue()


def plain_value(value: Any) -> Any:
    """A value for machines: as JSON has it, or as a text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time | timedelta | Decimal):
        return str(value)
    return value
