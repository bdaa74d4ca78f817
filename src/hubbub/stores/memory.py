"""What the store knows of earlier collections, for the next to ask nothing twice."""

from pathlib import Path
from typing import Any

import duckdb

from hubbub.core.progress import Coverage, Known, Reading
from hubbub.core.tables import COVERAGE, READINGS
from hubbub.stores import duckdb as store


class StoreMemory:
    """A workspace's store as a collection remembers it; it is held for a question at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = duckdb.connect(":memory:")
        self._connection.execute(
            "SET TimeZone = 'UTC'; SET memory_limit = '64MB'; SET threads = 1; "
            f"SET dynamic_or_filter_threshold = {store.SOUGHT}"
        )

    def coverage(self) -> dict[str, Coverage]:
        """How far each channel was read."""
        if not store.exists(self._path):
            return {}
        with store.borrowed(self._connection, self._path):
            rows = self._ask(f"SELECT {_columns(COVERAGE.names)} FROM store.coverage")
        return {row[0]: Coverage(*row) for row in rows}

    def pending(self) -> list[Reading]:
        """What was wanted and not got, the newest first."""
        return self._readings("wanted IS DISTINCT FROM got ORDER BY ts DESC")

    def stretch(self, channel_id: str, after: str, before: str, others: list[str]) -> Known:
        """What is known of a channel between two `ts`, both left out, and of the messages in
        `others`."""
        with store.borrowed(self._connection, self._path):
            top_level = self._ask(
                """SELECT ts FROM store.messages WHERE channel_id = $1 AND deleted_at IS NULL
                AND posted_at > make_timestamptz($2) AND posted_at < make_timestamptz($3)
                AND (thread_ts IS NULL OR thread_ts = ts OR subtype = 'thread_broadcast')
                ORDER BY posted_at, ts""",
                [channel_id, _micros(after), _micros(before)],
            )
            stretch = tuple(ts for (ts,) in top_level)
            replies: dict[str, list[str]] = {}
            # two questions, each by bounds of `thread_ts` by which most groups of rows are passed
            # over; together they would read the channel's whole history
            elsewhere = [ts for ts in {*others} if not after < ts < before]
            for thread_ts, ts in self._ask(
                f"""SELECT thread_ts, ts FROM store.messages
                WHERE {_IS_REPLY} AND thread_ts > $2 AND thread_ts < $3
                UNION ALL
                SELECT thread_ts, ts FROM store.messages
                SEMI JOIN (SELECT unnest($4::VARCHAR[]) AS thread_ts) USING (thread_ts)
                WHERE {_IS_REPLY}""",
                [channel_id, after, before, elsewhere],
            ):
                replies.setdefault(thread_ts, []).append(ts)
            rows = self._ask(
                f"""SELECT {_columns(READINGS.names)} FROM store.readings
                SEMI JOIN (SELECT unnest($2::VARCHAR[]) AS ts) USING (ts) WHERE channel_id = $1""",
                [channel_id, [*{*others, *stretch}]],
            )
        readings = [Reading(*row) for row in rows]
        return Known(
            stretch,
            {root: tuple(found) for root, found in replies.items()},
            {each.ts: each for each in readings if each.kind == "thread"},
            {each.ts: each for each in readings if each.kind == "reactions"},
        )

    def stalest_threads(self, channel_id: str, share: float, before: int) -> list[Reading]:
        """That share of a channel's threads which was read longest ago, if before an instant in
        microseconds."""
        return self._readings(
            f"""channel_id = $1 AND kind = 'thread' AND got_at < make_timestamptz($2)
            AND wanted = got ORDER BY got_at, ts LIMIT (
                SELECT CAST(ceil(count(*) * {share}) AS BIGINT) FROM store.readings
                WHERE channel_id = $1 AND kind = 'thread')""",
            [channel_id, before],
        )

    def _readings(self, condition: str, parameters: list[Any] | None = None) -> list[Reading]:
        query = f"SELECT {_columns(READINGS.names)} FROM store.readings WHERE {condition}"
        if not store.exists(self._path):
            return []
        with store.borrowed(self._connection, self._path):
            return [Reading(*row) for row in self._ask(query, parameters)]

    def _ask(self, query: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, parameters or []).fetchall()


_IS_REPLY = "channel_id = $1 AND thread_ts <> ts AND deleted_at IS NULL"
_INSTANTS = frozenset({"swept_at", "full_at", "got_at"})


def _columns(names: tuple[str, ...]) -> str:
    """Columns with instants as microseconds."""
    return ", ".join(f"epoch_us({name})" if name in _INSTANTS else name for name in names)


def _micros(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))
