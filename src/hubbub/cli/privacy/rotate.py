"""`hubbub privacy rotate`: a new key for pseudonyms."""

import click

from hubbub.cli.options import Session, everywhere
from hubbub.cli.receipts import confirm, tell_rotated
from hubbub.errors import UsageError


@click.command("rotate", epilog="Example: hubbub privacy rotate")
@click.option("--destroy-old", is_flag=True, help="Begin anew; cut off all history so far.")
@click.option("--after-loss", is_flag=True, help="Begin anew where the key file is lost.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@everywhere
def command(session: Session, destroy_old: bool, after_loss: bool, yes: bool) -> None:
    """Make a new key. All pseudonyms of the store become new ones, and its history stays in one
    piece, as long as the old keys are kept beside the new one."""
    from hubbub.flows import rotating

    if destroy_old and after_loss:
        raise UsageError("Both options begin anew.", "Give one of them.")
    if destroy_old:
        what = "Nobody can join what is stored so far to what comes, ever."
        confirm(yes, what, of_programs=True)
        done = rotating.destroy_old(session.settings)
    elif after_loss:
        what = "Members who had opted out are no longer recognised."
        confirm(yes, what, of_programs=True)
        done = rotating.begin_after_loss(session.settings)
    else:
        done = rotating.rotate(session.settings)
    tell_rotated(session, done)
