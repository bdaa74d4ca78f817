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
from tests.engines.worlds import SOME, Case
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
    try:
        with start(folder) as server, closing(Spark(server.address, folder / "lakes")) as engine:
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
ENGINES = ["sail", "apache_spark"] if _IS_FOR_SPARK else ["postgres"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask Apache Spark only some metrics, but in the long run: planning one takes it a second."""
    for item in filter(_is_dear, items):
        item.add_marker(pytest.mark.soak)


def _is_dear(item: pytest.Item) -> bool:
    given = (
        item.callspec.params
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else {}
    )
    case = given.get("case")
    return isinstance(case, Case) and given["engine"] == "apache_spark" and case.id not in SOME


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine."""
    return request.getfixturevalue(request.param)
