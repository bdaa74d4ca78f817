"""One server for all tests of a run; each test has a database and a user of its own."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.publishing.postgres_server import PostgresServer, own_server

PASSWORD = "a right password"


@dataclass(frozen=True)
class Place:
    """A database, and a user who may make schemas in it."""

    server: PostgresServer
    database: str
    user: str
    schema: str = "grove"

    @property
    def url(self) -> str:
        return f"postgres://{self.user}@127.0.0.1:{self.server.port}/{self.database}"

    def run(self, statement: str) -> str:
        """Run a statement there as administrator."""
        return self.server.run(statement, self.database)

    def query(self, query: str) -> list[dict[str, Any]]:
        return self.server.rows(query, self.database)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in no order."""
        return self.query(f'SELECT * FROM "{self.schema}"."{table}"')

    def tables(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The same of many tables."""
        parts = [
            f"SELECT '{name}' AS name, (SELECT coalesce(json_agg(r)::jsonb, '[]') "
            f'FROM "{self.schema}"."{name}" r) AS rows'
            for name in names
        ]
        return {row["name"]: row["rows"] for row in self.query(" UNION ALL ".join(parts))}

    def drop(self, table: str) -> None:
        """Take a table away, and the views that read it."""
        self.run(f'DROP TABLE "{self.schema}"."{table}" CASCADE')

    def somebody(self, statement: str) -> AbstractContextManager[None]:
        """A session of somebody else's there."""
        return self.server.somebody(self.database, statement)

    def wait_until(self, condition: str, *, is_so: bool = True) -> None:
        """Until there is a connection that meets a condition, or none does."""
        self.server.wait_until(condition, is_so=is_so)

    def everything(self) -> str:
        """All that is there, in one text."""
        return self.server.dump(self.database)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with own_server() as running:
        yield running


@pytest.fixture
def place(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with server.own_database(PASSWORD) as name:
        yield Place(server, name, name)
