"""Events that Slack has delivered: safe on the disk before Slack is told so, and kept until the
store has them.

A SQLite file in the workspace's folder, of admitted rows only. One entry is one group commit.
"""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock

import msgspec
import pyarrow as pa
from msgspec import Struct

from hubbub.core.batch import Admitted
from hubbub.errors import TryAgain
from hubbub.stores.sqlite import explained, opened
from hubbub.stores.staging import Staged, packed, stage_packed, unpacked

COPIES_OF_ENTRY = 24
"""Bits of a copy number that count within an entry."""
_STAGED_BYTES = 8_000_000
_PRUNED_AT_ONCE = 200
"""Entries, or hundreds of ids, that go in one transaction: events that arrive meanwhile wait."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER, events TEXT,
    event_count INTEGER, bytes INTEGER);
CREATE TABLE IF NOT EXISTS pieces (number INTEGER, name TEXT, rows BLOB);
CREATE INDEX IF NOT EXISTS pieces_by_number ON pieces (number);
CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY, at INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_by_time ON seen (at);
CREATE TABLE IF NOT EXISTS positions (name TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS admission (policy TEXT);
"""


class Logged(msgspec.Struct, frozen=True):
    """What is known of one event of an entry."""

    event_id: str
    type: str
    key: str
    """The channel's id, else `workspace`: events of one key are to stay in order."""
    first_copy: int
    copies: int
    """Which rows of the entry are its own: those with so many copy numbers from the first …"""
    first_other: int = 0
    others: int = 0
    """… and, of an event that tells two things, so many from another one."""

    def owns(self, copy: int) -> bool:
        """Whether the rows with a copy number are this event's."""
        return (
            self.first_copy <= copy < self.first_copy + self.copies
            or self.first_other <= copy < self.first_other + self.others
        )


class Entry(Struct, frozen=True):
    """The events of one group commit, and their rows by table."""

    number: int
    received_at: int
    """Microseconds since 1970."""
    events: tuple[Logged, ...]
    tables: dict[str, pa.Table]


_events = msgspec.json.Decoder(tuple[Logged, ...])


def _json(values: Sequence[Logged] | Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()


class EventLog:
    """The log of a workspace. Any thread may use it, and other processes may read and prune.

    One process at a time appends. Raises `DiskFull` if there is no room, and goes on once there is;
    `TryAgain` if another process holds the file too long; `HubbubError` if the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing, self._reading = Lock(), Lock()
        """A connection each, so that who appends never waits for who reads."""
        with self._explained():
            self._writer = opened(path, _SCHEMA, synchronous="FULL")
            self._reader = opened(path, _SCHEMA, synchronous="FULL")
            self._last = self.last

    @property
    def last(self) -> int:
        """The number of the newest entry there ever was; 0 if none."""
        found = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'entries'")
        return found[0][0] if found else 0

    def next_number(self) -> int:
        """The number of the entry that comes next; copies are numbered from
        `next_number() << COPIES_OF_ENTRY`."""
        return self._last + 1

    def unseen(self, event_ids: Sequence[str]) -> set[str]:
        """Those of the ids that are not remembered."""
        with self._writing, self._explained():
            seen = self._writer.execute(
                "SELECT event_id FROM seen WHERE event_id IN (SELECT value FROM json_each(?))",
                (_json(event_ids),),
            ).fetchall()
        return {*event_ids}.difference(event_id for (event_id,) in seen)

    def append(self, admitted: Admitted, events: Sequence[Logged], seen: Sequence[str]) -> int:
        """Add an entry, safe on the disk on return: all of it or nothing. Returns its number.

        `seen` are ids to remember, none of which is yet. Without rows they are remembered all
        the same, and no entry is made.
        """
        now = time.time_ns() // 1000
        pieces = {
            name: packed(rows, name) for name, rows in admitted.tables.items() if rows.num_rows
        }
        try:
            with self._changing():
                self._writer.execute(
                    "INSERT INTO seen SELECT value, ? FROM json_each(?)", (now, _json(seen))
                )
                if pieces:
                    self._add(now, events, pieces)
        except sqlite3.IntegrityError as error:
            self._last = self.last
            raise TryAgain(
                f"Another hubbub has put events into {self._path}.",
                "Let only one hubbub serve run for a workspace.",
            ) from error
        if pieces:
            self._last += 1
        return self._last

    def _add(self, now: int, events: Sequence[Logged], pieces: dict[str, bytes]) -> None:
        number, size = self._last + 1, sum(map(len, pieces.values()))
        self._writer.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
            (number, now, _json(events), len(events), size),
        )
        places = ", ".join(["(?, ?, ?)"] * len(pieces))
        self._writer.execute(
            f"INSERT INTO pieces VALUES {places}",
            [each for name, rows in pieces.items() for each in (number, name, rows)],
        )

    def entries(self, after: int, limit: int = 1000) -> list[Entry]:
        """The entries that follow one, oldest first."""
        with self._reading, self._explained():
            found = self._reader.execute(
                "SELECT number, received_at, events FROM entries WHERE number > ? "
                "ORDER BY number LIMIT ?",
                (after, limit),
            ).fetchall()
            if not found:
                return []
            tables: defaultdict[int, dict[str, pa.Table]] = defaultdict(dict)
            for number, name, rows in self._reader.execute(
                "SELECT number, name, rows FROM pieces WHERE number BETWEEN ? AND ?",
                (found[0][0], found[-1][0]),
            ):
                tables[number][name] = unpacked(rows, name)
        return [
            Entry(number, received_at, _events.decode(events), tables[number])
            for number, received_at, events in found
        ]

    def staged(
        self, after: int, folder: Path, limit_bytes: int = _STAGED_BYTES
    ) -> tuple[Staged, int, int]:
        """Write the entries that follow one as Arrow files, for the merge: about so many bytes,
        one entry at least. They stay here until `prune`.

        Returns the files, the number of the last entry in them, and when the oldest of them was
        received, in microseconds; (nothing, `after`, 0) if nothing waits.
        """
        with self._reading, self._explained():
            upto, oldest = self._reach(after, limit_bytes)
            names = self._reader.execute(
                "SELECT DISTINCT name FROM pieces WHERE number > ? AND number <= ?", (after, upto)
            ).fetchall()
            files: Staged = {}
            for (name,) in names:
                files[name] = [folder / f"{name}.arrow"]
                pieces = self._reader.execute(
                    "SELECT rows FROM pieces WHERE number > ? AND number <= ? AND name = ? "
                    "ORDER BY number",
                    (after, upto, name),
                )
                stage_packed((rows for (rows,) in pieces), name, files[name][0])
        return files, upto, oldest

    def _reach(self, after: int, limit_bytes: int) -> tuple[int, int]:
        """The last entry within the limit, and when the first was received."""
        upto, size, oldest = after, 0, 0
        for number, received_at, more in self._reader.execute(
            "SELECT number, received_at, bytes FROM entries WHERE number > ? ORDER BY number",
            (after,),
        ):
            size += more
            if size > limit_bytes and upto > after:
                break
            upto, oldest = number, oldest or received_at
        return upto, oldest

    def waiting(self, after: int) -> tuple[int, int]:
        """How many events follow an entry, and how many bytes."""
        [(events, size)] = self._read(
            "SELECT coalesce(sum(event_count), 0), coalesce(sum(bytes), 0) FROM entries "
            "WHERE number > ?",
            after,
        )
        return events, size

    def events_between(self, after: int, upto: int) -> int:
        """How many events follow an entry, up to another."""
        [(events,)] = self._read(
            "SELECT coalesce(sum(event_count), 0) FROM entries WHERE number > ? AND number <= ?",
            after,
            upto,
        )
        return events

    def forwarded(self) -> int:
        """The last entry that the topic has; 0 if none."""
        found = self._read("SELECT number FROM positions WHERE name = 'forwarded'")
        return found[0][0] if found else 0

    def note_forwarded(self, number: int) -> None:
        """The topic has the entries up to this one: as far as it goes, they may be pruned."""
        with self._changing():
            self._writer.execute(
                "INSERT OR REPLACE INTO positions VALUES ('forwarded', ?)", (number,)
            )

    def admitted_by(self) -> str | None:
        """The policy that the entries were admitted by, as it was noted; None if none was."""
        with self._reading, self._explained():
            found = self._reader.execute("SELECT policy FROM admission").fetchall()
        return found[0][0] if found else None

    def note_admission(self, policy: str) -> None:
        """From now on entries are admitted by a policy."""
        with self._changing():
            self._writer.execute("DELETE FROM admission")
            self._writer.execute("INSERT INTO admission VALUES (?)", (policy,))

    def prune(self, upto: int, remember: timedelta) -> None:
        """Let go of the entries up to one, and of ids that are older than `remember`."""
        before = time.time_ns() // 1000 - remember // timedelta(microseconds=1)
        while self._prune_some(upto, before):
            time.sleep(0.001)  # who waits to append gets its turn

    def _prune_some(self, upto: int, before: int) -> bool:
        """Let go of some; says whether there is more."""
        with self._changing():
            [(last,)] = self._writer.execute(
                "SELECT max(number) FROM (SELECT number FROM entries WHERE number <= ? "
                "ORDER BY number LIMIT ?)",
                (upto, _PRUNED_AT_ONCE),
            )
            if last is not None:
                self._writer.execute("DELETE FROM pieces WHERE number <= ?", (last,))
                self._writer.execute("DELETE FROM entries WHERE number <= ?", (last,))
            forgotten = self._writer.execute(
                "DELETE FROM seen WHERE event_id IN "
                "(SELECT event_id FROM seen WHERE at < ? ORDER BY at LIMIT ?)",
                (before, 100 * _PRUNED_AT_ONCE),
            ).rowcount
        return last is not None or forgotten > 0

    def shrink(self) -> None:
        """Leave nothing on the disk of what was pruned; `TryAgain` if that cannot be now."""
        with self._writing, self._reading, self._explained():
            self._writer.execute("VACUUM")
            [(is_busy, *_)] = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if is_busy:
            raise TryAgain(f"Another hubbub is reading {self._path}.", "Try again when it is done.")

    def close(self) -> None:
        """Let go of the file."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _read(self, query: str, *values: int) -> list[tuple[int, ...]]:
        with self._reading, self._explained():
            return self._reader.execute(query, values).fetchall()

    @contextmanager
    def _changing(self) -> Generator[None]:
        """A transaction: all that is done in it, or nothing."""
        with self._writing, self._explained(), self._writer:
            self._writer.execute("BEGIN IMMEDIATE")
            yield

    def _explained(self) -> AbstractContextManager[None]:
        return explained(
            self._path,
            room="Make room on the disk; it goes on by itself. Slack delivers again what it was "
            "not told is safe.",
            damage="Move it away and start again, then run hubbub collect: what it held is "
            "fetched from Slack.",
        )
