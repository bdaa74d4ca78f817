"""What became of each event: what tests count, and what `/_sim/events` tells."""

from collections import Counter, OrderedDict
from threading import Lock
from typing import Literal

import msgspec
from msgspec import Struct

from hubbub.simulator.state import Raw

KEPT = 100_000
"""So many settled events are remembered."""

Fate = Literal["waiting", "acknowledged", "dropped"]


class Attempt(Struct, frozen=True):
    """One try to deliver. `at` is by the simulator's clock; `failure` is Slack's retry reason,
    empty if the receiver acknowledged."""

    at: float
    failure: str


class Entry(Struct):
    """One event on its way to an app.

    `why` says what a dropped one was dropped for: `retries` (all failed), `no_retry` (the receiver
    asked for none), `late`, `rate_limited`, `disabled`, `lost` (by a fault). `copies` are the times
    that a fault lets it come once more. `body` is the envelope's JSON.
    """

    event_id: str
    type: str
    body: bytes
    happened_at: float
    fate: Fate = "waiting"
    why: str = ""
    copies: int = 0
    attempts: list[Attempt] = []

    @property
    def event(self) -> Raw:
        """The inner event."""
        return msgspec.json.decode(self.body)["event"]


class Ledger:
    """The events for one app, in the order in which they happened."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def enter(self, entry: Entry) -> None:
        """Write down a new event; the oldest goes where there are too many, if it is settled."""
        with self._lock:
            self._entries[entry.event_id] = entry
            if len(self._entries) > KEPT:
                oldest = next(iter(self._entries.values()))
                if oldest.fate != "waiting":
                    del self._entries[oldest.event_id]

    def note(self, entry: Entry, attempt: Attempt) -> None:
        """Write down a try; an event once acknowledged stays so."""
        with self._lock:
            entry.attempts.append(attempt)
            if not attempt.failure:
                entry.fate, entry.why = "acknowledged", ""

    def drop(self, entry: Entry, why: str) -> None:
        """Write down that an event is given up, unless a copy of it was acknowledged."""
        with self._lock:
            if entry.fate == "waiting":
                entry.fate, entry.why = "dropped", why

    def entries(self, fate: Fate | None = None, event_type: str = "") -> list[Entry]:
        """The events, or those of a fate or type."""
        with self._lock:
            return [
                entry
                for entry in self._entries.values()
                if fate in {None, entry.fate} and event_type in {"", entry.type}
            ]

    def find(self, event_id: str) -> Entry:
        """One event."""
        with self._lock:
            return self._entries[event_id]

    def ids(self, fate: Fate | None = None) -> set[str]:
        """The ids of the events, or of those of a fate."""
        return {entry.event_id for entry in self.entries(fate)}

    @property
    def acknowledged(self) -> set[str]:
        """The ids of the events that the receiver acknowledged."""
        return self.ids("acknowledged")

    @property
    def dropped(self) -> set[str]:
        """The ids of the events that will not come (again)."""
        return self.ids("dropped")

    @property
    def failed(self) -> set[str]:
        """The ids of the events of which a try failed, whatever came later."""
        return {e.event_id for e in self.entries() if any(each.failure for each in e.attempts)}

    def counts(self) -> dict[str, int]:
        """How many events there are of each fate, and how many tries were made."""
        entries = self.entries()
        fates = Counter(entry.fate for entry in entries)
        told = {fate: fates[fate] for fate in ("waiting", "acknowledged", "dropped")}
        return told | {"attempts": sum(len(entry.attempts) for entry in entries)}
