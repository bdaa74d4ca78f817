"""Prints which letters did not arrive, why, and what can be done about it."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hubbub.core.letters import Delivered


def print_setbacks(delivered: "Delivered") -> None:
    """A line on stderr for each reason, with its fix, and one for what is left to send."""
    for state in ("skipped", "failed", "unknown"):
        for why, count in delivered.count(state).items():
            fix = next(each.fix for each in delivered.setbacks if each.why == why)
            click.echo(f"hubbub: {count:,} {state}: {why}.", err=True)
            if fix:
                click.echo(f"        {fix}", err=True)
    if delivered.left:
        click.echo(f"hubbub: {delivered.left:,} not sent yet. Run it again to go on.", err=True)
