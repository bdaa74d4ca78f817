"""The engines, each started once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.engines import spark_servers
from tests.engines.engines import LINGUISTIC, Engine, Postgres, postgres_engine
from tests.engines.spark_engine import Spark
from tests.engines.spark_servers import NoEngine, Server
from tests.parts import missing
from tests.publishing.postgres_server import PostgresServer, own_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL of its own."""
    with own_server() as running:
        yield running


@pytest.fixture(scope="session")
def postgres(server: PostgresServer) -> Iterator[Postgres]:
    """A database that orders texts otherwise than DuckDB."""
    with postgres_engine(server, "engines", LINGUISTIC) as engine:
        yield engine


def _spark(
    start: Callable[[Path], AbstractContextManager[Server]], folder: Path
) -> Iterator[Spark]:
    lakes = folder / "우리 호수 + #1"
    try:
        with start(folder) as server, closing(Spark(server.address, lakes)) as engine:
            yield engine
    except NoEngine as error:
        missing(str(error))


@pytest.fixture(scope="session")
def sail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """Sail, a Spark Connect engine without a JVM."""
    yield from _spark(spark_servers.sail, tmp_path_factory.mktemp("sail"))


@pytest.fixture(scope="session")
def apache_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """Apache Spark with two workers."""
    yield from _spark(spark_servers.apache_spark, tmp_path_factory.mktemp("apache_spark"))


_IS_FOR_SPARK = find_spec("pyspark") is not None
"""Spark's client lives in an environment of its own, in which `make test` asks Spark alone."""
APACHE_SPARK = "apache_spark"
ENGINES = (
    ["sail", pytest.param(APACHE_SPARK, marks=pytest.mark.long)] if _IS_FOR_SPARK else ["postgres"]
)
"""To plan a query takes Apache Spark two seconds."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask Apache Spark of large communities only in the longest run."""
    for item in items:
        if isinstance(item, pytest.Function) and item.originalname == "test_values_of_many":
            is_slow = item.callspec.params["engine"] == APACHE_SPARK
            item.add_marker(pytest.mark.soak if is_slow else pytest.mark.long)


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine."""
    return request.getfixturevalue(request.param)
