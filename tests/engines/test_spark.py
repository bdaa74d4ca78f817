"""Every metric gives the same values on Spark Connect engines as on DuckDB.

It runs where Spark's client is installed: in .venv-spark, by `make test`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hubbub.metrics.spark import LakeRunner, LakeTable, connected
from tests.engines.spark_servers import NoEngine, apache_spark, sail
from tests.engines.test_values import CASES, differences
from tests.engines.worlds import Case, truth, world
from tests.parts import missing

_pq: Any = pq

if find_spec("pyspark") is None:
    missing("Spark's client is not installed: make .venv-spark/.ready")


Runners = Callable[[str, str], LakeRunner]
"""Gives a runner over a world's lake, in a time zone."""


@pytest.fixture(scope="session", params=["sail", "apache spark"])
def runners(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runners]:
    """Runners on each engine."""
    folder = tmp_path_factory.mktemp("engine")
    starts = {"sail": sail, "apache spark": apache_spark}
    with ExitStack() as opened:
        try:
            address = opened.enter_context(starts[request.param](folder))
        except NoEngine as error:
            missing(str(error))

        @cache
        def session(name: str) -> Any:
            lake = _written(name, folder / "lake")
            return opened.enter_context(connected(address, lake, name))

        @cache
        def runner(name: str, zone: str) -> LakeRunner:
            return LakeRunner(session(name), world(name).catalog, zone)

        yield runner


def _written(name: str, folder: Path) -> dict[str, LakeTable]:
    """A world's tables as a lake that has no days."""
    tables: dict[str, LakeTable] = {}
    for table, rows in world(name).tables.items():
        place = folder / name / table
        place.mkdir(parents=True)
        _pq.write_table(rows, place / "all.parquet")
        tables[table] = LakeTable(place.as_uri(), "parquet", has_days=False, has_files=True)
    return tables


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_values(case: Case, runners: Runners) -> None:
    known = truth(case)
    runner = runners(case.world, known.zone)
    assert not differences(known.rows, runner.run(known.query).to_pylist())
