"""The circle in a store, and metrics asked of it."""

from collections.abc import Callable
from typing import Any

import pytest

from hubbub.flows.importing import import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.writing.circle import write_circle

SET = """[writing]
first_round = 2026-03-02
expected = ["#글쓰기"]
staff = ["eve"]
levels = [1, 3, 6]
"""
"""What the circle has set."""

Run = Callable[..., list[dict[str, Any]]]


def set_up(settings: Settings, written: str) -> Settings:
    """Set something of the pack."""
    settings.pack.mkdir(parents=True, exist_ok=True)
    (settings.pack / "settings.toml").write_text(written, encoding="utf-8")
    return settings


@pytest.fixture(scope="session")
def circle(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The circle's workspace; nothing is set yet."""
    folder = tmp_path_factory.mktemp("circle")
    settings = Settings(
        folder / "home", "circle", timezone="Asia/Seoul", privacy={"preset": "open"}
    )
    import_archive(settings, write_circle(folder / "export"))
    return settings


@pytest.fixture
def run(circle: Settings) -> Run:
    """Runs a metric, with what the circle has set unless `written` says something else."""

    def rows(metric: str, *, written: str = SET, **given: str) -> list[dict[str, Any]]:
        catalog = Catalog(set_up(circle, written).pack)
        with store.reading(circle.store) as session:
            runner = Runner(session, catalog, circle.timezone, smallest_group=1)
            query = runner.prepare(catalog.metric(metric), given)
            return runner.run(query).to_pylist()

    return rows
