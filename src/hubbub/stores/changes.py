"""Applies what events tell of single things: a reaction added, a member gone, a channel renamed.

Such a change says nothing of all else, so it is no copy that could win. It is kept beside the rows,
and applied to them as long as it is newer than the copy that they are from. So rows come out the
same in whatever order copies and changes arrive.
"""

import duckdb

from hubbub.core.progress import NO_REPLY
from hubbub.core.tables import (
    CHANGES,
    CHANNEL_CHANGES,
    MERGED,
    MESSAGES,
    SEEN,
    TABLES,
    Privacy,
    Set,
    Table,
)
from hubbub.stores.duckdb import deleting
from hubbub.stores.staging import Staged, mapped
from hubbub.stores.writes import updating

_ATTRIBUTES = ("name", "kind", "topic", "purpose", "is_archived", "is_shared")
"""Columns of a channel that changes set."""


def apply_changes(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Take over staged changes, and apply all changes of the rows that this merge has touched."""
    for table in CHANGES:
        if table.name in staged:
            _take_over(connection, table, staged)
    for table in MERGED:
        for hanging in table.sets:
            if hanging.changes and not _is_empty(connection, hanging.changes):
                _apply_to_set(connection, table, hanging, hanging.changes, staged)
    if not _is_empty(connection, CHANNEL_CHANGES.name):
        _apply_to_channels(connection, staged)


def _is_empty(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return not connection.execute(f"SELECT 1 FROM store.{table} LIMIT 1").fetchall()


def _take_over(connection: duckdb.DuckDBPyConnection, table: Table, staged: Staged) -> None:
    """Add changes; of several of one thing the newest stays."""
    keys, columns = ", ".join(table.key), ", ".join(table.names)
    rest = ", ".join(name for name in table.names if name not in table.key)
    connection.register(f"staged_{table.name}", mapped(staged[table.name]))
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE newest AS
        SELECT {columns} FROM (
            SELECT {columns} FROM staged_{table.name}
            UNION ALL
            SELECT {columns} FROM store.{table.name} SEMI JOIN staged_{table.name} USING ({keys}))
        QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY changed_at DESC, ({rest}) DESC) = 1
    """)
    connection.execute(deleting(table.name, table.key, f"SELECT {keys} FROM newest"))
    connection.execute(f"INSERT INTO store.{table.name} BY NAME SELECT * FROM newest")


def _apply_to_set(
    connection: duckdb.DuckDBPyConnection, table: Table, hanging: Set, changes: str, staged: Staged
) -> None:
    """Add and remove single rows of the sets that this merge has touched."""
    there, keys = hanging.table, ", ".join(table.key)
    touched = [
        f"SELECT {keys} FROM staged_{name}" for name in (table.name, changes) if name in staged
    ]
    if not touched:
        return
    members, columns = ", ".join(TABLES[there].key), ", ".join(TABLES[there].names)
    is_gone = f"p.{table.deleted_when} IS NOT NULL" if table.deleted_when else "false"
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE due AS
        SELECT c.*, NOT {is_gone} AND epoch_us(c.changed_at) > coalesce(
            p.{there}_version, CASE WHEN p.{there}_told THEN p.version END, 0) AS is_newer
        FROM (FROM store.{changes} SEMI JOIN ({" UNION ALL ".join(touched)}) USING ({keys})) c
        JOIN store.{table.name} p USING ({keys})""")
    for name, which in ((changes, "NOT is_newer"), (there, "is_newer")):
        connection.execute(
            deleting(name, TABLES[there].key, f"SELECT {members} FROM due WHERE {which}")
        )
    connection.execute(
        f"INSERT INTO store.{there} BY NAME SELECT {columns} FROM due WHERE is_newer AND is_there"
    )


def _apply_to_channels(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Bring the rows of channels up to date, and what lies in channels that are gone or moved."""
    for what in _ATTRIBUTES:
        newer = f"""FROM store.channel_changes c
            WHERE c.what = '{what}' AND c.channel_id = t.channel_id
            AND epoch_us(c.changed_at) > t.version AND t.{what} IS DISTINCT FROM c.{what}"""
        connection.execute(updating("channels", f"{what} = c.{what}", newer))
    connection.execute(f"""DELETE FROM store.channel_changes AS c USING store.channels t
        WHERE t.channel_id = c.channel_id AND c.what IN {_ATTRIBUTES!r}
        AND epoch_us(c.changed_at) <= t.version""")
    _apply_moves_and_deletions(connection, staged)


def _apply_moves_and_deletions(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Move and empty channels, of which this merge has brought something: what lay in them before
    was moved, or emptied, by the merges before."""
    found = connection.execute(
        "SELECT channel_id, what, moved_to FROM store.channel_changes "
        "WHERE what = 'moved' AND moved_to IS NOT NULL OR what = 'deleted_at'"
    ).fetchall()
    if not found:
        return
    touched = _channels_of(staged)
    moves = [(old, new) for old, what, new in found if what == "moved"]
    while move := next((each for each in moves if each[0] in touched), None):
        moves.remove(move)
        _move(connection, *move)
        touched.add(move[1])
    deleted = [each for each, what, _ in found if what == "deleted_at" and each in touched]
    if not deleted:
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE closed AS SELECT unnest($1::VARCHAR[]) AS channel_id",
        [deleted],
    )
    theirs = """FROM store.channel_changes c SEMI JOIN closed USING (channel_id)
        WHERE c.what = 'deleted_at' AND c.channel_id = t.channel_id AND t.deleted_at IS NULL"""
    for name in ("channels", "messages"):
        connection.execute(updating(name, "deleted_at = c.changed_at", theirs))
    empty_deleted(
        connection,
        MESSAGES,
        "SELECT channel_id, ts FROM store.messages SEMI JOIN closed USING (channel_id)",
    )


def _channels_of(staged: Staged) -> set[str]:
    """The channels that staged rows lie in."""
    found: set[str] = set()
    for name, paths in staged.items():
        for column in TABLES[name].columns:
            if column.privacy is Privacy.CHANNEL:
                found.update(filter(None, mapped(paths)[column.name].unique().to_pylist()))
    return found


def empty_deleted(connection: duckdb.DuckDBPyConnection, table: Table, which: str) -> None:
    """Empty what goes with a deletion, in those rows that are marked as deleted of the ones whose
    keys a query gives, and their sets."""
    marked, keys = table.deleted_when, ", ".join(table.key)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE deleted AS
        SELECT {keys} FROM store.{table.name} SEMI JOIN ({which}) USING ({keys})
        WHERE {marked} IS NOT NULL""")
    same = " AND ".join(f"t.{key} = d.{key}" for key in table.key)
    goes = [column.name for column in table.columns if column.goes]
    for hanging in table.sets:
        goes += [f"{hanging.table}_version", f"{hanging.table}_rank"] if hanging.silent else []
    emptied = ", ".join(f"{each} = NULL" for each in goes)
    connection.execute(updating(
        table.name,
        f"{emptied}, canonical = NULL, outline = CASE WHEN presence < {SEEN} THEN outline END",
        f"""FROM deleted d WHERE {same}
            AND (canonical IS NOT NULL OR {" OR ".join(f"{each} IS NOT NULL" for each in goes)}
                OR (outline IS NOT NULL AND presence = {SEEN}))""",
    ))  # fmt: skip
    for hanging in table.sets:
        connection.execute(deleting(hanging.table, table.key, "FROM deleted"))


def _move(connection: duckdb.DuckDBPyConnection, old: str, new: str) -> None:
    """Give what lies in a channel the channel's new id; what is there already under it stays."""
    for table in TABLES.values():
        kept = "AND t.what <> 'moved'" if table is CHANNEL_CHANGES else ""
        for column in table.columns:
            if column.privacy is Privacy.CHANNEL:
                others = [key for key in table.key if key != column.name]
                if column.name in table.key:
                    same = "".join(f" AND n.{key} = t.{key}" for key in others)
                    connection.execute(
                        f"DELETE FROM store.{table.name} AS t USING store.{table.name} n WHERE "
                        f"t.{column.name} = $1 AND n.{column.name} = $2{same} {kept}",
                        [old, new],
                    )
            elif column.privacy is not Privacy.CHANNEL_REFERENCE or table is CHANNEL_CHANGES:
                continue
            connection.execute(
                updating(table.name, f"{column.name} = $2", f"WHERE {column.name} = $1 {kept}"),
                [old, new],
            )


def count_replies(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the roots of the threads that were touched say what Slack will say of them, where a reply
    is newer than the copy that the root's row is from, or that copy is silent: no event tells."""
    connection.execute(updating(
        "messages",
        "thread_ts = ts, reply_count = thread.replies, "
        f"latest_reply = coalesce(thread.latest, '{NO_REPLY}')",
        """FROM (
            SELECT channel_id, thread_ts AS root_ts,
                count(*) FILTER (deleted_at IS NULL) AS replies,
                max(ts) FILTER (deleted_at IS NULL) AS latest,
                epoch_us(max(greatest(posted_at, deleted_at))) AS newest
            FROM store.messages SEMI JOIN (
                SELECT channel_id, coalesce(thread_ts, ts) AS thread_ts FROM staged_messages
            ) USING (channel_id, thread_ts)
            WHERE thread_ts <> ts GROUP BY ALL) thread
        WHERE t.channel_id = thread.channel_id AND t.ts = thread.root_ts
        AND (thread.newest > t.version OR t.reply_count IS NULL)
        AND t.deleted_at IS NULL""",
    ))  # fmt: skip
