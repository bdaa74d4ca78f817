"""Admitted rows on their way to the store: Arrow files in the workspace's scratch folder.

Workers write them, the merge maps them into memory: a large import costs disk, not memory.
"""

import itertools
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from hubbub.core.batch import Admitted
from hubbub.errors import HubbubError

Staged = dict[str, list[Path]]
"""Arrow files by table."""


def stage(pieces: Iterable[Admitted], folder: Path, name: str) -> Staged:
    """Write admitted rows to a folder, a file a table, piece by piece as they come.

    Raises `HubbubError` if the disk is full.
    """
    writers: dict[str, pa.RecordBatchFileWriter] = {}
    staged: Staged = {}
    try:
        with ExitStack() as files:
            for admitted in pieces:
                for table, rows in admitted.tables.items():
                    if table not in writers:
                        path = folder / f"{name}.{table}.arrow"
                        sink = files.enter_context(pa.OSFile(str(path), "wb"))
                        writers[table] = files.enter_context(pa.ipc.new_file(sink, rows.schema))
                        staged[table] = [path]
                    writers[table].write_table(rows)
    except OSError as error:
        raise HubbubError(
            f"{folder} cannot be written: {error.strerror or error}.",
            "Make room on the disk, or move the home with --home. The store is unchanged.",
        ) from error
    return staged


def joined(many: list[Staged]) -> Staged:
    """All files by table."""
    names = dict.fromkeys(itertools.chain.from_iterable(many))
    return {name: [path for staged in many for path in staged.get(name, [])] for name in names}


def mapped(paths: list[Path]) -> pa.Table:
    """The rows of several files as one table that lies in the files, not in memory."""
    return pa.concat_tables(
        [pa.ipc.open_file(pa.memory_map(str(path))).read_all() for path in paths]
    )
