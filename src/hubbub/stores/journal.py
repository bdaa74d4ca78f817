"""What a collection has fetched and the store has not merged yet: a page is safe once it is here.

A SQLite file in the workspace's folder. It takes admitted rows only; each page goes in with what is
thereby done, in one transaction, so that a process can be killed anywhere.
"""

import json
from collections import defaultdict
from contextlib import AbstractContextManager, closing
from pathlib import Path

from hubbub.core.batch import Admitted
from hubbub.stores.sqlite import explained, opened
from hubbub.stores.staging import Staged, packed, stage_packed

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (number INTEGER, name TEXT, rows BLOB);
CREATE INDEX IF NOT EXISTS pages_by_name ON pages (name, number);
CREATE TABLE IF NOT EXISTS pace (method TEXT PRIMARY KEY, ended TEXT);
CREATE TABLE IF NOT EXISTS class (is_capped INTEGER);
"""


class Journal:
    """The pages that wait for the store. Raises `DiskFull` if the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained():
            self._database = opened(path, _SCHEMA, synchronous="NORMAL")
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
            with self._explained(), self._database:
                self._database.execute("DELETE FROM class")
                self._database.execute("INSERT INTO class VALUES (?)", (found,))

    def append(self, admitted: Admitted) -> None:
        """Add a page: all of it or nothing."""
        self._last += 1
        pages = [
            (self._last, name, packed(rows, name))
            for name, rows in admitted.tables.items()
            if rows.num_rows
        ]
        with self._explained(), self._database:
            self._database.executemany("INSERT INTO pages VALUES (?, ?, ?)", pages)
        self.size += sum(len(rows) for _, _, rows in pages)
        self.pages += 1

    def staged(self, folder: Path) -> Staged:
        """Write all pages as Arrow files, for the merge; they stay here until `clear`."""
        found: dict[str, list[Path]] = defaultdict(list)
        names = self._database.execute("SELECT DISTINCT name FROM pages").fetchall()
        for (name,) in names:
            path = folder / f"{name}.arrow"
            pages = self._database.execute(
                "SELECT rows FROM pages WHERE name = ? ORDER BY number", (name,)
            )
            with self._explained(), closing(pages):
                stage_packed((rows for (rows,) in pages), name, path)
            found[name].append(path)
        return dict(found)

    def clear(self) -> None:
        """Forget all pages: the store has them."""
        with self._explained(), self._database:
            self._database.execute("DELETE FROM pages")
        self.size = self.pages = 0

    def shrink(self) -> None:
        """Leave nothing in the file of what was cleared."""
        with self._explained():
            self._database.execute("VACUUM")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def note_pace(self, method: str, ended: list[float]) -> None:
        """Remember when a method's calls of the last minute ended."""
        with self._explained(), self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO pace VALUES (?, ?)", (method, json.dumps(ended))
            )

    def pace(self) -> dict[str, list[float]]:
        """When the calls of each method ended, by the last process that noted it."""
        rows = self._database.execute("SELECT method, ended FROM pace")
        return {method: json.loads(ended) for method, ended in rows}

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _scalar(self, query: str) -> int:
        return self._database.execute(query).fetchone()[0]

    def _explained(self) -> AbstractContextManager[None]:
        return explained(
            self._path,
            room="Make room on the disk, then run this again. What was fetched before is kept.",
            damage="Move it away and run this again: what it held is fetched anew.",
        )
