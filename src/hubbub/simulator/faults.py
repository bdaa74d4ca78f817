"""Faults on request: what goes wrong between a collector and Slack, one by one or at random."""

import random
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, TypeAlias

from msgspec import Struct, field

Arguments: TypeAlias = Mapping[str, Any]
_CODES = {200: "internal_error", 429: "ratelimited", 500: "internal_error"}


class Fault(Struct):
    """One thing that goes wrong with calls of a method, or of all (`*`).

    By itself it replaces the answer: by an HTTP `status`, an `error` code, or both; with `after`
    the call's work is done before. `slow` is how many real seconds the answer takes,
    `reset_mid_body` breaks the connection off in the middle of it, and `longest_page` cuts the
    page to so many objects: these three leave the work done and the answer right.
    With `late` the caller gets the error at once, and the work is done so many seconds of the clock
    later, as that of a request that has timed out.
    `times` is how often it strikes, always if none, and `skip` how many calls it lets pass first.
    It strikes only calls whose arguments have the values in `given` and pass the test `when`.
    """

    method: str = "*"
    status: int = 200
    error: str = ""
    retry_after: int = 30
    after: bool = False
    late: float = 0.0
    slow: float = 0.0
    reset_mid_body: bool = False
    longest_page: int | None = None
    times: int | None = 1
    skip: int = 0
    given: Mapping[str, str] = {}
    when: Callable[[Arguments], bool] | None = None

    @property
    def replaces_answer(self) -> bool:
        """Whether the caller gets an error in place of the answer."""
        return bool(self.error) or self.status != 200

    @property
    def code(self) -> str:
        """The error code of the answer that it gives."""
        return self.error or _CODES.get(self.status, "service_unavailable")

    def strikes(self, method: str, arguments: Arguments) -> bool:
        """Whether a call is one that it is meant for; counts it."""
        if self.times == 0 or self.method not in {"*", method} or not self._applies(arguments):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def _applies(self, arguments: Arguments) -> bool:
        if any(str(arguments.get(name)) != value for name, value in self.given.items()):
            return False
        return self.when is None or self.when(arguments)


def _has_cursor(arguments: Arguments) -> bool:
    return bool(arguments.get("cursor"))


CHAOS: dict[str, Callable[[], Fault]] = {
    "429": lambda: Fault(status=429, retry_after=1),
    "500": lambda: Fault(status=500),
    "503": lambda: Fault(status=503),
    "internal_error": lambda: Fault(error="internal_error"),
    "500 after the work": lambda: Fault(status=500, after=True),
    "reset": lambda: Fault(reset_mid_body=True),
    "slow": lambda: Fault(slow=0.02),
    "invalid_cursor": lambda: Fault(error="invalid_cursor", when=_has_cursor),
    "short page": lambda: Fault(longest_page=2),
    "empty page": lambda: Fault(longest_page=0),
}
"""What goes wrong at random, by name."""


class _Chaos(Struct):
    rng: random.Random
    chance: float
    kinds: tuple[str, ...]


class Faults(Struct):
    """The faults that wait for their calls, in the order in which they were asked for."""

    _waiting: list[Fault] = []
    _chaos: _Chaos | None = None
    _lock: Lock = field(default_factory=Lock)

    def add(
        self,
        method: str = "*",
        *,
        when: Callable[[Arguments], bool] | None = None,
        **what: Any,
    ) -> Fault:
        """Ask for a fault; `what` are the other fields of `Fault`."""
        fault = Fault(method, when=when, **what)
        with self._lock:
            self._waiting.append(fault)
        return fault

    def chaos(self, seed: int, chance: float, kinds: tuple[str, ...] = tuple(CHAOS)) -> None:
        """Let each call meet a random fault with a chance; equal seeds give equal sequences."""
        with self._lock:
            self._chaos = _Chaos(random.Random(seed), chance, kinds)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()
            self._chaos = None

    def waiting(self) -> list[Fault]:
        """The faults that may still strike."""
        with self._lock:
            return [fault for fault in self._waiting if fault.times != 0]

    def draw(self, method: str, arguments: Arguments) -> Fault | None:
        """The fault that strikes a call, if any does."""
        with self._lock:
            for fault in self._waiting:
                if fault.strikes(method, arguments):
                    return fault
            if self._chaos and self._chaos.rng.random() < self._chaos.chance:
                fault = CHAOS[self._chaos.rng.choice(self._chaos.kinds)]()
                return fault if fault.strikes(method, arguments) else None
            return None
