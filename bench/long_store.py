"""A store of any size without importing for hours: one export's rows, again and again.

Each copy of the export's year lies 146 days before the one after it, so 20 million messages are
eight years of a community that has always been as busy. The rows lie in the order in which one
import of the whole history leaves them: day after day; or, as imports of before left them, channel
after channel.
"""

import time
from pathlib import Path

import duckdb

from hubbub.core.tables import HANGING, MERGED, TABLES
from hubbub.flows.workspace import keys_of
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.renewing import note_keys
from hubbub.stores.writes import WRITTEN_IN

_DAY = 86_400
STEP = 146 * _DAY
_SLICE = 20 * _DAY
_OF_MESSAGES = [
    table.name for table in (*MERGED, *HANGING) if table.key[:2] == ("channel_id", "ts")
]  # fmt: skip
_OTHERS = [name for name in TABLES if name not in {*_OF_MESSAGES, "runs", "keys"}]
_TIMES = ("ts", "thread_ts", "latest_reply")
_MEMORY = "6GB"


def settings_of(folder: Path) -> Settings:
    """A workspace in which all is kept."""
    return Settings(folder, "default", privacy={"preset": "open"})


def grow(seed: Settings, settings: Settings, copies: int, *, by_channel: bool = False) -> None:
    """Fill a new store with so many copies of the rows of `seed`'s; the newest ends today."""
    keys = keys_of(settings)
    with store.writing(settings.store) as connection:
        note_keys(connection, keys)
        connection.execute(f"SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = true")
        connection.execute(f"ATTACH '{seed.store}' AS seed (READ_ONLY)")
        first, last = store.first_row(
            connection, "SELECT epoch(min(posted_at)), epoch(max(posted_at)) FROM seed.messages"
        )
        later = (int(time.time()) - int(last)) // _DAY * _DAY
        moved_by = [later - number * STEP for number in range(copies)]
        for name in _OTHERS:
            connection.execute(
                f"INSERT INTO store.{name} BY NAME SELECT * EXCLUDE ({WRITTEN_IN}) FROM seed.{name}"
            )
        if by_channel:
            channels = connection.execute(
                "SELECT DISTINCT channel_id FROM seed.messages ORDER BY 1"
            )
            for (channel_id,) in channels.fetchall():
                _copy(connection, moved_by, f"r.channel_id = '{channel_id}'")
            return
        begin = int(first) + moved_by[-1]
        while begin <= int(last) + later:
            end = begin + _SLICE
            near = [each for each in moved_by if first + each < end and last + each >= begin]
            at = "left(r.ts, 10)::BIGINT + c.seconds"
            _copy(connection, near, f"{at} >= {begin} AND {at} < {end}")
            begin = end


def _copy(connection: duckdb.DuckDBPyConnection, moved_by: list[int], which: str) -> None:
    """Copy some rows of messages and of what hangs on them, in the order of time."""
    for table in _OF_MESSAGES:
        columns = TABLES[table].names
        moved = {name: _moved(name) for name in _TIMES if name in columns}
        if "posted_at" in columns:
            moved["posted_at"] = "posted_at + to_seconds(c.seconds)"
        if "version" in columns:
            moved["version"] = "version + c.seconds * 1_000_000"
        if "canonical" in columns:
            moved["canonical"] = f"replace(canonical, ts, {_moved('ts')})"
        replacing = ", ".join(f"{sql} AS {name}" for name, sql in moved.items())
        connection.execute(
            f"""INSERT INTO store.{table} BY NAME
            SELECT r.* EXCLUDE ({WRITTEN_IN}) REPLACE ({replacing})
            FROM seed.{table} r, (SELECT unnest($1::BIGINT[]) AS seconds) c
            WHERE {which} ORDER BY {_moved("ts")}""",
            [moved_by],
        )


def _moved(name: str) -> str:
    """A `ts` in another year."""
    return f"(left(r.{name}, 10)::BIGINT + c.seconds)::VARCHAR || substr(r.{name}, 11)"
