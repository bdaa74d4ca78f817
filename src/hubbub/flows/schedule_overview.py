"""What a schedule has done and will do, for whoever looks at it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from hubbub.core.cron import MOST
from hubbub.core.findings import Finding, ok, problem, remark
from hubbub.errors import BadContent, Exit, HubbubError, TryAgain, UsageError
from hubbub.flows.processes import in_words
from hubbub.flows.schedule_state import Last, Remembered, ScheduleState
from hubbub.flows.scheduling import Entry, entry_of, misplaced, schedule_of, sole_scheduler
from hubbub.reports.catalog import Reports
from hubbub.settings import Scheduled, Settings

Words = Callable[[Sequence[str]], Mapping[str, Any]]
"""Says what the words of a command line say, by the names of its options and arguments. Raises
`UsageError` for what is no command line to be scheduled."""


class Line(Struct, frozen=True):
    """An entry of a schedule: what was, what is, and what comes. Times are in UTC."""

    workspace: str
    timezone: str
    name: str
    cron: str
    run: str
    when: str
    """In words."""
    last: Last | None
    is_running: bool
    """Or was killed while it ran."""
    next_at: datetime
    """Its next due time; where it is to be tried again, when."""
    missed: int
    """How many times it was due and was not run; it will be caught up by one run."""

    def last_run(self) -> str:
        """When it ran, in the workspace's time zone, and how it ended."""
        if self.last is None:
            return "running" if self.is_running else "never"
        return f"{local(self.last.began_at, self.timezone)} {self.how_it_ended()}"

    def how_it_ended(self) -> str:
        """How the last run ended, in a few words; nothing if there was none."""
        if self.is_running or self.last is None:
            return "running" if self.is_running else ""
        times = f", for {self.last.times} times" if self.last.times > 1 else ""
        return f"{in_words(self.last.exit)}{times}"

    def next_run(self) -> str:
        """When it comes next, in the workspace's time zone, and what was missed."""
        most = " or more" if self.missed == MOST else ""
        missed = f", {self.missed}{most} missed" if self.missed else ""
        return f"{local(self.next_at, self.timezone)}{missed}"


def local(moment: datetime, timezone: str) -> str:
    """A time in a time zone."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def overview(settings: Settings, now: datetime) -> list[Line]:
    """A line an entry, in the order of hubbub.toml. Raises `HubbubError` if it cannot be read."""
    entries = schedule_of(settings)
    state = ScheduleState(settings.schedule_state).read()
    return [_line(settings, entry, state.get(entry.name), now) for entry in entries]


def _line(settings: Settings, entry: Entry, known: Remembered | None, now: datetime) -> Line:
    if known is not None and known.cron != entry.cron.expression:
        known = Remembered(entry.cron.expression, now, known.last)
    known = known or Remembered(entry.cron.expression, now)
    due = None if known.begun_at else entry.cron.due(known.upto, now)
    again_at = known.again_at
    upcoming = entry.cron.after(now)
    return Line(
        settings.workspace,
        settings.timezone,
        entry.name,
        entry.cron.expression,
        " ".join(entry.words),
        entry.cron.words,
        known.last,
        known.begun_at is not None,
        min(again_at, upcoming) if again_at is not None and again_at > now else upcoming,
        due.times if due else 0,
    )


def is_kept(settings: Settings) -> bool:
    """Whether some process runs the schedule."""
    if not (settings.folder / "schedule.lock").exists():
        return False
    try:
        with sole_scheduler(settings):
            return False
    except TryAgain:
        return True


def check_schedule(settings: Settings, words: Words, now: datetime) -> list[Finding]:
    """What is wrong with a schedule: expressions, commands and reports that there are not, what
    failed, and whether anybody runs it."""
    if not settings.schedule:
        return []
    found: list[Finding] = []
    for each in settings.schedule:
        try:
            found += check_entry(settings, each, words)
        except BadContent as error:
            found.append(problem("schedule", error.reason, error.fix))
    if any(finding.state == "problem" for finding in found):
        return found
    try:
        lines = overview(settings, now)
    except HubbubError as error:
        return [problem("schedule", error.reason, error.fix)]
    found += [_failed(line, line.last) for line in lines if line.last and _is_bad(line.last.exit)]
    if not is_kept(settings):
        missed = sum(line.missed for line in lines)
        told = f"; {missed:,} runs were missed" if missed else ""
        fix = "hubbub schedule start, hubbub serve, or a crontab line: docs/schedule.md"
        return [*found, remark("schedule", f"Nobody runs it at present{told}.", fix)]
    soonest = min(lines, key=lambda line: line.next_at)
    at = local(soonest.next_at, soonest.timezone)
    return [*found, ok("schedule", f"Entries: {len(lines)}; the next is {soonest.name}, at {at}.")]


def _is_bad(code: int) -> bool:
    return code not in {Exit.DONE, Exit.FINDINGS, Exit.INTERRUPTED}


def _failed(line: Line, last: Last) -> Finding:
    at = local(last.began_at, line.timezone)
    fix = " ".join(last.said) or f"See why: hubbub schedule run {line.name}"
    return remark("schedule", f"{line.name} at {at}: {in_words(last.exit)}.", fix)


def check_entry(settings: Settings, scheduled: Scheduled, words: Words) -> list[Finding]:
    """Raise `BadContent` if an entry cannot be run; returns what is good to know of it."""
    entry = entry_of(settings, scheduled)
    try:
        told = words(entry.words)
        report = Reports(settings.pack).report(told["report"]) if "report" in told else None
    except UsageError as error:
        raise misplaced(settings, scheduled, error.reason, error.fix) from error
    if report is None or report.audience.to or told.get("yes") or told.get("dry_run"):
        return []
    return [
        remark(
            "schedule",
            f"{entry.name} goes to 20 recipients at most; for more it only writes a preview.",
            f"If nobody has to look first: run = {scheduled.run + ' --yes'!r}",
        )
    ]
