"""Imports without their frame: an open session that each example begins with an empty store."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from messy_slack import CHANNELS, Part
from tests.emptied_store import EmptiedStore, Rows

from hubbub.core.batch import Admitted, Envelope
from hubbub.core.tables import HANGING, MERGED, Table, Type
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import policy_of
from hubbub.slack.normalize import normalize
from hubbub.stores import duckdb as store
from hubbub.stores.changes import count_replies
from hubbub.stores.merge import Merged

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


class QuickStore(EmptiedStore):
    """Takes the parts of exports, and what events and pages bring."""

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
        done: list[Admitted] = []
        for number, envelopes in enumerate(tasks):
            batch = normalize(envelopes, raw=policy.raw, copies=number << 32)
            done.append(gate.admit(batch))
        merged = self.merge(done)
        self.forget_inputs()
        return merged

    def receive(self, envelopes: Sequence[Envelope]) -> None:
        """Merge what events and pages of one public channel, C1, have brought."""
        policy = policy_of("open")
        batch = normalize(envelopes, raw=policy.raw)
        assert not batch.rows["quarantine"], batch.rows["quarantine"]
        admitted = Gate(policy, {"C1": Channel("porch", "public")}, _KEY).admit(batch)
        self.merge([admitted])
        if "messages" in admitted.tables:
            count_replies(self._connection)
        self.forget_inputs()

    def tables(self) -> Tables:
        """All rows that people see."""
        return {table.name: rows(self._connection, table) for table in (*MERGED, *HANGING)}

    def imported(self, parts: Sequence[Part], preset: str) -> Tables:
        """What the tables hold after importing the parts in this order into an empty store."""
        self.clear()
        for part in parts:
            self.take(part, preset)
        return self.tables()


@contextmanager
def quick_store(folder: Path) -> Generator[QuickStore]:
    """A store in a folder, open for all examples of a test."""
    with store.writing(folder / "store.duckdb") as connection:
        yield QuickStore(connection, folder)
