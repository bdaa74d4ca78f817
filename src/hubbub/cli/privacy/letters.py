"""`hubbub privacy letters`: which letters a member wants."""

from typing import TYPE_CHECKING

import click

from hubbub.cli.options import Session, everywhere
from hubbub.errors import UsageError

if TYPE_CHECKING:
    from hubbub.flows.choosing_letters import Chosen


@click.command("letters", epilog="Example: hubbub privacy letters stop @olive")
@click.argument("verb", type=click.Choice(["stop", "start", "show"]))
@click.argument("member")
@click.option("--report", metavar="NAME", help="Only the letters of this report.")
@everywhere
def command(session: Session, verb: str, member: str, report: str | None) -> None:
    """End the letters that a member gets, let them come again, or show which they get. Members do
    the same by /hubbub in Slack, or by writing stop or start to the app."""
    import json

    from hubbub.flows.choosing_letters import choose, chosen

    if verb == "show" and report is not None:
        raise UsageError("--report says which letters to stop or start.", "Leave it out.")
    if verb == "show":
        found = chosen(session.settings, member)
    else:
        found = choose(session.settings, member, report, wanted=verb == "start")
    if session.as_json:
        told = {"wanted": found.choice.wanted, "but": found.choice.but, "out": found.is_refused}
        click.echo(json.dumps(told))
    else:
        click.echo(_told(found))


def _told(found: "Chosen") -> str:
    if found.is_refused:
        return "They get no letters: they opted out of all that Hubbub keeps, or were forgotten."
    but = f", but not {', '.join(found.choice.but)}" if found.choice.but else ""
    if found.choice.wanted:
        return f"They get every letter{but}."
    return f"They get no letters{but.replace('but not', 'but')}."
