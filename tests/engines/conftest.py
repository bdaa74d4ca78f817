"""The engines, each started once."""

from collections.abc import Iterator

import pytest

from tests.engines.engines import LINGUISTIC, Engine, Postgres, postgres_engine
from tests.parts import missing
from tests.publishing.postgres_server import NoServer, PostgresServer


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL of its own."""
    try:
        running = PostgresServer()
    except NoServer as error:
        missing(str(error))
    try:
        running.start()
        yield running
    finally:
        running.remove()


@pytest.fixture(scope="session")
def postgres(server: PostgresServer) -> Iterator[Postgres]:
    """A database that orders texts otherwise than DuckDB."""
    with postgres_engine(server, "engines", LINGUISTIC) as engine:
        yield engine


@pytest.fixture(scope="session", params=["postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine."""
    return request.getfixturevalue(request.param)
