"""Runs one metric on a workspace's store, and says what there is to say about the result."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
from msgspec import Struct

from hubbub.flows.auditing import audited, chosen
from hubbub.flows.workspace import smallest_group
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import SUPPRESSED, Metric
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import sentence
from hubbub.settings import Settings
from hubbub.stores import duckdb as store


class Measured(Struct, frozen=True):
    """A metric's rows, and the window that they are about."""

    metric: Metric
    rows: pa.Table
    since: datetime | None
    """None for the beginning."""
    as_of: datetime
    newest: datetime | None
    """The newest message that the store has."""
    timezone: str
    smallest_group: int = 1
    """The rows are about so many members at least; see `small_groups`."""

    def readable_columns(self) -> list[str]:
        """The columns for people: names, times and figures, without ids."""
        columns = self.metric.columns.values()
        named = [column.name for column in columns if column.type != "id"]
        if self.small_groups():
            named = [name for name in named if name in self.metric.released]
        added = [name for name in self.rows.column_names if name == SUPPRESSED]
        return (named or list(self.metric.columns)) + added

    def small_groups(self) -> str:
        """What people must know of rows that leave out small groups; nothing where none are."""
        if SUPPRESSED not in self.rows.column_names:
            return ""
        return sentence(self.smallest_group, self.rows)

    def window(self) -> str:
        """The window in words, in the workspace's time zone."""
        begin = f"from {self._local(self.since)} " if self.since else ""
        return f"{begin}to {self._local(self.as_of)} ({self.timezone})"

    def why_empty(self) -> str:
        """A sentence for a metric without rows, and the fix where the window is the reason."""
        said = f"No rows: {self.metric.title} {self.window()}."
        if self.newest is None:
            return f"{said} The store has no messages."
        if self.since is not None and self.newest < self.since:
            newest = self._local(self.newest)
            return f"{said}\nThe newest message is of {newest}: try --as-of latest"
        return said

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d %H:%M}"


def measure(
    settings: Settings, name: str, window: Mapping[str, str], *, wait: float = store.WAIT_SECONDS
) -> Measured:
    """Run a metric. Raises `UsageError` for unknown names and values, `TryAgain` if others hold the
    store for so many seconds."""
    catalog = Catalog(settings.pack)
    metric = catalog.metric(name)
    k = smallest_group(settings)
    with store.reading(settings.store, wait=wait) as connection:
        audited(settings, "read", metric.name, **chosen(window))
        runner = Runner(connection, catalog, settings.timezone, smallest_group=k)
        query = runner.prepare(metric, window)
        rows = runner.run(query)
        newest = runner.newest()
    return Measured(metric, rows, query.since, query.as_of, newest, settings.timezone, k)
