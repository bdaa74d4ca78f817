"""Destinations of dlt's that a test can have, read by other ways than dlt's."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from hubbub.core.tables import TABLES, Type
from tests.publishing.postgres_server import PostgresServer

_GONE = "_hubbub_gone"
_HASHES = re.compile(r"[A-Za-z0-9+/]{43}=")
"""Those that dlt keeps of schemas: any letters may come together in them."""
INSTANT, FLAG = Type.INSTANT, Type.FLAG


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the column by which rows are told to go, in which there is never anything."""
    assert row.pop(_GONE, None) is None
    return row


@dataclass(frozen=True)
class DuckDb:
    """A file of DuckDB's."""

    file: Path
    url = "dlt://duckdb"

    def set_up(self) -> dict[str, str]:
        """The settings by which dlt finds it."""
        return {"DESTINATION__DUCKDB__CREDENTIALS": f"duckdb:///{self.file}"}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in no order."""
        return self.query(f'SELECT * FROM grove."{table}"')

    def tables(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The same of many tables."""
        return {name: self.rows(name) for name in names}

    def query(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        with closing(duckdb.connect(str(self.file))) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            found = connection.execute(query)
            names = [each[0] for each in found.description or ()]
            return [_shown(dict(zip(names, row, strict=True))) for row in found.fetchall()]

    def run(self, statement: str) -> None:
        """Run a statement there."""
        with closing(duckdb.connect(str(self.file))) as connection:
            connection.execute(statement)

    def drop(self, table: str) -> None:
        """Take a table away."""
        self.run(f'DROP TABLE grove."{table}"')

    def everything(self) -> str:
        """All that is there, in one text."""
        if not self.file.exists():
            return ""
        tables = self.query("SELECT schema_name AS s, table_name AS t, sql FROM duckdb_tables()")
        parts = [
            str((each, self.query('SELECT * FROM "{s}"."{t}"'.format(**each)))) for each in tables
        ]
        return _HASHES.sub("", "\n".join(sorted(parts)))


@dataclass(frozen=True)
class Sqlite:
    """Files of SQLite's, one a dataset, by dlt's way to whatever SQLAlchemy knows."""

    file: Path
    url = "dlt://sqlalchemy/grove"

    def set_up(self) -> dict[str, str]:
        """The settings by which dlt finds it."""
        return {"DESTINATION__SQLALCHEMY__CREDENTIALS": f"sqlite:///{self.file}"}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in no order; instants in UTC, as they are meant."""
        types = {each.name: each.type for each in TABLES[table].columns} if table in TABLES else {}
        return [
            _shown({name: _read(value, types.get(name)) for name, value in row.items()})
            for row in self._query(self._dataset("grove"), f'SELECT * FROM "{table}"')
        ]

    def tables(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The same of many tables."""
        return {name: self.rows(name) for name in names}

    def drop(self, table: str) -> None:
        """Take a table away."""
        self._query(self._dataset("grove"), f'DROP TABLE "{table}"')

    def everything(self) -> str:
        """All that is there, in one text."""
        parts: list[str] = []
        for file in sorted(self.file.parent.glob(f"{self.file.stem}*.db")):
            for table in self._query(file, "SELECT name, sql FROM sqlite_master ORDER BY name"):
                if str(table["sql"]).startswith("CREATE TABLE"):
                    rows = self._query(file, f'SELECT * FROM "{table["name"]}"')
                    parts.append(f"{file.name} {table} {rows}")
        return _HASHES.sub("", "\n".join(parts))

    def _dataset(self, name: str) -> Path:
        return self.file.with_name(f"{self.file.stem}__{name}.db")

    def _query(self, file: Path, query: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]


def _read(value: Any, kind: Type | None) -> Any:
    if value is not None and kind is INSTANT:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return bool(value) if value is not None and kind is FLAG else value


@dataclass(frozen=True)
class Postgres:
    """A database of a PostgreSQL server."""

    server: PostgresServer
    database: str
    user: str
    password: str
    url = "dlt://postgres"

    def set_up(self) -> dict[str, str]:
        """The settings by which dlt finds it."""
        at = f"127.0.0.1:{self.server.port}/{self.database}"
        return {
            "DESTINATION__POSTGRES__CREDENTIALS": f"postgresql://{self.user}@{at}",
            "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD": self.password,
            "LOAD__WORKERS": "4",
        }

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in no order."""
        return self.tables([table])[table]

    def tables(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The same of many tables."""
        parts = [
            f"SELECT '{name}' AS name, (SELECT coalesce(json_agg(r)::jsonb, '[]') "
            f'FROM grove."{name}" r) AS rows'
            for name in names
        ]
        told = self.server.rows(" UNION ALL ".join(parts), self.database)
        return {each["name"]: list(map(_shown, each["rows"])) for each in told}

    def run(self, statement: str) -> str:
        """Run a statement there as administrator."""
        return self.server.run(statement, self.database)

    def drop(self, table: str) -> None:
        """Take a table away."""
        self.run(f'DROP TABLE grove."{table}"')

    def everything(self) -> str:
        """All that is there, in one text."""
        return _HASHES.sub("", self.server.dump(self.database))
