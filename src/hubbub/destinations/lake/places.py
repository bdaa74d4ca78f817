"""Where a workspace's files in a lake lie: a folder of this machine."""

import errno
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hubbub.errors import DiskFull, HubbubError

_OS_ERROR = re.compile(r"os error (\d+)")
_UNFINISHED = "_unfinished"
"""Holds files that are being written; engines pass over names that begin with _."""


class Place(Protocol):
    """A workspace's own part of a lake. Names are paths in it, with / between their parts."""

    @property
    def title(self) -> str:
        """Where it is, for people."""
        ...

    @property
    def identity(self) -> str:
        """What tells it from other places."""
        ...

    @property
    def workshop(self) -> Path:
        """A folder for files that are to be put there."""
        ...

    @property
    def at_once(self) -> int:
        """How many files are best put there at a time."""
        ...

    def check(self) -> None:
        """Raise `HubbubError` if it is known already that nothing can be written there."""
        ...

    def begin(self) -> None:
        """Make ready for writing, and clear away what a run that was killed has left."""
        ...

    def end(self) -> None:
        """Leave nothing behind in the workshop."""
        ...

    def names(self, under: str = "") -> Sequence[str]:
        """The names right below a folder, in order; none if there is no such folder."""
        ...

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        ...

    def put(self, file: Path, name: str) -> None:
        """Move a file there: readers see the old one or the new one, and nothing between."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def table(self, name: str) -> tuple[str, dict[str, str]]:
        """A table's address, and the settings with which Delta reaches it."""
        ...

    def explained(self, error: Exception) -> HubbubError:
        """What to say of an error of a library that reads or writes there."""
        ...


def unwritable(path: Path | str, error: OSError) -> HubbubError:
    """What to say of a file that cannot be written."""
    reason = f"{path} cannot be written: {error.strerror or error}."
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return DiskFull(reason, "Make room on the disk, then publish again: it goes on from there.")
    return HubbubError(reason, "Check that you may write there, or choose another place.")


class Folder:
    """A workspace's folder in a lake on this machine's disks."""

    at_once = 1

    def __init__(self, lake: Path, workspace: str) -> None:
        self._path = lake / workspace
        self.title = str(self._path)
        self.identity = f"file:{self._path.resolve()}"
        self.workshop = self._path / _UNFINISHED

    def check(self) -> None:
        """Raise `HubbubError` if nothing can be written here."""
        nearest = next(path for path in (self._path, *self._path.parents) if path.exists())
        if not nearest.is_dir():
            raise HubbubError(f"{nearest} is a file.", "Name a folder for the lake.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise HubbubError(
                f"Nothing may be written to {nearest}.",
                "Let its owner permit it, or choose another place.",
            )

    def begin(self) -> None:
        """Make the folder, and remove files that were never finished."""
        self.end()
        try:
            self.workshop.mkdir(parents=True)
        except OSError as error:
            raise unwritable(self.workshop, error) from error

    def end(self) -> None:
        """Remove the workshop."""
        try:
            shutil.rmtree(self.workshop)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unwritable(self.workshop, error) from error

    def names(self, under: str = "") -> Sequence[str]:
        """The names right below a folder, in order."""
        folder = self._path / under
        try:
            return sorted(path.name for path in folder.iterdir() if path != self.workshop)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(folder, error) from error

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        try:
            return (self._path / name).read_bytes()
        except OSError as error:
            raise _unreadable(self._path / name, error) from error

    def put(self, file: Path, name: str) -> None:
        """Move a file from the workshop: a rename, since both are on one disk."""
        target = self._path / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
        except OSError as error:
            raise unwritable(target, error) from error

    def remove(self, name: str) -> None:
        """Remove a file, and its folder if nothing else is in it."""
        file = self._path / name
        try:
            file.unlink(missing_ok=True)
            if file.parent.is_dir() and not any(file.parent.iterdir()):
                file.parent.rmdir()
        except OSError as error:
            raise unwritable(file, error) from error

    def table(self, name: str) -> tuple[str, dict[str, str]]:
        """A table's path, which needs no settings."""
        return str(self._path / name), {}

    def explained(self, error: Exception) -> HubbubError:
        """What to say of an error of a library that reads or writes there."""
        found = _OS_ERROR.search(str(error))
        if found:
            number = int(found[1])
            return unwritable(self._path, OSError(number, os.strerror(number)))
        return HubbubError(
            f"The tables in {self._path} cannot be used: {str(error).splitlines()[0]}.",
            "If they are damaged, move the folder away and publish again.",
        )


def _unreadable(path: Path, error: OSError) -> HubbubError:
    return HubbubError(
        f"{path} cannot be read: {error.strerror or error}.", "Check that you may read it."
    )
