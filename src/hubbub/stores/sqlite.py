"""What the SQLite files of a workspace share: how one is opened, and what its errors mean."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from hubbub.errors import DiskFull, HubbubError, TryAgain

_WAIT_SECONDS = 5.0
"""For another process that writes."""
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


def opened(path: Path, schema: str, *, synchronous: str) -> sqlite3.Connection:
    """A file that several threads and processes may use, open to its owner alone. What is deleted
    in it is overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = sqlite3.connect(path, _WAIT_SECONDS, check_same_thread=False)
    try:
        path.chmod(0o600)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA synchronous = {synchronous}")
        database.execute("PRAGMA secure_delete = ON")
        database.executescript(schema)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def explained(path: Path, *, room: str, damage: str) -> Generator[None]:
    """Raise errors of SQLite, and of Arrow's bytes in it, as `HubbubError`: `room` says what to do
    if the disk is full (`DiskFull`), `damage` if the file is damaged."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise
    except (sqlite3.DatabaseError, pa.ArrowInvalid, OSError) as error:
        raise _explanation(error, path, room, damage) from error


def _explanation(
    error: sqlite3.DatabaseError | pa.ArrowInvalid | OSError, path: Path, room: str, damage: str
) -> HubbubError:
    if isinstance(error, OSError):
        return DiskFull(f"{path} cannot be written: {error.strerror or error}.", room)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the code says where
    if code in _FULL:
        return DiskFull(f"{path} cannot be written: {error}.", room)
    if code == sqlite3.SQLITE_BUSY:
        return TryAgain(f"Another hubbub is writing {path}.", "Wait for it to end, then try again.")
    if isinstance(error, sqlite3.OperationalError):
        return HubbubError(
            f"{path} cannot be used: {error}.", "Check that you may write to it and its folder."
        )
    return HubbubError(f"{path} is damaged: {error}.", damage)
