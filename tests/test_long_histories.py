"""What is done with a few rows of a long history reads few of its rows: counted, as DuckDB tells
it, in the groups of rows that each statement looks into."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from bench.long_events import events_of, log_events

from hubbub.core.tables import TABLES
from hubbub.flows.loading import load_rest
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.memory import StoreMemory

MESSAGES = 400_000
GROUPS = 14
"""Groups of rows that so many messages make."""
CHANNELS = 20
NEWEST = "date_trunc('second', now()) - INTERVAL 1 hour"


@pytest.fixture(scope="module")
def long_one(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace of many messages, one every ten minutes in each channel, each with a reaction."""
    settings = Settings(tmp_path_factory.mktemp("long"), "grove", privacy={"preset": "open"})
    with store.writing(settings.store) as connection:
        connection.execute(f"""CREATE TEMP TABLE said AS
            SELECT format('C{{:08}}', number % {CHANNELS}) AS channel_id,
                {NEWEST} - to_seconds(({MESSAGES} - number) * 30) AS posted_at, number
            FROM range({MESSAGES}) each(number)""")
        connection.execute("""INSERT INTO store.messages BY NAME
            SELECT channel_id, format('{}.{:06}', epoch(posted_at)::BIGINT, number) AS ts,
                CASE WHEN number % 7 = 0 THEN ts END AS thread_ts, posted_at,
                format('U{:08}', number % 50) AS user_id, 'post' AS kind,
                'so be it' AS text, 3 AS words, 8 AS characters, false AS is_question,
                true AS reactions_told, 2 AS presence, epoch_us(posted_at) AS version
            FROM said ORDER BY number""")
        connection.execute("""INSERT INTO store.reactions BY NAME
            SELECT channel_id, ts, 'U00000001' AS user_id, 'tada' AS name FROM store.messages""")
        connection.execute(f"""INSERT INTO store.channels BY NAME
            SELECT format('C{{:08}}', number) AS channel_id, 'public' AS kind, 2 AS presence,
                0 AS version FROM range({CHANNELS}) each(number)""")
    return settings


Looked = list[tuple[int, str, str]]
"""Groups of rows that a statement has looked into, the table, and the statement."""


class Watching:
    """A database, or a session on one, that notes how many groups of rows of each table each
    statement looks into."""

    def __init__(self, connection: Any, looked_into: Looked) -> None:
        self._connection = connection
        self._connection.execute("PRAGMA enable_profiling = 'no_output'")
        self._looked_into = looked_into

    def cursor(self) -> "Watching":
        """Another session."""
        return Watching(self._connection.cursor(), self._looked_into)

    def execute(self, query: str, *parameters: Any) -> Any:
        """Run a statement."""
        # read to the end: only then DuckDB tells what it took
        rows = self._connection.execute(query, *parameters).fetchall()
        told = self._connection.get_profiling_information()
        for operator in json.loads(told or "{}").get("operator", []):
            self._note(operator, " ".join(query.split())[:80])
        return SimpleNamespace(fetchall=lambda: rows)

    def _note(self, operator: dict[str, Any], query: str) -> None:
        table = operator["extra_info"].get("Table", "")
        if table.startswith("store."):
            groups = operator.get("row_groups_scanned", 0)
            self._looked_into.append((groups, table.rpartition(".")[2], query))
        for each in operator.get("children", []):
            self._note(each, query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Generator[Looked]:
    """Watch all sessions that begin."""
    looked_into: Looked = []
    connect = duckdb.connect

    def watching(*arguments: Any) -> Watching:
        return Watching(connect(*arguments), looked_into)

    store.let_engine_go()
    with monkeypatch.context() as patched:
        patched.setattr(duckdb, "connect", watching)
        yield looked_into
    store.let_engine_go()


def test_events_are_merged_without_reading_what_they_are_not_about(
    long_one: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # one more, about the oldest message: it must not widen what is read to all between
    with store.reading(long_one.store) as connection:
        oldest = store.first_row(
            connection, "SELECT channel_id, ts FROM messages ORDER BY posted_at LIMIT 1"
        )
    bodies = [*events_of(long_one, 1), *events_of(long_one, 2), deletion_of(*oldest)]
    log_events(long_one, bodies)
    with watched(monkeypatch) as found:
        load_rest(long_one)
    assert any(table == "messages" for _, table, _ in found), "nothing was watched"
    large = {"messages", "reactions"}
    most = {table: max(each for each in found if each[1] == table) for table in large}
    assert {table: groups for table, (groups, _, _) in most.items() if groups > 4} == {}, most
    with store.reading(long_one.store) as connection:
        told = "SELECT count(*), count(deleted_at) FROM messages"
        # twice 30 posts, 12 replies, 12 reactions, 4 edits and 2 deletions; and ours
        assert store.first_row(connection, told) == (MESSAGES + 84, 5)
        left = f"SELECT count(*) FROM reactions WHERE ts = '{oldest[1]}'"
        assert store.first_row(connection, left) == (0,)


def test_what_a_sweep_asks_of_the_store_reads_the_days_that_it_is_about(
    long_one: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel_id, days = "C00000003", 3
    with store.writing(long_one.store) as connection:
        # a reply to a root of long ago, of yesterday, and one that is of another channel
        roots = connection.execute(
            f"""SELECT ts FROM store.messages WHERE channel_id = '{channel_id}'
            AND thread_ts IS NULL ORDER BY posted_at"""
        ).fetchall()
        (old,), (new,) = roots[5], roots[-100]
        for channel, ts, root in (
            (channel_id, f"{old[:10]}.900001", old),
            (channel_id, f"{new[:10]}.900002", new),
            ("C00000004", f"{new[:10]}.900003", new),
        ):
            connection.execute(
                "INSERT INTO store.messages (channel_id, ts, thread_ts, posted_at, kind) "
                "SELECT $1, $2, $3, to_timestamp($2::DOUBLE), 'reply'",
                [channel, ts, root],
            )
        since, now = store.first_row(
            connection, f"SELECT epoch(now())::BIGINT - {days} * 86400, epoch(now())::BIGINT"
        )
    with watched(monkeypatch) as found:
        memory = StoreMemory(long_one.store)
        known = memory.stretch(channel_id, f"{since}.000000", f"{now}.000000", [old])
    assert known.replies is not None
    assert known.replies[old] == (f"{old[:10]}.900001",)
    assert f"{new[:10]}.900002" in known.replies[new]
    assert f"{new[:10]}.900003" not in known.replies[new]
    assert max(each for each in found if each[1] == "messages")[0] <= 4, found


def deletion_of(channel_id: str, ts: str) -> bytes:
    """The event that a message was deleted."""
    now = f"{int(ts[:10]) + 10**9}.000000"
    event = {
        "type": "message", "subtype": "message_deleted", "channel": channel_id, "ts": now,
        "event_ts": now, "deleted_ts": ts,
    }  # fmt: skip
    told = {"type": "event_callback", "event_id": "EvOLD", "team_id": "T0GROVE01", "event": event}
    return json.dumps(told).encode()


def test_the_store_of_these_tests_is_large_enough(long_one: Settings) -> None:
    assert {"messages", "reactions"} <= set(TABLES)
    with store.reading(long_one.store) as connection:
        connection.execute("PRAGMA enable_profiling = 'no_output'")
        connection.execute("SELECT min(text) FROM messages").fetchall()
        told = json.loads(connection.get_profiling_information())
    assert told["query"]["total_row_groups_to_scan"] >= GROUPS - 1
