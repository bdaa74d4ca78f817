"""One server for all tests of a run; each test has a database of its own."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
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

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement there as administrator."""
        return self.server.run(statement, self.database)


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
