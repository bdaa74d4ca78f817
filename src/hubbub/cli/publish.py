"""`hubbub publish`: tables and metrics to a warehouse."""

from typing import TYPE_CHECKING, Any

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere

if TYPE_CHECKING:
    from hubbub.flows.publishing import Published
    from hubbub.stores.comparing import Compared


@click.command(
    "publish", epilog="Example: hubbub publish postgres://analyst@db.example.org/analytics"
)
@click.argument("destination")
@click.option(
    "--tables",
    metavar="NAMES",
    help="Tables and metrics, parted by commas; else all tables, and metrics as views.",
)
@click.option("--since", metavar="DAY", help="Rows from before it are not newly sent.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and change nothing.")
@click.option("--full-refresh", is_flag=True, help="Send all rows anew.")
@everywhere
def command(
    session: Session,
    destination: str,
    tables: str | None,
    since: str | None,
    dry_run: bool,
    full_refresh: bool,
) -> None:
    """Bring a warehouse up to date: rows that are new, changed and gone since the last time.

    DESTINATION is postgres://user@host/database, mysql://user@host, bigquery://project,
    s3://bucket/prefix, a folder: ./lake, or dlt://snowflake and wherever else dlt brings
    rows to. Passwords come from the environment.
    """
    from hubbub.flows.publishing import Asked, publish

    names = tuple(filter(None, (each.strip() for each in (tables or "").split(","))))
    if tables is not None and not names:
        raise click.UsageError("--tables names none.")
    with console.progress(session.verbosity) as show:
        done = publish(
            session.settings,
            destination,
            Asked(names, since, full_refresh),
            is_rehearsal=dry_run,
            progress=show,
        )
    _print(session, done, dry_run=dry_run)


def _print(session: Session, done: "Published", *, dry_run: bool) -> None:
    """A row a table, and what has to be known beside them."""
    import json

    if session.as_json:
        click.echo(json.dumps(_as_json(done)))
        return
    touched = [each for each in done.tables if each.change.row_count or each.change.gone_count]
    if touched:
        columns = ["table", "new", "changed", "gone", "sent"]
        rows = [
            [each.change.shape.name, each.new, each.changed, each.change.gone_count, _sent(each)]
            for each in touched
        ]
        console.table(columns, rows, timezone=session.settings.timezone)
    if done.is_cut:
        console.note(
            "note: what is there is not remembered: rows from before --since go from there; "
            "publish without --since to send them again"
        )
    for name in done.emptied:
        console.note(f"note: {name} is emptied: its rows may not be there any more")
    if done.left_out:
        console.note(f"note: {len(done.left_out)} metrics have no view there:")
        for name, reason in done.left_out.items():
            console.note(f"      {name}: {reason}")
    if done.receipt is not None:
        console.note(
            f"Erasures have reached it. receipt: {done.receipt.path}", verbosity=session.verbosity
        )
    console.note(_summary(done, dry_run=dry_run), verbosity=session.verbosity)


def _sent(compared: "Compared") -> str:
    return "all of it" if compared.change.is_whole else "what has changed"


def _summary(done: "Published", *, dry_run: bool) -> str:
    if not done.tables and not done.views:
        return f"Nothing has changed: {done.destination} is up to date."
    sent = sum(each.change.row_count for each in done.tables)
    gone = sum(each.change.gone_count for each in done.tables)
    views = f", {done.views} metrics as views" if done.views else ""
    would = " would be" if dry_run else ""
    return (
        f"{sent:,} rows{would} sent, {gone:,}{would} taken away in {len(done.tables)} "
        f"tables{views}: {done.destination}"
    )


def _as_json(done: "Published") -> dict[str, Any]:
    return {
        "destination": done.destination,
        "tables": [
            {
                "table": each.change.shape.name,
                "whole": each.change.is_whole,
                "new": each.new,
                "changed": each.changed,
                "gone": each.change.gone_count,
            }
            for each in done.tables
        ],
        "views": done.views,
        "left_out": done.left_out,
        "emptied": [*done.emptied],
        "cut": done.is_cut,
        "receipt": done.receipt and str(done.receipt.path),
    }
