"""What one panel shows: its metric's rows for a period and a channel, as JSON."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import pyarrow as pa
from msgspec import Struct

from hubbub.charts.catalog import Chart, Charts
from hubbub.charts.render import page_drawable
from hubbub.dashboards.catalog import Dashboard, Panel, check_chart, check_metric, check_names
from hubbub.destinations.files import plain_value
from hubbub.errors import HubbubError
from hubbub.flows.drawing import Drawing, drawing_of, metric_of, window_of
from hubbub.flows.names import Names
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import BUILT_IN, SUPPRESSED, Metric
from hubbub.metrics.run import Query, Runner
from hubbub.metrics.small_groups import TooFewMembers, period_of, sentence
from hubbub.settings import Settings
from hubbub.slack.markup import plain

PERIODS = {
    "7 days": "7 days",
    "30 days": "30 days",
    "90 days": "90 days",
    "365 days": "A year",
    "all": "All time",
}
"""The periods that the page offers, with their titles. Without one each panel has its own."""

_MOST_ROWS = 500
"""Rows of a panel that says no limit; its CSV has them all."""


class View(Struct, frozen=True):
    """What is looked at: a period of `PERIODS` and a channel's id; empty for each panel's own, and
    for all channels."""

    period: str = ""
    channel: str = ""


class Shown(Struct, frozen=True):
    """A panel with the metric and the chart that it shows."""

    panel: Panel
    metric: Metric | None
    chart: Chart | None
    smallest_group: int

    @property
    def title(self) -> str:
        """The panel's title. Where small groups are suppressed a figure is about one month, and a
        title that names another period would be wrong."""
        since = self._fixed.get("since", "")
        if self._is_of_month and since and since in self.panel.title:
            return self.panel.title.replace(since, "one month")
        return self.panel.title

    @property
    def filters(self) -> list[str]:
        """The filters of the page that it follows."""
        if self.metric is None or self.smallest_group > 1:
            return []
        free = set(self.metric.parameters) - set(self._fixed)
        return [name for name, each in _FILTERS.items() if each in free]

    def subtitle(self, view: View) -> str:
        """What its file has it say in place of its days; empty where that would be wrong."""
        is_chosen = view.period and "period" in self.filters
        return "" if is_chosen or self._is_of_month else self.panel.subtitle

    def window(self, view: View) -> dict[str, str]:
        """The values of the metric's parameters for a view."""
        window: dict[str, str] = dict(self.chart.parameters) if self.chart else {}
        chosen = {"period": "" if view.period == "all" else view.period, "channel": view.channel}
        for name in self.filters:
            if chosen[name] or (name == "period" and view.period == "all"):
                window[_FILTERS[name]] = chosen[name]
        window |= self._fixed
        if self._is_of_month and window.get("since"):
            del window["since"]  # but what was to be about all time is refused, not cut to a month
        return window

    @property
    def _fixed(self) -> Mapping[str, str]:
        return self.panel.parameters or {}

    @property
    def _is_of_month(self) -> bool:
        """Whether the metric is about one calendar month whatever is asked for."""
        if self.metric is None or self.metric.members in {"none", "one", "overlapping", ""}:
            return False
        return self.smallest_group > 1 and not period_of(self.metric)


_FILTERS = {"period": "since", "channel": "channel"}
"""The page's filters, and the parameters of metrics that follow them."""


def shown_panels(settings: Settings, k: int) -> tuple[str, dict[str, Shown]]:
    """The dashboard's title and its panels, checked against metrics and charts. Raises
    `BadContent`, with file and line, for a panel that cannot be shown."""
    dashboard = Dashboard(settings.pack)
    catalog, charts = Catalog(settings.pack), Charts(settings.pack)
    found: dict[str, Shown] = {}
    for panel in dashboard.panels.values():
        check_metric(panel, catalog.files)
        check_chart(panel, charts.files)
        chart = charts.chart(panel.chart) if panel.chart else None
        metric = metric_of(chart, catalog) if chart else None
        if metric and panel.metric not in {None, metric.name}:
            raise panel.wrong(
                "metric",
                f"the chart {panel.chart} draws {metric.name}, not {panel.metric}",
                "Leave metric out.",
            )
        if metric is None and panel.metric is not None:
            metric = catalog.metric(panel.metric)
        if metric is not None:
            check_names(panel, metric.name, [*metric.columns], {*metric.parameters, *BUILT_IN})
        found[panel.name] = Shown(panel, metric, chart, k)
    return dashboard.title, found


class Reading(Struct, frozen=True):
    """A session on the store in which panels are read."""

    connection: duckdb.DuckDBPyConnection
    runner: Runner
    timezone: str
    smallest_group: int
    names: Names
    """For texts in Slack's markup."""


class Content(Struct, frozen=True):
    """What a panel shows: `changing` are the fields that differ at every reading."""

    changing: dict[str, Any]
    steady: bytes
    """All other fields, as JSON without its first brace."""


def read_panel(shown: Shown, view: View, reading: Reading) -> Content:
    """What a panel shows for a view. What it cannot show is said in a sentence; only a store that
    cannot be read raises."""
    try:
        return _read(shown, view, reading)
    except (duckdb.IOException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        # what DuckDB says may quote a value
        reason = f"This panel's query failed ({type(error).__name__})."
        return blank(shown, reason, fix=f"Try it with: hubbub show {shown.panel.metric}")
    except TooFewMembers:
        return blank(
            shown,
            f"Not shown: it would tell of fewer than {reading.smallest_group} members.",
            fix="The community's privacy policy wants it so.",
        )
    except HubbubError as error:
        return blank(shown, error.reason, fix=error.fix)


def blank(shown: Shown, said: str, *, fix: str = "") -> Content:
    """A panel that has nothing to show but a sentence, and a fix if it should have had more."""
    return _content(
        {"since": None, "as_of": None},
        subtitle="",
        columns=_columns(shown.metric, []),
        rows=[],
        total_rows=0,
        empty=said,
        error={"reason": said, "fix": fix} if fix else None,
        note=None,
        spec=None,
    )


def rows_for_machines(metric: Metric, rows: pa.Table) -> list[list[Any]]:
    """Rows as JSON has them: instants in ISO 8601, UTC."""
    whole = {name for name, each in metric.columns.items() if each.type == "integer"}
    return [
        [
            int(value) if name in whole and isinstance(value, Decimal) else plain_value(value)
            for name, value in row.items()
        ]
        for row in rows.to_pylist()
    ]


def columns_of(metric: Metric, rows: pa.Table) -> list[dict[str, str]]:
    """The columns of a metric's rows, as JSON has them."""
    return _columns(metric, rows.column_names)


def drawn(shown: Shown, view: View, reading: Reading) -> Drawing:
    """The chart of a panel, ready to be drawn. Raises `HubbubError` as `draw_chart` does."""
    assert shown.chart is not None
    assert shown.metric is not None
    query = reading.runner.prepare(shown.metric, shown.window(view))
    rows = reading.runner.run(query)
    return _drawing(shown.chart, shown.metric, query, rows, reading)


def _read(shown: Shown, view: View, reading: Reading) -> Content:
    assert shown.metric is not None
    query = reading.runner.prepare(shown.metric, shown.window(view))
    rows = reading.runner.run(query)
    spec, empty = None, None
    if shown.chart:
        drawing = _drawing(shown.chart, shown.metric, query, rows, reading)
        spec = page_drawable(drawing.chart, drawing.rows, timezone=reading.timezone)
        empty = drawing.chart.empty if spec is None else None
        subtitle = drawing.subtitle.removesuffix(f" · {reading.timezone}")
    else:
        zone = ZoneInfo(reading.timezone)
        days, channel = window_of(reading.connection, query, zone).in_words()
        subtitle = " · ".join(filter(None, [shown.subtitle(view) or days, channel]))
        empty = None if rows.num_rows else _why_empty(shown, query, reading, days)
    limit = shown.panel.limit or (1 if shown.panel.kind == "card" else _MOST_ROWS)
    return _content(
        {"since": plain_value(query.since), "as_of": plain_value(query.as_of)},
        subtitle=subtitle,
        columns=_columns(shown.metric, rows.column_names),
        rows=_readable(shown.metric, rows.slice(0, limit), reading.names),
        total_rows=rows.num_rows,
        empty=empty,
        error=None,
        note=sentence(reading.smallest_group, rows) if SUPPRESSED in rows.column_names else None,
        spec=spec,
    )


def _readable(metric: Metric, rows: pa.Table, names: Names) -> list[list[Any]]:
    """Rows as JSON has them, texts as people read them."""
    found = rows_for_machines(metric, rows)
    columns = [each.name for each in metric.columns.values() if each.type == "markup"]
    for place in map(rows.column_names.index, columns):
        for row in found:
            if row[place] is not None:
                row[place] = plain(row[place], names.members, names.channels, names.groups)
    return found


def _drawing(
    chart: Chart, metric: Metric, query: Query, rows: pa.Table, reading: Reading
) -> Drawing:
    about = window_of(reading.connection, query, ZoneInfo(reading.timezone)).in_words()
    return drawing_of(chart, metric, rows, about, reading.timezone, reading.smallest_group)


def _why_empty(shown: Shown, query: Query, reading: Reading, days: str) -> str:
    newest = reading.runner.newest()
    if newest is None:
        return "There are no messages yet."
    if query.since is not None and newest < query.since:
        return f"Nothing in this time: the newest message is of {_day(newest, reading)}."
    return shown.panel.empty or f"There is nothing of {days}."


def _day(moment: datetime, reading: Reading) -> str:
    local = moment.astimezone(ZoneInfo(reading.timezone))
    return f"{local.day} {local:%b %Y}"


def _columns(metric: Metric | None, names: list[str]) -> list[dict[str, str]]:
    if metric is None:
        return []
    declared = metric.columns
    return [
        {"name": name, "type": declared[name].type, "unit": declared[name].unit}
        if name in declared
        else {"name": name, "type": "text", "unit": ""}
        for name in names or declared
    ]


def _content(changing: dict[str, Any], **steady: Any) -> Content:
    return Content(changing, msgspec.json.encode(steady)[1:])
