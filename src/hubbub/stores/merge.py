"""Merges staged rows into the store, so that the order of arrival never matters.

Of several copies of a row, the greatest (presence, version, rank) wins, where rank is the copy's
canonical JSON, or its outline where that may not be kept. The winner's sets (its reactions, say)
replace the row's; of equal copies the last one's, where a set is read with templates. Marks such
as `deleted_at` stay. All SQL derives from the declared tables.
"""

from typing import NamedTuple

import duckdb
from msgspec import Struct

from hubbub.core.tables import LOGS, MERGED, SEEN, TABLES, Keep, Privacy, Set, Table
from hubbub.stores.changes import apply_changes, empty_deleted
from hubbub.stores.duckdb import deleting, first_row
from hubbub.stores.staging import Staged, mapped
from hubbub.stores.writes import updating

_STORED = -1
"""Copy number of the row that the store has."""


class Merged(Struct, frozen=True):
    """What a merge did, in messages; and how many rows of each table the input stands for."""

    rows: dict[str, int]
    added: int
    updated: int
    unchanged: int


def merge(connection: duckdb.DuckDBPyConnection, staged: Staged) -> Merged:
    """Merge staged rows, in the transaction that the session has begun."""
    rows: dict[str, int] = {}
    changes = _Changes(0, 0, 0)
    for table in MERGED:
        if table.name in staged:
            inputs = _register(connection, table, staged)
            connection.execute(_contest(table))
            contested = first_row(connection, f"SELECT count(*) FROM contested_{table.name}")[0]
            if contested:
                _settle(connection, table, staged)
                found = _changes(connection, table)
            else:
                _add(connection, table, staged)
                found = _Changes(inputs[table.name], 0, 0)
            changes = found if table.name == "messages" else changes
            has_forgotten = _forget_deleted(connection, table, is_contested=contested > 0)
            rows[table.name] = sum(found)
            if sum(found) == found.added == inputs[table.name] and not has_forgotten:
                rows |= {hanging.table: inputs[hanging.table] for hanging in table.sets}
            else:
                rows |= _count_sets(connection, table)
    for log in LOGS:
        if log.name in staged:
            _append(connection, log, staged)
    apply_changes(connection, staged)  # after the logs: they too lie in channels that have moved
    _resolve_authors(connection)
    return Merged(rows, *changes)


_SAYS_OTHER = "is_changed AND (is_marked OR rank IS DISTINCT FROM stored_rank)"
"""Whether a change is more than a later sight of the same."""


class _Changes(NamedTuple):
    added: int
    updated: int
    unchanged: int


def _register(
    connection: duckdb.DuckDBPyConnection, table: Table, staged: Staged
) -> dict[str, int]:
    """Make a table's staged rows, and those of its sets, readable; returns how many there are."""
    found: dict[str, int] = {}
    for name in (table.name, *(hanging.table for hanging in table.sets)):
        found[name] = 0
        if name in staged:
            rows = mapped(staged[name])
            found[name] = rows.num_rows
            connection.register(f"staged_{name}", rows)
    return found


def _add(connection: duckdb.DuckDBPyConnection, table: Table, staged: Staged) -> None:
    """Merge a table of which no row is contested: most events are news, and so is a first import.
    What need not be settled costs nothing then, neither joins nor, where there are few rows, the
    time that so many statements take."""
    for name in (table.name, *(hanging.table for hanging in table.sets)):
        if name in staged:
            columns = ", ".join(TABLES[name].names)
            connection.execute(
                f"INSERT INTO store.{name} ({columns}) SELECT {columns} FROM staged_{name}"
            )


def _settle(connection: duckdb.DuckDBPyConnection, table: Table, staged: Staged) -> None:
    """Merge a table of which some rows are contested."""
    for hanging in table.sets:
        if hanging.table not in staged:
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW staged_{hanging.table} AS "
                f"SELECT *, 0 AS copy FROM store.{hanging.table} LIMIT 0"
            )
    for statement in _statements(table):
        connection.execute(statement)


def _changes(connection: duckdb.DuckDBPyConnection, table: Table) -> _Changes:
    """How many rows were added, updated, unchanged."""
    name = table.name
    return _Changes(
        *first_row(
            connection,
            f"""SELECT
        (SELECT count(*) FROM fresh_{name}) + (SELECT count(*) FROM settled_{name} WHERE is_new),
        (SELECT count(*) FROM settled_{name} WHERE {_SAYS_OTHER} AND NOT is_new),
        (SELECT count(*) FROM settled_{name} WHERE NOT ({_SAYS_OTHER} OR is_new))""",
        )
    )


def _contest(table: Table) -> str:
    """SQL that finds the keys of which there is more than one copy."""
    name, keys = table.name, ", ".join(table.key)
    # Hashes first: they are small, and nearly all keys are there only once.
    return f"""CREATE OR REPLACE TEMP TABLE contested_{name} AS
        WITH together AS (
            SELECT {keys}, hash({keys}) AS hashed FROM staged_{name}
            UNION ALL
            SELECT {keys}, hash({keys}) FROM store.{name} SEMI JOIN staged_{name} USING ({keys})
        ), met AS (SELECT hashed FROM together GROUP BY hashed HAVING count(*) > 1)
        SELECT {keys} FROM together SEMI JOIN met USING (hashed)
        GROUP BY ALL HAVING count(*) > 1"""


def _statements(table: Table) -> list[str]:
    """The SQL that merges a table; rows that no one contests take a short way."""
    name, keys = table.name, ", ".join(table.key)
    uncontested = f"ANTI JOIN contested_{name} USING ({keys})"
    read_once = [hanging.table for hanging in table.sets if not hanging.reread]
    changed = f"SELECT {keys} FROM settled_{name} WHERE is_changed AND NOT is_new"
    statements = [
        f"CREATE OR REPLACE TEMP VIEW fresh_{name} AS SELECT * FROM staged_{name} {uncontested}",
        *_settling(table),
        # what is settled in another way leaves the store before anything new enters
        deleting(name, table.key, changed),
        *(_leaving(table, there, changed) for there in read_once),
        f"INSERT INTO store.{name} BY NAME SELECT {', '.join(table.names)} FROM fresh_{name}",
        f"INSERT INTO store.{name} BY NAME SELECT * EXCLUDE (copy) FROM final_{name}",
    ]
    for hanging in table.sets:
        there, columns = hanging.table, ", ".join(TABLES[hanging.table].names)
        statements += [
            f"INSERT INTO store.{there} BY NAME SELECT {columns} FROM staged_{there} {uncontested}",
            *(
                _replace_reread(table, there)
                if hanging.reread
                else [_entering(table, there, changed)]
            ),
        ]
    return statements


def _leaving(table: Table, there: str, changed: str) -> str:
    """SQL that deletes those rows of sets of changed keys that are not in the sets any more. Those
    that are stay untouched: most changes are no changes of sets, and what is not written anew need
    not be published anew."""
    stored = _stored_of(table, there, changed)
    gone = f"SELECT s.place AS rowid FROM {stored} s ANTI JOIN final_{there} f ON {_same(there)}"
    return deleting(there, ("rowid",), gone)


def _entering(table: Table, there: str, changed: str) -> str:
    """SQL that inserts those rows of the final sets that are not in the store."""
    columns = ", ".join(f"f.{each}" for each in TABLES[there].names)
    stored = _stored_of(table, there, changed)
    return (
        f"INSERT INTO store.{there} BY NAME SELECT {columns} FROM final_{there} f "
        f"ANTI JOIN {stored} s ON {_same(there)}"
    )


def _stored_of(table: Table, there: str, changed: str) -> str:
    """The rows that the store has in the sets of changed keys, each with its place."""
    keys = ", ".join(table.key)
    return f"(SELECT rowid AS place, * FROM store.{there} SEMI JOIN ({changed}) USING ({keys}))"


def _same(there: str) -> str:
    return " AND ".join(f"s.{each} IS NOT DISTINCT FROM f.{each}" for each in TABLES[there].names)


def _replace_reread(table: Table, there: str) -> list[str]:
    """SQL that puts the set of the copy that `latest_…` names in place of the one that is there."""
    keys, columns = ", ".join(table.key), ", ".join(f"t.{each}" for each in TABLES[there].names)
    return [
        deleting(there, table.key, f"SELECT {keys} FROM latest_{there} WHERE copy <> {_STORED}"),
        f"INSERT INTO store.{there} BY NAME SELECT {columns} FROM staged_{there} t "
        f"JOIN latest_{there} USING ({keys}, copy)",
    ]


def _settling(table: Table) -> list[str]:
    """SQL for contested rows: candidates, the settled winner of each, final rows and sets."""
    name, keys = table.name, ", ".join(table.key)
    rank = "coalesce(canonical, outline, '')"
    marks = [column.name for column in table.columns if column.keep is Keep.GREATEST]
    silent_sets = [hanging for hanging in table.sets if hanging.silent]
    silent = [hanging.table for hanging in silent_sets]
    figures = [figure for hanging in silent_sets for figure in hanging.figures]
    carried = ", ".join(
        ["presence", "version", *marks, *figures]
        + [f"{each}_{part}" for each in silent for part in ("told", "version", "rank")]
    )
    deleted = f"{table.deleted_when} IS NOT NULL" if table.deleted_when else "false"
    candidates = f"""CREATE OR REPLACE TEMP TABLE candidates_{name} AS
        SELECT {keys}, copy, false AS is_deleted, canonical IS NOT NULL AS is_whole, {rank} AS rank,
            {carried}
        FROM staged_{name} SEMI JOIN contested_{name} USING ({keys})
        UNION ALL
        SELECT {keys}, {_STORED}, {deleted}, canonical IS NOT NULL, {rank}, {carried}
        FROM store.{name} SEMI JOIN contested_{name} USING ({keys})"""
    # A deleted row in the store has lost its rank with its text: among equals it stays. A whole
    # copy beats an outline of it, so that a policy that now keeps more can fill what it lacked.
    emptied = f"(is_deleted AND presence = {SEEN}) DESC"
    order = f"presence DESC, version DESC, {emptied}, is_whole DESC, rank DESC, copy"
    latest = [
        f"""CREATE OR REPLACE TEMP TABLE latest_{hanging.table} AS
        SELECT {keys}, copy FROM candidates_{name} SEMI JOIN (
            SELECT {keys} FROM staged_{hanging.table}
            UNION ALL SELECT {keys} FROM store.{hanging.table}) USING ({keys})
        QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {order} DESC) = 1"""
        for hanging in table.sets
        if hanging.reread
    ]
    windows = [f"max({mark}) OVER key AS new_{mark}" for mark in marks]
    for hanging in silent_sets:
        # Copies that say nothing of a set leave it to the best copy that does.
        each = hanging.table
        carried_on = "".join(f", {figure} := {figure}" for figure in hanging.figures)
        windows.append(f"""max(CASE WHEN {each}_told OR {each}_version IS NOT NULL
            THEN struct_pack(
                version := coalesce({each}_version, version),
                rank := coalesce({each}_rank, rank), copy := -copy{carried_on})
            END) OVER key AS best_{each}""")
    settled = f"""CREATE OR REPLACE TEMP TABLE settled_{name} AS
        SELECT *, is_new OR copy <> {_STORED}
            {"".join(f" OR new_{mark} IS DISTINCT FROM {mark}" for mark in marks)}
            {"".join(f" OR (copy_of_{each} <> {_STORED} AND NOT is_deleted)" for each in silent)}
                AS is_changed,
            {" OR ".join(f"new_{mark} IS DISTINCT FROM {mark}" for mark in marks) or "false"}
                AS is_marked
        FROM (
            SELECT * {"".join(_chosen_set(each) for each in silent)}
            FROM (
                SELECT *, min(copy) OVER key <> {_STORED} AS is_new,
                    max(CASE WHEN copy = {_STORED} THEN rank END) OVER key AS stored_rank
                    {"".join(f", {window}" for window in windows)}
                FROM candidates_{name}
                WINDOW key AS (PARTITION BY {keys})
                QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {order}) = 1))"""
    return [
        candidates,
        settled,
        *latest,
        _final_rows(table, marks, silent_sets),
        *(_final_set(table, hanging) for hanging in table.sets if not hanging.reread),
    ]


def _chosen_set(each: str) -> str:
    """Which copy a set is taken from: the winner if it tells, else the best copy that does."""
    return f""",
            CASE WHEN {each}_told THEN copy
                ELSE coalesce(-best_{each}.copy, copy) END AS copy_of_{each}"""


def _final_rows(table: Table, marks: list[str], silent: list[Set]) -> str:
    """The rows of changed keys, of whichever copy won, with their marks and sets."""
    name, keys = table.name, ", ".join(table.key)
    replaced = [f"s.new_{mark} AS {mark}" for mark in marks]
    for hanging in silent:
        each = hanging.table
        replaced += [
            f"CASE WHEN NOT s.{each}_told THEN s.best_{each}.{part} END AS {each}_{part}"
            for part in ("version", "rank")
        ]
        replaced += [
            f"CASE WHEN s.{each}_told THEN t.{figure} "
            f"ELSE coalesce(s.best_{each}.{figure}, t.{figure}) END AS {figure}"
            for figure in hanging.figures
        ]
    replacing = f" REPLACE ({', '.join(replaced)})" if replaced else ""
    return f"""CREATE OR REPLACE TEMP TABLE final_{name} AS
        SELECT t.* {replacing} FROM (
            SELECT {", ".join(table.names)}, copy FROM staged_{name}
            UNION ALL SELECT {", ".join(table.names)}, {_STORED} FROM store.{name}
                SEMI JOIN contested_{name} USING ({keys})) t
        JOIN settled_{name} s USING ({keys}, copy) WHERE s.is_changed"""


def _final_set(table: Table, hanging: Set) -> str:
    """The rows of a set that belong to changed keys."""
    name, there, keys = table.name, hanging.table, ", ".join(table.key)
    chosen = f"s.copy_of_{there}" if hanging.silent else "s.copy"
    columns = ", ".join(TABLES[there].names)
    return f"""CREATE OR REPLACE TEMP TABLE final_{there} AS
        SELECT DISTINCT {", ".join(f"t.{each}" for each in TABLES[there].names)} FROM (
            SELECT {columns}, copy FROM staged_{there}
            UNION ALL SELECT {columns}, {_STORED} FROM store.{there}
                SEMI JOIN contested_{name} USING ({keys})) t
        JOIN settled_{name} s USING ({keys}) WHERE s.is_changed AND t.copy = {chosen}"""


def _forget_deleted(
    connection: duckdb.DuckDBPyConnection, table: Table, *, is_contested: bool
) -> bool:
    """Empty what goes with a deletion, in rows that are marked as deleted; whether there are."""
    marked = table.deleted_when
    if marked is None:
        return False
    news = f"SELECT (SELECT count({marked}) FROM staged_{table.name})"
    if is_contested:
        news += f" + (SELECT count(new_{marked}) FROM settled_{table.name} WHERE is_changed)"
    if first_row(connection, news) == (0,):
        return False
    empty_deleted(connection, table, f"SELECT {', '.join(table.key)} FROM staged_{table.name}")
    return True


def withdraw(connection: duckdb.DuckDBPyConnection, channel_ids: list[str]) -> None:
    """Remove channels that have turned out not to be public: their rows, and what refers to them.

    Their ids are remembered, so that an older archive does not bring them back.
    """
    if not channel_ids:
        return
    columns = {
        (table.name, column.name): column.privacy
        for table in TABLES.values()
        for column in table.columns
        if column.privacy in {Privacy.CHANNEL, Privacy.CHANNEL_REFERENCE}
    }
    # one look at all of them: nearly always there is nothing left to remove
    theirs = "WHERE list_contains($1::VARCHAR[], {})"
    looks = " UNION ALL ".join(
        f"SELECT '{table}', '{column}' FROM store.{table} {theirs.format(column)}"
        for table, column in columns
    )
    found = connection.execute(f"SELECT DISTINCT * FROM ({looks})", [channel_ids]).fetchall()
    for table, column in found:
        where = theirs.format(column)
        if columns[table, column] is Privacy.CHANNEL:
            statement = f"DELETE FROM store.{table} {where}"
        else:
            statement = updating(table, f"{column} = NULL", where)
        connection.execute(statement, [channel_ids])
    connection.execute(
        "INSERT INTO store.withheld (channel_id) "
        "SELECT unnest($1::VARCHAR[]) EXCEPT SELECT channel_id FROM store.withheld",
        [channel_ids],
    )


def _count_sets(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, int]:
    """How many rows of the store the staged sets stand for, by table."""
    keys = ", ".join(table.key)
    return {
        hanging.table: first_row(
            connection,
            f"SELECT count(*) FROM store.{hanging.table} "
            f"SEMI JOIN staged_{table.name} USING ({keys})",
        )[0]
        for hanging in table.sets
    }


def _append(connection: duckdb.DuckDBPyConnection, log: Table, staged: Staged) -> None:
    """Add rows to a log, each key once: the newest, where the log says which that is."""
    keys = ", ".join(log.key)
    connection.register(f"staged_{log.name}", mapped(staged[log.name]))
    chosen = f"staged_{log.name}"
    if log.newest:
        chosen = (
            f"(FROM {chosen} QUALIFY row_number() OVER "
            f"(PARTITION BY {keys} ORDER BY {log.newest} DESC) = 1)"
        )
    connection.execute(
        deleting(log.name, log.key, f"SELECT DISTINCT {keys} FROM staged_{log.name}")
    )
    connection.execute(f"INSERT INTO store.{log.name} BY NAME SELECT * FROM {chosen}")


def _resolve_authors(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the directory's id where a message names its author by handle."""
    named = """FROM (
            SELECT author_handle, coalesce(min(u.user_id), author_handle) AS user_id
            FROM store.messages LEFT JOIN store.users u ON u.handle = author_handle
            WHERE author_handle IS NOT NULL GROUP BY author_handle) named
        WHERE t.author_handle = named.author_handle AND t.user_id IS DISTINCT FROM named.user_id"""
    connection.execute(updating("messages", "user_id = named.user_id", named))
