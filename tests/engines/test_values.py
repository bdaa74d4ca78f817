"""Every metric gives the same values on every engine as on DuckDB."""

from typing import Any

import pytest

from hubbub.metrics.translation import translated
from tests.engines.engines import Engine
from tests.engines.worlds import Case, cases, more_cases, truth, world

CASES = [*cases()]


@pytest.fixture(scope="session")
def loaded() -> set[tuple[str, str]]:
    """The engines, and the worlds that each has taken in."""
    return set()


def same(expected: Any, found: Any) -> bool:
    """Whether two values are one: floats to 1e-9, all else by type and value."""
    if isinstance(expected, float) and isinstance(found, float):
        return found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    return type(expected) is type(found) and expected == found


def differences(
    expected: list[dict[str, Any]], found: list[dict[str, Any]]
) -> list[dict[str, tuple[Any, Any]]]:
    """The cells that differ, row by row in order; what is expected first."""
    assert [list(row) for row in found] == [list(row) for row in expected]
    apart = [
        {name: (value, other[name]) for name, value in row.items() if not same(value, other[name])}
        for row, other in zip(expected, found, strict=True)
    ]
    return [each for each in apart if each]


def compare(case: Case, engine: Engine, loaded: set[tuple[str, str]]) -> None:
    """Compare the rows of a case, in their order."""
    here = world(case.world)
    if (engine.dialect, case.world) not in loaded:
        engine.load(here)
        loaded.add((engine.dialect, case.world))
    known = truth(case)
    statement = translated(
        here.catalog,
        known.query.metric,
        engine.dialect,
        timezone=known.zone,
        tables=lambda table: engine.table(here, table),
        values=known.query.values,
        ids_of=known.runner.ids_of,
    )
    assert not differences(known.rows, engine.rows(statement))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_values(case: Case, engine: Engine, loaded: set[tuple[str, str]]) -> None:
    compare(case, engine, loaded)


@pytest.mark.parametrize("case", [*more_cases()], ids=lambda case: case.id)
def test_values_of_many(case: Case, engine: Engine, loaded: set[tuple[str, str]]) -> None:
    compare(case, engine, loaded)


def test_every_metric_has_rows_somewhere() -> None:
    asked = {case.metric for case in CASES}
    assert asked == {metric.name for metric in world("town").catalog.metrics()}
    assert asked == {case.metric for case in CASES if truth(case).rows}
