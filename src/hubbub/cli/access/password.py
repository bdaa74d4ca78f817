"""`hubbub access password`: what people log in with."""

import click

from hubbub.cli.console import note
from hubbub.cli.options import Session, everywhere
from hubbub.errors import UsageError


@click.command("password", epilog="Example: hubbub access password")
@click.option("--remove", is_flag=True, help="Take it away; tokens stay.")
@everywhere
def command(session: Session, remove: bool) -> None:
    """Set the password of the dashboard. It is asked for twice and not shown; without a terminal,
    it is the one line of the input.

    All who are logged in with the one before are logged out. A running server heeds it at once.
    """
    from hubbub.flows.granting import remove_password, set_password

    if remove:
        remove_password(session.settings)
        note("The password is removed, and ends.", verbosity=session.verbosity)
        return
    set_password(session.settings, _asked())
    note("The password is set.", verbosity=session.verbosity)


def _asked() -> str:
    import sys

    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    lines = sys.stdin.read().splitlines()
    if len(lines) != 1:
        raise UsageError(f"The input has {len(lines)} lines.", "Give the password as its one line.")
    return lines[0]
