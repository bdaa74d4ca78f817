"""Replaces the pseudonyms of one version by those of the next, in every row and text."""

import re
from typing import Any

import duckdb
import pyarrow as pa

from hubbub.core.tables import TABLES, Privacy
from hubbub.errors import TryAgain
from hubbub.privacy.keys import Keys, Label
from hubbub.stores.writes import updating

_arrow: Any = pa
_LABELS: dict[Privacy, Label] = {Privacy.MEMBER: "member", Privacy.EMAIL: "email"}


def note_keys(connection: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    """Remember whose keys this store was made with, and bring its pseudonyms to their version.

    Raises `TryAgain` where the store is ahead: its keys were changed since these were read.
    """
    known = connection.execute("SELECT version FROM store.keys").fetchall()
    if known == [(keys.version,)]:
        return
    if known and known[0][0] > keys.version:
        raise TryAgain(
            "The keys of this workspace were changed while this was under way.",
            "Run this again. The store is unchanged.",
        )
    begin = known[0][0] if known else keys.version
    for version in range(max(begin, keys.first), keys.version):
        _renew(connection, keys, version)
    connection.execute("DELETE FROM store.keys")
    connection.execute(
        "INSERT INTO store.keys (mark, version) VALUES ($1, $2)", [keys.mark, keys.version]
    )


def pseudonyms_by_version(connection: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int]]:
    """How many members wrote under pseudonyms of each version, and how many messages."""
    rows = connection.execute(
        r"""SELECT regexp_extract(user_id, '^m(\d+)_', 1)::INTEGER AS version,
            count(DISTINCT user_id), count(*)
        FROM store.messages WHERE regexp_matches(user_id, '^m\d+_[0-9a-f]{24}$') GROUP BY 1"""
    ).fetchall()
    return {version: (members, messages) for version, members, messages in rows}


def _renew(connection: duckdb.DuckDBPyConnection, keys: Keys, version: int) -> None:
    for table in TABLES.values():
        for column in table.columns:
            label = _LABELS.get(column.privacy)
            if label is not None:
                _renew_column(connection, keys, table.name, column.name, label, version)
            elif column.privacy in (Privacy.TEXT, Privacy.LINK):
                _renew_texts(connection, keys, table.name, column.name, version)


def _renew_column(
    connection: duckdb.DuckDBPyConnection,
    keys: Keys,
    table: str,
    column: str,
    label: Label,
    version: int,
) -> None:
    mark = f"{label[0]}{version}_"
    old = [
        token
        for (token,) in connection.execute(
            f"SELECT DISTINCT {column} FROM store.{table} WHERE starts_with({column}, $1)", [mark]
        ).fetchall()
    ]
    if not old:
        return
    new = [keys.renewed(label, token, version) for token in old]
    connection.register("renewed", _arrow.table({"old": old, "new": new}))
    connection.execute(
        updating(table, f"{column} = r.new", f"FROM renewed r WHERE t.{column} = r.old")
    )
    connection.unregister("renewed")


def _renew_texts(
    connection: duckdb.DuckDBPyConnection, keys: Keys, table: str, column: str, version: int
) -> None:
    token = re.compile(rf"\bm{version}_[0-9a-f]{{24}}\b")
    rows = connection.execute(
        f"SELECT rowid, {column} FROM store.{table} WHERE contains({column}, $1)", [f"m{version}_"]
    ).fetchall()
    if not rows:
        return
    changed = {
        "row": [row for row, _ in rows],
        "text": [
            token.sub(lambda found: keys.renewed("member", found[0], version), text)
            for _, text in rows
        ],
    }
    connection.register("renewed", _arrow.table(changed))
    connection.execute(
        updating(table, f"{column} = r.text", "FROM renewed r WHERE t.rowid = r.row")
    )
    connection.unregister("renewed")
