"""What is said before and after something was erased or keys were changed."""

from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from hubbub.cli import console
from hubbub.cli.options import Session
from hubbub.errors import UsageError

if TYPE_CHECKING:
    from hubbub.flows.erasing import Receipt
    from hubbub.flows.rotating import Rotated


def confirm(yes: bool, what: str, *, of_programs: bool = False) -> None:
    """Ask whoever sits at a terminal. A program is taken by its word, or has to say --yes if that
    is asked of programs too."""
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        if not of_programs:
            return
        raise UsageError(f"{what} Nobody is there to be asked.", "Add --yes.")
    click.confirm(f"{what} Go on?", abort=True, err=True)


def tell(session: Session, receipt: "Receipt") -> None:
    """Print what was removed where."""
    import json

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
    for destination in receipt.destinations:
        console.note(
            f"note: {destination} holds rows that were published. They go from there with the next "
            "publication to it: hubbub publish …",
            verbosity=session.verbosity,
        )
    if receipt.path:
        console.note(f"receipt: {receipt.path}", verbosity=session.verbosity)


def tell_rotated(session: Session, done: "Rotated") -> None:
    """Print what a change of keys did, and what it cost."""
    import json

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
    if done.choices_lost:
        click.echo(
            f"{done.choices_lost:,} members had chosen which letters they get, and are no longer "
            "recognised: tell them before you send any."
        )
    console.note(
        "Exports and charts that were made before keep the pseudonyms of before.",
        verbosity=session.verbosity,
    )
