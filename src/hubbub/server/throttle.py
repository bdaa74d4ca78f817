"""Slows the guessing of passwords down: each failure makes the next try wait longer."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from hubbub.flows.granting import address_of

_REMEMBERED = 10_000
"""Addresses whose failures are remembered."""
_WELCOME = 1_000
"""Addresses from which somebody has logged in that are remembered."""


class Pace(Struct, frozen=True):
    """How many tries are free, how fast they come back, and how the wait grows beyond them."""

    free: int
    regained_in: float
    """Seconds without a try after which one failure is forgotten."""
    doubled_by: int
    """Failures that double the wait, which begins at a second."""
    longest: float
    """Seconds."""


_OF_ADDRESS = Pace(free=5, regained_in=600, doubled_by=1, longest=900)
_OF_ALL = Pace(free=100, regained_in=6, doubled_by=10, longest=30)
"""For all addresses together; its longest wait is short, for it keeps honest people out too."""


class _Failures:
    """Failures that are forgotten with time."""

    __slots__ = ("at", "count")

    def __init__(self, moment: float) -> None:
        self.count = 0
        self.at = moment

    def now(self, pace: Pace, moment: float) -> int:
        return max(0, self.count - int((moment - self.at) / pace.regained_in))

    def wait(self, pace: Pace, moment: float) -> float:
        """Seconds until another try is allowed."""
        beyond = self.now(pace, moment) - pace.free
        if beyond < 0:
            return 0.0
        wanted = min(2.0 ** min(beyond / pace.doubled_by, 30), pace.longest)
        return max(0.0, self.at + wanted - moment)

    def add(self, pace: Pace, moment: float) -> None:
        self.count = self.now(pace, moment) + 1
        self.at = moment


class Throttle:
    """Counts the failures of each address, and of all together, in bounded memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of_address: OrderedDict[str, _Failures] = OrderedDict()
        self._of_all = _Failures(clock())
        self._welcome: OrderedDict[str, None] = OrderedDict()

    @property
    def remembered(self) -> int:
        """How many addresses it knows."""
        return len(self._of_address) + len(self._welcome)

    def begin(self, address: str) -> float:
        """Seconds to wait before a try from an address; 0 begins one. It counts as failed until
        `succeed`, so that many at once cannot slip through."""
        moment, whose = self._clock(), _network_of(address)
        known = self._of_address.get(whose)
        wait = known.wait(_OF_ADDRESS, moment) if known else 0.0
        if whose not in self._welcome:  # a flood from elsewhere does not keep these out
            wait = max(wait, self._of_all.wait(_OF_ALL, moment))
        if wait > 0:
            return wait
        self._of_address.setdefault(whose, _Failures(moment)).add(_OF_ADDRESS, moment)
        self._of_address.move_to_end(whose)
        self._of_all.add(_OF_ALL, moment)
        _shrink(self._of_address, _REMEMBERED)
        return 0.0

    def succeed(self, address: str) -> None:
        """The try was right: nothing is held against its address."""
        whose = _network_of(address)
        self._of_address.pop(whose, None)
        self._of_all.count = max(0, self._of_all.count - 1)
        self._welcome[whose] = None
        self._welcome.move_to_end(whose)
        _shrink(self._welcome, _WELCOME)


def _shrink(remembered: OrderedDict[str, Any], most: int) -> None:
    while len(remembered) > most:
        remembered.popitem(last=False)


def _network_of(address: str) -> str:
    """What one person has: an address of IPv4, a /64 of IPv6."""
    try:
        found = address_of(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return f"{int(found) >> 64:x}::"
