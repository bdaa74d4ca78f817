"""Chooses what of a workspace is published: tables, metrics as tables, and metrics as views."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from hubbub.content import ContentFile, find
from hubbub.core.tables import PUBLISHED, Table
from hubbub.core.warehouse import Field, Kind, Shape, Shown, Warehouse, shape_of
from hubbub.destinations.files import FORMS
from hubbub.errors import HubbubError, UsageError
from hubbub.flows.workspace import open_to_operator, refuse_single_members
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import SUPPRESSED, Metric
from hubbub.metrics.run import Query, Runner
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.settings import Settings
from hubbub.stores.comparing import Compared, Comparison
from hubbub.stores.publications import State

PREFIX = "metric_"
"""Before the names of metrics at a destination: tables and metrics may be called alike."""
_NO_ROWS = ""
"""In place of a digest: a metric's table was emptied."""
_TABLES = {table.name: table for table in PUBLISHED}
_KINDS = {
    "id": Kind.TEXT,
    "text": Kind.TEXT,
    "markup": Kind.TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "flag": Kind.FLAG,
    "instant": Kind.INSTANT,
    "date": Kind.DATE,
}


class Wanted(Struct, frozen=True):
    """What is to be at a destination."""

    tables: tuple[Table, ...]
    queries: tuple[Query, ...]
    """Of the metrics that are there as tables."""
    emptied: tuple[Shape, ...]
    """What was published before and may not be there any more."""


class Views(Struct, frozen=True):
    """Metrics as views of a destination."""

    digest: str
    """Tells what they are made of from anything else."""
    shown: tuple[Shown, ...] | None
    """None if they are as they were."""
    left_out: dict[str, str]
    """Metrics that have none, with the reason."""


def chosen_tables(
    settings: Settings, catalog: Catalog, runner: Runner, names: Sequence[str], state: State
) -> Wanted:
    """What is named, or else all tables; and what is at the destination already.

    Raises `UsageError` for an unknown name, `TooFewMembers` for what the policy does not let out.
    """
    metrics = {_metric_name(name, catalog) for name in names if name not in _TABLES}
    tables = {name for name in names if name in _TABLES} if names else {*_TABLES}
    if tables:
        refuse_single_members(settings, "The tables are about")
    if open_to_operator(settings):
        tables |= {shape.name for shape in state.tables} & {*_TABLES}
    queries = [runner.prepare(catalog.metric(name)) for name in sorted(metrics)]
    there = {shape.name for shape in state.tables} - {PREFIX + name for name in metrics}
    queries += _still_released(catalog, runner, there)
    wanted = {*tables, *(PREFIX + query.metric.name for query in queries)}
    return Wanted(
        tuple(table for name, table in _TABLES.items() if name in tables),
        tuple(sorted(queries, key=lambda query: query.metric.name)),
        tuple(shape for shape in state.tables if shape.name not in wanted),
    )


def _metric_name(name: str, catalog: Catalog) -> str:
    """The metric that a name means. Raises `UsageError` if there is none."""
    plain = name.removeprefix(PREFIX)
    if plain not in catalog.files:
        raise UsageError(
            f"There is no table and no metric {name!r}.",
            f"Tables: {', '.join(_TABLES)}. Metrics: hubbub list metrics",
        )
    return plain


def _still_released(catalog: Catalog, runner: Runner, there: set[str]) -> list[Query]:
    """Queries of the metrics that were published as tables and may be so still."""
    queries: list[Query] = []
    for name in there:
        plain = name.removeprefix(PREFIX)
        if plain != name and plain in catalog.files:
            with suppress(TooFewMembers):
                queries.append(runner.prepare(catalog.metric(plain)))
    return queries


def compared(
    comparison: Comparison,
    runner: Runner,
    wanted: Wanted,
    state: State,
    folder: Path,
    *,
    has_days: bool,
    is_whole: bool,
) -> tuple[list[Compared], dict[str, str]]:
    """What has changed, table by table, in the order in which it is to be sent; with a digest of
    each metric's rows."""
    there = {shape.name: shape for shape in state.tables}
    done: list[Compared] = []
    figures: dict[str, str] = {}
    shapes = {table.name: shape_of(table, has_days=has_days) for table in wanted.tables}
    as_before = {name for name, shape in shapes.items() if there.get(name) == shape}
    comparison.know({name: state.written[name] for name in as_before & {*state.written}})
    with comparison.noting():
        for shape in wanted.emptied:
            has_rows = not shape.key and state.figures.get(shape.name) != _NO_ROWS
            done.append(comparison.emptied(shape, is_whole=is_whole or has_rows))
            figures |= {} if shape.key else {shape.name: _NO_ROWS}
        done += [
            comparison.table(table, shapes[table.name], is_whole=is_whole)
            for table in wanted.tables
        ]
    for query in wanted.queries:
        shape = _shape_of_metric(query)
        raw = folder / f"{shape.name}.raw.parquet"
        runner.copy(query, str(raw), FORMS["parquet"])
        known = None if is_whole or there.get(shape.name) != shape else state.figures
        change, figures[shape.name] = comparison.figures(shape, raw, (known or {}).get(shape.name))
        done.append(change)
    return done, figures


def _shape_of_metric(query: Query) -> Shape:
    metric = query.metric
    fields = [
        Field(each.name, _KINDS[each.type], each.doc + (f" ({each.unit})" if each.unit else ""))
        for each in metric.columns.values()
    ]
    if query.bounds is not None:
        fields.append(Field(SUPPRESSED, Kind.TEXT, "no, partly or yes: about too few members"))
    return Shape(PREFIX + metric.name, _doc(metric), (), tuple(fields))


def _doc(metric: Metric) -> str:
    return f"{metric.title}. {metric.question} {metric.note}".strip()


def views_wanted(warehouse: Warehouse) -> bool:
    """Whether metrics are shown as views there."""
    return warehouse.dialect is not None


def views_of(
    settings: Settings,
    catalog: Catalog,
    runner: Runner,
    wanted: Wanted,
    packs: Collection[str],
    warehouse: Warehouse,
    known: str,
) -> Views:
    """The metrics of the packs in use as views, unless they are those of the digest `known`."""
    if not (views_wanted(warehouse) and wanted.tables):
        return Views("", () if known else None, {})
    as_tables = {query.metric.name for query in wanted.queries}
    files = [
        file for file in catalog.files.values() if file.pack in packs and file.name not in as_tables
    ]
    digest = _digest(settings, catalog, runner, wanted, files, warehouse)
    if digest == known:
        return Views(digest, None, {})
    there = {table.name for table in wanted.tables}
    shown: list[Shown] = []
    left_out: dict[str, str] = {}
    for metric in (catalog.metric(file.name) for file in files):
        needed: set[str] = set()
        try:
            sql = _translated(settings, catalog, runner, metric, warehouse, needed)
        except HubbubError as error:
            left_out[metric.name] = error.reason
            continue
        if needed <= there:
            shown.append(Shown(PREFIX + metric.name, _doc(metric), sql))
    return Views(digest, tuple(shown), left_out)


def _translated(
    settings: Settings,
    catalog: Catalog,
    runner: Runner,
    metric: Metric,
    warehouse: Warehouse,
    needed: set[str],
) -> str:
    """A metric in the warehouse's SQL; the tables that it reads are put into `needed`."""
    from hubbub.metrics.translation import translated

    def named(table: str) -> str:
        needed.add(table)
        return warehouse.table_name(table)

    assert warehouse.dialect is not None
    return translated(
        catalog,
        metric,
        warehouse.dialect,
        timezone=settings.timezone,
        tables=named,
        ids_of=runner.ids_of,
    )


def _digest(
    settings: Settings,
    catalog: Catalog,
    runner: Runner,
    wanted: Wanted,
    metrics: Sequence[ContentFile],
    warehouse: Warehouse,
) -> str:
    """Tells what views are made of from anything else: translating all takes seconds."""
    told = [version("hubbub"), version("sqlglot"), str(warehouse.dialect), settings.timezone]
    told += [f"{table.name} {table.public}" for table in wanted.tables]
    told += [file.text for file in metrics]
    for kind, ending in (("views", ".sql"), ("records", ".toml")):  # templates bring views too
        told += [file.text for file in find(kind, [ending], settings.pack).values()]
    for of_pack in catalog.settings.values():
        with suppress(UsageError):  # it is told of each metric that needs it
            told.append(str(of_pack.row(settings.timezone, runner.ids_of).to_pylist()))
    return hashlib.sha256("\0".join(told).encode()).hexdigest()
