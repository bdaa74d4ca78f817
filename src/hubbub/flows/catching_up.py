"""Fills the gaps of live events from history: after downtime, on a reconnection, where an event
says that something changed without saying what, and each night.

Events are delivered as well as Slack can, which is not always. What history says is right.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Condition, Event
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows.admitting import place_of
from hubbub.flows.collecting import Report, Wish, collect
from hubbub.flows.gates import Gates
from hubbub.flows.vitals import Vitals
from hubbub.settings import Settings

_log = logging.getLogger("hubbub.server")

NIGHT = 3
"""The hour of the workspace's day at which all is looked through."""
_TOGETHER_SECONDS = 2.0
"""Gaps that are told within this time are filled by one run."""
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 900.0
"""Seconds before a run that failed is tried again."""


class Collects(Protocol):
    """What fills gaps: `collect`, or a test's stand-in."""

    def __call__(self, settings: Settings, wish: Wish, *, stop: Event) -> Report:
        """Bring the tables up to date."""
        ...


class _Wanted(Struct):
    """What is to be looked at, and why."""

    everything: bool = False
    channels: set[str] = set()
    why: list[str] = []

    def __bool__(self) -> bool:
        return self.everything or bool(self.channels)

    def add(self, other: "_Wanted") -> None:
        """Want what another wants too."""
        self.everything |= other.everything
        self.channels |= other.channels
        self.why += [each for each in other.why if each not in self.why]


class CatchingUp:
    """Collects whenever a gap is told, one run at a time."""

    def __init__(
        self,
        settings: Settings,
        gates: Gates,
        vitals: Vitals,
        collected: Callable[[], None],
        collects: Collects | None = collect,
    ) -> None:
        """Without `collects`, since there is no token, gaps stay."""
        self._settings = settings
        self._gates = gates
        self._vitals = vitals
        self._collected = collected
        self._collects = collects
        self._wanted = _Wanted()
        self._has_news = Condition()
        self._gone = ""
        self._night = next_night(settings.timezone)

    def gap(self, channel_id: str | None, why: str) -> None:
        """Say that events may be missing: of a channel, or anywhere."""
        with self._has_news:
            self._wanted.add(
                _Wanted(channel_id is None, {channel_id} if channel_id else set(), [why])
            )
            self._has_news.notify()

    def gone(self, why: str) -> None:
        """Say that Slack has taken the app out of the workspace: nothing can be asked any more."""
        with self._has_news:
            self._gone = why
            self._has_news.notify()

    def run(self, stop: Event) -> None:
        """Prepare the gate, fill gaps until stopped. What fails is told, and tried again."""
        pause = _FIRST_PAUSE
        while not stop.is_set():
            if self._has_worked(stop):
                pause = _FIRST_PAUSE
            else:
                stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _has_worked(self, stop: Event) -> bool:
        try:
            return self._work(stop)
        except KeyboardInterrupt:
            return True  # so the collector says that it was told to stop
        except Exception as error:  # noqa: BLE001 the thread must live: gaps go on coming
            told = f"History could not be read: {place_of(error)}."
            _log.error("%s", told)
            self._vitals.set("collector", "failed", told)
            return False

    def _work(self, stop: Event) -> bool:
        """Prepare the gate if it is not, else fill what gaps there are; whether that went well."""
        if self._gates.current() is None:
            try:
                self._gates.prepare()
            except HubbubError as error:
                self._vitals.set("collector", "failed", f"{error.reason} {error.fix}")
                return False
        wanted = self._next(stop)
        if not wanted or stop.is_set() or self._collects is None:
            return True
        is_done = False
        try:
            is_done = self._fill(wanted, stop)
        finally:
            if not is_done:
                with self._has_news:
                    self._wanted.add(wanted)
        return is_done

    def _next(self, stop: Event) -> _Wanted:
        """What to look at next: waits for a gap, for the night, or for a gate that has to be made
        anew."""
        with self._has_news:
            while not (self._wanted or stop.is_set() or time.time() >= self._night):
                self._has_news.wait(timeout=1.0)
                if self._gates.current() is None:
                    return _Wanted()
        if time.time() >= self._night:
            self._night = next_night(self._settings.timezone)
            return _Wanted(everything=True, why=["the night's look through everything"])
        stop.wait(_TOGETHER_SECONDS)
        with self._has_news:
            wanted, self._wanted = self._wanted, _Wanted()
        return wanted

    def _fill(self, wanted: _Wanted, stop: Event) -> bool:
        """Collect what is wanted; returns whether that is done with."""
        assert self._collects is not None, "asked only where there is a token"
        if self._gone:
            self._vitals.set("collector", "failed", self._gone)
            return True
        self._vitals.set("collector", "running", "; ".join(wanted.why))
        channels = () if wanted.everything else tuple(sorted(wanted.channels))
        try:
            report = self._collects(self._settings, Wish(channels=channels), stop=stop)
        except TryAgain as error:
            self._vitals.set("collector", "waiting", f"{error.reason} {error.fix}")
            return False
        except UsageError as error:
            # a channel that the token does not see: there is nothing to be had
            self._vitals.set("collector", "idle", error.reason)
            return True
        except HubbubError as error:
            self._vitals.set("collector", "failed", f"{error.reason} {error.fix}")
            return False
        for method, calls in report.calls.items():
            self._vitals.api_calls.labels(method).inc(calls)
        self._gates.refresh()
        self._collected()
        told = "; ".join(f"{each.where}: {each.code}" for each in report.troubles)
        self._vitals.set("collector", "idle", told)
        return not any(trouble.is_passing for trouble in report.troubles)


def next_night(timezone: str) -> float:
    """When the next night's look begins, in seconds since 1970."""
    now = datetime.now(ZoneInfo(timezone))
    night = now.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return (night if night > now else night + timedelta(days=1)).timestamp()
