"""`hubbub records answer`: authors are told what was read in their posts."""

from typing import TYPE_CHECKING

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere
from hubbub.cli.setbacks import print_setbacks
from hubbub.errors import Exit

if TYPE_CHECKING:
    from hubbub.flows.answering_authors import Answers


@click.command("answer", epilog="Example: hubbub records answer backblast --to-log backblast-log")
@click.argument("template", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be written, send nothing.")
@click.option(
    "--to-log", default="", metavar="CHANNEL", help="Also tell a channel how many were read."
)
@click.option("--yes", is_flag=True, help="Write to more than 20 authors.")
@everywhere
def command(session: Session, template: str | None, dry_run: bool, to_log: str, yes: bool) -> None:
    """Tell authors of structured posts, by a direct message, what was read in them and what is in
    doubt: once for each state of a post, and only for posts of the last days.

    The first run only notes the time: older posts than that are not answered. With more than 20
    authors it is a dry run unless --yes is given.
    """
    from datetime import UTC, datetime

    from hubbub.flows.answering_authors import answer_authors

    quiet = -1 if session.as_json else session.verbosity
    with console.progress(quiet) as show:
        answers = answer_authors(
            session.settings,
            template,
            now=datetime.now(UTC),
            log_to=to_log,
            is_rehearsal=dry_run,
            is_sure=yes,
            on_delivery=lambda status: show("sending", status.done, status.total),
        )
    if session.as_json:
        _print_json(answers)
    elif answers.delivered is None:
        _print_letters(session, answers)
    else:
        _print_sent(answers)
    _print_notes(session, answers, dry_run=dry_run)
    if answers.delivered and answers.delivered.exit is not Exit.DONE:
        raise click.exceptions.Exit(answers.delivered.exit)


def _print_json(answers: "Answers") -> None:
    import json

    told: dict[str, object] = {
        "posts": answers.posts,
        "letters": len(answers.letters),
        "log": answers.log is not None,
        "fresh": answers.fresh,
    }
    if done := answers.delivered:
        told |= {"sent": done.sent, "already": done.already, "left": done.left}
        told |= {each: done.count(each) for each in ("skipped", "failed", "unknown")}
    click.echo(json.dumps(told, ensure_ascii=False))


def _print_letters(session: Session, answers: "Answers") -> None:
    """The letters of a dry run, unless the policy keeps what concerns one member from others."""
    from hubbub.flows.workspace import open_to_operator
    from hubbub.slack.markup import plain

    letters = [*answers.letters, *([answers.log] if answers.log else [])]
    if not open_to_operator(session.settings):
        click.echo(f"{len(letters):,} letters. The privacy policy does not let them be shown.")
        return
    members = (
        {each: names[0] for each, names in answers.names.members.items()} if answers.names else {}
    )
    channels = answers.names.channels if answers.names else {}
    for letter in letters:
        sign = "#" if letter.to.kind == "channel" else "@"
        click.echo(click.style(f"{letter.report} to {sign}{letter.to.name}", bold=True))
        click.echo(f"{plain(letter.text, members, channels)}\n")
    if not letters:
        click.echo("There is nothing to tell.")
    if answers.unwanted:
        click.echo(f"Left out, since their members do not want them: {answers.unwanted:,}.")


def _print_sent(answers: "Answers") -> None:
    done = answers.delivered
    if done is None:
        return
    click.echo(f"{answers.posts:,} posts looked at, {done.sent:,} letters sent")
    print_setbacks(done)


def _print_notes(session: Session, answers: "Answers", *, dry_run: bool) -> None:
    if answers.is_too_many:
        console.note(
            f"note: nothing was sent to {answers.recipients:,} authors. To write to so many: --yes",
            verbosity=session.verbosity,
        )
    elif dry_run:
        console.note("note: nothing was sent", verbosity=session.verbosity)
    if answers.fresh:
        console.note(
            f"note: authors of {', '.join(answers.fresh)} are answered from now on; older posts "
            "are left alone",
            verbosity=session.verbosity,
        )
    if answers.unknown:
        console.note(
            f"note: {answers.unknown:,} posts are of authors whom Slack does not list any more",
            verbosity=session.verbosity,
        )
