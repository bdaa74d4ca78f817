"""`hubbub privacy show`: what the policy says."""

import click

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere


@click.command("show", epilog="Example: hubbub privacy show --privacy strict")
@everywhere
def command(session: Session) -> None:
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
