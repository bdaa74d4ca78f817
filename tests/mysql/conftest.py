"""One server for all tests of a run; each test has a database of its own."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.mysql.mariadb_server import MariaDB, NoServer
from tests.parts import missing


@dataclass(frozen=True)
class Place:
    """A database that is not there yet, and a user who may make it."""

    server: MariaDB
    database: str
    user: str

    @property
    def url(self) -> str:
        return f"mysql://{self.user}@127.0.0.1:{self.server.port}/{self.database}"

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in no order; instants in UTC, as they are meant."""
        told = self.server.run(
            "SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS WHERE "
            f"TABLE_SCHEMA = '{self.database}' AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION"
        )
        return [
            {name: _read(value, kind) for value, (name, kind) in zip(row, told, strict=True)}
            for row in self.run(f"SELECT * FROM `{table}`")
        ]

    def tables(self, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The same of many tables."""
        return {name: self.rows(name) for name in names}

    def drop(self, table: str) -> None:
        """Take a table away."""
        self.run(f"DROP TABLE `{table}`")

    def everything(self) -> str:
        """All that is there, in one text."""
        if not self.server.run(f"SHOW DATABASES LIKE '{self.database}'"):
            return ""
        tables = [name for (name,) in self.run("SHOW TABLES")]
        return "\n".join(
            f"{self.run(f'SHOW CREATE TABLE `{name}`')} {self.run(f'SELECT * FROM `{name}`')}"
            for name in tables
        )

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement there as administrator."""
        return self.server.run(statement, self.database)


def _read(value: Any, kind: str) -> Any:
    if value is not None and kind == "tinyint(1)":
        return bool(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    try:
        running = MariaDB(tmp_path_factory.mktemp("mariadb"))
    except NoServer as error:
        missing(str(error))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def place(server: MariaDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    name = f"t_{uuid.uuid4().hex[:10]}"
    server.person(name, "right", f"ALL ON {name}.*")
    monkeypatch.setenv("MYSQL_PWD", "right")
    yield Place(server, name, name)
    server.run(f"DROP DATABASE IF EXISTS {name}")
    server.run(f"DROP USER {name}@'127.0.0.1'")
