"""How fast Slack may be asked: a budget for each method, kept to so that Slack never says no.

Slack counts calls in windows of a minute and leaves open how they lie, so a budget holds for any
minute. A call is counted when it ends: the latest that Slack can have counted it. Bursts are
limited too, by figures that Slack does not publish; it advises a call a second.
"""

import time
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Protocol

from hubbub.slack.methods import CAPPED_CALLS_A_MINUTE, FILE, METHODS

MINUTE = 60.0
_APART = 1.0
"""Seconds between two calls of a method, by Slack's advice."""
_MARGIN = 0.05
"""Seconds by which two clocks may differ over a minute."""
_CAPPED_WAIT = 45.0
_FEW = 3


class Clock(Protocol):
    """Time as Slack has it: real, or that of a simulated Slack."""

    @property
    def speed(self) -> float:
        """Its seconds in a real one; 0 if it only moves by `sleep`."""
        ...

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...


class RealTime:
    """The machine's clock, put right by what Slack says the time is. `stop` ends any sleep."""

    speed = 1.0

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._ahead = time.time() - time.monotonic()

    def put_right(self, instant: float) -> None:
        """Take over the time that Slack says it is."""
        self._ahead = instant - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970. Does not jump when the machine's clock is set."""
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Wait, unless the run is to end."""
        self._stop.wait(seconds)


class Pace:
    """When each method may be called next. `ended` are the times at which calls of an earlier
    process ended, `capped` says whether it found the app to be of the capped class."""

    def __init__(
        self,
        now: float,
        ended: Mapping[str, Sequence[float]] | None = None,
        *,
        capped: bool = False,
    ) -> None:
        self._ended: defaultdict[str, deque[float]] = defaultdict(deque)
        self._blocked: dict[str, float] = {}
        self.is_capped = capped
        for method, times in (ended or {}).items():
            recent = [min(each, now) for each in times if each > now - MINUTE]
            if recent:  # one more may have been under way when that process ended
                self._ended[method] = deque([*recent, now])

    def calls_a_minute(self, method: str) -> int:
        """How often a method may be called in any minute."""
        if method == FILE:
            return 60
        known = METHODS[method]
        return CAPPED_CALLS_A_MINUTE if self.is_capped and known.capped else known.calls_a_minute

    def due(self, method: str) -> float:
        """The instant from which on a method may be called."""
        ended = self._ended[method]
        due = self._blocked.get(method, 0.0)
        if ended:
            due = max(due, ended[-1] + _APART)
        if len(ended) >= (calls := self.calls_a_minute(method)):
            due = max(due, ended[-calls] + MINUTE + _MARGIN)
        return due

    def count(self, method: str, now: float) -> list[float]:
        """Count a call that has ended; returns the times of the last minute's."""
        ended = self._ended[method]
        ended.append(now)
        while ended and ended[0] < now - MINUTE - 1:
            ended.popleft()
        return list(ended)

    def block(self, method: str, until: float) -> None:
        """Ask nothing of a method until an instant: Slack has said so."""
        self._blocked[method] = max(until, self._blocked.get(method, 0.0))

    def refuse(self, method: str, seconds: float, now: float) -> None:
        """Slack has turned a call away for so long. Where it does after a call or two, for about
        a minute, the app is of the capped class."""
        self.block(method, now + seconds)
        known = METHODS.get(method)
        recent = sum(1 for each in self._ended[method] if each > now - MINUTE)
        if known and known.capped and seconds >= _CAPPED_WAIT and recent <= _FEW:
            self.is_capped = True

    def seconds_for(self, calls: Mapping[str, int]) -> float:
        """How long so many calls of each method take: methods go side by side."""
        return max(
            (
                (number - 1) // self.calls_a_minute(method) * MINUTE
                + (number - 1) % self.calls_a_minute(method) * _APART
                for method, number in calls.items()
                if number
            ),
            default=0.0,
        )
