"""`hubbub collect`: the workspace's history from Slack."""

from typing import TYPE_CHECKING

import click
from msgspec import to_builtins
from msgspec.structs import replace

from hubbub.cli import console
from hubbub.cli.options import Session, everywhere
from hubbub.cli.stopping import stopped_by_signals
from hubbub.errors import Exit

if TYPE_CHECKING:
    from hubbub.flows.collecting import Report, Wish
    from hubbub.flows.estimating import Estimate

_SHOWN_NAMES = 10
_CLOCK_SECONDS = 60.0
"""How wrong this machine's clock may be before it is worth a word."""


@click.command("collect", epilog="Example: hubbub collect --channel general --since 2026-01-01")
@click.option("--since", metavar="TIME", help="Only what is newer: a day, an instant, `30 days`.")
@click.option("--until", metavar="TIME", help="Only what is older: a day (its end), an instant.")
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="NAME",
    help="Only channels of that name, id or pattern (`help-*`); may be given several times.",
)
@click.option("--files", is_flag=True, help="Fetch the bytes of shared files too.")
@click.option(
    "--file-limit",
    type=click.IntRange(min=1),
    metavar="MB",
    help="Leave larger files where they are; 25 if nothing is set.",
)
@click.option("--raw", is_flag=True, help="Keep Slack's responses as JSON, if the policy permits.")
@click.option("--full-refresh", is_flag=True, help="Read all again, known threads too.")
@click.option(
    "--dry-run", is_flag=True, help="Only say what would be asked, and how long it takes."
)
@everywhere
def command(
    session: Session,
    since: str | None,
    until: str | None,
    channels: tuple[str, ...],
    files: bool,
    file_limit: int | None,
    raw: bool,
    full_refresh: bool,
    dry_run: bool,
) -> None:
    """Collect the workspace's history from Slack: the first time all of it, later what is new or
    changed.

    The token comes from SLACK_BOT_TOKEN or SLACK_USER_TOKEN, or from secrets.toml in the home.
    What was stopped goes on where it was. Ctrl-C ends at the next checkpoint.
    """
    wish = _wish(session, since, until, channels, full_refresh=full_refresh)
    chosen = session.settings.collect
    settings = replace(
        session.settings,
        collect=replace(
            chosen,
            files=files or chosen.files,
            file_limit_mb=file_limit or chosen.file_limit_mb,
            raw=raw or chosen.raw,
        ),
    )
    if dry_run:
        from hubbub.flows.estimating import estimate

        _print_estimate(session, estimate(settings, wish))
        return
    from hubbub.flows.collecting import collect

    stop = stopped_by_signals("Ending at the next checkpoint …", verbosity=session.verbosity)
    with console.collecting(-1 if session.as_json else session.verbosity) as show:
        report = collect(settings, wish, stop=stop, progress=show)
    _print_report(session, report)
    if report.exit is not Exit.DONE:
        raise click.exceptions.Exit(report.exit)


def _wish(
    session: Session,
    since: str | None,
    until: str | None,
    channels: tuple[str, ...],
    *,
    full_refresh: bool,
) -> "Wish":
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from hubbub.core.instants import begin_of, end_of
    from hubbub.flows.collecting import Wish

    zone = ZoneInfo(session.settings.timezone)
    now = datetime.now(UTC)
    begin = begin_of("--since", since, now, zone) if since else None
    end = end_of("--until", until, zone) if until else None
    if begin and end and end <= begin:
        raise click.UsageError("--until lies before --since.")
    return Wish(
        begin.timestamp() if begin else None,
        end.timestamp() if end else None,
        tuple(name.removeprefix("#") for name in channels),
        full_refresh,
    )


def _print_estimate(session: Session, found: "Estimate") -> None:
    import json

    if session.as_json:
        click.echo(json.dumps(to_builtins(found)))
        return
    about = "at least " if found.is_least else "about "
    click.echo(f"{found.workspace}: channels: {found.channels}; {about}these calls of Slack's API:")
    rows = sorted(found.calls.items(), key=lambda each: -each[1])
    console.table(["method", "calls"], rows, timezone=session.settings.timezone)
    total, length = sum(found.calls.values()), console.in_words(found.seconds)
    click.echo(f"{total:,} calls, {about}{length} at Slack's limits; {found.asked} were made now")
    if found.is_least:
        console.note(
            "note: how long a channel's history is, and how many threads it has, shows once it is "
            "read: one more call for each 999 messages, one for each thread",
            verbosity=session.verbosity,
        )
    _note_not_joined(session, found.not_joined)


def _print_report(session: Session, report: "Report") -> None:
    import json

    if session.as_json:
        click.echo(json.dumps(to_builtins(report)))
    else:
        click.echo(
            f"{report.workspace}: channels: {report.channels}, {report.added:,} messages added, "
            f"{report.updated:,} updated"
        )
        click.echo(
            f"{sum(report.calls.values()):,} calls, {report.bytes / 1e6:,.1f} MB, "
            f"{report.retries:,} made again, {console.in_words(report.waited)} of waiting for "
            f"Slack's limits, {console.in_words(report.seconds)} in all"
        )
    for trouble in report.troubles:
        click.echo(f"hubbub: {trouble.where} could not be read whole ({trouble.code}).", err=True)
        click.echo(f"        {trouble.fix}", err=True)
    _note_not_joined(session, report.not_joined)
    if report.no_user_groups:
        console.note(
            f"note: {_without_user_groups(report.no_user_groups)}", verbosity=session.verbosity
        )
    if report.quarantined:
        console.note(
            f"note: {report.quarantined:,} records could not be read; see: hubbub list quarantine",
            verbosity=session.verbosity,
        )
    if abs(report.clock_ahead) > _CLOCK_SECONDS:
        wrong = "ahead of" if report.clock_ahead > 0 else "behind"
        console.note(
            f"note: this machine's clock is {console.in_words(abs(report.clock_ahead))} {wrong} "
            "Slack's, which was gone by. Set it by NTP: windows end at this machine's now",
            verbosity=session.verbosity,
        )
    if not report.keeps_text:
        console.note(
            "note: the texts were not kept. Lengths, questions, mentions and link domains were.",
            verbosity=session.verbosity,
        )
    if report.is_interrupted:
        click.echo(
            "hubbub: Interrupted. What was fetched is kept; run it again to go on.", err=True
        )


def _without_user_groups(code: str) -> str:
    """What it means that Slack does not show the user groups."""
    if code == "missing_scope":
        return (
            "the user groups were not read, for which the app needs the scope usergroups:read. "
            "Without it settings cannot name them (@handle); all else is collected"
        )
    if code in _OF_PAID_PLANS:
        return "there are no user groups to read: Slack has them on paid plans only"
    return f"Slack does not show the user groups ({code}); all else is collected"


_OF_PAID_PLANS = frozenset({"plan_upgrade_required", "paid_teams_only"})


def _note_not_joined(session: Session, names: list[str]) -> None:
    if names:
        shown = ", ".join(f"#{name}" for name in names[:_SHOWN_NAMES])
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        console.note(
            f"note: the bot is not in {shown}{more}. Invite it (/invite), or set join = true under "
            "[collect] in hubbub.toml",
            verbosity=session.verbosity,
        )
