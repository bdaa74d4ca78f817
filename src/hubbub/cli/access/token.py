"""`hubbub access token`: what scripts and monitoring present."""

import click

from hubbub.cli import console
from hubbub.cli.options import Session, Verbs, everywhere


@click.group("token", cls=Verbs, epilog="Example: hubbub access token create prometheus")
def command() -> None:
    """Tokens for scripts, which send them as `Authorization: Bearer TOKEN`. People can log in with
    them too."""


@command.command("create", epilog="Example: hubbub access token create prometheus")
@click.argument("name")
@everywhere
def create(session: Session, name: str) -> None:
    """Make a token and print it, this once. NAME says what it is for."""
    import json

    from hubbub.flows.granting import make_token

    token = make_token(session.settings, name)
    click.echo(json.dumps({"name": name, "token": token}) if session.as_json else token)
    console.note("It cannot be shown again.", verbosity=session.verbosity)


@command.command("list", epilog="Example: hubbub access token list")
@everywhere
def list_(session: Session) -> None:
    """List the tokens by name, with when each was made."""
    from datetime import datetime

    from hubbub.flows.granting import tokens

    found = tokens(session.settings)
    columns = ["name", "created_at"]
    rows = [[each.name, datetime.fromisoformat(each.created_at)] for each in found]
    if session.as_json:
        console.print_json(columns, rows)
    elif rows:
        console.table(columns, rows, timezone=session.settings.timezone)
    else:
        console.note("There are no tokens.", verbosity=session.verbosity)


@command.command("revoke", epilog="Example: hubbub access token revoke prometheus")
@click.argument("name")
@everywhere
def revoke(session: Session, name: str) -> None:
    """End a token, and the sessions that were begun with it. A running server heeds it at once."""
    from hubbub.flows.granting import revoke_token

    revoke_token(session.settings, name)
    console.note(f"The token {name} is revoked.", verbosity=session.verbosity)
