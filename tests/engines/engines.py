"""Engines that metrics are written for, each a real one."""

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Protocol

import adbc_driver_postgresql.dbapi as postgres

from hubbub.core.tables import TABLES, Type
from tests.engines.worlds import World
from tests.publishing.postgres_server import OWNER, PostgresServer

_postgres: Any = postgres


class Engine(Protocol):
    """Something that runs SQL over the tables of a world."""

    dialect: str

    def load(self, world: World) -> None:
        """Take in a world's tables."""
        ...

    def table(self, world: World, table: str) -> str:
        """What a table of a world is called."""
        ...

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows that a statement gives, instants in UTC."""
        ...


_TYPES = {
    Type.TEXT: "text",
    Type.INTEGER: "bigint",
    Type.FLAG: "boolean",
    Type.INSTANT: "timestamptz",
}


class Postgres:
    """A database whose letters are ordered as people do, asked in a session far from UTC."""

    dialect = "postgres"

    def __init__(self, uri: str) -> None:
        self._connection: Any = _postgres.connect(uri, autocommit=True)

    def load(self, world: World) -> None:
        """Take in a world's tables, in a schema of its own."""
        schema = world.name
        self.run(f'CREATE SCHEMA "{schema}"')
        for table in TABLES.values():
            columns = ", ".join(f'"{c.name}" {_TYPES[c.type]}' for c in table.public)
            self.run(f"CREATE TABLE {self.table(world, table.name)} ({columns})")
            with closing(self._connection.cursor()) as cursor:
                rows = world.tables[table.name]
                cursor.adbc_ingest(table.name, rows, mode="append", db_schema_name=schema)
        self.run("ANALYZE")

    def table(self, world: World, table: str) -> str:
        """Its name with its schema's."""
        return f'"{world.name}"."{table}"'

    def run(self, statement: str) -> None:
        """Run a statement that gives no rows."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(statement)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows that a statement gives."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(statement)
            return cursor.fetch_arrow_table().to_pylist()

    def close(self) -> None:
        """End the session."""
        self._connection.close()


@contextmanager
def postgres_engine(
    server: PostgresServer, database: str, locale: Sequence[str]
) -> Generator[Postgres]:
    """A new database of a server, whose texts are of a locale."""
    server.run(f"CREATE DATABASE {database} TEMPLATE template0 {' '.join(locale)}")
    uri = (
        f"postgresql:///{database}?host={server.folder}&port={server.port}&user={OWNER}"
        "&options=-c%20TimeZone%3DAmerica/New_York"
    )
    with closing(Postgres(uri)) as engine:
        yield engine


LINGUISTIC = ("LOCALE_PROVIDER icu", "ICU_LOCALE 'en-US'", "LOCALE 'C.UTF-8'")
"""`a` before `B` before `c`."""
PLAIN = ("LOCALE 'C'",)
"""The letters of ASCII alone have capitals."""
