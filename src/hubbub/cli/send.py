"""`hubbub send`: a report to its recipients."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere
from hubbub.cli.setbacks import print_setbacks
from hubbub.errors import Exit

if TYPE_CHECKING:
    from hubbub.core.letters import Delivered
    from hubbub.flows.sending_reports import Outcome


@click.command("send", epilog="Example: hubbub send weekly-summary --to general --dry-run")
@click.argument("report")
@click.option(
    "--to",
    multiple=True,
    metavar="NAME",
    help="Another channel than the report's; or of many only those: @NAME, @GROUP, #NAME or ID.",
)
@click.option(
    "--period",
    default="",
    metavar="PERIOD",
    help="2026-10-31, 2026-W44, 2026-10, round-7; else the last whole one. Once: any name.",
)
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The recipients as CSV, of a report to a list.",
)
@click.option(
    "--dry-run", is_flag=True, help="Write what would be sent into a folder, send nothing."
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where a dry run is written to; implies --dry-run.",
)
@click.option("--yes", is_flag=True, help="Send to more than 20 recipients.")
@everywhere
def command(
    session: Session,
    report: str,
    to: tuple[str, ...],
    period: str,
    list_file: Path | None,
    dry_run: bool,
    folder: Path | None,
    yes: bool,
) -> None:
    """Send a report to those whom it is for, by Slack. Nobody gets the same one twice.

    A dry run shows every letter on a page, and needs no token. To more than 20 recipients it is one
    unless --yes is given. The reports are named by: hubbub list reports
    """
    from datetime import UTC, datetime

    from hubbub.flows.reporting import Wish
    from hubbub.flows.sending_reports import rehearse_report, send_report

    wish, now = Wish(period, to, list_file), datetime.now(UTC)
    quiet = -1 if session.as_json else session.verbosity
    with console.progress(quiet) as show:
        if dry_run or folder:
            outcome = rehearse_report(
                session.settings, report, wish, folder, now=now, progress=show
            )
        else:
            outcome = send_report(
                session.settings,
                report,
                wish,
                is_sure=yes,
                now=now,
                progress=show,
                on_delivery=lambda status: show("sending", status.done, status.total),
            )
    _print(session, outcome)
    if outcome.delivered and outcome.delivered.exit is not Exit.DONE:
        raise click.exceptions.Exit(outcome.delivered.exit)


def _print(session: Session, outcome: "Outcome") -> None:
    import json

    composed, delivered = outcome.composed, outcome.delivered
    told: dict[str, object] = {
        "report": composed.report.name,
        "period": composed.period.key,
        "letters": len(composed.letters),
        "page": str(outcome.page) if outcome.page else None,
    }
    if delivered:
        told |= {"sent": delivered.sent, "already": delivered.already, "left": delivered.left}
        told |= {each: delivered.count(each) for each in ("skipped", "failed", "unknown")}
    if session.as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    elif outcome.page:
        click.echo(outcome.page)
    elif delivered:
        _print_delivered(session, outcome, delivered)
    if outcome.page:
        _note_rehearsal(session, outcome)


def _note_rehearsal(session: Session, outcome: "Outcome") -> None:
    from hubbub.flows.rehearsing import said_of

    for sentence in said_of(outcome.composed):
        console.note(sentence, verbosity=session.verbosity)
    if outcome.is_too_many:
        console.note("Send them with --yes.", verbosity=session.verbosity)


def _print_delivered(session: Session, outcome: "Outcome", delivered: "Delivered") -> None:
    composed = outcome.composed
    already = f", {delivered.already:,} had theirs" if delivered.already else ""
    click.echo(f"{composed.report.name} {composed.period.key}: {delivered.sent:,} sent{already}")
    print_setbacks(delivered)
    for sentence in composed.notes:
        console.note(f"note: {sentence}", verbosity=session.verbosity)
