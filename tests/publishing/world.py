"""A workspace to whose store everything happens that can: every kind of write, each by the code
that does it, and what people do with the file itself."""

import json
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from hubbub.core.batch import Batch, Envelope
from hubbub.core.tables import TABLES
from hubbub.flows.loading import merge_staged
from hubbub.flows.workspace import made
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys, write_keys
from hubbub.privacy.policy import policy_of
from hubbub.settings import Settings
from hubbub.slack.normalize import normalize
from hubbub.stores import duckdb as store
from hubbub.stores.erasing import Limits, erase_members, erase_names, retain, rewritten
from hubbub.stores.merge import withdraw
from hubbub.stores.renewing import note_keys
from hubbub.stores.rereading import replace_reread
from hubbub.stores.staging import stage
from hubbub.stores.writes import updating

_arrow: Any = pa

BEGIN = 1_772_442_000
"""2026-03-02 09:00:00 UTC."""
KEYED = "m1_0123456789abcdef01234567"
"""A member of whom only a pseudonym is known."""
_MEMBERS = ("U1", "U2", "U3", KEYED)


class World:
    """What happens to the store of a workspace, and what it takes for it."""

    def __init__(self, folder: Path, *, is_guarded: bool = True) -> None:
        self.settings = Settings(folder / "home", "grove", privacy={"preset": "open"})
        self.number = 0
        self._keys = Keys((b"k" * 32,), 1, b"s" * 32)
        self._posted: list[str] = []
        self._backup = folder / "backup.duckdb"
        self._folder = folder
        self._is_guarded = is_guarded
        self._guarded = 0
        write_keys(made(self.settings.key), self._keys)
        self.list_people()
        self.post()

    @property
    def path(self) -> Path:
        return self.settings.store

    @contextmanager
    def writing(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A session that writes; it fails if rows are changed that keep the number of the write
        they are from."""
        with store.writing(self.path) as connection:
            if self._is_guarded and self.path.stat().st_ino != self._guarded:
                self._guarded = self.path.stat().st_ino
                for name in TABLES:
                    connection.execute(
                        f"CREATE TRIGGER IF NOT EXISTS guard_{name} AFTER UPDATE ON store.{name} "
                        "REFERENCING NEW TABLE AS changed FOR EACH STATEMENT "
                        "INSERT INTO store.writes SELECT error('an update of no write')::BIGINT "
                        "FROM changed WHERE written_in IS DISTINCT FROM getvariable('write')"
                    )
            yield connection

    def _gate(self) -> Gate:
        known = {"C1": Channel("porch", "public"), "C2": Channel("garden", "public")}
        return Gate(policy_of("open"), known | {"C9": Channel("yard", "public")}, self._keys)

    def merge(self, *envelopes: Envelope) -> None:
        """Merge what has come, as a loader does."""
        gate = self._gate()
        batch = normalize(envelopes, raw=False)
        assert not batch.rows["quarantine"], batch.rows["quarantine"]
        staged = stage([gate.admit(batch)], self._folder, f"{self.number:06}")
        with self.writing() as connection:
            merge_staged(connection, self.settings, staged, gate, {"events": self.number})

    def next(self) -> str:
        """The `ts` of now: hours apart, so that there are several days."""
        self.number += 1
        return f"{BEGIN + self.number * 7_200}.000100"

    def _say(self, ts: str, **told: Any) -> Envelope:
        said = {
            "type": "message", "ts": ts, "user": _MEMBERS[int(ts[:10]) // 7_200 % 4],
            "text": f"said at {ts}, <@U2>: <https://example.org/{ts}|here>",
            "reactions": [{"name": "wave", "users": ["U1", "U2"], "count": 2}],
        }  # fmt: skip
        channel = "C1" if int(ts[:10]) // 7_200 % 3 else "C2"
        return Envelope("messages", "page", json.dumps([said | told]).encode(), channel)

    def _tell(self, **event: Any) -> None:
        told = {"event_ts": self.next(), **event}
        self.merge(Envelope("events", "event", json.dumps([told]).encode()))

    def _one(self) -> str:
        """One of the messages of before."""
        return self._posted[self.number * 7 % len(self._posted)]

    def list_people(self) -> None:
        """The directory, the channels and their members."""
        self.next()
        users = [{"id": each, "name": f"name of {each}", "profile": {"title": f"{self.number}"}}
                 for each in _MEMBERS]  # fmt: skip
        channels = [{"id": each, "name": each.lower(), "is_channel": True, "members": ["U1", "U2"]}
                    for each in ("C1", "C2")]  # fmt: skip
        self.merge(
            Envelope("users", "users", json.dumps(users).encode()),
            Envelope("channels", "list", json.dumps(channels).encode(), None, "public"),
        )

    def post(self) -> None:
        """Eight messages, of two days."""
        new = [self.next() for _ in range(8)]
        self._posted += new
        self.merge(*map(self._say, new))

    def edit(self) -> None:
        ts, at = self._one(), self.next()
        edited: dict[str, Any] = {
            "text": f"edited at {at}",
            "edited": {"user": "U1", "ts": at},
            "reactions": [],
        }
        self.merge(self._say(ts, **edited))

    def reword(self) -> None:
        """An edit that leaves reactions, mentions and links as they are."""
        ts, at = self._one(), self.next()
        text = f"said at {ts}, and again at {at}, <@U2>: <https://example.org/{ts}|here>"
        self.merge(self._say(ts, text=text, edited={"user": "U1", "ts": at}))

    def repeat(self) -> None:
        """An older copy of a message, of which something is known that is newer."""
        self.merge(self._say(self._one()))

    def reply(self) -> None:
        root, at = self._one(), self.next()
        self.merge(self._say(at, thread_ts=root))
        self._posted.append(at)

    def react(self) -> None:
        item = {"type": "message", "channel": "C1", "ts": self._one()}
        self._tell(type="reaction_added", user="U3", reaction="tada", item=item)

    def take_back(self) -> None:
        item = {"type": "message", "channel": "C1", "ts": self._one()}
        self._tell(type="reaction_removed", user="U2", reaction="wave", item=item)

    def delete(self) -> None:
        self._tell(type="message", subtype="message_deleted", channel="C1", deleted_ts=self._one(),
                   ts=self.next())  # fmt: skip

    def leave(self) -> None:
        self._tell(type="member_left_channel", user="U2", channel="C1", channel_type="C")

    def rename(self) -> None:
        self._tell(type="channel_rename", channel={"id": "C1", "name": f"porch-{self.number}"})

    def move(self) -> None:
        """A channel gets another id, and all that lies in it."""
        self._tell(type="channel_id_changed", old_channel_id="C2", new_channel_id="C9")

    def close(self) -> None:
        """A channel is deleted, and what was said in it."""
        self._tell(type="channel_deleted", channel="C2")

    def withdraw(self) -> None:
        """A channel turns out not to be public."""
        with self.writing() as connection:
            withdraw(connection, ["C9"])

    def forget(self) -> None:
        """A member goes, with their names and ids in what others wrote."""
        with self.writing() as connection:
            erase_members(connection, ["U2"])
            erase_names(connection, lambda name: "U2" in name)
        rewritten(self.path)

    def retain(self) -> None:
        """Old texts and rows go."""
        old, older = (datetime.fromtimestamp(BEGIN + (self.number - each) * 7_200, UTC)
                      for each in (12, 16))  # fmt: skip
        with self.writing() as connection:
            retain(connection, Limits(old, older))

    def renew(self) -> None:
        """The keys change, and pseudonyms with them."""
        self._keys = self._keys.rotated()
        write_keys(self.settings.key, self._keys)
        with self.writing() as connection:
            note_keys(connection, self._keys)

    def reread(self) -> None:
        """A message is read with other templates."""
        with store.reading(self.path) as connection:
            (channel, ts, version), *_ = connection.execute(
                "SELECT channel_id, ts, version FROM store.messages ORDER BY ts DESC"
            ).fetchall()
        batch = Batch()
        batch.rows["records"] = [(channel, ts, 0, "poll", f"good {self.number}", 0)]
        staged = stage([self._gate().admit(batch)], self._folder, f"read-{self.number:06}")
        read = _arrow.table({"channel_id": [channel], "ts": [ts], "version": [version]})
        with self.writing() as connection:
            replace_reread(connection, read, staged)

    def run(self) -> None:
        """A run begins; the one before it has never ended."""
        with self.writing() as connection:
            connection.execute(updating("runs", "outcome = 'killed'", "WHERE outcome IS NULL"))
            connection.execute(
                "INSERT INTO store.runs (run_id, verb) VALUES ($1, 'collect')", [self.next()]
            )

    def rewrite(self) -> None:
        """The store is written into a new file."""
        rewritten(self.path)

    def back_up(self) -> None:
        shutil.copy(self.path, self._backup)

    def restore(self) -> None:
        """The last backup takes the place of the store."""
        if self._backup.exists():
            shutil.copy(self._backup, self.path)

    def grow_old(self) -> None:
        """The store is as a Hubbub left it that knew of no writes."""
        older = self._folder / "older.duckdb"
        with store.reading(self.path) as connection:
            connection.execute(f"ATTACH '{older}' AS older")
            for name, table in TABLES.items():
                columns = ", ".join(table.names)
                connection.execute(
                    f"CREATE TABLE older.{name} AS SELECT {columns} FROM store.{name}"
                )
            connection.execute("CREATE TABLE older.schema AS SELECT 6 AS version")
        older.replace(self.path)


HAPPENS: dict[str, Callable[[World], None]] = {
    each.__name__: each
    for each in (
        World.list_people, World.post, World.edit, World.reword, World.repeat, World.reply,
        World.react, World.take_back, World.delete, World.leave, World.rename, World.move,
        World.withdraw, World.close, World.forget, World.retain, World.renew, World.reread,
        World.run, World.rewrite, World.back_up, World.restore, World.grow_old,
    )
}  # fmt: skip
"""All that happens, by name."""
FILES = ("back_up", "restore", "grow_old")
"""What people do with the store's file."""
