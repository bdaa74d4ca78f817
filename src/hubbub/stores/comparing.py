"""Finds out what of a store's tables has changed since they were published, and writes it down."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import duckdb
from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.quoting import parquet, quoted
from hubbub.core.tables import Table
from hubbub.core.warehouse import DAY, DAY_OF_TS, ROW_GROUP, Change, Ready, Shape, in_duckdb
from hubbub.stores.duckdb import first_row
from hubbub.stores.publications import Publication, begin_news
from hubbub.stores.telling_apart import columns, keys_of, near, note_come, where
from hubbub.stores.writes import has_write, last_write

PART_ROWS = 1_000_000
"""A larger table is read in parts, a session each: others write to the store in between."""
_MEMORY = "1GB"
"""What comparing may take; the rest goes to the scratch folder."""
_PARQUET = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"


class Compared(Struct, frozen=True):
    """What of one table is to be sent, and why."""

    change: Change
    new: int
    changed: int
    """Rows that are there and are other ones now; 0 if they are not counted."""
    is_counted: bool = True
    """Whether rows that are new, changed and the same were told apart."""

    @property
    def is_nothing(self) -> bool:
        """Whether the destination is as it should be."""
        return not (self.change.is_whole or self.change.row_count or self.change.gone_count)


class Part(Struct, frozen=True):
    """Rows of a table that are still to be read: those at places from `begin` to before `end`."""

    table: Table
    shape: Shape
    begin: int
    end: int
    path: Path


class _News(NamedTuple):
    """What of a table is to be sent, in rows."""

    come: int
    new: int
    """Of those that come."""
    gone: int
    after: int | None
    """The write after which all that comes was written, if one is known."""


class Comparison:
    """Compares a store with what is known to be at a destination, in a session on the store. What
    it finds stays attached as `news` to the session's engine, and the keys as `there`."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        publication: Publication,
        folder: Path,
        since: datetime | None,
        *,
        writes_days: bool,
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._since = since
        self._writes_days = writes_days
        connection.execute(f"SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = false")
        self.last_write = last_write(connection)
        """Of those that the store holds."""
        self._after: dict[str, int] = {}
        """Writes up to which all rows of tables are known as they are."""
        self._untouched: set[str] = set()
        """Tables of which no row has come since then, and none is gone."""
        self.parts: list[Part] = []
        """What is to be read by `read_parts`."""
        self._known: set[str] = set()
        if publication.keys.exists():
            connection.execute(f"ATTACH '{quoted(publication.keys)}' AS there")
            self._known = {
                name
                for (name,) in connection.execute(
                    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'there'"
                ).fetchall()
            }
        self._tell = begin_news(connection, folder / "news.duckdb")

    @contextmanager
    def noting(self) -> Generator[None]:
        """Write down together what is noted inside: each table for itself waits for the disk."""
        self._connection.execute("BEGIN")
        yield
        self._connection.execute("COMMIT")

    def know(self, written: Mapping[str, int]) -> None:
        """Take it that all rows of these tables, up to a write to each, are known as they are. What
        is said of a write of another store is not believed, and a window knows of no other rows."""
        held = {each: has_write(self._connection, each) for each in {*written.values()}}
        known = {name for name in written if name in self._known and not self._since}
        self._after = {name: written[name] for name in known if held[written[name]]}
        counts = [
            f"SELECT '{name}', (SELECT count(*) FROM store.{name} {where(after)}), "
            f"(SELECT count(*) FROM there.{name}), (SELECT count(*) FROM store.{name})"
            for name, after in self._after.items()
        ]
        if counts:
            found = self._connection.execute(" UNION ALL ".join(counts)).fetchall()
            self._untouched = {
                name for name, new, known, rows in found if not new and known == rows
            }

    def table(self, table: Table, shape: Shape, *, is_whole: bool) -> Compared:
        """What of a table is new, changed and gone; all of it if `is_whole`."""
        name = table.name
        is_whole = is_whole or name not in self._known
        nothing = Compared(Change(shape, False, (), 0, (), 0), 0, 0)
        if is_whole:
            whole = self._whole(table, shape)
            return Compared(whole, whole.row_count, 0, is_counted=False)
        if name in self._untouched:
            return nothing
        news = self._news_of(table, self._after.get(name))
        if not (news.come or news.gone):
            return nothing
        if self._writes_days and not shape.is_by_day:
            change = replace(self._whole(table, shape), gone_count=news.gone)
        else:
            self._tell(name, table.key, False)
            change = self._written(table, shape, news)
        return Compared(change, news.new, news.come - news.new)

    def emptied(self, shape: Shape, *, is_whole: bool) -> Compared:
        """Take away all rows of a table that may not be there any more, unless they are gone."""
        name, listed = shape.name, ", ".join(shape.key)
        nothing = Change(shape, is_whole, (), 0, (), 0)
        if not shape.key or name not in self._known:
            return Compared(nothing, 0, 0)
        count = first_row(self._connection, f"SELECT count(*) FROM there.{name}")[0]
        if not (count or is_whole):
            return Compared(nothing, 0, 0)
        for news in ("come", "gone"):
            self._connection.execute(
                f"CREATE TABLE news.{news}_{name} AS "
                f"SELECT {listed}, hash, false AS is_new, rowid AS place "
                f"FROM there.{name} LIMIT 0"
            )
        self._tell(name, shape.key, True)
        return Compared(replace(nothing, is_whole=True), 0, 0)

    def _whole(self, table: Table, shape: Shape) -> Change:
        """All rows that are to be there: in place of all that is."""
        name, keys = table.name, ", ".join(table.key)
        # what a window leaves out stays if it is there: with a whole load it has to come again
        there = f"there.{name}" if name in self._known and self._since else None
        self._connection.execute(note_come(table, self._since, there=there, all_rows=True))
        self._connection.execute(
            f"CREATE OR REPLACE TABLE news.gone_{name} AS "
            f"SELECT {keys} FROM news.come_{name} LIMIT 0"
        )
        self._tell(name, table.key, True)
        come = first_row(self._connection, f"SELECT count(*) FROM news.come_{name}")[0]
        if come > PART_ROWS:
            return Change(shape, True, self._parted(table, shape, come), come, (), 0)
        if self._writes_days and not shape.is_by_day:
            return self._as_one(shape, f"{self._coming(table, shape)} ORDER BY {keys}")
        return Change(shape, True, self._rows(table, shape, come), come, (), 0)

    def _news_of(self, table: Table, after: int | None) -> "_News":
        """Note the keys of rows that are new or other ones, and of those that are gone.

        Where rows of writes up to `after` are known as they are, the number of the others tells how
        many are gone, and they are only looked for if there are any.
        """
        name, keys = table.name, ", ".join(table.key)
        self._connection.execute(note_come(table, self._since, there=f"there.{name}", after=after))
        come, new, unknown, known, rows = first_row(
            self._connection,
            "SELECT count(*), count(*) FILTER (is_new), count(*) FILTER (place IS NULL), "
            f"(SELECT count(*) FROM there.{name}), (SELECT count(*) FROM store.{name}) "
            f"FROM news.come_{name}",
        )
        expected = known + unknown - rows
        is_told = expected == 0 and after is not None
        if is_told and not come:
            return _News(0, 0, 0, after)
        self._connection.execute(
            f"CREATE OR REPLACE TABLE news.gone_{name} AS SELECT {keys} FROM "
            + (f"there.{name} LIMIT 0" if is_told
               else f"there.{name} ANTI JOIN ({keys_of(table)}) USING ({keys})")
        )  # fmt: skip
        gone = first_row(self._connection, f"SELECT count(*) FROM news.gone_{name}")[0]
        if gone != expected and after is not None:  # what was known of it is not true
            return self._news_of(table, None)
        return _News(come, new, gone, after)

    def _written(self, table: Table, shape: Shape, news: "_News") -> Change:
        """The rows that come and the keys of those that are gone, as Parquet; or the days that are
        touched, where days are written whole."""
        name = table.name
        if not (shape.is_by_day and self._writes_days):
            rows = self._rows(table, shape, news.come, news.after)
            gone = self._copied(f"{name}.gone", f"FROM news.gone_{name}", news.gone)
            return Change(shape, False, rows, news.come, gone, news.gone)
        days = f"""SELECT DISTINCT {DAY_OF_TS} AS {DAY} FROM (
            SELECT ts FROM news.come_{name} UNION ALL SELECT ts FROM news.gone_{name})"""
        touched = [day for (day,) in self._connection.execute(f"{days} ORDER BY ALL").fetchall()]
        ready = self._of_days(table, shape, touched)
        return Change(shape, False, (), news.come, (), news.gone, tuple(touched), ready)

    def _rows(
        self, table: Table, shape: Shape, count: int, after: int | None = None
    ) -> tuple[Path, ...]:
        """Those rows that come."""
        return self._copied(f"{table.name}.rows", self._coming(table, shape, after), count)

    def _coming(self, table: Table, shape: Shape, after: int | None = None) -> str:
        """A query for them."""
        wanted = f"SELECT {columns(table, shape)} FROM store.{table.name} {where(after)}"
        return f"FROM ({wanted}) SEMI JOIN news.come_{table.name} USING ({', '.join(table.key)})"

    def _of_days(self, table: Table, shape: Shape, days: Sequence[date]) -> tuple[Ready, ...]:
        """All rows of some days that are to be there, read together and written day by day: written
        by partition, which several threads do at once, a day's file would have no order."""
        name, keys = table.name, ", ".join(table.key)
        rows = f"SELECT {columns(table, shape)} FROM store.{name} WHERE {near(days)}"
        listed = ", ".join(f"DATE '{day}'" for day in days)
        chosen = f"FROM ({rows}) SEMI JOIN (SELECT unnest([{listed}]) AS {DAY}) USING ({DAY})"
        if self._since:  # what was before the window and is not there stays away
            chosen = f"""FROM ({chosen}) SEMI JOIN (SELECT {keys} FROM news.come_{name}
                UNION ALL SELECT {keys} FROM there.{name}) USING ({keys})"""
        ready: list[Ready] = []
        with self._in_order():
            self._connection.execute(
                f"CREATE TEMP TABLE of_days AS FROM ({chosen}) ORDER BY {DAY}, {keys}"
            )
            with self._with_one_schema():
                for day in days:
                    of_day = f"SELECT * EXCLUDE ({DAY}) FROM of_days WHERE {DAY} = DATE '{day}'"
                    path, rows = self._written_to(f"{name}.{day}", of_day)
                    ready += [Ready(day, path, rows)] if rows else []
            self._connection.execute("DROP TABLE of_days")
        return tuple(ready)

    def _as_one(self, shape: Shape, query: str) -> Change:
        """A query's rows, in its order, in place of all that a table without days has."""
        with self._in_order(), self._with_one_schema():
            path, rows = self._written_to(f"{shape.name}.rows", query)
        if self._writes_days:
            return Change(shape, True, (), rows, (), 0, ready=(Ready(None, path, rows),))
        return Change(shape, True, (path,), rows, (), 0)

    @contextmanager
    def _in_order(self) -> Generator[None]:
        """Let what is written have the order of its query."""
        self._connection.execute("SET preserve_insertion_order = true")
        yield
        self._connection.execute("SET preserve_insertion_order = false")

    @contextmanager
    def _with_one_schema(self) -> Generator[None]:
        """Let all files of a table have the same schema: a column in which DuckDB knows of no NULL
        it would write as required."""
        self._connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        yield
        self._connection.execute("RESET disabled_optimizers")

    def _parted(self, table: Table, shape: Shape, come: int) -> tuple[Path, ...]:
        """Plan to read a large table in parts; returns the files that it will be in."""
        begin, end = first_row(
            self._connection, f"SELECT min(rowid), max(rowid) + 1 FROM store.{table.name}"
        )
        count = -(-come // PART_ROWS)
        places = [begin + (end - begin) * number // count for number in range(count + 1)]
        parts = [
            Part(table, shape, low, high, self._folder / f"{table.name}.rows-{number}.parquet")
            for number, (low, high) in enumerate(pairwise(places))
        ]
        self.parts += parts
        return tuple(part.path for part in parts)

    def _copied(self, name: str, query: str, count: int) -> tuple[Path, ...]:
        """A query's rows as a Parquet file; none if there are no rows."""
        return (self._written_to(name, query)[0],) if count else ()

    def _written_to(self, name: str, query: str) -> tuple[Path, int]:
        """A Parquet file of this name with a query's rows, and how many they are."""
        path = self._folder / f"{name}.parquet"
        [(rows,)] = self._connection.execute(
            f"COPY ({query}) TO '{quoted(path)}' ({_PARQUET})"
        ).fetchall()
        return path, rows

    def figures(self, shape: Shape, raw: Path, known: str | None) -> tuple[Compared, str]:
        """A metric's rows, which are sent whole if they are not those of the digest `known`; with
        their own digest. `raw` is a Parquet file."""
        columns = in_duckdb(shape.fields)
        source = f"SELECT {columns} FROM {parquet([raw])}"
        with self._in_order():
            count, digest = first_row(
                self._connection,
                "SELECT count(*), coalesce(bit_xor(hash(place, f)), 0)::VARCHAR FROM "
                f"(SELECT row_number() OVER () AS place, f FROM ({source}) f)",
            )
        if digest == known:
            return Compared(Change(shape, False, (), 0, (), 0), 0, 0), digest
        return Compared(self._as_one(shape, source), count, 0, is_counted=False), digest


def read_part(connection: duckdb.DuckDBPyConnection, part: Part) -> None:
    """Write those rows of a part that are to be sent and are there still, in a session of the
    engine that has compared."""
    table, keys = part.table, ", ".join(part.table.key)
    connection.execute(
        f"""COPY (FROM (SELECT {columns(table, part.shape)} FROM store.{table.name}
        WHERE rowid >= {part.begin} AND rowid < {part.end})
        SEMI JOIN news.come_{table.name} USING ({keys})) TO '{quoted(part.path)}' ({_PARQUET})"""
    )


def note_parts(session: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> set[str]:
    """Take the hashes off rows that were no longer where they had been when their part was read:
    the next publication sends them, or takes them away. Returns the tables that have such rows."""
    moved: set[str] = set()
    for table in {part.table.name: part.table for part in parts}.values():
        files = parquet(each.path for each in parts if each.table == table)
        name, keys = table.name, ", ".join(table.key)
        session.execute(
            f"""CREATE OR REPLACE TABLE news.come_{name} AS
            SELECT {keys}, CASE WHEN is_read THEN hash END AS hash, is_new, place
            FROM news.come_{name} LEFT JOIN (
                SELECT {keys}, true AS is_read FROM {files}) USING ({keys})"""
        )
        lacking = f"SELECT count(*) FROM news.come_{name} WHERE hash IS NULL"
        if first_row(session, lacking)[0]:
            moved.add(name)
    return moved
