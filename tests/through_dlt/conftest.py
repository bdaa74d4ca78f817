"""Destinations of dlt's, one a test; they are told of by the environment."""

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
    _tell_of(place, monkeypatch)
    return place


@pytest.fixture
def sqlite_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sqlite:
    place = Sqlite(tmp_path / "warehouse.db")
    _tell_of(place, monkeypatch)
    return place


def _tell_of(place: DuckDb | Sqlite | Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in place.set_up().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with own_server() as running:
        yield running


@pytest.fixture
def postgres_place(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    with server.own_database(_PASSWORD) as name:
        place = Postgres(server, name, name, _PASSWORD)
        _tell_of(place, monkeypatch)
        yield place
