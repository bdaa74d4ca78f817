"""What is said of many workspaces: of each as it ends, and a table of all."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from hubbub.cli import console
from hubbub.cli.options import Session

if TYPE_CHECKING:
    from hubbub.flows.many_workspaces import Outcome


def teller(session: Session, count: int) -> "Callable[[Outcome], None]":
    """Prints what each workspace has to say, all of it together, as it ends."""
    ended: list[str] = []

    def tell(outcome: "Outcome") -> None:
        ended.append(outcome.workspace)
        seconds = f"{outcome.seconds:.1f} s"
        head = f"── {outcome.workspace} ({len(ended)} of {count}): {outcome.told}, {seconds}"
        console.note(head, verbosity=session.verbosity)
        if outcome.printed and not session.as_json:
            click.echo(outcome.printed.rstrip("\n"))
        if outcome.said:
            console.note(outcome.said, verbosity=session.verbosity)

    return tell


def print_outcomes(session: Session, outcomes: "list[Outcome]") -> None:
    """The table at the end."""
    if session.as_json:
        click.echo(json.dumps([_as_json(each) for each in outcomes], ensure_ascii=False))
        return
    rows = [[each.workspace, each.told, each.seconds, each.reason] for each in outcomes]
    console.table(
        ["workspace", "what_happened", "seconds", "reason"], rows, timezone="UTC", wrap=True
    )
    counts = {told: sum(each.told == told for each in outcomes) for told in _ORDER}
    console.note(
        ", ".join(f"{count} {told}" for told, count in counts.items() if count),
        verbosity=session.verbosity,
    )


_ORDER = (
    "done", "findings", "failed", "wrong use", "try again", "killed", "interrupted", "not begun"
)  # fmt: skip


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    try:
        answer = json.loads(outcome.printed) if outcome.printed.strip() else None
    except json.JSONDecodeError:
        answer = outcome.printed
    return {
        "workspace": outcome.workspace,
        "outcome": outcome.told,
        "exit": outcome.exit,
        "seconds": round(outcome.seconds, 1),
        "reason": outcome.reason or None,
        "answer": answer,
    }
