"""Admitted rows on their way to the store: Arrow files in the workspace's scratch folder.

Workers write them, the merge maps them into memory: a large import costs disk, not memory.
"""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from hubbub.core.arrow import SCHEMAS
from hubbub.core.batch import Admitted
from hubbub.errors import DiskFull

_arrow: Any = pa

Staged = dict[str, list[Path]]
"""Arrow files by table."""

_BLOCK_ROWS = 8192
_PIECES = 64
"""Packed pieces that are read at once."""
_END = b"\xff\xff\xff\xff\0\0\0\0"
"""The end of an Arrow stream."""


def _columns(schema: Any) -> bytes:
    """The beginning of an Arrow stream."""
    return schema.serialize().to_pybytes()


_COLUMNS = {table: _columns(schema) for table, schema in SCHEMAS.items()}
"""It is the same for all rows of a table, and of a few rows it would be most of the work."""


def stage(pieces: Iterable[Admitted], folder: Path, name: str) -> Staged:
    """Write admitted rows to a folder, a file a table, as they come.

    Raises `DiskFull` if the disk is full.
    """
    files: dict[str, _File] = {}
    try:
        with ExitStack() as opened:
            for admitted in pieces:
                for table, rows in admitted.tables.items():
                    if table not in files:
                        path = folder / f"{name}.{table}.arrow"
                        files[table] = opened.enter_context(closing(_File(path, rows.schema)))
                    files[table].write(rows)
    except OSError as error:
        raise _full(folder, error) from error
    return {table: [file.path] for table, file in files.items()}


def stage_packed(pieces: Iterable[bytes], table: str, path: Path) -> None:
    """Write packed rows of a table to one file. Raises `DiskFull` if the disk is full."""
    try:
        with ExitStack() as opened:
            file: _File | None = None
            for rows in _unpacked_together(pieces, table):
                file = file or opened.enter_context(closing(_File(path, rows.schema)))
                file.write(rows)
    except OSError as error:
        raise _full(path.parent, error) from error


def packed(rows: pa.Table, table: str) -> bytes:
    """Rows of a table as bytes that say their own columns: an Arrow stream."""
    schema: Any = rows.schema
    columns = _COLUMNS[table] if schema == SCHEMAS[table] else _columns(schema)
    return b"".join([columns, *(batch.serialize() for batch in rows.to_batches()), _END])


def unpacked(piece: bytes, table: str) -> pa.Table:
    """The rows of a table that were packed, with the columns that it has now: an older version
    may have packed them. Raises `pa.ArrowInvalid` if the bytes are damaged."""
    try:
        rows = _arrow.ipc.open_stream(piece).read_all()
    except OSError as error:  # some of them are missing
        raise pa.ArrowInvalid(str(error)) from error
    schema: Any = SCHEMAS[table]
    if rows.schema == schema:
        return rows
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else _arrow.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return _arrow.Table.from_arrays(columns, schema=schema)


def _unpacked_together(pieces: Iterable[bytes], table: str) -> Iterator[pa.Table]:
    """The rows of pieces in their order. Pieces of the same columns are read as one stream: most
    hold a few rows, and to begin to read takes longer than these."""
    begin = _COLUMNS[table]

    def is_whole(piece: bytes) -> bool:
        return piece.startswith(begin) and piece.endswith(_END)

    for are_whole, group in itertools.groupby(pieces, is_whole):
        while some := [*itertools.islice(group, _PIECES if are_whole else 1)]:
            if are_whole:
                rows = [piece[len(begin) : -len(_END)] for piece in some]
                some = [b"".join([begin, *rows, _END])]
            yield unpacked(some[0], table)


def _full(folder: Path, error: OSError) -> DiskFull:
    return DiskFull(
        f"{folder} cannot be written: {error.strerror or error}.",
        "Make room on the disk, or move the home with --home. The store is unchanged.",
    )


class _File:
    """An Arrow file that is written a block of many rows at a time: DuckDB reads blocks, and
    small ones slowly."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, schema)
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, rows: pa.Table) -> None:
        """Write rows, now or together with later ones."""
        self._waiting.append(rows)
        self._rows += rows.num_rows
        if self._rows >= _BLOCK_ROWS:
            self._write_block()

    def _write_block(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).combine_chunks())
            self._waiting.clear()
            self._rows = 0

    def close(self) -> None:
        """Write what is left."""
        with self._sink, self._writer:
            self._write_block()


def joined(many: list[Staged]) -> Staged:
    """All files by table."""
    names = dict.fromkeys(itertools.chain.from_iterable(many))
    return {name: [path for staged in many for path in staged.get(name, [])] for name in names}


def mapped(paths: list[Path]) -> pa.Table:
    """The rows of several files as one table that lies in the files, not in memory."""
    return pa.concat_tables(
        [pa.ipc.open_file(pa.memory_map(str(path))).read_all() for path in paths]
    )
