"""The engines, each started once."""

from collections.abc import Iterator

import pytest

from tests.engines.engines import LINGUISTIC, Engine, Postgres, postgres_engine
from tests.parts import missing
from tests.publishing.postgres_server import NoServer, PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server of its own."""
    try:
        server = PostgresServer()
    except NoServer as error:
        missing(str(error))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres(postgres_server: PostgresServer) -> Iterator[Postgres]:
    """A database that orders texts otherwise than DuckDB."""
    with postgres_engine(postgres_server, "engines", LINGUISTIC) as engine:
        yield engine


@pytest.fixture(scope="session", params=["postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine."""
    return request.getfixturevalue(request.param)
