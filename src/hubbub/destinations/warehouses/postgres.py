"""PostgreSQL as a destination: `postgres://user@host/database`, a schema for each workspace."""

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path

from hubbub.core.warehouse import Change, Shape, Shown, claim_of, namespace_of
from hubbub.destinations.postgres import statements as sql
from hubbub.destinations.postgres.address import Address, address_of
from hubbub.destinations.postgres.connection import Line, Session
from hubbub.destinations.postgres.refusals import Refused
from hubbub.errors import HubbubError, TryAgain

SCHEMES = ("postgres", "postgresql")

_BOOK = "_hubbub"
"""The table in which Hubbub notes what of the schema is its own."""
_MARK = "mark"
_TABLE = "table "
_VIEW = "view "


class Postgres:
    """A workspace's schema in a database."""

    has_days = False
    writes_days = False
    dialect = "postgres"

    def __init__(self, address: Address, workspace: str) -> None:
        self._address = address
        self._line = Line(address)
        self._schema = namespace_of(workspace)
        self.title = f"{address.title}, schema {self._schema}"
        self.identity = f"{address.title}#{self._schema}"

    def table_name(self, table: str) -> str:
        """A table, with its schema."""
        return f"{sql.name(self._schema)}.{sql.name(table)}"

    def mark(self) -> str | None:
        """The mark of the last publication that ended here."""
        with self._line.session() as session, session.transaction():
            if not self._has_book(session):
                return None
            mark = self._book(session).get(_MARK)
            return claim_of(mark) if mark and self._lost(session) else mark

    def bring(
        self,
        changes: Sequence[Change],
        views: Sequence[Shown] | None,
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> dict[str, str]:
        """Carry out the changes, a transaction each. Rows wait in temporary tables, which end with
        the connection: nothing else is left behind, however this ends."""
        with closing(self), self._line.session() as session:
            self._begin(session, mark)
            for change in changes:
                with session.transaction():
                    self._carry_out(session, change)
                on_table(change.shape.name, change.row_count)
            refused = {} if views is None else self._show(session, views)
            with session.transaction():
                for name in self._lost(session):
                    self._forget(session, _TABLE + name)
                self._note(session, _MARK, mark)
        return refused

    def close(self) -> None:
        """End the connection that `mark` has left open for `bring`."""
        self._line.close()

    def _has_book(self, session: Session) -> bool:
        """Whether something was published here. Raises `HubbubError` if nothing may be."""
        is_there, may_create, may_use, has_book, is_standby = session.rows(
            """SELECT n.oid IS NOT NULL, has_database_privilege(current_database(), 'CREATE'),
                coalesce(has_schema_privilege(n.oid, 'CREATE')
                    AND has_schema_privilege(n.oid, 'USAGE'), false),
                EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = $2),
                pg_is_in_recovery()
            FROM (SELECT $1::text AS name) w LEFT JOIN pg_namespace n ON n.nspname = w.name""",
            [self._schema, _BOOK],
        )[0]
        if is_standby:
            raise HubbubError(
                f"{self._address.title} is a copy that only follows another server.",
                "Publish to the server that it follows.",
            )
        if not (may_use if is_there else may_create):
            user = self._address.user or "this user"
            name = sql.name(self._schema)
            raise HubbubError(
                f"{user} may not write to {self.title}.",
                f"Let its administrator run: CREATE SCHEMA IF NOT EXISTS {name}; "
                f"GRANT USAGE, CREATE ON SCHEMA {name} TO {sql.name(self._address.user or '…')};",
            )
        return has_book

    def _begin(self, session: Session, mark: str) -> None:
        """Make and claim the schema, and see to it that nobody else publishes to it meanwhile."""
        with session.transaction():
            if not session.rows("SELECT pg_try_advisory_lock(hashtext($1))", [self.identity])[0][0]:
                raise TryAgain(
                    f"Another hubbub publishes to {self.title}.",
                    "Wait for it to end, then run this again.",
                )
            if not self._has_book(session):
                there = session.rows(
                    "SELECT 1 FROM pg_namespace WHERE nspname = $1", [self._schema]
                )
                if not there:
                    session.run(f"CREATE SCHEMA {sql.name(self._schema)}")
                book = self.table_name(_BOOK)
                session.run(f"CREATE TABLE {book} (what text PRIMARY KEY, value text NOT NULL)")
                session.run(
                    f"COMMENT ON TABLE {book} IS "
                    + sql.literal("What of this schema Hubbub has made, and how far it has come.")
                )
                self._note(session, _MARK, claim_of(mark))

    def _book(self, session: Session) -> dict[str, str]:
        return dict(session.rows(f"SELECT what, value FROM {self.table_name(_BOOK)}"))

    def _lost(self, session: Session) -> list[str]:
        """Tables of Hubbub's that somebody has dropped."""
        query = f"""SELECT name FROM (
                SELECT substr(what, {len(_TABLE) + 1}) AS name FROM {self.table_name(_BOOK)}
                WHERE starts_with(what, $2)
            ) t WHERE NOT EXISTS (
                SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relname = t.name
            )"""
        return [name for (name,) in session.rows(query, [self._schema, _TABLE])]

    def _note(self, session: Session, what: str, value: str) -> None:
        session.run(
            f"INSERT INTO {self.table_name(_BOOK)} "
            f"VALUES ({sql.literal(what)}, {sql.literal(value)}) "
            "ON CONFLICT (what) DO UPDATE SET value = excluded.value"
        )

    def _forget(self, session: Session, what: str) -> None:
        session.run(f"DELETE FROM {self.table_name(_BOOK)} WHERE what = {sql.literal(what)}")

    def _carry_out(self, session: Session, change: Change) -> None:
        shape, table = change.shape, self.table_name(change.shape.name)
        is_new = self._fit(session, shape, is_whole=change.is_whole)
        if change.is_whole or is_new:
            if not is_new:
                session.run_all(sql.undress(sql.name(self._schema), table, shape))
            session.run_all(sql.prepare(table, shape))
            session.load(shape.name, change.rows, schema=self._schema)
            session.run_all(sql.dress(table, shape))
            return
        if change.gone:
            self._staged(session, "gone", table, shape.key, change.gone)
            session.run("ANALYZE pg_temp.gone")  # a merge has but one way, a join has several
            session.run(sql.remove(table, "pg_temp.gone", shape))
        if change.rows:
            self._staged(session, "rows", table, [each.name for each in shape.fields], change.rows)
            session.run(sql.merge(table, "pg_temp.rows", shape))

    def _staged(
        self, session: Session, name: str, table: str, columns: Sequence[str], files: Sequence[Path]
    ) -> None:
        """Rows in a temporary table, until the transaction ends."""
        session.run(
            f"CREATE TEMP TABLE {name} ON COMMIT DROP AS "
            f"SELECT {sql.names(columns)} FROM {table} LIMIT 0"
        )
        session.load(name, files, schema=None)

    def _fit(self, session: Session, shape: Shape, *, is_whole: bool) -> bool:
        """Make a table, or give it the columns that it is to have; whether it is new."""
        table, book = self.table_name(shape.name), self._book(session)
        told = json.dumps([[each.name, each.kind.value, each.doc] for each in shape.fields])
        before = book.get(_TABLE + shape.name)
        if before is not None and not self._is_there(session, shape.name):
            if not is_whole:
                raise HubbubError(
                    f"{self.title} has lost its table {shape.name}.",
                    "Publish again: all rows are sent anew.",
                )
            before = None
        elif before is None:
            self._refuse_others(session, shape.name, book)
        if before == told:
            return False
        is_new = before is None or not shape.key
        made: list[str] = []
        if before is not None and not shape.key:  # a metric whose columns are other ones
            made.append(f"DROP TABLE {table}")
        if is_new:
            made.append(sql.create(table, shape))
        else:
            self._alter(session, table, shape, {each[0] for each in json.loads(before or "[]")})
        session.run_all([*made, *sql.comments(table, shape)])
        self._note(session, _TABLE + shape.name, told)
        return is_new

    def _alter(self, session: Session, table: str, shape: Shape, there: set[str]) -> None:
        """Add and drop columns. Views may read those that go: they are made anew afterwards."""
        wanted = {each.name: each for each in shape.fields}
        for name in [name for name in wanted if name not in there]:
            kind = sql.TYPES[wanted[name].kind]
            session.run(f"ALTER TABLE {table} ADD COLUMN {sql.name(name)} {kind}")
        if gone := sorted(there - {*wanted}):
            self._hide(session)
            for name in gone:
                session.run(f"ALTER TABLE {table} DROP COLUMN {sql.name(name)}")

    def _refuse_others(self, session: Session, name: str, book: dict[str, str]) -> None:
        """Raise `HubbubError` if something of that name is there that is not Hubbub's. A view of
        its own makes room."""
        if _VIEW + name in book:
            session.run(f"DROP VIEW IF EXISTS {self.table_name(name)}")
            self._forget(session, _VIEW + name)
        elif self._is_there(session, name):
            raise HubbubError(
                f"{self.title} holds {name}, which Hubbub has not made.",
                "Rename it, or publish to another database.",
            )

    def _is_there(self, session: Session, name: str) -> bool:
        query = """SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2"""
        return bool(session.rows(query, [self._schema, name]))

    def _show(self, session: Session, views: Sequence[Shown]) -> dict[str, str]:
        """Make these views and no others, each in a transaction of its own. Returns those that
        cannot be made, with the reason."""
        wanted = {view.name for view in views}
        with session.transaction():
            ours = self._hide(session, but=wanted)
        refused: dict[str, str] = {}
        for view in views:
            try:
                with session.transaction():
                    self._make(session, view, is_ours=view.name in ours)
            except Refused as error:
                refused[view.name] = error.said
        return refused

    def _make(self, session: Session, view: Shown, *, is_ours: bool) -> None:
        table = self.table_name(view.name)
        if is_ours:
            session.run(f"DROP VIEW IF EXISTS {table}")
            self._forget(session, _VIEW + view.name)
        session.run(f"CREATE VIEW {table} AS {view.sql}")
        session.run(f"COMMENT ON VIEW {table} IS {sql.literal(view.doc)}")
        self._note(session, _VIEW + view.name, "")

    def _hide(self, session: Session, *, but: Collection[str] = ()) -> set[str]:
        """Drop Hubbub's views but for some; returns the names of all that there were."""
        book = self._book(session)
        ours = {what.removeprefix(_VIEW) for what in book if what.startswith(_VIEW)}
        for name in sorted(ours - {*but}):
            session.run(f"DROP VIEW IF EXISTS {self.table_name(name)}")
            self._forget(session, _VIEW + name)
        return ours


def open_warehouse(url: str, workspace: str, scratch: Path) -> Postgres:
    """The schema of a workspace in the database that a URL names. Raises `UsageError`."""
    del scratch
    return Postgres(address_of(url), workspace)
