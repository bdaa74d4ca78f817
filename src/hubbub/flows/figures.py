"""What a report reads from the store: which metrics, over which time, and their rows, once for all
of its recipients."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from msgspec import Struct

from hubbub.charts.catalog import Chart, Charts
from hubbub.flows.drawing import Window, metric_of, window_of
from hubbub.flows.recipients import Known, read_known
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import Metric
from hubbub.metrics.run import Runner
from hubbub.metrics.small_groups import TooFewMembers, period_of
from hubbub.reports.catalog import Part, Picture, Report, check_column, check_known
from hubbub.reports.periods import Period, Round
from hubbub.settings import Settings
from hubbub.stores import duckdb as store


class Use(Struct, frozen=True):
    """Rows that a report uses: of which metric, by which column, under which name."""

    part: Part
    name: str
    metric: Metric
    by: str
    given: tuple[tuple[str, str], ...]
    is_own: bool
    """Whether each row goes to the one member whom it is about, and to nobody else."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells two runs apart."""
        return self.metric.name, self.given, self.is_own


class Ran(Struct, frozen=True):
    """What a metric has given, once for all recipients."""

    rows: pa.Table
    about: Window
    k: int


class Plan(Struct, frozen=True):
    """A report with all that it names, found and checked."""

    report: Report
    audience: Use | None
    data: tuple[Use, ...]
    charts: tuple[tuple[Picture, Chart, Use], ...]

    @property
    def uses(self) -> list[Use]:
        """All rows that it uses."""
        own = [self.audience] if self.audience else []
        return [*own, *self.data, *(use for *_, use in self.charts)]


class Figures(Struct, frozen=True):
    """All that the store has told for a report."""

    known: Known
    community: str
    url: str
    ran: Mapping[tuple[Any, ...], Ran]
    held_back: frozenset[str]
    """Metrics that the policy lets out to nobody."""


def plan_of(settings: Settings, report: Report, when: Period, catalog: Catalog, k: int) -> Plan:
    """Find and check all that a report names. Raises `BadContent`."""
    charts = Charts(settings.pack)
    used: set[str] = set()

    def use(part: Part, name: str, metric: Metric, by: str, *given: Mapping[str, str]) -> Use:
        for each in given[-1]:
            if each not in metric.parameters:
                known = ", ".join(metric.parameters) or "none"
                reason = f"{each!r} is no parameter of the metric {metric.name}"
                raise part.wrong("parameters", reason, f"It has: {known}.")
        common = {
            key: value for key, value in report.parameters.items() if key in metric.parameters
        }
        used.update(common)
        values: dict[str, str] = {**given[0], **common, **given[-1]}
        is_own = report.audience.is_of_members and bool(by) and metric.members == "one"
        window = _window(metric, when, values, {**common, **given[-1]}, 1 if is_own else k)
        return Use(part, name, metric, by, tuple(sorted(window.items())), is_own)

    def rows(part: Part, key: str, metric: str, by_key: str, by: str) -> Metric:
        check_known(part, key, metric, catalog.files)
        found = catalog.metric(metric)
        check_column(part, by_key, by, metric, found.columns)
        return found

    audience, who = None, report.audience
    if who.metric:
        metric = rows(who.part, "metric", who.metric, "column", who.column)
        audience = use(who.part, "", metric, who.column, {}, {})
    data = tuple(
        use(each.part, each.name, rows(each.part, "metric", each.metric, "by", each.by), each.by,
            {}, each.parameters)
        for each in report.data
    )  # fmt: skip
    pictures: list[tuple[Picture, Chart, Use]] = []
    for each in report.charts:
        check_known(each.part, "chart", each.chart, charts.files)
        chart = charts.chart(each.chart)
        metric = metric_of(chart, catalog)
        check_column(each.part, "by", each.by, metric.name, metric.columns)
        found = use(each.part, chart.name, metric, each.by, chart.parameters, each.parameters)
        pictures.append((each, chart, found))
    for name in report.parameters:
        if name not in used:
            reason = f"no metric of this report has the parameter {name!r}"
            part = Part(report.file, report.file.line_of("[parameters]"))
            raise part.wrong(name, reason, "Remove it.")
    return Plan(report, audience, data, tuple(pictures))


def _window(
    metric: Metric, when: Period, values: Mapping[str, str], written: Mapping[str, str], k: int
) -> dict[str, str]:
    """The values of a metric's parameters: its window is the period's, unless the report says
    otherwise of its begin."""
    given = dict(values)
    if "since" in metric.parameters:
        if "since" in written:
            given["since"] = when.since(written["since"])
        elif not when.is_timeless:
            given["since"] = when.since("period")
    if not when.is_open:
        given["as_of"] = when.end.isoformat()
    # where small groups are suppressed, such a metric is about the month of its end by itself
    is_the_month = when.of == "month" and given.get("since") == when.since("period")
    if k > 1 and is_the_month and not period_of(metric):
        del given["since"]
    return given


def read_figures(settings: Settings, catalog: Catalog, plan: Plan, k: int) -> Figures:
    """Run each metric once. Figures that go to the member alone whom they are about need a session
    of their own where small groups are suppressed: the other does not see all messages."""
    zone = ZoneInfo(settings.timezone)
    ran: dict[tuple[Any, ...], Ran] = {}
    held_back: dict[str, TooFewMembers] = {}
    known, told = None, ("", "")
    for smallest in sorted({1 if use.is_own else k for use in plan.uses} | {k}):
        with store.reading(settings.store) as connection:
            runner = Runner(connection, catalog, settings.timezone, smallest_group=smallest)
            if known is None:
                runner.make_views(["FROM names JOIN channel_names JOIN people"])
                known = read_known(connection)
                told = next(
                    iter(connection.execute("SELECT name, url FROM workspace").fetchall()), told
                )
            for use in plan.uses:
                if use.key in ran or (1 if use.is_own else k) != smallest:
                    continue
                try:
                    query = runner.prepare(use.metric, dict(use.given))
                except TooFewMembers as error:
                    if use is plan.audience:
                        raise
                    held_back[use.metric.name] = error
                    continue
                about = window_of(connection, query, zone)
                ran[use.key] = Ran(runner.run(query), about, smallest)
    if held_back and not any(use.key in ran for use in plan.uses if use is not plan.audience):
        raise next(iter(held_back.values()))
    assert known is not None
    name, url = told
    return Figures(known, name or "", url or "", ran, frozenset(held_back))


def read_rounds(settings: Settings, catalog: Catalog, report: Report) -> list[Round]:
    """The rounds of a workspace, if a report is about them."""
    if report.of not in {"round", "open round"}:
        return []
    if "rounds" not in catalog.views:
        part = Part(report.file, report.file.line_of("[period]"))
        fix = "Write a view rounds (round, begins, ends), or take another period."
        raise part.wrong("of", "there are no rounds here", fix)
    with store.reading(settings.store) as connection:
        runner = Runner(connection, catalog, settings.timezone, smallest_group=1)
        runner.make_views(["FROM rounds"])
        found = connection.execute("SELECT round, begins, ends FROM rounds ORDER BY round")
        return [Round(*row) for row in found.fetchall()]
