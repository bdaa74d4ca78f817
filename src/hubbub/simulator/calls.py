"""The calls that were made: what tests count."""

from collections import deque
from threading import Lock

from msgspec import Struct

from hubbub.simulator.state import Raw

KEPT = 100_000
"""So many calls are remembered."""


class Answered(Struct, frozen=True):
    """One call and how it was answered; `at` is by the simulator's clock. Tokens are left out."""

    method: str
    arguments: Raw
    at: float
    user_id: str
    app_id: str
    status: int
    error: str = ""


class Calls:
    """The calls in their order."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: deque[Answered] = deque(maxlen=KEPT)

    def note(self, call: Answered) -> None:
        """Remember a call."""
        with self._lock:
            self._made.append(call)

    def made(self, method: str = "") -> list[Answered]:
        """All calls, or those of a method."""
        with self._lock:
            return [call for call in self._made if method in {"", call.method}]

    def count(self, method: str = "") -> int:
        """How many calls were made, or how many of a method."""
        return len(self.made(method))

    def limited(self) -> list[Answered]:
        """The calls that came too soon."""
        return [call for call in self.made() if call.status == 429]

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._made.clear()
