"""`hubbub privacy opt-in`: a member wants in again."""

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere


@click.command("opt-in", epilog="Example: hubbub privacy opt-in U0123ABCD")
@click.argument("member")
@everywhere
def command(session: Session, member: str) -> None:
    """Let a member in again who had opted out. What was erased comes back only with an import or a
    collection."""
    from hubbub.flows.erasing import opt_in

    if opt_in(session.settings, member):
        console.note("The member is stored again from now on.", verbosity=session.verbosity)
    else:
        console.note("The member was not left out.", verbosity=session.verbosity)
