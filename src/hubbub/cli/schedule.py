"""`hubbub schedule`: what is run by itself, and when."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from hubbub.cli import console
from hubbub.cli.command_lines import check_schedulable
from hubbub.cli.options import Session, Verbs, everywhere
from hubbub.cli.stopping import stopped_by_signals
from hubbub.errors import Exit, TryAgain, UsageError

if TYPE_CHECKING:
    from hubbub.flows.keeping_schedules import Keeper, News
    from hubbub.flows.schedule_overview import Line
    from hubbub.flows.scheduling import Ran, State
    from hubbub.settings import Settings


@click.group("schedule", cls=Verbs, epilog="Example: hubbub schedule list")
def command() -> None:
    """What is run by itself, and when: the section [schedule] of hubbub.toml."""


@command.command("list", epilog="Example: hubbub schedule list --json")
@everywhere
def list_(session: Session) -> None:
    """List what is run and when, how it went the last time, when it comes next, and what was
    missed. Times are those of the workspace's time zone."""
    show_schedules(session, [session.settings])


def show_schedules(
    session: Session, all_settings: "Sequence[Settings]", *, several: bool = False
) -> None:
    """Print the schedules of one workspace, or of several."""
    from hubbub.flows.schedule_overview import is_kept, overview
    from hubbub.flows.scheduling import utc_now

    now = utc_now()
    lines = [line for settings in all_settings for line in overview(settings, now)]
    kept = {each.workspace: is_kept(each) for each in all_settings if each.schedule}
    if session.as_json:
        _print_json(lines, kept)
    elif not lines:
        console.note("Nothing is scheduled: write it under [schedule] in hubbub.toml.")
    else:
        _print_table(lines, several=several)
        idle = [name for name, is_run in kept.items() if not is_run]
        if idle:
            whose = f" of {len(idle)} workspaces" if several else ""
            console.note(
                f"note: nobody runs the schedule{whose} at present: hubbub schedule start, or "
                "hubbub serve",
                verbosity=session.verbosity,
            )


def _print_table(lines: "list[Line]", *, several: bool) -> None:
    rows = [
        [
            f"{line.workspace} {line.name}: {line.run}" if several else f"{line.name}: {line.run}",
            line.when,
            line.last_run(),
            line.next_run(),
        ]
        for line in lines
    ]
    console.table(["what", "when", "last_run", "next_run"], rows, timezone="UTC", wrap=True)
    for line in lines:
        if line.last is not None and line.last.said:
            whose = f"{line.workspace}, {line.name}" if several else line.name
            console.note(f"{whose}: {line.last.said[-1]}")


def _print_json(lines: "list[Line]", kept: dict[str, bool]) -> None:
    import msgspec

    told = [
        {
            "workspace": line.workspace,
            "entry": line.name,
            "cron": line.cron,
            "timezone": line.timezone,
            "when": line.when,
            "run": line.run,
            "last": line.last,
            "ended": line.how_it_ended(),
            "next_at": line.next_at,
            "missed": line.missed,
            "is_kept": kept[line.workspace],
        }
        for line in lines
    ]
    click.echo(msgspec.json.encode(told).decode())


@command.command("run", epilog="Example: hubbub schedule run nightly")
@click.argument("name", required=False)
@click.option("--due", is_flag=True, help="Run all that is due now, and end: for cron.")
@everywhere
def run(session: Session, name: str | None, *, due: bool) -> None:
    """Run an entry of the schedule now, whether or not it is due; or, with --due, all that is due
    now. The exit code is that of the entry, or of the worst."""
    if due == (name is not None):
        raise click.UsageError("Name an entry, or give --due.")
    settings = session.settings
    if name is None:
        from hubbub.flows.many_workspaces import exit_of

        _refuse_empty(settings)
        ran = run_due(session, _keeper_of(session))
        raise click.exceptions.Exit(exit_of([each.exit for _, each in ran]))
    from hubbub.flows.processes import run_process
    from hubbub.flows.schedule_overview import check_entry
    from hubbub.flows.scheduling import named, run_now

    check_entry(settings, named(settings, name), check_schedulable)
    stop = stopped_by_signals("Ending …", verbosity=session.verbosity)
    visibly = partial(run_process, stdout=None, heard=_echo)
    ended = run_now(settings, name, stop=stop, runs=visibly)
    raise click.exceptions.Exit(ended.exit if ended.exit >= 0 else Exit.FAILED)


def run_due(session: Session, keeper: "Keeper") -> "list[tuple[str, Ran]]":
    """Run what is due in some workspaces; Ctrl-C ends it."""
    stop = stopped_by_signals("Ending what runs …", verbosity=session.verbosity)
    ran = keeper.run_due(stop)
    if stop.is_set():
        raise KeyboardInterrupt
    return ran


def keep(session: Session, keeper: "Keeper") -> None:
    """Keep the schedules of some workspaces until Ctrl-C."""
    stop = stopped_by_signals("Ending what runs …", verbosity=session.verbosity)
    console.note("Ctrl-C ends it. What is run, and how it ends:", verbosity=session.verbosity)
    keeper.run(stop)


def news_of(session: Session, *, several: bool = False) -> "News":
    """Tells on stderr what schedules do."""
    from hubbub.flows.schedule_overview import local
    from hubbub.flows.scheduling import utc_now

    def tell(workspace: str, state: "State", told: str) -> None:
        del state
        at = local(utc_now(), session.settings.timezone)
        whose = f"{workspace}: " if several else ""
        console.note(f"{at} {whose}{told}", verbosity=session.verbosity)

    return tell


def _echo(line: str) -> None:
    click.echo(line, err=True)


@command.command("start", epilog="Example: hubbub schedule start")
@everywhere
def start(session: Session) -> None:
    """Run the schedule until Ctrl-C. What was missed while nobody ran it is caught up once.

    There is one process a workspace that does so; `hubbub serve` does it too. What runs at the end
    is asked to end, and begun anew by whoever comes next.
    """
    from hubbub.flows.schedule_overview import is_kept

    settings = session.settings
    _refuse_empty(settings)
    if is_kept(settings):
        raise TryAgain(
            f"Another hubbub runs the schedule of {settings.workspace}.",
            "There is one a workspace: end `hubbub schedule start` or `hubbub serve` first.",
        )
    keep(session, _keeper_of(session))


def _refuse_empty(settings: "Settings") -> None:
    """Raise `UsageError` for a schedule that is empty or wrong."""
    if not settings.schedule:
        raise UsageError(
            f"Nothing is scheduled in {settings.workspace}.",
            f"Write it under [schedule] in {settings.written}: docs/schedule.md",
        )
    refuse_wrong(settings)


def refuse_wrong(settings: "Settings") -> None:
    """Raise `UsageError` for a schedule that is wrong."""
    from hubbub.flows.schedule_overview import check_entry

    for each in settings.schedule:
        check_entry(settings, each, check_schedulable)


def _keeper_of(session: Session) -> "Keeper":
    from hubbub.flows.keeping_schedules import Keeper
    from hubbub.flows.scheduling import reloaded

    settings = session.settings
    return Keeper(lambda: [settings.workspace], lambda _: reloaded(settings), news=news_of(session))
