"""Pseudonyms hide who is who, and change no figure: every metric says under `strict` what it says
under `open`, but for names, texts and whole links."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hubbub.flows.importing import import_archive
from hubbub.flows.workspace import keys_of
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import Metric
from hubbub.metrics.run import Runner
from hubbub.privacy.keys import Keys
from hubbub.settings import Settings
from hubbub.slack.directory import SLACK_ITSELF
from hubbub.stores import duckdb as store

CATALOG = Catalog(Path("no-pack"))
NAMES = frozenset({"member", "source", "target", "label"})
"""Columns that show a member's name, and a pseudonym where there is none."""
NEEDED = {
    "conversation": {"text"},  # what was said
    "recent_activity": {"text"},
    "unanswered": {"text"},
    "tags": {"target_id"},  # of links the whole link, under strict the domain
    "polls": {"poll", "name"},  # what was asked, and what could be chosen
    "policies": {"policy"},  # which policy each run was under
}
"""Other columns that need what `strict` does not keep."""
TOWNS = {"golden": Path(__file__).parents[1] / "golden" / "community", "houston": None}


@dataclass(frozen=True)
class Twins:
    """One community under both presets."""

    open: Settings
    strict: Settings
    keys: Keys
    members: frozenset[str]
    """The real ids of all whom any row names."""
    names: frozenset[str]
    """Their names and handles."""

    def hidden(self, value: Any) -> Any:
        """An id as `strict` shows it; all else as it is."""
        return self.keys.pseudonym("member", value) if value in self.members else value


@pytest.fixture(scope="module", params=list(TOWNS))
def twins(
    request: pytest.FixtureRequest,
    shared_data: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Twins:
    archive = TOWNS[request.param] or shared_data("export-houstondatavis")
    folder = tmp_path_factory.mktemp(request.param)
    whole = Settings(folder / "open", "town", privacy={"preset": "open"})
    import_archive(whole, archive)
    with store.reading(whole.store) as connection:
        channels = connection.execute("SELECT channel_id FROM channels").fetchall()
        named = connection.execute(
            "SELECT user_id FROM users UNION SELECT user_id FROM messages UNION "
            "SELECT user_id FROM mentions UNION SELECT user_id FROM reactions"
        ).fetchall()
        called = connection.execute(
            "SELECT unnest([name, real_name, display_name]) FROM users UNION "
            "SELECT username FROM messages"
        ).fetchall()
    allowed = {"only_channels": [each for (each,) in channels], "smallest_group": 1}
    strict = Settings(folder / "strict", "town", privacy={"preset": "strict", **allowed})
    import_archive(strict, archive)
    members = frozenset(each for (each,) in named if each) - SLACK_ITSELF
    names = frozenset(each for (each,) in called if each)
    return Twins(whole, strict, keys_of(strict), members, names)


def table(settings: Settings, metric: Metric) -> list[dict[str, Any]]:
    """The rows of a metric, without their order: where figures are equal, ids decide."""
    with store.reading(settings.store) as connection:
        runner = Runner(connection, CATALOG, "UTC", smallest_group=1)
        return runner.run(runner.prepare(metric, {"as_of": "latest"})).to_pylist()


@pytest.mark.parametrize("name", list(CATALOG.files))
def test_a_metric_gives_the_same_under_strict(twins: Twins, name: str) -> None:
    metric = CATALOG.metric(name)
    left_out = NAMES | NEEDED.get(name, set())
    compared = [column for column in metric.columns if column not in left_out]
    whole, strict = table(twins.open, metric), table(twins.strict, metric)
    wanted = Counter(tuple(twins.hidden(row[each]) for each in compared) for row in whole)
    assert Counter(tuple(row[each] for each in compared) for row in strict) == wanted
    shown = {row[each] for row in strict for each in NAMES & metric.columns.keys()}
    assert not shown & (twins.members | twins.names)
