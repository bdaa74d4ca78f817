"""The files that a publication brings to a lake, in the lake's workshop."""

import shutil
from collections.abc import Generator
from pathlib import Path

from hubbub.core.warehouse import Change, Ready
from hubbub.destinations.lake.places import unwritable


def files_of(change: Change, workshop: Path, scratch: Path) -> Generator[Ready]:
    """What of a table is written: a file for each day that is touched and has rows, or one for a
    table without days. Raises `HubbubError`, `DiskFull` if there is no room."""
    if change.ready:
        for file in change.ready:
            yield file._replace(path=_copied(file.path, workshop))
    elif change.is_whole:
        # loads Arrow, which what is ready does without
        from hubbub.destinations.lake.rows import write_files

        yield from write_files(change.shape, change.rows, workshop, scratch)


def _copied(file: Path, workshop: Path) -> Path:
    """A copy on the lake's own disk, which can be moved in one step; a second try may need the
    file again."""
    copy = workshop / file.name
    try:
        shutil.copyfile(file, copy)
    except OSError as error:
        raise unwritable(copy, error) from error
    return copy
