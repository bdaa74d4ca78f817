"""What Hubbub has written outside its home: so that an erasure reaches exports and charts too."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from hubbub.privacy.closed import in_turn, write_closed

_READABLE = frozenset({".csv", ".json", ".gexf", ".svg", ".html", ".txt"})
"""Files in which a member's name stands as it is; others are taken to name everybody."""


class Output(Struct, frozen=True):
    """A file that Hubbub has written."""

    path: Path
    digest: str

    @property
    def is_unchanged(self) -> bool:
        """Whether the file is as Hubbub wrote it."""
        return _digest(self.path) == self.digest


class Outputs:
    """The files that a workspace's exports and charts were written to, newest writing each."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, paths: Iterable[Path]) -> None:
        """Remember files that were just written; those that are gone are forgotten."""
        written_at = datetime.now(UTC).isoformat(timespec="seconds")
        written = {
            str(path.resolve()): {"digest": _digest(path), "written_at": written_at}
            for path in paths
        }
        with in_turn(self._file):
            known = {path: told for path, told in self._read().items() if os.path.exists(path)}
            write_closed(self._file, json.dumps(known | written, indent=1))

    def naming(self, names: Callable[[bytes], bool]) -> list[Output]:
        """The files that are still there and hold what is looked for, or may do."""
        found: list[Output] = []
        for name, told in self._read().items():
            path = Path(name)
            if path.is_file() and (path.suffix not in _READABLE or names(path.read_bytes())):
                found.append(Output(path, told["digest"]))
        return found

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
