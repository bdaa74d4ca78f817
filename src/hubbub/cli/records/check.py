"""`hubbub records check`: how a template reads posts, before anything is stored or sent."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere
from hubbub.errors import Exit

if TYPE_CHECKING:
    from hubbub.flows.checking_records import Checked, CheckedPost

_MESSAGES = 1_000


@click.command("check", epilog="Example: hubbub records check backblast ao-the-mine")
@click.argument("template")
@click.argument("channel", required=False)
@click.option(
    "--jsonl",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Posts of a file instead: a JSON object a line with `text`, and perhaps `name`, `posted` "
    "(a day), `channel` and `author`. Answers with an object a line.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=_MESSAGES,
    show_default=True,
    help="Look at that many messages of the channel, the newest.",
)
@everywhere
def command(
    session: Session, template: str, channel: str | None, jsonl: Path | None, limit: int
) -> None:
    """Show how each post of a CHANNEL is read, field by field, and what is doubtful about it.

    Nothing is stored or sent. Posts come from the store, where it has the channel and keeps texts
    as they were written, else from Slack's history. Ends with exit code 3 if anything is doubtful,
    or refused because a required field is missing.
    """
    from hubbub.flows.checking_records import check_channel, check_lines

    if (channel is None) == (jsonl is None):
        raise click.UsageError("Name a CHANNEL, or a file with --jsonl.")
    if jsonl is not None:
        for line in check_lines(session.settings, template, jsonl):
            click.echo(json.dumps(line, ensure_ascii=False))
        return
    checked = check_channel(session.settings, template, channel or "", limit)
    if session.as_json:
        _print_json(checked)
    else:
        _show(checked, session)
    if any(each.status != "good" for post in checked.posts for each in post.records):
        raise click.exceptions.Exit(Exit.FINDINGS)


def _print_json(checked: "Checked") -> None:
    from hubbub.records.plain import plain_post

    for each in reversed(checked.posts):
        about = {
            "channel": each.post.channel_id,
            "ts": each.ts,
            "author": each.post.author_id,
            "status": [record.status for record in each.records],
        }
        plain = plain_post(each.records, checked.template, checked.directory)
        click.echo(json.dumps(about | plain, ensure_ascii=False))


def _show(checked: "Checked", session: Session) -> None:
    from rich.console import Console
    from rich.text import Text

    from hubbub.cli.records.shown import shown_post

    screen = Console(highlight=False)
    screen.width = min(screen.width, 100)
    for each in reversed(checked.posts):
        with screen.capture() as drawn:
            for part in shown_post(each, checked, session.settings.timezone):
                screen.print(part)
        for line in drawn.get().splitlines():
            click.echo(line.rstrip())
        click.echo()
    if checked.talk:
        click.echo("Posts that speak of it and are no record:")
        for each in reversed(checked.talk):
            with screen.capture() as drawn:
                screen.print(
                    Text(f"  {_first_line(each)}", "dim", no_wrap=True), overflow="ellipsis"
                )
            click.echo(drawn.get().rstrip())
        click.echo()
    click.echo(_summary(checked))
    console.note(
        f"{checked.looked_at:,} messages of {checked.place}, from {checked.origin}.",
        verbosity=session.verbosity,
    )


def _first_line(each: "CheckedPost") -> str:
    from hubbub.cli.records.shown import printable

    return next((printable(line) for line in each.post.text.splitlines() if line.strip()), "")


def _summary(checked: "Checked") -> str:
    statuses = [record.status for each in checked.posts for record in each.records]
    if not statuses:
        return f"No record of {checked.template.name} in {checked.place}."
    told = [
        f"{count} {status}"
        for status in ("good", "doubtful", "refused")
        if (count := statuses.count(status))
    ]
    records = "record" if len(statuses) == 1 else "records"
    return f"{len(statuses):,} {records} of {checked.template.name}: {', '.join(told)}."
