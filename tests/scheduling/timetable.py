"""A workspace with a schedule, a clock that tests set, and runs that only pretend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from hubbub.flows.processes import Ended
from hubbub.flows.schedule_state import Remembered, ScheduleState
from hubbub.flows.scheduling import Scheduler
from hubbub.settings import Settings, load


def instant(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(home: Path, name: str = "grove", timezone: str = "UTC", **entries: str) -> Settings:
    """A workspace whose schedule has these entries: `nightly="0 3 * * * collect"`."""
    file = home / name / "hubbub.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'timezone = "{timezone}"', "[privacy]", 'preset = "open"', "[schedule]"]
    for entry, said in entries.items():
        *cron, run = said.split(" ", 5)
        lines.append(f'{entry} = {{ cron = "{" ".join(cron)}", run = "{run}" }}')
    file.write_text("\n".join(lines), encoding="utf-8")
    return load(str(home), name)


class Died(BaseException):
    """The process that runs the schedule has been killed."""


@dataclass
class Timetable:
    """A scheduler whose clock stands still until a test moves it."""

    settings: Settings
    now: datetime
    exits: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """How the next runs of a verb end; 0 if nothing is said."""
    takes: timedelta = timedelta()
    """How long each run takes."""
    ran: list[str] = field(default_factory=list[str])
    """What was run, with when it began."""
    told: list[str] = field(default_factory=list[str])
    meanwhile: Callable[[], None] = lambda: None
    """What happens while something runs."""
    stop: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew, as a process does that knows nothing but the files."""
        self.scheduler = Scheduler(
            self.settings,
            tell=lambda state, told: self.told.append(f"{state}: {told}"),
            now=lambda: self.now,
            runs=self.run,
        )

    def run(self, command: Sequence[str], *, stop: Event, keeps: Sequence[int]) -> Ended:
        """Pretend to run a command."""
        words = list(command[command.index(self.settings.workspace) + 1 :])
        self.ran.append(f"{self.now:%m-%d %H:%M} {' '.join(words)}")
        self.meanwhile()
        self.now += self.takes
        code = self.exits.get(words[0], []).pop(0) if self.exits.get(words[0]) else 0
        if code == -9:
            raise Died
        complaints = ("It did not work. Mend it.",) if code else ()
        return Ended(code, self.takes.total_seconds(), complaints)

    def look(self, moment: str) -> list[str]:
        """Let the scheduler look at a time; returns what it ran."""
        self.now = instant(moment)
        before = len(self.ran)
        self.next_look = self.scheduler.step(self.stop).look_at
        return self.ran[before:]

    def remembered(self, entry: str) -> Remembered:
        """What is remembered of an entry."""
        return ScheduleState(self.settings.schedule_state).read()[entry]
