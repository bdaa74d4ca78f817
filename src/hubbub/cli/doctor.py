"""`hubbub doctor`: what is wrong, and what to do about it."""

import click

from hubbub.cli.findings import report
from hubbub.cli.options import Session, everywhere_forgiving


@click.command("doctor", epilog="Example: hubbub doctor --json")
@everywhere_forgiving
def command(session: Session) -> None:
    """Check settings, token, scopes, channels, plan, rate class, clock, store, folders and fonts.

    Each finding comes with its fix. Slack is asked three questions. Exit code 3 if there is a
    problem; notes (!) hinder nothing.
    """
    from hubbub.flows.checking import examine

    report(examine(session.settings, session.complaint), as_json=session.as_json)
