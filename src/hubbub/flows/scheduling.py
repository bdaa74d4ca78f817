"""Runs what a workspace's schedule says, when it is due, one after the other.

Each run is a process of its own. What was due while nobody looked is caught up by one run. A run
that was killed is begun once more; one that asks to be tried again (exit code 4) is, a few times.
"""

import shlex
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.cron import Cron
from hubbub.errors import BadContent, Exit, HubbubError, TryAgain, UsageError
from hubbub.flows.noting_errors import without_people
from hubbub.flows.processes import Ended, command_line, in_words, run_process
from hubbub.flows.schedule_state import Last, Remembered, ScheduleState
from hubbub.flows.workspace import sole
from hubbub.settings import Scheduled, Settings, load

Now = Callable[[], datetime]
State = Literal["running", "idle", "waiting", "failed"]
"""How a schedule fares."""
Tell = Callable[[State, str], None]

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1)
"""How long after a run that is to be tried again."""
_MOST_TRIES = 6
_LOOK = timedelta(seconds=30)
"""How soon to look again where another run is under way."""
_FARTHEST = timedelta(minutes=10)
"""How long at most until the next look: clocks are set, machines sleep."""
_WRONG_CLOCK = timedelta(days=1)
"""What was done with so far in the future was done by a clock that was wrong."""


def utc_now() -> datetime:
    """The present, by this machine's clock."""
    return datetime.now(UTC)


class Entry(Struct, frozen=True):
    """An entry of the schedule, read."""

    name: str
    cron: Cron
    words: tuple[str, ...]


def schedule_of(settings: Settings) -> list[Entry]:
    """The entries of a workspace's schedule, in the order of hubbub.toml. Raises `BadContent`."""
    return [entry_of(settings, each) for each in settings.schedule]


def entry_of(settings: Settings, scheduled: Scheduled) -> Entry:
    """An entry, read. Raises `BadContent`."""
    try:
        words = shlex.split(scheduled.run)
    except ValueError as error:
        reason = f"{scheduled.run!r} cannot be split into words: {error}"
        raise misplaced(settings, scheduled, reason, "Close its quotation marks.") from error
    if not words:
        fix = "Say what to run: collect, for example."
        raise misplaced(settings, scheduled, "there is nothing to run", fix)
    try:
        cron = Cron(scheduled.cron, settings.timezone)
    except UsageError as error:
        raise misplaced(settings, scheduled, error.reason, error.fix) from error
    return Entry(scheduled.name, cron, tuple(words))


def misplaced(settings: Settings, scheduled: Scheduled, reason: str, fix: str) -> BadContent:
    """The error to raise about an entry of the schedule."""
    return BadContent(
        str(settings.written), scheduled.line, f"schedule.{scheduled.name}: {reason}", fix
    )


@contextmanager
def sole_scheduler(settings: Settings) -> Generator[None]:
    """Let no other process run this workspace's schedule. Raises `TryAgain` if one does."""
    with sole(
        settings.folder / "schedule.lock",
        f"Another hubbub runs the schedule of {settings.workspace}.",
        "There is one a workspace: end `hubbub schedule start` or `hubbub serve` first.",
    ):
        yield


@contextmanager
def _sole_run(settings: Settings) -> Generator[int]:
    """Let no two runs of a workspace's schedule overlap. Raises `TryAgain` if one is under way."""
    with sole(
        settings.folder / "schedule-run.lock",
        f"A run of {settings.workspace}'s schedule is under way.",
        "Wait for it to end, then run this again.",
    ) as descriptor:
        yield descriptor


class Ran(NamedTuple):
    """An entry that was run."""

    entry: str
    exit: int
    seconds: float
    said: tuple[str, ...]


class Step(NamedTuple):
    """What was run, and when to look again."""

    ran: list[Ran]
    look_at: datetime


class Runs(Protocol):
    """What runs a command line: `run_process`, or a test's stand-in."""

    def __call__(self, command: Sequence[str], *, stop: Event, keeps: Sequence[int]) -> Ended:
        """Run it to its end."""
        ...


class Scheduler:
    """The schedule of one workspace. Whoever lets it `step` has to be its `sole_scheduler`."""

    def __init__(
        self,
        settings: Settings,
        *,
        tell: Tell,
        now: Now = utc_now,
        runs: Runs = run_process,
    ) -> None:
        """Raises `HubbubError` if there is something wrong with the schedule."""
        self.settings = settings
        self._tell = tell
        self._now = now
        self._runs = runs
        self._changed_at = _changed_at(settings)
        self._entries = schedule_of(settings)
        self._state = ScheduleState(settings.schedule_state)

    def heed_changes(self) -> bool:
        """Read hubbub.toml again if it has changed; whether it had. What is wrong with it is told,
        and the schedule stays as it was."""
        changed_at = _changed_at(self.settings)
        if changed_at == self._changed_at:
            return False
        self._changed_at = changed_at
        try:
            settings = reloaded(self.settings)
            self._entries = schedule_of(settings)
        except HubbubError as error:
            self._tell("failed", f"The schedule stays as it was. {error.reason} {error.fix}")
            return False
        self.settings = settings
        return True

    def step(self, stop: Event) -> Step:
        """Run what is due, each entry once.

        Raises `HubbubError` if what was run cannot be remembered: then nothing more is run.
        """
        ran: list[Ran] = []
        while not stop.is_set():
            found = self._next_due()
            if found is None:
                break
            try:
                with _sole_run(self.settings) as descriptor:
                    ran += self._run(*found, stop, descriptor)
            except TryAgain:  # somebody has asked for one: this one's turn comes after it
                return Step(ran, self._now() + _LOOK)
        return Step(ran, self._next_look())

    def _next_due(self) -> tuple[Entry, int] | None:
        """The entry that has been due for longest, and for how many times; None if none is."""
        now, state = self._now(), self._known()
        found: list[tuple[datetime, int, Entry, int]] = []
        for place, entry in enumerate(self._entries):
            known = state[entry.name]
            due = entry.cron.due(known.upto, now)
            if due is not None:
                found.append((due.first, place, entry, due.times))
            elif known.again_at is not None and known.again_at <= now:
                found.append((known.again_at, place, entry, 1))
        if not found:
            return None
        _, _, entry, times = min(found)
        return entry, times

    def _known(self) -> dict[str, Remembered]:
        """What is remembered of each entry; what is new begins now."""
        now = self._now()
        state = self._state.read()
        new = {
            entry.name: entry.cron.expression
            for entry in self._entries
            if (known := state.get(entry.name)) is None
            or known.cron != entry.cron.expression
            or known.upto > now + _WRONG_CLOCK
        }
        if not new and {*state} <= {entry.name for entry in self._entries}:
            return state
        with self._state.changing() as changed:
            for name, cron in new.items():
                last = changed[name].last if name in changed else None
                changed[name] = Remembered(cron, now, last)
            for name in {*changed} - {entry.name for entry in self._entries}:
                del changed[name]
            return dict(changed)

    def _next_look(self) -> datetime:
        now, state = self._now(), self._known()
        moments = [entry.cron.after(state[entry.name].upto) for entry in self._entries]
        moments += [each.again_at for each in state.values() if each.again_at is not None]
        return min([*moments, now + _FARTHEST])

    def _run(self, entry: Entry, times: int, stop: Event, lock: int) -> list[Ran]:
        """Run an entry that is due, and remember how it ended."""
        began_at = self._now()
        if not self._begin(entry, began_at):
            return []
        missed = f", for {times} times that it was due" if times > 1 else ""
        self._tell("running", f"{entry.name}: {' '.join(entry.words)}{missed}")
        ended = self._runs(command_line(self.settings, entry.words), stop=stop, keeps=[lock])
        is_stopped = stop.is_set() and ended.exit != Exit.DONE
        last = _last(self.settings, began_at, ended, times)
        with self._state.changing() as state:
            known = state[entry.name]
            known.last, known.begun_at, known.was_killed = last, None, False
            if not is_stopped:  # else it is begun anew by whoever comes next
                known.upto = began_at
                _note_tries(known, ended.exit, self._now())
            again_at = known.again_at
        told = f"{in_words(ended.exit)}, {ended.seconds:.1f} s"
        if again_at is not None:
            told += f"; once more in {(again_at - self._now()).total_seconds() / 60:.0f} min"
        state = "idle" if ended.exit in {Exit.DONE, Exit.FINDINGS} else "failed"
        self._tell(state, " ".join([f"{entry.name}: {told}.", *last.said]))
        return [Ran(entry.name, ended.exit, ended.seconds, last.said)]

    def _begin(self, entry: Entry, began_at: datetime) -> bool:
        """Note that a run begins. False if it was killed twice: it is given up then."""
        with self._state.changing() as state:
            known = state[entry.name]
            if known.begun_at is not None:
                known.last = Last(known.begun_at, 0.0, -9)
                if known.was_killed:
                    known.upto, known.begun_at, known.was_killed = began_at, None, False
                    known.tries, known.again_at = 0, None
                    told = f"{entry.name}: killed twice; it waits until it is due again."
                    self._tell("failed", told)
                    return False
                known.was_killed = True
            known.begun_at = began_at
        return True


def run_now(settings: Settings, name: str, *, stop: Event, runs: Runs, now: Now = utc_now) -> Ended:
    """Run an entry although it is not due; if it ends well, what was due until now is done with.

    Raises `UsageError` for an unknown name, `TryAgain` if another run is under way.
    """
    entry = entry_of(settings, named(settings, name))
    began_at = now()
    with _sole_run(settings) as descriptor:
        ended = runs(command_line(settings, entry.words), stop=stop, keeps=[descriptor])
        with ScheduleState(settings.schedule_state).changing() as state:
            known = state.setdefault(name, Remembered(entry.cron.expression, began_at))
            known.last = _last(settings, began_at, ended, 0)
            if ended.exit == Exit.DONE:
                known.upto, known.tries, known.again_at = began_at, 0, None
    return ended


def named(settings: Settings, name: str) -> Scheduled:
    """An entry by its name. Raises `UsageError` if there is none."""
    for each in settings.schedule:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in settings.schedule)
    raise UsageError(
        f"The schedule of {settings.workspace} has no {name!r}.",
        f"It has: {known}." if known else f"Write it under [schedule] in {settings.written}.",
    )


def reloaded(settings: Settings) -> Settings:
    """The settings as they are written now, under the same flags."""
    flags = settings.unflagged is not None
    again = load(
        str(settings.home),
        settings.workspace,
        settings.privacy.get("preset") if flags else None,
        settings.timezone if flags else None,
    )
    return replace(again, serve=settings.serve)


def _last(settings: Settings, began_at: datetime, ended: Ended, times: int) -> Last:
    said = without_people(settings, ended.complaints) if ended.exit != Exit.DONE else ()
    return Last(began_at, round(ended.seconds, 1), ended.exit, said, times)


def _note_tries(known: Remembered, code: int, now: datetime) -> None:
    """Decide whether and when to try again."""
    if code == Exit.TRY_AGAIN and known.tries < _MOST_TRIES:
        known.again_at = now + min(_FIRST_PAUSE * 2**known.tries, _LONGEST_PAUSE)
        known.tries += 1
    else:
        known.tries, known.again_at = 0, None


def _changed_at(settings: Settings) -> int:
    try:
        return settings.written.stat().st_mtime_ns
    except OSError:
        return 0
