"""Which write to a store each of its rows is from, so that what has changed is found without
reading all rows.

Each write has a number, greater than those before it. Every table has a column more than it is
declared with: the number of the write that has put the row there, or changed it last. Rows that are
inserted get it by themselves; what changes rows goes by `updating`.

Numbers are drawn, not counted: a restored backup that goes on being written to has other ones than
the store that it has replaced. So who has once read a store can tell later whether this is the same
store, with all that was in it then (`has_write`), and which rows are from later writes.
"""

import secrets

import duckdb

WRITTEN_IN = "written_in"
COLUMN = f"{WRITTEN_IN} BIGINT DEFAULT coalesce(getvariable('write'), {2**63 - 1})"
"""The column, for `CREATE TABLE`. What is not written by a session of `begin_write` is newer than
all that is."""
_STEP = 2**32
"""Up to which a number lies above the one before. Two stores with one past have a number in common
that only one of them knew once in 2 ** 31 times."""
_KEPT = 100_000
"""Writes that are remembered, about: who has read the store before those, does not know it."""


def begin_write(connection: duckdb.DuckDBPyConnection, *, is_migration: bool = False) -> None:
    """Give the transaction that has begun its number. After a migration nobody knows the store:
    what its steps have changed is of no write."""
    last = last_write(connection)
    number = last + 1 + secrets.randbelow(_STEP)
    connection.execute(f"SET VARIABLE write = {number}::BIGINT")
    if is_migration:
        connection.execute("DELETE FROM store.writes")
    elif number % 1_000 == 0:  # now and then
        oldest = number - _KEPT * _STEP // 2
        connection.execute(f"DELETE FROM store.writes WHERE number < {oldest}")
    connection.execute(f"INSERT INTO store.writes VALUES ({number})")


def last_write(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the newest write; 0 if there is none."""
    return connection.execute("SELECT coalesce(max(number), 0) FROM store.writes").fetchall()[0][0]


def has_write(connection: duckdb.DuckDBPyConnection, number: int) -> bool:
    """Whether a write is one of this store's."""
    found = connection.execute("SELECT 1 FROM store.writes WHERE number = ?", [number])
    return bool(found.fetchall())


def written_after(number: int) -> str:
    """The condition by which a row is from a later write than a store had when it was read."""
    return f"{WRITTEN_IN} > {number}"


def updating(table: str, changes: str, rest: str) -> str:
    """SQL that changes rows of a table of the store, which it calls `t`."""
    return f"UPDATE store.{table} AS t SET {changes}, {WRITTEN_IN} = DEFAULT {rest}"
