"""`hubbub doctor`: what is wrong, and what to do about it."""

import click

from hubbub.cli.command_lines import check_schedulable
from hubbub.cli.findings import report
from hubbub.cli.options import Session, everywhere_forgiving


@click.command("doctor", epilog="Example: hubbub doctor --json")
@everywhere_forgiving
def command(session: Session) -> None:
    """Check settings, token, scopes, channels, plan, rate class, clock, store, folders,
    fonts and schedule.

    Each finding comes with its fix. Slack is asked three questions. Exit code 3 if there is a
    problem; notes (!) hinder nothing.
    """
    from hubbub.flows.checking import examine
    from hubbub.flows.schedule_overview import check_schedule
    from hubbub.flows.scheduling import utc_now

    settings = session.settings
    findings = examine(settings, session.complaint)
    findings += check_schedule(settings, check_schedulable, utc_now())
    report(findings, as_json=session.as_json)
