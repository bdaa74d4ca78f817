"""Files that other programs read: how each form is written, and how a file appears whole."""

import os
import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hubbub.errors import HubbubError

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
