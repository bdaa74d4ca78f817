"""Draws a chart from the store into a file."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from msgspec import Struct
from msgspec.structs import replace

from hubbub.charts import fonts
from hubbub.charts.catalog import Chart, Charts, check_fields, check_metric
from hubbub.charts.render import Form, draw, texts
from hubbub.errors import UsageError
from hubbub.flows.auditing import audited, chosen
from hubbub.flows.outputs import Outputs
from hubbub.flows.workspace import smallest_group
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import SUPPRESSED, Metric
from hubbub.metrics.run import Query, Runner
from hubbub.metrics.small_groups import TooFewMembers, is_ordered
from hubbub.settings import Settings
from hubbub.stores import duckdb as store


class DrawnChart(Struct, frozen=True):
    """A chart that was drawn."""

    path: Path
    title: str
    subtitle: str
    rows: int
    """Rows of the metric, drawn or not."""
    notes: tuple[str, ...]
    """What of it this machine cannot show, a sentence each."""


class Drawing(Struct, frozen=True):
    """What is to be drawn: a chart, the rows for it, and what they are about."""

    chart: Chart
    rows: pa.Table
    subtitle: str
    timezone: str

    def picture(self, form: Form) -> bytes:
        """The drawn picture; takes no session on the store."""
        return draw(
            self.chart, self.rows, subtitle=self.subtitle, form=form, timezone=self.timezone
        )


def draw_chart(settings: Settings, name: str, window: Mapping[str, str], path: Path) -> DrawnChart:
    """Draw a chart into a .png, .svg or .html file; the store is closed before drawing begins.

    `window` has values for parameters of the chart's metric. Raises `UsageError` for an unknown
    chart, parameter or ending.
    """
    form = _form(path)
    chart = Charts(settings.pack).chart(name)
    catalog = Catalog(settings.pack)
    metric = metric_of(chart, catalog)
    k = smallest_group(settings)
    with store.reading(settings.store) as connection:
        audited(settings, "draw", chart.name, form=form, **chosen(window))
        runner = Runner(connection, catalog, settings.timezone, smallest_group=k)
        query = runner.prepare(metric, {**chart.parameters, **window})
        rows = runner.run(query)
        about = window_of(connection, query, ZoneInfo(settings.timezone)).in_words()
    drawing = drawing_of(chart, metric, rows, [*about, _member(window)], settings.timezone, k)
    _write(path, drawing.picture(form))
    Outputs(settings.outputs).note([path])
    # whoever looks at an SVG or a page has fonts of their own
    notes = fonts.missing(texts(drawing.chart, drawing.rows)) if form == "png" else []
    return DrawnChart(path, chart.title, drawing.subtitle, drawing.rows.num_rows, tuple(notes))


def metric_of(chart: Chart, catalog: Catalog) -> Metric:
    """The metric that a chart draws. Raises `BadContent` if it cannot draw it."""
    check_metric(chart, catalog.files)
    metric = catalog.metric(chart.metric)
    check_fields(chart, metric.columns)
    return metric


def drawing_of(
    chart: Chart, metric: Metric, rows: pa.Table, about: Sequence[str], timezone: str, k: int
) -> Drawing:
    """What is to be drawn of a metric's rows. Raises `TooFewMembers` if the chart draws columns
    that may not leave."""
    chart, rows, hidden = _without_small_groups(chart, metric, rows, k)
    parts = (*about, _share(chart, rows), hidden, timezone)
    return Drawing(chart, rows, " · ".join(part for part in parts if part), timezone)


class Window(Struct, frozen=True):
    """What a query's rows are about, for people."""

    first: date | None
    """None where nothing was said before."""
    last: date
    channel: str
    """`#general`; empty if they are not about one."""

    def in_words(self, language: str = "en") -> list[str]:
        """The days, and the channel if there is one."""
        if language == "en":
            return [_days(self.first, self.last), self.channel]
        from hubbub.reports.languages import days_of

        return [days_of(self.first or self.last, self.last, language), self.channel]


def window_of(connection: duckdb.DuckDBPyConnection, query: Query, zone: ZoneInfo) -> Window:
    """The days that a query is about, and the channel if it is about one."""
    begin = _begin(connection, query)
    first = begin.astimezone(zone).date() if begin else None
    return Window(first, query.as_of.astimezone(zone).date(), _channel(connection, query))


def _form(path: Path) -> Form:
    """What a file's name asks for, in a folder that is there."""
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", "Make it first, or name another.")
    ending = path.suffix.lower().removeprefix(".")
    for form in get_args(Form):
        if ending == form:
            return form
    raise UsageError(
        f"{path.name!r} does not say how to draw.",
        "Let the file's name end in .png, .svg or .html.",
    )


def _begin(connection: duckdb.DuckDBPyConnection, query: Query) -> datetime | None:
    """The begin of the window, but no earlier than the oldest message."""
    if query.bounds is not None and query.since is not None:
        return query.since
    oldest = connection.execute(
        "SELECT epoch_us(min(posted_at)) FROM messages WHERE deleted_at IS NULL"
    ).fetchall()[0][0]
    if oldest is None or "since" not in query.values:
        return None
    since: datetime = query.values["since"]
    return max(since, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=oldest))


def _channel(connection: duckdb.DuckDBPyConnection, query: Query) -> str:
    """The channel that the window is restricted to, as people call it."""
    channel_id = query.values.get("channel")
    if channel_id is None:
        return ""
    named = connection.execute(
        "SELECT name FROM channels WHERE channel_id = $1 AND name IS NOT NULL", [channel_id]
    ).fetchall()
    return f"#{named[0][0]}" if named else channel_id


def _member(window: Mapping[str, str]) -> str:
    return f"@{window['member'].removeprefix('@')}" if window.get("member") else ""


def _without_small_groups(
    chart: Chart, metric: Metric, rows: pa.Table, k: int
) -> tuple[Chart, pa.Table, str]:
    """A chart, the rows to draw, and what the picture has to say of those that are suppressed.

    They stay as gaps in time; among names they would be bars without an end.
    """
    if SUPPRESSED not in rows.column_names:
        return chart, rows, ""
    withheld = set(metric.columns) - metric.released
    chart = chart.without_tooltips_of(withheld)
    if needed := chart.columns & withheld:
        raise TooFewMembers(
            f"The chart {chart.name} draws {', '.join(sorted(needed))}, which can be about fewer "
            f"than {k} members.",
            f"Draw other columns; {metric.file.place} says in its header which may be shown.",
        )
    records: list[dict[str, Any]] = rows.to_pylist()
    shown = [row for row in records if row[SUPPRESSED] != "yes"]
    if records and not shown:
        empty = f"Too few members: no group here has {k}."
        return replace(chart, empty=empty), rows.slice(0, 0), ""
    if not is_ordered(metric):
        rows = pa.Table.from_pylist(shown, rows.schema)
    is_cut = any(row[SUPPRESSED] != "no" for row in records)
    return chart, rows, f"without groups under {k} members" if is_cut else ""


def _share(chart: Chart, rows: pa.Table) -> str:
    if chart.limit is None or rows.num_rows <= chart.limit:
        return ""
    return f"first {chart.limit} of {rows.num_rows:,}"


def _days(first: date | None, last: date) -> str:
    """Some days, as short as it is still clear."""
    if first is None:
        return f"until {_day(last)}"
    if first >= last:
        return _day(last)
    if first.year == last.year:
        return f"{first.day} {first:%b} – {_day(last)}"
    return f"{_day(first)} – {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _write(path: Path, picture: bytes) -> None:
    """Write a file as a whole or not at all; whoever reads it never sees a part."""
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(picture)
        # as open() would have made it: mkstemp lets nobody else read
        mask = os.umask(0)
        os.umask(mask)
        Path(scratch).chmod(0o666 & ~mask)
        Path(scratch).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(scratch).unlink()
        raise
