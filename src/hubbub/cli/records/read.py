"""`hubbub records read`: stored messages once more, with the templates of now."""

import click
from msgspec.structs import asdict

from hubbub.cli.console import note
from hubbub.cli.options import Session, everywhere


@click.command("read", epilog="Example: hubbub records read standup")
@click.argument("template", required=False)
@everywhere
def command(session: Session, template: str | None) -> None:
    """Read the records of stored messages again, after a template was changed or added.

    It needs texts as they were written: a policy that shortens or drops them has to read history
    again, from Slack or from an archive. With a TEMPLATE only those messages are written anew in
    which it finds a record, or has found one.
    """
    import json

    from hubbub.flows.rereading import read_again

    done = read_again(session.settings, template)
    if session.as_json:
        click.echo(json.dumps(asdict(done)))
        return
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(done.records.items()))
    click.echo(f"{done.messages:,} messages read; records: {told or 'none'}")
    if done.left:
        note(
            f"note: {done.left:,} messages by apps were left as they are: what they hold beside "
            "their text is not stored. hubbub collect --full-refresh reads them again",
            verbosity=session.verbosity,
        )
