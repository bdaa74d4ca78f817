"""`hubbub list`: what there is."""

from collections.abc import Callable
from typing import Any

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere
from hubbub.content import by_pack

_Rows = tuple[list[str], list[list[Any]]]


def _metrics(session: Session) -> _Rows:
    from hubbub.metrics.catalog import Catalog

    found = Catalog(session.settings.pack).metrics()
    return ["pack", "metric", "question", "parameters"], [
        [metric.file.pack, metric.name, metric.question, ", ".join([*metric.parameters, "as_of"])]
        for metric in by_pack(found)
    ]


def _charts(session: Session) -> _Rows:
    from hubbub.charts.catalog import Charts

    found = Charts(session.settings.pack).charts()
    return ["pack", "chart", "metric", "title"], [
        [chart.file.pack, chart.name, chart.metric, chart.title] for chart in by_pack(found)
    ]


def _reports(session: Session) -> _Rows:
    from hubbub.reports.catalog import Reports

    found = Reports(session.settings.pack).reports()
    return ["report", "title", "goes_to", "period", "suggested_schedule"], [
        [report.name, report.title, report.audience.in_words(), report.of, report.cron]
        for report in found
    ]


def _panels(session: Session) -> _Rows:
    from hubbub.flows.showing import shown_panels
    from hubbub.flows.workspace import smallest_group

    settings = session.settings
    _, found = shown_panels(settings, smallest_group(settings))
    return ["panel", "kind", "metric", "title"], [
        [name, shown.panel.kind, shown.metric.name if shown.metric else "", shown.title]
        for name, shown in found.items()
    ]


def _records(session: Session) -> _Rows:
    from hubbub.records.templates import Templates

    found = Templates(session.settings.pack).templates.values()
    return ["template", "what", "fields", "pack"], [
        [each.name, each.doc, ", ".join(each.fields), each.file.pack] for each in found
    ]


def _tables(session: Session) -> _Rows:
    del session
    from hubbub.core.tables import TABLES

    return ["table", "column", "type", "privacy", "meaning"], [
        [table.name, column.name, column.type.name.lower(), column.privacy.value, column.doc]
        for table in TABLES.values()
        for column in table.public
    ]


def _query(what: str, sql: str) -> Callable[[Session], _Rows]:
    def rows(session: Session) -> _Rows:
        from hubbub.flows.auditing import audited
        from hubbub.stores.duckdb import reading

        with reading(session.settings.store) as connection:
            audited(session.settings, "read", what)
            found = connection.sql(sql).to_arrow_table()
        return found.column_names, [list(row.values()) for row in found.to_pylist()]

    return rows


def _channels(session: Session) -> _Rows:
    """The channels, with their messages where the policy lets single channels' figures out."""
    from hubbub.flows.workspace import open_to_operator

    counted = ", count(m.ts) AS messages" if open_to_operator(session.settings) else ""
    return _query(
        "list of channels",
        f"SELECT c.channel_id, c.name, c.kind, c.is_archived AS archived{counted} "
        "FROM channels c LEFT JOIN messages m USING (channel_id) GROUP BY ALL ORDER BY c.name",
    )(session)


def _workspaces(session: Session) -> _Rows:
    """The workspaces of the home, with the size of the store where there is one."""
    from hubbub.settings import Settings, workspaces

    home = session.settings.home
    stores = {name: Settings(home, name).store for name in workspaces(home)}
    return ["workspace", "store_mb"], [
        [name, round(store.stat().st_size / 1_000_000, 1) if store.exists() else None]
        for name, store in stores.items()
    ]


def _with_shards(rows: _Rows, shards: int) -> _Rows:
    """Workspaces, each with the shard that it belongs to."""
    from hubbub.core.shards import Shard, check_count, number_of

    check_count(shards)
    columns, found = rows
    placed = [[*row, str(Shard(number_of(row[0], shards), shards))] for row in found]
    return [*columns, "shard"], placed


_KINDS: dict[str, Callable[[Session], _Rows]] = {
    "metrics": _metrics,
    "charts": _charts,
    "reports": _reports,
    "panels": _panels,
    "records": _records,
    "tables": _tables,
    "channels": _channels,
    "runs": _query(
        "list of runs",
        "SELECT run_id, verb, started_at, epoch(finished_at - started_at) AS seconds, outcome, "
        "added, updated, calls, errors, source, messages, quarantined, left_out, retries, waited, "
        "bytes FROM runs ORDER BY run_id",
    ),
    "calls": _query(
        "list of calls",
        "SELECT method, coalesce(c.name, a.channel_id) AS channel, calls, rows, bytes, retries, "
        "waited, limited, error FROM api_calls a LEFT JOIN channels c USING (channel_id) "
        "WHERE run_id = (SELECT max(run_id) FROM api_calls) ORDER BY ALL",
    ),
    "quarantine": _query(
        "list of what could not be read",
        "SELECT origin, place, reason FROM quarantine ORDER BY ALL",
    ),
    "workspaces": _workspaces,
}


@click.command("list", epilog="Example: hubbub list metrics")
@click.argument("kind", type=click.Choice(list(_KINDS)))
@click.option(
    "--shards",
    type=int,
    metavar="N",
    help="Of workspaces: the shard that each belongs to, if there are N.",
)
@everywhere
def command(session: Session, kind: str, shards: int | None) -> None:
    """List metrics, charts, reports, panels, record templates, tables, channels, runs, the calls of
    the last run, what could not be read, or the workspaces of the home."""
    if shards is not None and kind != "workspaces":
        raise click.UsageError("--shards goes with `hubbub list workspaces` alone.")
    columns, rows = _KINDS[kind](session)
    if shards is not None:
        columns, rows = _with_shards((columns, rows), shards)
    if session.as_json:
        console.print_json(columns, rows)
    elif rows:
        console.table(columns, rows, timezone=session.settings.timezone, wrap=True)
    else:
        console.note(f"There are no {kind}.")
