"""The ledger of deliveries: what was sent, and what may have been sent, so that nothing goes twice.

A SQLite file in the workspace's folder. A letter is noted here as `sending` before Slack is asked
to show it, and what is noted is on the disk: whoever finds it so after a crash looks into Slack
before anything else.
"""

import json
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, NamedTuple

from hubbub.errors import HubbubError
from hubbub.stores.sqlite import explained, opened

State = Literal["sending", "sent", "skipped", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
    key TEXT PRIMARY KEY, report TEXT, period TEXT, variant TEXT, kind TEXT, recipient TEXT,
    state TEXT, reason TEXT, pictures INTEGER, files TEXT, ts TEXT, at REAL, is_told INTEGER);
CREATE INDEX IF NOT EXISTS untold ON deliveries (is_told);
CREATE TABLE IF NOT EXISTS keys (mark TEXT PRIMARY KEY);
"""
_COLUMNS = "key, report, period, variant, kind, recipient, state, reason, pictures, files, ts, at"


class Delivery(NamedTuple):
    """What is known of a letter."""

    key: str
    """The letter's mark: a keyed digest of report, period, recipient and variant."""
    report: str
    period: str
    variant: str
    kind: str
    """`member` or `channel`."""
    recipient: str
    """As the policy keeps such ids; empty once the member was taken out."""
    state: State
    """`sending`: Slack may have it, and has to be looked at. `skipped` and `failed`: it has not."""
    reason: str = ""
    """Why it was skipped, or failed."""
    pictures: int = 0
    files: tuple[str, ...] = ()
    """Ids of the pictures' uploads."""
    ts: str = ""
    """Of the message, where Slack said it."""
    at: float = 0.0
    """When it came to that, by Slack's clock."""


class Ledger:
    """The deliveries of a workspace. `mark` is that of the keys that its digests are made with.

    Raises `DiskFull` if the disk is full, and `HubbubError` if the digests are of other keys: then
    no letter could be known again.
    """

    def __init__(self, path: Path, mark: str) -> None:
        self._path = path
        with self._explained():
            self._database = opened(path, _SCHEMA, synchronous="FULL")
            with self._database:
                self._database.execute(
                    "INSERT INTO keys SELECT ? WHERE NOT EXISTS (SELECT * FROM keys)", (mark,)
                )
            (found,) = self._database.execute("SELECT mark FROM keys").fetchone()
            _keep_name(path)
        if found != mark:
            self.close()
            raise HubbubError(
                f"{path} was made with other keys than those of this workspace, so it cannot be "
                "known what was sent already.",
                "Restore the keys from your backup. If they are lost: move the file away; then "
                "letters of before may be sent a second time.",
            )

    def find(self, key: str) -> Delivery | None:
        """What is known of a letter."""
        with self._explained():
            row = self._database.execute(
                f"SELECT {_COLUMNS} FROM deliveries WHERE key = ?", (key,)
            ).fetchone()
        return None if row is None else _read(row)

    def note(self, delivery: Delivery) -> None:
        """Keep what is known of a letter now. It is on the disk when this returns."""
        values = (*delivery._replace(files=json.dumps(delivery.files)), False)  # type: ignore[arg-type]
        with self._explained(), self._database:
            self._database.execute(
                f"INSERT OR REPLACE INTO deliveries ({_COLUMNS}, is_told) "
                f"VALUES ({', '.join('?' * len(values))})",
                values,
            )

    def forget(self, key: str) -> None:
        """Forget a letter that is known not to be sent."""
        with self._explained(), self._database:
            self._database.execute("DELETE FROM deliveries WHERE key = ?", (key,))

    def since(self, instant: float) -> list[float]:
        """When letters were sent, or may have been, from an instant on."""
        with self._explained():
            rows = self._database.execute(
                "SELECT at FROM deliveries WHERE at >= ? AND state IN ('sending', 'sent') "
                "ORDER BY at",
                (instant,),
            ).fetchall()
        return [at for (at,) in rows]

    def variants(self, report: str) -> list[tuple[str, bool]]:
        """The variants of a report that were sent, or may have been, in their order; each with
        whether that is known."""
        with self._explained():
            rows = self._database.execute(
                "SELECT variant, state = 'sent' FROM deliveries "
                "WHERE report = ? AND state IN ('sending', 'sent') ORDER BY at, rowid",
                (report,),
            ).fetchall()
        return [(variant, bool(is_sent)) for variant, is_sent in rows]

    def untold(self) -> list[Delivery]:
        """Deliveries of which the store's table has another state, or none."""
        with self._explained():
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM deliveries WHERE NOT is_told ORDER BY at, key"
            ).fetchall()
        return [_read(row) for row in rows]

    def told(self, deliveries: Iterable[Delivery]) -> None:
        """The store's table has these now."""
        with self._explained(), self._database:
            self._database.executemany(
                "UPDATE deliveries SET is_told = TRUE WHERE key = ? AND state = ? AND at = ?",
                [(each.key, each.state, each.at) for each in deliveries],
            )

    def rename(self, renamed: Callable[[str], str]) -> int:
        """Call members otherwise, as the policy or the keys have changed; empty is nobody. What
        they were called before is gone from the file. Returns how many deliveries changed."""
        with self._explained():
            rows = self._database.execute(
                "SELECT key, recipient FROM deliveries WHERE kind = 'member' AND recipient <> ''"
            ).fetchall()
            changes = [(renamed(recipient), key) for key, recipient in rows]
            changes = [
                change
                for change, (_, recipient) in zip(changes, rows, strict=True)
                if change[0] != recipient
            ]
            if changes:
                with self._database:
                    self._database.executemany(
                        "UPDATE deliveries SET recipient = ? WHERE key = ?", changes
                    )
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return len(changes)

    def release(self, before: float) -> int:
        """Forget for whom the letters of before an instant were: their digests stay, so that none
        goes twice. Returns how many changed."""
        with self._explained():
            with self._database:
                done = self._database.execute(
                    "UPDATE deliveries SET recipient = '' WHERE recipient <> '' AND at < ?",
                    (before,),
                )
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return done.rowcount

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _explained(self) -> AbstractContextManager[None]:
        return explained(
            self._path,
            room="Make room on the disk, then run this again. What was sent is not sent again.",
            damage="Restore it from your backup: without it, letters could be sent twice.",
        )


def _keep_name(path: Path) -> None:
    """See to it that a new file is found again after a power cut: SQLite sees to its content."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(row: tuple[object, ...]) -> Delivery:
    delivery = Delivery(*row)  # type: ignore[arg-type]
    return delivery._replace(files=tuple(json.loads(str(delivery.files))))
