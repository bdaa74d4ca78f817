"""MySQL and MariaDB: a database a workspace, with the tables' keys, indexes and comments.

Neither server undoes a change of tables together with one of rows. So a table that is replaced is
built beside the old one, and takes its place by one RENAME; other changes wait in temporary tables,
which the server drops with the session, and become valid in one transaction.
"""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from hubbub.core.warehouse import Change, Field, Kind, Shape, Shown, claim_of
from hubbub.destinations.mysql import statements as sql
from hubbub.destinations.mysql.connection import (
    Address,
    Session,
    address_of,
    session,
    turn,
)
from hubbub.errors import HubbubError

SCHEMES = ("mysql", "mariadb")

_OWN = "_hubbub"
"""The table that says which tables are Hubbub's, and how far publications have come."""
_MARK, _TABLE = "mark", "table "
_COMING, _THERE = "coming", "there"
_NEW, _OLD = "_hubbub_new", "_hubbub_old"
_ROWS, _GONE = "_hubbub_rows", "_hubbub_gone"
_COLLATIONS = ("utf8mb4_0900_bin", "utf8mb4_nopad_bin", "utf8mb4_bin")
"""The best first: MySQL 8, MariaDB, older ones, to which `a` and `a ` are the same."""
_NO_DATABASE = 1049
_TRIED = Shape(
    "tried", "", ("key",), (Field("key", Kind.TEXT, ""), Field("value", Kind.INTEGER, ""))
)


def open_warehouse(url: str, workspace: str, scratch: Path) -> "MySQL":
    """The database that a URL names, or else one named after the workspace. Raises `UsageError`."""
    return MySQL(address_of(url, workspace), scratch)


class MySQL:
    """A database of a MySQL or MariaDB server; nothing is asked of it before `mark` or `bring`."""

    has_days = False
    writes_days = False
    dialect = None
    """It lacks too much of what metrics are written in: lists, FILTER, QUALIFY, time zones."""

    def __init__(self, address: Address, scratch: Path) -> None:
        self._address = address
        self._scratch = scratch
        self.title = self.identity = address.title

    def table_name(self, table: str) -> str:
        """A table, with its database."""
        return f"{sql.quoted(self._address.database)}.{sql.quoted(table)}"

    def mark(self) -> str | None:
        """The mark of the last publication that ended here."""
        with session(self._address) as running:
            if not self._exists(running):
                return None
            running.run(f"USE {sql.quoted(self._address.database)}")
            own = self._own(running)
            mark = own.get(_MARK)
            return claim_of(mark) if mark and _lost(own, _tables(running)) else mark

    def bring(
        self,
        changes: Sequence[Change],
        views: Sequence[Shown] | None,  # noqa: ARG002 -- it has no dialect
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> dict[str, str]:
        """Carry out the changes, each at once."""
        with self._writing(mark) as work:
            for change in changes:
                work.carry_out(change)
                on_table(change.shape.name, change.row_count)
            work.end(mark)
        return {}

    def close(self) -> None:
        """Nothing is held open: each use has a connection of its own."""

    @contextmanager
    def _writing(self, mark: str) -> Generator["_Work"]:
        database = sql.quoted(self._address.database)
        with session(self._address) as running, turn(running, self._address):
            if not self._exists(running):
                running.run(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
            running.run(f"USE {database}")
            work = _Work(running, self.title, self._own(running), self._scratch)
            work.claim(mark)
            yield work

    def _exists(self, running: Session) -> bool:
        return running.run(
            "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s",
            (self._address.database,),
        ) == [(1,)]

    def _own(self, running: Session) -> dict[str, str]:
        """What Hubbub has noted here. Raises `HubbubError` if the tables are not Hubbub's."""
        there = _tables(running)
        if _OWN not in there:
            strange = sorted(there)
            if strange:
                raise HubbubError(
                    f"{self.title} holds tables that are not Hubbub's, such as {strange[0]}.",
                    "Name a database of its own: mysql://user@host/NAME; Hubbub makes it.",
                )
            return {}
        return dict(running.run(f"SELECT what, value FROM {_OWN}"))


class _Work:
    """One publication's changes of a database."""

    def __init__(self, running: Session, title: str, own: dict[str, str], scratch: Path) -> None:
        self._running = running
        self._title = title
        self._own = own
        self._there = _tables(running)
        self._scratch = scratch
        found = {name for (name,) in running.run("SELECT COLLATION_NAME FROM "
            "information_schema.COLLATIONS WHERE CHARACTER_SET_NAME = 'utf8mb4'")}  # fmt: skip
        self._collation = next(name for name in _COLLATIONS if name in found)

    def claim(self, mark: str) -> None:
        """Take possession, try all that will be asked for, and clear away what a publication that
        was killed has left."""
        self._running.run(
            f"CREATE TABLE IF NOT EXISTS {_OWN} (what VARCHAR(191) CHARACTER SET utf8mb4 "
            f"COLLATE {self._collation} PRIMARY KEY, value TEXT CHARACTER SET utf8mb4) "
            "ENGINE=InnoDB COMMENT='What of this database Hubbub has made, and how far that came.'"
        )
        if _MARK not in self._own:
            self.note(_MARK, claim_of(mark))
        self._clear()
        made = sql.table(_TRIED, self._collation)
        self._running.run(f"CREATE TABLE {_NEW} {made}")
        self._running.run(f"ALTER TABLE {_NEW} ADD COLUMN more BIGINT")
        self._running.run(f"CREATE INDEX tried ON {_NEW} (value)")
        self._running.run(f"INSERT INTO {_NEW} VALUES ('', 0, 0)")
        self._running.run(
            f"CREATE TEMPORARY TABLE {_GONE} {sql.staged(_TRIED, ('key',), self._collation)}"
        )
        self._running.run(f"DELETE t FROM {_NEW} t JOIN {_GONE} USING (`key`)")
        self._running.run(f"RENAME TABLE {_NEW} TO {_OLD}")
        self._running.run(f"DROP TEMPORARY TABLE {_GONE}")
        self._clear()

    def end(self, mark: str) -> None:
        """Write down that all is done. What somebody has dropped is missed no longer."""
        for name in _lost(self._own, self._there):
            self._running.run(f"DELETE FROM {_OWN} WHERE what = %s", (_TABLE + name,))
        self.note(_MARK, mark)

    def note(self, what: str, value: str) -> None:
        """Write into Hubbub's own table."""
        self._running.run(f"REPLACE INTO {_OWN} VALUES (%s, %s)", (what, value))

    def carry_out(self, change: Change) -> None:
        """Make of one table what it is to be, at once."""
        name = change.shape.name
        known = self._own.get(_TABLE + name)
        is_there = name in self._there
        if is_there and known is None:
            raise HubbubError(
                f"{self._title} holds {name}, which Hubbub has not made.",
                "Rename it, or publish to another database.",
            )
        if known == _THERE and not (is_there or change.is_whole):
            raise HubbubError(
                f"{self._title} has lost its table {name}.",
                "Publish again: all rows are sent anew.",
            )
        if known is None:
            self.note(_TABLE + name, _COMING)
        self._there.add(name)
        if change.is_whole or not is_there:
            self._replace(change, is_there=is_there)
        else:
            self._alter(change.shape)
            self._merge(change)
        if known != _THERE:
            self.note(_TABLE + name, _THERE)

    def _replace(self, change: Change, *, is_there: bool) -> None:
        name = sql.quoted(change.shape.name)
        self._running.run(f"CREATE TABLE {_NEW} {sql.table(change.shape, self._collation)}")
        self._fill(_NEW, change.shape, _columns(change.shape), change.rows)
        if is_there:
            self._running.run(f"RENAME TABLE {name} TO {_OLD}, {_NEW} TO {name}")
            self._running.run(f"DROP TABLE {_OLD}")
        else:
            self._running.run(f"RENAME TABLE {_NEW} TO {name}")

    def _merge(self, change: Change) -> None:
        shape, name = change.shape, sql.quoted(change.shape.name)
        columns = _columns(shape)
        self._stage(_ROWS, shape, columns, change.rows)
        self._stage(_GONE, shape, shape.key, change.gone)
        with self._running.at_once():
            self._running.run(
                f"DELETE t FROM {name} t JOIN {_GONE} g USING ({sql.names(shape.key)})"
            )
            listed = sql.names(columns)
            self._running.run(f"REPLACE INTO {name} ({listed}) SELECT {listed} FROM {_ROWS}")
        self._running.run(f"DROP TEMPORARY TABLE {_ROWS}, {_GONE}")

    def _alter(self, shape: Shape) -> None:
        """Add and drop columns."""
        rows = self._running.run(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (shape.name,),
        )
        there = {name for (name,) in rows}
        changes = [
            f"ADD COLUMN {sql.column(shape, field, self._collation)}"
            for field in shape.fields
            if field.name not in there
        ]
        changes += [f"DROP COLUMN {sql.quoted(name)}" for name in there - {*_columns(shape)}]
        if changes:
            self._running.run(f"ALTER TABLE {sql.quoted(shape.name)} {', '.join(changes)}")

    def _stage(
        self, into: str, shape: Shape, columns: Sequence[str], files: Sequence[Path]
    ) -> None:
        made = sql.staged(shape, columns, self._collation)
        self._running.run(f"CREATE TEMPORARY TABLE {into} {made}")
        with self._running.at_once():
            self._fill(into, shape, columns, files)

    def _fill(self, into: str, shape: Shape, columns: Sequence[str], files: Sequence[Path]) -> None:
        if not files:
            return
        for statement in sql.inserts(files, shape, columns, into, self._scratch):
            self._running.run(statement)

    def _clear(self) -> None:
        self._running.run(f"DROP TABLE IF EXISTS {_NEW}, {_OLD}")


def _tables(running: Session) -> set[str]:
    return {name for (name,) in running.run("SHOW TABLES")}


def _lost(own: Mapping[str, str], there: Collection[str]) -> list[str]:
    """Tables of Hubbub's that somebody has dropped."""
    made = (what.removeprefix(_TABLE) for what, value in own.items() if value == _THERE)
    return [name for name in made if name not in there]


def _columns(shape: Shape) -> tuple[str, ...]:
    return tuple(field.name for field in shape.fields)
