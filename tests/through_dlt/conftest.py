"""Destinations of dlt's, one a test; they are told of by the environment."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publishing.postgres_server import PostgresServer, own_server
from tests.through_dlt.places import DuckDb, Postgres, Sqlite

_PASSWORD = "a right password"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in which dlt finds no settings, and leaves nothing."""
    folder = tmp_path / "home of somebody"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def duckdb_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DuckDb:
    place = DuckDb(tmp_path / "warehouse.duckdb")
    for name, value in place.set_up().items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
def sqlite_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sqlite:
    place = Sqlite(tmp_path / "warehouse.db")
    for name, value in place.set_up().items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with own_server() as running:
        yield running


@pytest.fixture
def postgres_place(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    name = f"t_{uuid.uuid4().hex[:10]}"
    server.run(f"CREATE ROLE {name} LOGIN PASSWORD '{_PASSWORD}'")
    server.run(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
    place = Postgres(server, name, name, _PASSWORD)
    for setting, value in place.set_up().items():
        monkeypatch.setenv(setting, value)
    yield place
    server.run(f"DROP DATABASE {name} WITH (FORCE)")
    server.run(f"DROP ROLE {name}")
