"""Runs one metric on a Spark Connect engine, over what was published to a lake."""

from collections.abc import Mapping
from pathlib import Path

from hubbub.destinations.lake.description import NAME, Description, decoded
from hubbub.destinations.lake.places import Place
from hubbub.destinations.warehouses.lake import place_of
from hubbub.errors import HubbubError
from hubbub.flows.auditing import audited, chosen
from hubbub.flows.measuring import Measured
from hubbub.flows.workspace import refuse_single_members
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.spark import LakeRunner, LakeTable, connected, url_of
from hubbub.settings import Settings


def measure_lake(
    settings: Settings, name: str, window: Mapping[str, str], engine: str, lake: str
) -> Measured:
    """Run a metric. Raises `UsageError` for unknown names, values and addresses, `TooFewMembers`
    where small groups are suppressed, `HubbubError` where the lake lacks what is needed, `TryAgain`
    if the engine does not answer."""
    refuse_single_members(settings, "The rows of a lake are about")
    catalog = Catalog(settings.pack)
    metric = catalog.metric(name)
    place = place_of(lake.partition("?")[0], settings.workspace, settings.scratch)
    description = _described(place, lake, settings.workspace)
    audited(settings, "read", metric.name, engine=engine, lake=place.title, **chosen(window))
    tables = _tables(place, description)
    with connected(engine, tables, place.title) as session:
        runner = LakeRunner(session, catalog, settings.timezone)
        query = runner.prepare(metric, window)
        rows = runner.run(query)
        newest = None if rows.num_rows else runner.newest()
    return Measured(metric, rows, query.since, query.as_of, newest, settings.timezone)


def _described(place: Place, lake: str, workspace: str) -> Description:
    """What the workspace's part of a lake says of itself."""
    if NAME not in place.names():
        raise HubbubError(
            f"The lake {lake} has nothing of the workspace {workspace}.",
            f"Publish to it first: hubbub publish {lake}. Or name another with --workspace.",
        )
    description = decoded(place.read(NAME), f"{place.title}/{NAME}")
    if description.workspace != workspace:
        raise HubbubError(
            f"{place.title} holds the workspace {description.workspace}, not {workspace}.",
            f"Name that: --workspace {description.workspace}",
        )
    if description.mark is None:
        raise HubbubError(
            f"The first publication to {place.title} has not ended.",
            f"Publish again, it goes on from there: hubbub publish {lake}",
        )
    return description


def _tables(place: Place, description: Description) -> dict[str, LakeTable]:
    """The tables, by their names."""
    root = place.title.replace("s3://", "s3a://", 1)
    if not root.startswith("s3a:"):
        root = url_of(Path(place.title))
    return {
        name: LakeTable(f"{root}/{name}", description.format, table.by_day, bool(place.names(name)))
        for name, table in description.tables.items()
    }
