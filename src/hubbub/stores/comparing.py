"""Finds out what of a store's tables has changed since they were published, and writes it down."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import duckdb

from hubbub.core.tables import Table, Type
from hubbub.core.warehouse import DAY, DAY_OF_TS, IN_DUCKDB, Change, Shape
from hubbub.stores.duckdb import first_row
from hubbub.stores.publications import Publication, begin_news, quoted
from hubbub.stores.writes import has_write, last_write, written_after

PART_ROWS = 1_000_000
"""A larger table is read in parts, a session each: others write to the store in between."""
_MEMORY = "1GB"
"""What comparing may take; the rest goes to the scratch folder."""
_PARQUET = "FORMAT parquet, COMPRESSION zstd"
_MICROS = "try_cast(split_part(ts, '.', 1) AS BIGINT) * 1000000"


@dataclass(frozen=True)
class Compared:
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


@dataclass(frozen=True)
class Part:
    """Rows of a table that are still to be read: those at places from `begin` to before `end`."""

    table: Table
    shape: Shape
    begin: int
    end: int
    path: Path


class Comparison:
    """Compares a store with what is known to be at a destination, in a session on the store."""

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

    @property
    def news(self) -> Path:
        """The file for `Publication.expect` and `settle`."""
        return self._folder / "news.duckdb"

    def know(self, written: Mapping[str, int]) -> None:
        """Take it that all rows of these tables, up to a write to each, are known as they are. What
        is said of a write of another store is not believed, and a window knows of no other rows."""
        held = {each: has_write(self._connection, each) for each in {*written.values()}}
        known = {name for name in written if name in self._known and not self._since}
        self._after = {name: written[name] for name in known if held[written[name]]}
        counts = [
            f"SELECT '{name}', (SELECT count(*) FROM store.{name} {_where(after)}), "
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
            come, new, gone = self._all_of(table)
        else:
            if name in self._untouched:
                return nothing
            come, new, gone = self._news_of(table, self._after.get(name))
            if not (come or gone):
                return nothing
        if not is_whole and self._writes_days and not shape.is_by_day:
            whole = self._rewritten(table, shape)
            return Compared(replace(whole, gone_count=gone), new, come - new)
        self._tell(name, table.key, is_whole)
        change = self._written(table, shape, come, gone, is_whole=is_whole)
        return Compared(
            change,
            come if is_whole else new,
            0 if is_whole else come - new,
            is_counted=not is_whole,
        )

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
                f"SELECT {listed}, hash, false AS is_new, true AS is_there "
                f"FROM there.{name} LIMIT 0"
            )
        self._tell(name, shape.key, True)
        return Compared(replace(nothing, is_whole=True), 0, 0)

    def _rewritten(self, table: Table, shape: Shape) -> Change:
        """All rows that are to be there, for warehouses that merge nothing."""
        come, _, _ = self._all_of(table)
        self._tell(table.name, table.key, True)
        return self._written(table, shape, come, 0, is_whole=True)

    def _all_of(self, table: Table) -> tuple[int, int, int]:
        """Note the keys of all rows that are to be there; returns how many there are, how many of
        them are new, and how many are gone."""
        name, keys = table.name, ", ".join(table.key)
        # what a window leaves out stays if it is there: with a whole load it has to come again
        there = f"there.{name}" if name in self._known and self._since else None
        self._connection.execute(_come(table, self._since, there=there, all_rows=True))
        self._connection.execute(
            f"CREATE OR REPLACE TABLE news.gone_{name} AS "
            f"SELECT {keys} FROM news.come_{name} LIMIT 0"
        )
        come, new = first_row(
            self._connection, f"SELECT count(*), count(*) FILTER (is_new) FROM news.come_{name}"
        )
        return come, new, 0

    def _news_of(self, table: Table, after: int | None) -> tuple[int, int, int]:
        """Note the keys of rows that are new or other ones, and of those that are gone; returns how
        many come, how many of them are new, and how many are gone.

        Rows of writes up to `after` are known as they are. So the rest tells by its number whether
        any are gone, and what is not there any more is only looked for if there is any.
        """
        name, keys = table.name, ", ".join(table.key)
        self._connection.execute(_come(table, self._since, there=f"there.{name}", after=after))
        come, new, unknown, known, rows = first_row(
            self._connection,
            "SELECT count(*), count(*) FILTER (is_new), count(*) FILTER (NOT is_there), "
            f"(SELECT count(*) FROM there.{name}), (SELECT count(*) FROM store.{name}) "
            f"FROM news.come_{name}",
        )
        expected = known + unknown - rows
        is_told = expected == 0 and not self._since  # of a window, not all that is unknown comes
        self._connection.execute(
            f"CREATE OR REPLACE TABLE news.gone_{name} AS SELECT {keys} FROM "
            + (f"there.{name} LIMIT 0" if is_told
               else f"there.{name} ANTI JOIN ({_keys_of(table)}) USING ({keys})")
        )  # fmt: skip
        gone = first_row(self._connection, f"SELECT count(*) FROM news.gone_{name}")[0]
        if gone != expected and after is not None:  # what was known of it is not true
            return self._news_of(table, None)
        return come, new, gone

    def _written(
        self, table: Table, shape: Shape, come: int, gone: int, *, is_whole: bool
    ) -> Change:
        """The rows and keys as Parquet."""
        name, keys = table.name, ", ".join(table.key)
        if is_whole and come > PART_ROWS:
            return Change(shape, True, self._parted(table, shape, come), come, (), 0)
        wanted = f"SELECT {_columns(table, shape)} FROM store.{name}"
        rows = self._copied(
            f"{name}.rows", f"FROM ({wanted}) SEMI JOIN news.come_{name} USING ({keys})", come
        )
        left = self._copied(f"{name}.gone", f"FROM news.gone_{name}", gone)
        if is_whole or not (shape.is_by_day and self._writes_days):
            return Change(shape, is_whole, rows, come, left, gone)
        days = f"""SELECT DISTINCT {DAY_OF_TS} AS {DAY} FROM (
            SELECT ts FROM news.come_{name} UNION ALL SELECT ts FROM news.gone_{name})"""
        found = self._connection.execute(f"FROM ({days}) ORDER BY ALL").fetchall()
        of_days = self._copied(
            f"{name}.days",
            f"""FROM (FROM (FROM ({wanted}) SEMI JOIN ({days}) USING ({DAY})) SEMI JOIN (
                SELECT {keys} FROM news.come_{name} UNION ALL SELECT {keys} FROM there.{name}
            ) USING ({keys})) ORDER BY {DAY}""",
            1,
        )
        return Change(shape, False, rows, come, left, gone, tuple(day for (day,) in found), of_days)

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
        if not count:
            return ()
        path = self._folder / f"{name}.parquet"
        self._connection.execute(f"COPY ({query}) TO '{quoted(path)}' ({_PARQUET})")
        return (path,)

    def figures(self, shape: Shape, raw: Path, known: str | None) -> tuple[Compared, str]:
        """A metric's rows, which are sent whole if they are not those of the digest `known`; with
        their own digest. `raw` is a Parquet file."""
        columns = ", ".join(
            f'"{field.name}"::{IN_DUCKDB[field.kind]} AS "{field.name}"' for field in shape.fields
        )
        source = f"SELECT {columns} FROM read_parquet('{quoted(raw)}')"
        self._connection.execute("SET preserve_insertion_order = true")
        try:
            count, digest = first_row(
                self._connection,
                "SELECT count(*), coalesce(bit_xor(hash(place, f)), 0)::VARCHAR FROM "
                f"(SELECT row_number() OVER () AS place, f FROM ({source}) f)",
            )
            if digest == known:
                return Compared(Change(shape, False, (), 0, (), 0), 0, 0), digest
            rows = self._copied(shape.name, source, 1)
        finally:
            self._connection.execute("SET preserve_insertion_order = false")
        change = Change(shape, True, rows, count, (), 0)
        return Compared(change, count, 0, is_counted=False), digest


def read_part(connection: duckdb.DuckDBPyConnection, news: Path, part: Part) -> None:
    """Write those rows of a part that are to be sent and are there still, in a session."""
    table, keys = part.table, ", ".join(part.table.key)
    connection.execute(f"SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = false")
    connection.execute(f"ATTACH '{quoted(news)}' AS news (READ_ONLY)")
    connection.execute(
        f"""COPY (FROM (SELECT {_columns(table, part.shape)} FROM store.{table.name}
        WHERE rowid >= {part.begin} AND rowid < {part.end})
        SEMI JOIN news.come_{table.name} USING ({keys})) TO '{quoted(part.path)}' ({_PARQUET})"""
    )


def note_parts(news: Path, parts: Sequence[Part]) -> set[str]:
    """Take the hashes off rows that were no longer where they had been when their part was read:
    the next publication sends them, or takes them away. Returns the tables that have such rows."""
    moved: set[str] = set()
    with closing(duckdb.connect(":memory:")) as session:
        session.execute(f"ATTACH '{quoted(news)}' AS news; SET memory_limit = '{_MEMORY}'")
        for table in {part.table.name: part.table for part in parts}.values():
            files = ", ".join(f"'{quoted(each.path)}'" for each in parts if each.table == table)
            name, keys = table.name, ", ".join(table.key)
            session.execute(
                f"""CREATE OR REPLACE TABLE news.come_{name} AS
                SELECT {keys}, CASE WHEN is_read THEN hash END AS hash, is_new, is_there
                FROM news.come_{name} LEFT JOIN (
                    SELECT {keys}, true AS is_read FROM read_parquet([{files}])) USING ({keys})"""
            )
            lacking = f"SELECT count(*) FROM news.come_{name} WHERE hash IS NULL"
            if first_row(session, lacking)[0]:
                moved.add(name)
    return moved


def _come(
    table: Table,
    since: datetime | None,
    *,
    there: str | None,
    all_rows: bool = False,
    after: int | None = None,
) -> str:
    """Keys and hashes of the rows that are to be sent: all that the window has; beside what is
    there already, those that are new or other ones, or `all_rows` that are to be there. Of writes
    after one only, if that is said."""
    keys = ", ".join(table.key)
    rows = f"""SELECT {", ".join(_key(table, each) + f" AS {each}" for each in table.key)},
        {_hash(table)} AS hash, {_is_in(table, since)} AS is_in FROM store.{table.name}
        {_where(after)}"""
    if there is None:
        chosen = f"SELECT {keys}, hash, true AS is_new, false AS is_there FROM ({rows}) WHERE is_in"
    else:
        wanted = "true" if all_rows else "r.hash IS DISTINCT FROM k.hash"
        chosen = f"""SELECT {", ".join(f"r.{each}" for each in table.key)}, r.hash,
                k.hash IS NULL AS is_new, coalesce(k.is_known, false) AS is_there
            FROM ({rows}) r LEFT JOIN (SELECT *, true AS is_known FROM {there}) k USING ({keys})
            WHERE (r.is_in OR k.is_known) AND {wanted}"""
    return f"CREATE OR REPLACE TABLE news.come_{table.name} AS {chosen}"


def _where(after: int | None) -> str:
    """Rows of writes after one; of all if it is None."""
    return "" if after is None else f"WHERE {written_after(after)}"


def _keys_of(table: Table) -> str:
    listed = ", ".join(f"{_key(table, each)} AS {each}" for each in table.key)
    return f"SELECT {listed} FROM store.{table.name}"


def _columns(table: Table, shape: Shape) -> str:
    """The columns of a table as a warehouse has them."""
    return ", ".join(
        f"{DAY_OF_TS if each.name == DAY else _key(table, each.name)} AS {each.name}"
        for each in shape.fields
    )


def _key(table: Table, name: str) -> str:
    """A column; where it is of the key never NULL, which no warehouse has in a key."""
    is_text = name in table.key and table.column(name).type is Type.TEXT
    return f"coalesce({name}, '')" if is_text else name


def _hash(table: Table) -> str:
    """A hash of a row that stays as it is when a column is added which has no value."""
    return _xor(
        f"CASE WHEN {each.name} IS NULL THEN 0::UBIGINT ELSE hash('{each.name}', {each.name}) END"
        for each in table.public
    )


def _xor(parts: Iterator[str]) -> str:
    first, *rest = parts
    for part in rest:
        first = f"xor({part}, {first})"
    return first


def _is_in(table: Table, since: datetime | None) -> str:
    """The condition by which a row is in the window; without a time of its own it always is."""
    if since is None:
        return "true"
    instant = f"make_timestamptz({_MICROS})" if "ts" in table.key else table.dated
    if instant is None:
        return "true"
    return f"coalesce({instant} >= make_timestamptz({int(since.timestamp() * 1_000_000)}), true)"
