"""Takes members, and what is too old, out of a store; and rewrites the file so that nothing stays.

A deletion alone leaves the bytes in the file until something else is written there. So whatever is
erased for good ends with `rewritten`.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from msgspec import Struct

from hubbub.core.tables import TABLES, Column, Privacy, Table
from hubbub.slack.redaction import NOBODY, standing_alone
from hubbub.stores import duckdb as store
from hubbub.stores.writes import updating

_IS_ID = re.compile(r"[UW][A-Z0-9]+|m[0-9]+_[0-9a-f]+")
"""An id of Slack's, or a pseudonym; handles may be words."""


class Limits(Struct, frozen=True):
    """From when on what may be kept; None for always."""

    texts_since: datetime | None
    rows_since: datetime | None


def members_named(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Every member whom any row of the store names, by id or handle."""
    queries = [
        f"SELECT DISTINCT {column.name} FROM store.{table.name}"
        for table in TABLES.values()
        for column in table.columns
        if column.privacy is Privacy.MEMBER
    ]
    return {name for (name,) in connection.execute(" UNION ".join(queries)).fetchall() if name}


def erase_members(connection: duckdb.DuckDBPyConnection, members: Iterable[str]) -> Counter[str]:
    """Delete the rows of members, named by id or handle as the store has them, and take their ids
    out of others' rows. Returns how many rows were deleted or changed, by table."""
    touched: Counter[str] = Counter()
    theirs = [*members]
    if not theirs:
        return touched
    named = "IN (SELECT unnest($1::VARCHAR[]))"
    for table in TABLES.values():
        of_members = [column for column in table.columns if column.privacy is Privacy.MEMBER]
        owners = [f"{column.name} {named}" for column in of_members if not column.names_only]
        if owners:
            touched += _delete(connection, table, " OR ".join(owners), [theirs])
        for column in of_members:
            if column.names_only:
                where = f"{column.name} {named}"
                touched += _update(connection, table, f"{column.name} = NULL", where, [theirs])
    if ids := sorted(filter(_IS_ID.fullmatch, theirs)):
        for table in TABLES.values():
            for column in table.columns:
                touched += _unname(connection, table, column, ids)
    return touched


def erase_names(
    connection: duckdb.DuckDBPyConnection, is_theirs: Callable[[str], bool]
) -> Counter[str]:
    """Take names out of the rows that nobody owns, and out of the texts beside them. Returns how
    many rows were changed, by table."""
    touched: Counter[str] = Counter()
    for table in TABLES.values():
        for column in table.names_of_others:
            found = connection.execute(
                f"SELECT DISTINCT {column.name} FROM store.{table.name} "
                f"WHERE {column.name} IS NOT NULL"
            ).fetchall()
            for name in filter(is_theirs, (name for (name,) in found)):
                touched += _erase_name(connection, table, column, name)
    return touched


def _erase_name(
    connection: duckdb.DuckDBPyConnection, table: Table, column: Column, name: str
) -> Counter[str]:
    """Take one name out of a column, and out of the texts of the same messages' rows."""
    beside = [each.name for each in table.columns if each.privacy is Privacy.TEXT]
    if beside:
        _erase_beside(connection, table, column, name, beside)
    return _update(connection, table, f"{column.name} = NULL", f"{column.name} = $1", [name])


def _erase_beside(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    column: Column,
    name: str,
    beside: list[str],
) -> None:
    """Take a name out of the texts of the messages whose rows bear it in a column."""
    rows = connection.execute(
        f"SELECT rowid, {', '.join(beside)} FROM store.{table.name} "
        f"WHERE (channel_id, ts) IN (SELECT (channel_id, ts) FROM store.{table.name} "
        f"WHERE {column.name} = $1)",
        [name],
    ).fetchall()
    pattern = standing_alone([name])
    changes = ", ".join(f"{text} = ?" for text in beside)
    for row, *texts in rows:
        without = [text and pattern.sub(NOBODY, text) for text in texts]
        if without != texts:
            connection.execute(updating(table.name, changes, "WHERE rowid = ?"), [*without, row])


def _unname(
    connection: duckdb.DuckDBPyConnection, table: Table, column: Column, ids: list[str]
) -> Counter[str]:
    """Take members' ids out of a column; whole copies that name one go. All ids at once: most of
    the time goes into unpacking what was written."""
    where = " OR ".join(f"contains({column.name}, ${place})" for place, _ in enumerate(ids, 1))
    if column.privacy in (Privacy.TEXT, Privacy.LINK):
        any_of = "|".join(ids)
        found = rf"<@({any_of})(\|[^<>]*)?>|\b({any_of})\b"
        pattern = f"${len(ids) + 1}"
        change = f"{column.name} = regexp_replace({column.name}, {pattern}, '{NOBODY}', 'g')"
        return _update(connection, table, change, where, [*ids, found])
    if column.privacy in (Privacy.RAW, Privacy.OUTLINE):
        outline = ", outline = NULL" if column.name == "canonical" else ""
        return _update(connection, table, f"{column.name} = NULL{outline}", where, ids)
    return Counter()


def retain(connection: duckdb.DuckDBPyConnection, limits: Limits) -> Counter[str]:
    """Empty the texts and delete the rows that are older than they may be. Returns how many rows
    there were, by table."""
    touched: Counter[str] = Counter()
    for table in TABLES.values():
        if limits.rows_since is not None and table.dated:
            where, values = f"{table.dated} < make_timestamptz($1)", [_micros(limits.rows_since)]
            touched += _delete(connection, table, where, values)
        old = _old_texts(table)
        if limits.texts_since is not None and old:
            emptied = ", ".join(
                [f"{name} = NULL" for name in _written(table)]
                + [f"{name} = CASE WHEN NOT {_is_whole(name)} THEN {name} END"
                   for name in _ranks(table)]
            )  # fmt: skip
            touched += _update(connection, table, emptied, old, [_micros(limits.texts_since)])
    return touched


def overdue(connection: duckdb.DuckDBPyConnection, limits: Limits) -> Counter[str]:
    """How many rows `retain` would touch, by table."""
    found: Counter[str] = Counter()
    for table in TABLES.values():
        old = [(limits.rows_since, f"{table.dated} < make_timestamptz($1)" if table.dated else "")]
        old += [(limits.texts_since, _old_texts(table))]
        for since, where in old:
            if since is not None and where:
                query = f"SELECT count(*) FROM store.{table.name} WHERE {where}"
                found[table.name] += connection.execute(query, [_micros(since)]).fetchall()[0][0]
    return +found


def _old_texts(table: Table) -> str:
    """The condition by which rows hold texts of before $1; empty where they never do."""
    written = _written(table)
    if table.dated is None or not written:
        return ""
    held = [f"coalesce({', '.join(written)}) IS NOT NULL", *map(_is_whole, _ranks(table))]
    return f"{table.dated} < make_timestamptz($1) AND ({' OR '.join(held)})"


def _written(table: Table) -> list[str]:
    """The columns that hold what people wrote."""
    return [each.name for each in table.columns if each.privacy in (Privacy.TEXT, Privacy.RAW)]


def _ranks(table: Table) -> list[str]:
    """The columns by which copies are settled; where Slack's JSON is kept, they hold it."""
    return [each.name for each in table.columns if each.privacy is Privacy.OUTLINE]


def _is_whole(rank: str) -> str:
    """The condition by which a rank is a whole copy, and no digest."""
    return f"coalesce(starts_with({rank}, '{{'), false)"


def whole_ranks(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Tables and columns that hold Slack's JSON where a digest should stand."""
    return [
        (table.name, rank)
        for table in TABLES.values()
        for rank in _ranks(table)
        if connection.execute(
            f"SELECT count(*) FROM store.{table.name} WHERE {_is_whole(rank)}"
        ).fetchall() != [(0,)]
    ]  # fmt: skip


def rewritten(path: Path) -> None:
    """Write the store into a new file that takes its place: what was deleted is gone for good.

    Others may read meanwhile, and wait to write. Raises `HubbubError` if the disk has no room for a
    second copy; then the store is as it was.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with store.writing(path):
        pass  # what a crash has left in the write-ahead log belongs to the old file
    try:
        with store.copying(path, fresh):
            with fresh.open("rb+") as file:
                os.fsync(file.fileno())
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _delete(
    connection: duckdb.DuckDBPyConnection, table: Table, where: str, values: list[Any]
) -> Counter[str]:
    """Delete rows of a table, and those of its sets that hang on them."""
    keys = ", ".join(table.key)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE gone AS SELECT {keys} FROM store.{table.name} WHERE {where}",
        values,
    )
    touched: Counter[str] = Counter()
    for name in (*(hanging.table for hanging in table.sets), table.name):
        if name == table.name:
            deleted = connection.execute(f"DELETE FROM store.{name} WHERE {where}", values)
        else:
            deleted = connection.execute(store.deleting(name, table.key, "FROM gone"))
        touched[name] += deleted.fetchall()[0][0]
    return +touched


def _update(
    connection: duckdb.DuckDBPyConnection, table: Table, change: str, where: str, values: list[Any]
) -> Counter[str]:
    changed = connection.execute(updating(table.name, change, f"WHERE {where}"), values)
    return +Counter({table.name: changed.fetchall()[0][0]})


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
