"""`hubbub privacy forget`: a member is erased everywhere."""

import click

from hubbub.cli.options import Session, everywhere
from hubbub.cli.receipts import confirm, tell


@click.command("forget", epilog="Example: hubbub privacy forget U0123ABCD")
@click.argument("member")
@click.option("--yes", is_flag=True, help="Do not ask.")
@everywhere
def command(session: Session, member: str, yes: bool) -> None:
    """Erase a member everywhere: store, raw responses, files, exports; and keep them out."""
    from hubbub.flows.erasing import forget

    confirm(yes, f"All that is stored of {member} is erased for good.")
    tell(session, forget(session.settings, member))
