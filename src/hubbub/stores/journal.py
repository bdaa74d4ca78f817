"""What a collection has fetched and the store has not merged yet: a page is safe once it is here.

A SQLite file in the workspace's folder. It takes admitted rows only; each page goes in with what is
thereby done, in one transaction, so that a process can be killed anywhere.
"""

import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from hubbub.core.batch import Admitted
from hubbub.errors import HubbubError
from hubbub.stores.staging import Staged

_arrow: Any = pa

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (number INTEGER, name TEXT, rows BLOB);
CREATE INDEX IF NOT EXISTS pages_by_name ON pages (name, number);
CREATE TABLE IF NOT EXISTS pace (method TEXT PRIMARY KEY, ended TEXT);
CREATE TABLE IF NOT EXISTS class (is_capped INTEGER);
"""


class Journal:
    """The pages that wait for the store. Raises `HubbubError` if the disk is full."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = path
        self._database = self._working(lambda: _opened(path))
        self.size = self._scalar("SELECT coalesce(sum(length(rows)), 0) FROM pages")
        """Bytes that wait."""
        self.pages = self._scalar("SELECT count(DISTINCT number) FROM pages")
        self._last = self._scalar("SELECT coalesce(max(number), 0) FROM pages")

    @property
    def next_page(self) -> int:
        """The number of the page that comes next: greater than that of any before it."""
        return self._last + 1

    @property
    def is_capped(self) -> bool:
        """Whether Slack was found to give this app the fewest calls."""
        return bool(self._scalar("SELECT count(*) FROM class WHERE is_capped"))

    @is_capped.setter
    def is_capped(self, found: bool) -> None:
        if found != self.is_capped:

            def note() -> None:
                with self._database:
                    self._database.execute("DELETE FROM class")
                    self._database.execute("INSERT INTO class VALUES (?)", (found,))

            self._working(note)

    def append(self, admitted: Admitted) -> None:
        """Add a page: all of it or nothing."""
        self._last += 1
        packed = [
            (self._last, name, _packed(rows))
            for name, rows in admitted.tables.items()
            if rows.num_rows
        ]

        def add() -> None:
            with self._database:
                self._database.executemany("INSERT INTO pages VALUES (?, ?, ?)", packed)

        self._working(add)
        self.size += sum(len(rows) for _, _, rows in packed)
        self.pages += 1

    def staged(self, folder: Path) -> Staged:
        """Write all pages as Arrow files, for the merge; they stay here until `clear`."""
        found: dict[str, list[Path]] = defaultdict(list)
        names = self._database.execute("SELECT DISTINCT name FROM pages").fetchall()
        for (name,) in names:
            path = folder / f"{name}.arrow"
            rows = self._database.execute(
                "SELECT rows FROM pages WHERE name = ? ORDER BY number", (name,)
            )
            self._working(lambda path=path, rows=rows: _write(path, rows))
            found[name].append(path)
        return dict(found)

    def clear(self) -> None:
        """Forget all pages: the store has them."""

        def forget() -> None:
            with self._database:
                self._database.execute("DELETE FROM pages")

        self._working(forget)
        self.size = self.pages = 0

    def shrink(self) -> None:
        """Leave nothing in the file of what was cleared."""

        def rewrite() -> None:
            self._database.execute("VACUUM")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

        self._working(rewrite)

    def note_pace(self, method: str, ended: list[float]) -> None:
        """Remember when a method's calls of the last minute ended."""

        def note() -> None:
            with self._database:
                self._database.execute(
                    "INSERT OR REPLACE INTO pace VALUES (?, ?)", (method, json.dumps(ended))
                )

        self._working(note)

    def pace(self) -> dict[str, list[float]]:
        """When the calls of each method ended, by the last process that noted it."""
        rows = self._database.execute("SELECT method, ended FROM pace")
        return {method: json.loads(ended) for method, ended in rows}

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _scalar(self, query: str) -> int:
        return self._database.execute(query).fetchone()[0]

    def _working(self, work: Any) -> Any:
        try:
            return work()
        except (sqlite3.OperationalError, OSError) as error:
            raise HubbubError(
                f"{self._path} cannot be written: {error}.",
                "Make room on the disk, then run this again. What was fetched before is kept.",
            ) from error
        except sqlite3.DatabaseError as error:
            raise HubbubError(
                f"{self._path} is damaged: {error}.",
                "Move it away and run this again: what it held is fetched anew.",
            ) from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    path.chmod(0o600)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(_SCHEMA)
    return database


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with _arrow.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()


def _write(path: Path, pages: sqlite3.Cursor) -> None:
    """Pages as one Arrow file, of larger pieces than a page."""
    with closing(pages):
        writer: Any = None
        waiting: list[Any] = []
        for (packed,) in pages:
            waiting.append(_arrow.ipc.open_stream(packed).read_all())
            if writer is None:
                writer = _arrow.ipc.new_file(str(path), waiting[0].schema)
            if sum(each.num_rows for each in waiting) >= _ROWS:
                writer.write_table(_arrow.concat_tables(waiting).combine_chunks())
                waiting = []
        if waiting:
            writer.write_table(_arrow.concat_tables(waiting).combine_chunks())
        if writer is not None:
            writer.close()


_ROWS = 50_000
