"""`hubbub audit`: who did what, and whether the record of it is as it was written."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict

from hubbub.cli import console
from hubbub.cli.options import Session, Verbs, everywhere, printed
from hubbub.errors import Exit

if TYPE_CHECKING:
    import pyarrow as pa

    from hubbub.privacy.audit import Detail, Entry

_ACTIONS = [
    *("run", "read", "export", "draw", "deliver", "choice", "erase", "policy", "keys", "login"),
]
_TOKEN_SHOWN = 9
"""Characters of a keyed token that a terminal shows."""
_SIGNS = {"note": ("!", "yellow"), "problem": ("✗", "bold red")}


@click.group("audit", cls=Verbs)
def command() -> None:
    """Who ran, read, exported, sent, erased or changed what, and when."""


@command.command("show", epilog="Example: hubbub audit show --action export --since '30 days'")
@click.option("--since", metavar="TIME", help="Only what is newer: a day, an instant, `30 days`.")
@click.option(
    "--action",
    "actions",
    type=click.Choice(_ACTIONS),
    multiple=True,
    help="Only these; may be given several times.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest so many.")
@printed
@everywhere
def show(
    session: Session, since: str | None, actions: tuple[str, ...], limit: int | None, form: str
) -> None:
    """Show the audit log, newest last. This is noted in it too."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from hubbub.core.instants import begin_of
    from hubbub.flows.auditing import read_log

    settings = session.settings
    zone = ZoneInfo(settings.timezone)
    begin = begin_of("--since", since, datetime.now(UTC), zone) if since else None
    log = read_log(settings, begin, actions)
    if form == "table" and not session.as_json:
        limit = limit or console.rows_that_fit(len(log.entries), None) or None
    shown = log.entries[-limit:] if limit else log.entries
    if session.as_json or form == "json":
        told = ["number", "at", "actor", "action", "what", "details"]
        console.print_json(told, [[getattr(entry, name) for name in told] for entry in shown])
    elif form == "csv":
        console.print_csv(_table(shown))
    elif not shown:
        console.note("There is no such entry." if log.has_begun else "There is no audit log yet.")
    else:
        console.table(
            ["number", "at", "who", "action", "what", "details"],
            [
                [
                    entry.number,
                    entry.at,
                    "you" if entry.actor == log.reader else entry.actor[:_TOKEN_SHOWN],
                    entry.action,
                    entry.what,
                    _in_words(entry.details),
                ]
                for entry in shown
            ],
            timezone=settings.timezone,
            wrap=True,
        )
        if len(shown) < len(log.entries):
            console.note(
                f"the newest {len(shown)} of {len(log.entries):,} entries; more with --limit, all "
                "with --format csv",
                verbosity=session.verbosity,
            )
    if not log.is_sound:
        console.note("note: this log is not as it was written; see: hubbub audit verify")


@command.command("verify", epilog="Example: hubbub audit verify --head head.txt")
@click.option(
    "--head",
    metavar="FILE|TEXT",
    help="A head that you have kept elsewhere, as this command prints it.",
)
@everywhere
def verify(session: Session, head: str | None) -> None:
    """Check that no entry of the audit log was changed, removed, moved or put in, and that its end
    was not cut. Exit code 3 if one was.

    It prints the head, which stands for all entries so far. Keep that on another machine: who
    controls this one, key and all, could write the whole log anew.
    """
    import json
    from pathlib import Path

    from hubbub.flows.auditing import audit_of

    if head is not None and ":" not in head:
        head = Path(head).read_text(encoding="utf-8", errors="replace")
    verdict = audit_of(session.settings).verify(head)
    if session.as_json:
        findings = [asdict(finding) for finding in verdict.findings]
        told = {"entries": verdict.entries, "head": verdict.head and str(verdict.head)}
        click.echo(json.dumps(told | {"findings": findings}))
    else:
        for finding in verdict.findings:
            sign, colour = _SIGNS[finding.state]
            mark = click.style(sign, fg=colour.removeprefix("bold "), bold="bold" in colour)
            click.echo(f"{mark} {click.style(finding.check, bold=True)}: {finding.found}")
        if verdict.findings:
            for fix in dict.fromkeys(finding.fix for finding in verdict.findings):
                click.echo(f"  → {fix}")
            click.echo()
        _conclude(verdict.entries, verdict.head, is_sound=verdict.is_sound)
    if not verdict.is_sound:
        raise click.exceptions.Exit(Exit.FINDINGS)


def _conclude(entries: int, head: object, *, is_sound: bool) -> None:
    if head is None:
        click.echo("There is no audit log yet.")
    elif is_sound:
        click.echo(f"All {entries:,} entries are as they were written.\nhead {head}")
    else:
        click.echo(f"{entries:,} entries are as they were written; the log as a whole is not.")


def _in_words(details: "Mapping[str, Detail]") -> str:
    """Details for a terminal: tokens cut short, a change as `before → after`."""
    import re

    token = re.compile(r"[a-z]1_[0-9a-f]{24}")

    def plain(value: object) -> str:
        if value is None:
            return "not set"
        if isinstance(value, bool):
            return "yes" if value else "no"
        return token.sub(lambda found: found[0][:_TOKEN_SHOWN], f"{value}")

    changed = {name for name in details if f"was_{name}" in details}
    told = [
        f"{name.replace('_', ' ')} "
        + (f"{plain(details[f'was_{name}'])} → " if name in changed else "")
        + plain(value)
        for name, value in details.items()
        if not name.startswith("was_") and (not changed or name in changed)
    ]
    return " · ".join(told)


def _table(entries: "Sequence[Entry]") -> "pa.Table":
    """Entries for other programs; their details as JSON."""
    import json

    import pyarrow as pa

    tables: Any = pa
    return tables.table(
        {
            "number": [entry.number for entry in entries],
            "at": [entry.at for entry in entries],
            "actor": [entry.actor for entry in entries],
            "action": [entry.action for entry in entries],
            "what": [entry.what for entry in entries],
            "details": [json.dumps(entry.details) for entry in entries],
        }
    )
