"""Keeps the schedules of one workspace or of many, in one process, until it is told to stop."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from threading import Event

from msgspec import Struct

from hubbub.errors import HubbubError, TryAgain
from hubbub.flows.admitting import place_of
from hubbub.flows.processes import run_process
from hubbub.flows.scheduling import Now, Ran, Runs, Scheduler, State, sole_scheduler, utc_now
from hubbub.settings import Settings

_LOOK_SECONDS = 20.0
"""How often what has changed is looked at."""

News = Callable[[str, State, str], None]
"""Hears of a workspace how its schedule fares, and what it does."""


class _Kept(Struct):
    """A schedule that this process looks after."""

    scheduler: Scheduler
    lock: ExitStack
    look_at: datetime
    work: "Future[None] | None" = None

    @property
    def is_busy(self) -> bool:
        return self.work is not None and not self.work.done()


class Keeper:
    """Runs what is due in some workspaces, at most so many of them at once.

    A workspace whose schedule another process runs, or whose hubbub.toml is wrong, is told of once
    and looked at again and again; it hinders no other.
    """

    def __init__(
        self,
        names: Callable[[], Sequence[str]],
        settings_of: Callable[[str], Settings],
        *,
        at_once: int = 1,
        news: News,
        now: Now = utc_now,
        runs: Runs = run_process,
    ) -> None:
        """`names` is asked again and again: workspaces may come and go."""
        self._names = names
        self._settings_of = settings_of
        self._at_once = at_once
        self._news = news
        self._now = now
        self._runs = runs
        self._kept: dict[str, _Kept] = {}
        self._told: dict[str, str] = {}
        self._ran: list[tuple[str, Ran]] = []

    def run(self, stop: Event) -> None:
        """Keep them until stopped; what runs then is asked to end."""
        with self._workers() as pool:
            try:
                while not stop.is_set():
                    self._ran.clear()
                    self._look(pool, stop)
                    stop.wait(self._pause())
            except BaseException:
                stop.set()
                raise
        self._let_go({*self._kept})

    def run_due(self, stop: Event) -> list[tuple[str, Ran]]:
        """Run what is due now; returns what was run, and whose schedule is wrong, as an entry
        without a name. A workspace is held for no longer than its own runs take."""
        with self._workers() as pool:
            try:
                for work in [pool.submit(self._once, name, stop) for name in self._names()]:
                    work.result()
            except BaseException:
                stop.set()
                raise
        return sorted(self._ran)

    def _workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._at_once, "schedule")

    def _once(self, name: str, stop: Event) -> None:
        """Run what is due in a workspace, unless another process does."""
        kept = None if stop.is_set() else self._take(name)
        if kept is not None:
            self._step(name, kept, stop)
            self._let_go({name})

    def _look(self, pool: ThreadPoolExecutor, stop: Event) -> None:
        names = self._names()
        self._let_go({name for name in {*self._kept} - {*names} if not self._kept[name].is_busy})
        for name in names:
            kept = self._kept.get(name) or self._take(name)
            if kept is None or kept.is_busy:
                continue
            if kept.scheduler.heed_changes() or kept.look_at <= self._now():
                kept.work = pool.submit(self._step, name, kept, stop)

    def _take(self, name: str) -> _Kept | None:
        """Begin to look after a workspace, if nobody else does."""
        with ExitStack() as stack:
            try:
                settings = self._settings_of(name)
                if not settings.schedule:
                    return None
                stack.enter_context(sole_scheduler(settings))
                scheduler = Scheduler(
                    settings,
                    tell=partial(self._news, name),
                    now=self._now,
                    runs=self._runs,
                )
            except TryAgain as error:  # its schedule is in good hands
                self._tell_once(name, "waiting", f"{error.reason} {error.fix}")
                return None
            except HubbubError as error:
                self._fail(name, error)
                return None
            self._told.pop(name, None)
            kept = self._kept[name] = _Kept(scheduler, stack.pop_all(), self._now())
            return kept

    def _step(self, name: str, kept: _Kept, stop: Event) -> None:
        """Let a workspace run what is due; what goes wrong there stays there."""
        kept.look_at = self._now() + timedelta(seconds=_LOOK_SECONDS)
        try:
            ran, kept.look_at = kept.scheduler.step(stop)
            self._ran += [(name, each) for each in ran]
            self._told.pop(name, None)
        except HubbubError as error:
            self._fail(name, error)
        except Exception as error:  # noqa: BLE001 the others go on
            self._tell_once(name, "failed", f"The schedule broke off: {place_of(error)}.")

    def _pause(self) -> float:
        """Seconds until something may be due, or may have changed."""
        waiting = [each.look_at for each in self._kept.values() if not each.is_busy]
        soonest = min(waiting, default=None)
        if soonest is None:
            return 1.0 if self._kept else _LOOK_SECONDS
        return min(max((soonest - self._now()).total_seconds(), 1.0), _LOOK_SECONDS)

    def _fail(self, name: str, error: HubbubError) -> None:
        told = f"{error.reason} {error.fix}"
        self._ran.append((name, Ran("", error.exit, 0.0, (told,))))
        self._tell_once(name, "failed", told)

    def _tell_once(self, name: str, state: State, told: str) -> None:
        if self._told.get(name) != told:
            self._told[name] = told
            self._news(name, state, told)

    def _let_go(self, names: set[str]) -> None:
        for name in names:
            self._kept.pop(name).lock.close()
