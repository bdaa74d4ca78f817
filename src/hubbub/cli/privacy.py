"""`hubbub privacy`: what the policy says, whether it is kept, and whose data goes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubbub.cli import console
from hubbub.cli.findings import report
from hubbub.cli.options import Session, Verbs, everywhere
from hubbub.errors import UsageError

if TYPE_CHECKING:
    from hubbub.flows.erasing import Receipt
    from hubbub.flows.rotating import Rotated


@click.group("privacy", cls=Verbs)
def command() -> None:
    """The privacy policy: read it, check it, and take people out of all that Hubbub keeps."""


@command.command("show", epilog="Example: hubbub privacy show --privacy strict")
@everywhere
def show(session: Session) -> None:
    """Say in plain sentences what is kept, of whom, for how long, and who can see it."""
    import json

    from hubbub.flows.workspace import policy_of_workspace
    from hubbub.privacy.statement import statement

    policy = policy_of_workspace(session.settings)
    said = statement(policy)
    if session.as_json:
        click.echo(json.dumps({"preset": policy.preset} | said))
        return
    click.echo(f"Policy of the workspace {session.settings.workspace}: {policy.preset}")
    for question, sentences in said.items():
        click.echo()
        click.echo(click.style(question, bold=True))
        for sentence in sentences:
            console.paragraph(sentence)


@command.command("check", epilog="Example: hubbub privacy check out/")
@click.argument("folders", nargs=-1, type=click.Path(exists=True, path_type=Path))
@everywhere
def check(session: Session, folders: tuple[Path, ...]) -> None:
    """Look for personal data, and for anything that the policy forbids, in the store, in what lies
    beside it, in remembered exports, and in the FOLDERS named. Exit code 3 if there is any."""
    from hubbub.flows.inspecting import inspect

    report(inspect(session.settings, folders), as_json=session.as_json)


@command.command("opt-out", epilog="Example: hubbub privacy opt-out U0123ABCD --yes")
@click.argument("member")
@click.option("--yes", is_flag=True, help="Do not ask.")
@everywhere
def opt_out(session: Session, member: str, yes: bool) -> None:
    """From now on, store nothing of a member, and erase what there is."""
    from hubbub.flows.erasing import opt_out

    _confirm(yes, f"All that is stored of {member} is erased for good.")
    _tell(session, opt_out(session.settings, member))


@command.command("opt-in", epilog="Example: hubbub privacy opt-in U0123ABCD")
@click.argument("member")
@everywhere
def opt_in(session: Session, member: str) -> None:
    """Let a member in again who had opted out. What was erased comes back only with an import or a
    collection."""
    from hubbub.flows.erasing import opt_in

    if opt_in(session.settings, member):
        console.note("The member is stored again from now on.", verbosity=session.verbosity)
    else:
        console.note("The member was not left out.", verbosity=session.verbosity)


@command.command("forget", epilog="Example: hubbub privacy forget U0123ABCD --yes")
@click.argument("member")
@click.option("--yes", is_flag=True, help="Do not ask.")
@everywhere
def forget(session: Session, member: str, yes: bool) -> None:
    """Erase a member everywhere: store, raw responses, files, exports; and keep them out."""
    from hubbub.flows.erasing import forget

    _confirm(yes, f"All that is stored of {member} is erased for good.")
    _tell(session, forget(session.settings, member))


@command.command("retain", epilog="Example: hubbub privacy retain")
@everywhere
def retain(session: Session) -> None:
    """Remove what is older than the policy keeps it. Imports and collections do so too."""
    from hubbub.flows.erasing import retain_now

    _tell(session, retain_now(session.settings))


@command.command("rotate", epilog="Example: hubbub privacy rotate")
@click.option("--destroy-old", is_flag=True, help="Begin anew; cut off all history so far.")
@click.option("--after-loss", is_flag=True, help="Begin anew where the key file is lost.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@everywhere
def rotate(session: Session, destroy_old: bool, after_loss: bool, yes: bool) -> None:
    """Make a new key. All pseudonyms of the store become new ones, and its history stays in one
    piece, as long as the old keys are kept beside the new one."""
    from hubbub.flows import rotating

    if destroy_old and after_loss:
        raise UsageError("Both options begin anew.", "Give one of them.")
    if destroy_old:
        _confirm(yes, "Nobody can join what is stored so far to what comes, ever.")
        done = rotating.destroy_old(session.settings)
    elif after_loss:
        _confirm(yes, "Members who had opted out are no longer recognised.")
        done = rotating.begin_after_loss(session.settings)
    else:
        done = rotating.rotate(session.settings)
    _tell_rotated(session, done)


def _confirm(yes: bool, what: str) -> None:
    """Ask whoever sits at a terminal; programs have to say --yes."""
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{what} Nobody is there to be asked.", "Add --yes.")
    click.confirm(f"{what} Go on?", abort=True, err=True)


def _tell(session: Session, receipt: "Receipt") -> None:
    import json
    from dataclasses import asdict

    if session.as_json:
        click.echo(json.dumps(asdict(receipt) | {"path": receipt.path and str(receipt.path)}))
        return
    rows = [[f"store: {table}", f"{count:,} rows"] for table, count in receipt.rows.items()]
    for what, count, unit in (
        ("raw responses", receipt.raw, "files"),
        ("files of members", receipt.files, "files"),
    ):
        if count:
            rows.append([what, f"{count:,} {unit}"])
    rows += [[path, "removed; the same command makes it anew"] for path in receipt.exports]
    rows += [[path, "changed by someone, left: look at it"] for path in receipt.changed_exports]
    if rows:
        console.table(["where", "what was removed"], rows, timezone=session.settings.timezone)
    else:
        console.note("There was nothing to remove.", verbosity=session.verbosity)
    if receipt.out_of_reach:
        console.note(
            f"note: {receipt.out_of_reach:,} messages stand under pseudonyms whose keys were "
            "destroyed: nobody can tell whether any is of this member",
            verbosity=session.verbosity,
        )
    if receipt.path:
        console.note(f"receipt: {receipt.path}", verbosity=session.verbosity)


def _tell_rotated(session: Session, done: "Rotated") -> None:
    import json
    from dataclasses import asdict

    if session.as_json:
        click.echo(json.dumps(asdict(done)))
        return
    click.echo(f"The keys are of version {done.version} now.")
    if done.renewed:
        click.echo(f"The pseudonyms of {done.renewed:,} members were renewed.")
    for version, (members, messages) in done.parted.items():
        click.echo(
            f"{messages:,} messages of {members:,} members keep pseudonyms of version {version}: "
            "nobody can join these members to what is stored from now on."
        )
    if done.refusals_lost:
        click.echo(
            f"{done.refusals_lost:,} members who had opted out or were forgotten are no longer "
            "recognised: name them again with hubbub privacy opt-out."
        )
    console.note(
        "Exports and charts that were made before keep the pseudonyms of before.",
        verbosity=session.verbosity,
    )
