"""Findings in the terminal: what is well, what is good to know, what is wrong, and the fix."""

from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from hubbub.errors import Exit

if TYPE_CHECKING:
    from hubbub.core.findings import Finding

_SIGNS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "bold red")}
_MOST_COLUMNS = 100
"""Longer lines are hard to read."""


def report(findings: "list[Finding]", *, as_json: bool) -> None:
    """Print findings; the program ends with exit code 3 if there is a problem."""
    import json

    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        _tell(findings)
    if any(finding.state == "problem" for finding in findings):
        raise click.exceptions.Exit(Exit.FINDINGS)


def _tell(findings: "list[Finding]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.width = min(console.width, _MOST_COLUMNS)
    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    before = ""
    for finding in findings:
        sign, style = _SIGNS[finding.state]
        found = Text(_line(finding.found))
        name = finding.check if finding.check != before else ""
        shown.add_row(Text(sign, style), Text(name, "bold"), found)
        if finding.fix:
            fix = Table.grid(padding=(0, 1, 0, 0))
            fix.add_row(Text("→", "cyan"), Text(_line(finding.fix), "cyan"))
            shown.add_row("", "", fix)
        before = finding.check
    with console.capture() as drawn:
        console.print(shown)
    for line in drawn.get().splitlines():
        click.echo(line.rstrip())
    counts = [sum(each.state == state for each in findings) for state in ("problem", "note")]
    told = [
        f"{count} {word}{'s' * (count != 1)}"
        for count, word in zip(counts, ("problem", "note"), strict=True)
        if count
    ]
    click.echo(f"\n{', '.join(told) or 'All is well'}.")


def _line(text: str) -> str:
    """Names come from Slack: control characters, which could move the cursor, are replaced."""
    return "".join(each if each.isprintable() else " " for each in text)
