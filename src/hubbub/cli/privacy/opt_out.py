"""`hubbub privacy opt-out`: a member wants to be left out."""

import click

from hubbub.cli.options import Session, everywhere
from hubbub.cli.receipts import confirm, tell


@click.command("opt-out", epilog="Example: hubbub privacy opt-out U0123ABCD")
@click.argument("member")
@click.option("--yes", is_flag=True, help="Do not ask.")
@everywhere
def command(session: Session, member: str, yes: bool) -> None:
    """From now on, store nothing of a member, and erase what there is."""
    from hubbub.flows.erasing import opt_out

    confirm(yes, f"All that is stored of {member} is erased for good.")
    tell(session, opt_out(session.settings, member))
