"""`hubbub show`: a metric as a table."""

from typing import TYPE_CHECKING

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere, printed
from hubbub.cli.options import window as window_options

if TYPE_CHECKING:
    from hubbub.flows.measuring import Measured


@click.command("show", epilog="Example: hubbub show leaderboard --as-of latest --limit 10")
@click.argument("metric")
@window_options
@click.option("--limit", type=click.IntRange(min=1), help="Show that many rows.")
@click.option("--engine", metavar="URL", help="Run it on Spark: sc://HOST:15002, over --lake.")
@click.option(
    "--lake", metavar="PLACE", help="Where it was published: s3://BUCKET/PREFIX or a folder."
)
@printed
@everywhere
def command(
    session: Session,
    metric: str,
    window: dict[str, str],
    limit: int | None,
    engine: str | None,
    lake: str | None,
    form: str,
) -> None:
    """Show a metric in the terminal, or print it as CSV or JSON."""
    measured = _measured(session, metric, window, engine, lake)
    rows = measured.rows if limit is None else measured.rows.slice(0, limit)
    if session.as_json or form == "json":
        console.print_json(rows.column_names, [[*row.values()] for row in rows.to_pylist()])
        return
    if form == "csv":
        console.print_csv(rows)
        return
    if not rows.num_rows:
        console.note(measured.why_empty())
        return
    cut = console.rows_that_fit(rows.num_rows, limit)
    readable = measured.readable_columns()
    records = [[row[name] for name in readable] for row in rows.slice(0, cut).to_pylist()]
    console.table(
        readable,
        records,
        timezone=session.settings.timezone,
        title=measured.metric.title,
    )
    console.note(measured.window(), verbosity=session.verbosity)
    if told := measured.small_groups():
        console.note(told, verbosity=session.verbosity)
    if cut < rows.num_rows:
        console.note(
            f"{cut} of {rows.num_rows:,} rows; more with --limit, all with --format csv",
            verbosity=session.verbosity,
        )


def _measured(
    session: Session, metric: str, window: dict[str, str], engine: str | None, lake: str | None
) -> "Measured":
    if engine is not None and lake is not None:
        from hubbub.flows.measuring_lakes import measure_lake

        return measure_lake(session.settings, metric, window, engine, lake)
    if engine is not None or lake is not None:
        raise click.UsageError("--engine and --lake go together: an engine reads a lake.")
    from hubbub.flows.measuring import measure

    return measure(session.settings, metric, window)
