"""Replaces the sets of messages that were read once more, with other templates."""

import duckdb
import pyarrow as pa

from hubbub.core.tables import MESSAGES, TABLES
from hubbub.stores.duckdb import deleting, first_row
from hubbub.stores.staging import Staged, mapped


def replace_reread(connection: duckdb.DuckDBPyConnection, read: pa.Table, staged: Staged) -> int:
    """Put staged sets in the place of those that messages have; returns of how many messages.

    `read` has the key and the version of the messages that were read: what has changed since, or
    was deleted, keeps what it has.
    """
    keys = ", ".join(MESSAGES.key)
    connection.register("read", read)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE due AS
        SELECT {keys} FROM read JOIN store.messages m USING ({keys}, version)
        WHERE m.deleted_at IS NULL""")
    connection.unregister("read")
    for name in (each.table for each in MESSAGES.sets if each.reread):
        columns = ", ".join(TABLES[name].names)
        connection.execute(deleting(name, MESSAGES.key, f"SELECT {keys} FROM due"))
        if name in staged:
            connection.register("staged", mapped(staged[name]))
            connection.execute(
                f"INSERT INTO store.{name} BY NAME SELECT {columns} FROM staged "
                f"SEMI JOIN due USING ({keys})"
            )
            connection.unregister("staged")
    return first_row(connection, "SELECT count(*) FROM due")[0]
