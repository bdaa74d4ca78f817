"""`hubbub privacy retain`: what is too old goes."""

import click

from hubbub.cli.options import Session, everywhere
from hubbub.cli.receipts import tell


@click.command("retain", epilog="Example: hubbub privacy retain")
@everywhere
def command(session: Session) -> None:
    """Remove what is older than the policy keeps it. Imports and collections do so too."""
    from hubbub.flows.erasing import retain_now

    tell(session, retain_now(session.settings))
