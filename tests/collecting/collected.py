"""What the collector's tests share: a workspace to collect into, what its store then holds, and an
independent reading of what the simulator holds."""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from tests.looking import looking
from tests.properties import reference_reading

from hubbub.core.tables import HANGING, MERGED, RECORD_VALUES, RECORDS, TABLES, Table, Type
from hubbub.flows.collecting import Report, Wish, collect
from hubbub.settings import Collecting, Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.community import UNTIL, invent
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace

NOW = UNTIL.timestamp() + 3600
DAY = 86_400.0
Key = tuple[Any, ...]
Tables = dict[str, dict[Key, dict[str, Any]]]
"""Rows by table and key, with the columns that people see; instants in microseconds."""


def community(seed: int = 1, members: int = 8, days: int = 10) -> Simulator:
    """A small invented workspace, by a clock that is moved by hand."""
    return Simulator(invent(seed=seed, members=members, days=days), clock=Clock.manual(NOW))


def grove(**options: Any) -> Simulator:
    """Two members, U1 who owns it and U2, in the public channels C1 and C2; nothing is said yet."""
    team: Raw = {"id": "T1", "name": "Grove", "domain": "grove"}
    simulator = Simulator(Workspace(team, "UTC"), clock=Clock.manual(NOW), **options)
    for user_id, name in (("U1", "olive"), ("U2", "bram")):
        simulator.acts.add_user(name, id=user_id, is_primary_owner=user_id == "U1")
    for channel_id in ("C1", "C2"):
        simulator.acts.create_channel(channel_id.lower(), "U1", id=channel_id)
        simulator.acts.join(channel_id, "U2")
        simulator.workspace.messages[channel_id].clear()
    return simulator


@dataclass
class Collector:
    """A workspace of Hubbub's that is collected from a simulator."""

    simulator: Simulator
    settings: Settings
    token: str
    reports: list[Report] = field(default_factory=list[Report])

    def collect(self, *, later: float = 60.0, **wish: Any) -> Report:
        """Collect, so many seconds after what was before."""
        self.simulator.clock.advance(later)
        report = collect(self.settings, Wish(**wish), clock=self.simulator.clock)
        self.reports.append(report)
        return report

    def asked(self, method: str) -> list[Raw]:
        """The arguments of all calls of a method since `forget`."""
        return [call.arguments for call in self.simulator.calls.made(method)]

    def forget(self) -> None:
        """Let the simulator count calls anew."""
        self.simulator.calls.clear()

    def chosen(self, **collect: Any) -> None:
        """Change settings under [collect]."""
        self.settings = replace(self.settings, collect=replace(self.settings.collect, **collect))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the store."""
        with looking(self.settings.store) as connection:
            return connection.execute(sql).fetchall()

    def alive(self, channel_id: str) -> set[str]:
        """The `ts` of a channel's messages that the store has as not deleted."""
        query = f"SELECT ts FROM messages WHERE channel_id = '{channel_id}' AND deleted_at IS NULL"
        return {ts for (ts,) in self.ask(query)}

    def said(self, channel_id: str) -> set[str]:
        """The `ts` of the messages that a channel of the simulator has, tombstones left out."""
        messages = self.simulator.workspace.messages[channel_id]
        return {each["ts"] for each in messages if each.get("subtype") != "tombstone"}


@contextmanager
def collector(
    simulator: Simulator, home: Path, *, token: str = "", preset: str = "open", **chosen: Any
) -> Generator[Collector]:
    """A served simulator with a workspace to collect it into; by a new user's token if none."""
    token = token or simulator.add_token("user")
    kind = "bot" if token.startswith("xoxb") else "user"
    settings = Settings(
        home, "grove", privacy={"preset": preset}, collect=Collecting(token=kind, **chosen)
    )
    names = ("SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_USER_TOKEN")
    before = {name: os.environ.pop(name, None) for name in names}
    try:
        with simulator.serve():
            os.environ["SLACK_API_URL"] = simulator.url
            os.environ[f"SLACK_{kind.upper()}_TOKEN"] = token
            yield Collector(simulator, settings, token)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def stored(settings: Settings) -> Tables:
    """What a store holds."""
    with looking(settings.store) as connection:
        found: Tables = {}
        for table in (*MERGED, *HANGING):
            names = [column.name for column in table.public]
            shown = [
                f"epoch_us({column.name})" if column.type is Type.INSTANT else column.name
                for column in table.public
            ]
            rows = connection.execute(f"SELECT {', '.join(shown)} FROM {table.name}").fetchall()
            found[table.name] = _keyed(table, [dict(zip(names, row, strict=True)) for row in rows])
        return found


def held(simulator: Simulator) -> Tables:
    """What the simulator's public channels hold, by a reading that knows nothing of Hubbub, and
    nothing of the records that its templates find."""
    workspace = simulator.workspace
    public = [c for c in workspace.channels if not (c.get("is_private") or c.get("is_im"))]
    channels = [{**each, "members": workspace.members[each["id"]]} for each in public]
    messages = [(c["id"], each) for c in public for each in workspace.messages[c["id"]]]
    users = [user for user in workspace.users if user["team_id"] == workspace.team["id"]]
    found = reference_reading.read(users, channels, messages, workspace.usergroups)
    return {
        table.name: _keyed(
            table,
            [{column.name: row[column.name] for column in table.public}
             for row in found[table.name]],
        )
        for table in (*MERGED, *HANGING)
        if table not in {RECORDS, RECORD_VALUES}
    }  # fmt: skip


def _keyed(table: Table, rows: Iterable[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    return {tuple(row.get(key) for key in table.key): row for row in rows}


def without_deleted(tables: Tables) -> Tables:
    """The tables as if what was deleted had never been."""
    shared = {key[2] for key in tables["shares"]}
    return tables | {
        "messages": {
            key: row for key, row in tables["messages"].items() if row["deleted_at"] is None
        },
        "files": {key: row for key, row in tables["files"].items() if key[0] in shared},
    }


def differences(found: Tables, wanted: Tables) -> list[str]:
    """How two states of the tables differ, a line per value or row."""
    lines: list[str] = []
    for name in (table.name for table in TABLES.values() if table.name in wanted):
        left, right = found[name], wanted[name]
        lines += [f"{name} {key} is too much" for key in left.keys() - right.keys()]
        lines += [f"{name} {key} is missing" for key in right.keys() - left.keys()]
        lines += [
            f"{name} {key} {column}: {left[key][column]!r} instead of {value!r}"
            for key in left.keys() & right.keys()
            for column, value in right[key].items()
            if left[key][column] != value
        ]
    return sorted(lines)


def unlike(collected: Collector) -> list[str]:
    """How the store differs from what the simulator holds now."""
    found = without_deleted(stored(collected.settings))
    return differences(found, without_deleted(held(collected.simulator)))
