"""Imports without their frame: an open session that each example begins with an empty store."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
from messy_slack import CHANNELS, Part

from hubbub.core.batch import Envelope
from hubbub.core.tables import HANGING, MERGED, Table, Type
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import policy_of
from hubbub.slack.normalize import normalize
from hubbub.stores import duckdb as store
from hubbub.stores.changes import count_replies
from hubbub.stores.merge import Merged, merge
from hubbub.stores.staging import Staged, joined, stage

Rows = list[tuple[Any, ...]]
Tables = dict[str, Rows]

_IDS = {name: channel_id for channel_id, name in CHANNELS.items()}
_KEY = Keys((b"k" * 32,), 1, b"s" * 32)


def shown(table: Table) -> list[str]:
    """The columns that are compared: all that people see, and the version."""
    return [column.name for column in table.columns if not column.internal] + [
        column.name for column in table.columns if column.name == "version"
    ]


def rows(connection: duckdb.DuckDBPyConnection, table: Table, prefix: str = "store.") -> Rows:
    """The rows of a table, in one order; instants in microseconds."""
    instants = {column.name for column in table.columns if column.type is Type.INSTANT}
    columns = [f"epoch_us({name})" if name in instants else name for name in shown(table)]
    query = f"SELECT {', '.join(columns)} FROM {prefix}{table.name}"
    return sorted(connection.execute(query).fetchall(), key=repr)


class QuickStore:
    """A store under one transaction, which is undone before each example."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._numbers = count()

    def clear(self) -> None:
        """Begin anew with an empty store."""
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN")
        for path in self._folder.glob("*.arrow"):
            path.unlink()

    def take(self, part: Part, preset: str) -> Merged:
        """Import a part as an import with several tasks does."""
        known = {each: Channel(name, "public") for each, name in CHANNELS.items()}
        policy = policy_of(preset, **({"only_channels": None} if preset == "strict" else {}))
        gate = Gate(policy, known, _KEY)
        tasks: list[list[Envelope]] = [[], [], []]
        for number, (name, content) in enumerate(part.files().items()):
            folder = name.partition("/")[0]
            kind = folder.removesuffix(".json") if name == folder else "messages"
            tasks[0 if kind != "messages" else 1 + number % 2].append(Envelope(
                kind, name, json.dumps(content).encode(), _IDS.get(folder),
                "public" if kind == "channels" else None,
            ))  # fmt: skip
        done: list[Staged] = []
        for number, envelopes in enumerate(tasks):
            batch = normalize(envelopes, raw=policy.raw, copies=number << 32)
            name = f"{next(self._numbers):06}"
            done.append(stage([gate.admit(batch)], self._folder, name))
        merged = merge(self._connection, joined(done))
        self._forget_inputs()
        return merged

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Merge what events and pages of one public channel, C1, have brought."""
        policy = policy_of("open")
        batch = normalize(envelopes, raw=policy.raw)
        assert not batch.rows["quarantine"], batch.rows["quarantine"]
        admitted = Gate(policy, {"C1": Channel("porch", "public")}, _KEY).admit(batch)
        merge(self._connection, stage([admitted], self._folder, f"{next(self._numbers):06}"))
        if "messages" in admitted.tables:
            count_replies(self._connection)
        self._forget_inputs()

    def _forget_inputs(self) -> None:
        """What the end of a session does: an import never meets the inputs of another."""
        for (name,) in self.query("SELECT view_name FROM duckdb_views() WHERE temporary"):
            if name.startswith("staged_"):
                self._connection.unregister(name)
                self._connection.execute(f"DROP VIEW IF EXISTS temp.{name}")

    def tables(self) -> Tables:
        """All rows that people see."""
        return {table.name: rows(self._connection, table) for table in (*MERGED, *HANGING)}

    def imported(self, parts: Sequence[Part], preset: str) -> Tables:
        """What the tables hold after importing the parts in this order into an empty store."""
        self.clear()
        for part in parts:
            self.take(part, preset)
        return self.tables()

    def query(self, sql: str) -> Rows:
        """The rows of a query."""
        return self._connection.execute(sql).fetchall()


@contextmanager
def quick_store(folder: Path) -> Generator[QuickStore]:
    """A store in a folder, open for all examples of a test."""
    with store.writing(folder / "store.duckdb") as connection:
        yield QuickStore(connection, folder)
