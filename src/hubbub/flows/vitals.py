"""How a running server fares: counters for monitoring, and states that a dashboard shows."""

import time
from threading import Lock
from typing import Any, Literal

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

Part = Literal["slack", "log", "loader", "broker", "collector", "schedule"]
"""What of a server has a state."""


class State(Struct, frozen=True):
    """How one part fares, in a word and a sentence, and since when (seconds since 1970)."""

    state: str
    told: str
    since: float


class Vitals:
    """Counters, gauges and states of one server. Any thread may write them."""

    def __init__(self, *, tells_events: bool = True) -> None:
        """Without `tells_events`, where small groups are suppressed, nothing is told that moves
        when a member says something: two looks would tell of that one."""
        self._tells_events = tells_events
        self.registry = CollectorRegistry()
        """What is told."""
        self.of_events = self.registry if tells_events else CollectorRegistry()
        self.received = self._counter("events_received", "Events delivered by Slack", "source")
        self.rejected = self._counter("events_rejected", "Requests that were refused", "reason")
        self.duplicates = self._counter("events_duplicate", "Events delivered once more")
        self.ignored = self._counter("events_ignored", "Events that touch no table", "type")
        self.logged = self._counter("events_logged", "Events that are safe on the disk")
        self.merged = self._counter("events_merged", "Events that the store has taken over")
        self.forwarded = self._counter("events_forwarded", "Events that the topic has")
        self.api_calls = self._counter("api_calls", "Calls of Slack's Web API", "method")
        self.alerts = self._counter("pii_alerts", "Personal data taken out of texts", "kind")
        self.lag = Gauge(
            "hubbub_loader_lag_seconds", "Age of the oldest event that waits for the store",
            registry=self.of_events,
        )  # fmt: skip
        self.outbox = Gauge(
            "hubbub_outbox_events", "Events that wait for the topic", registry=self.of_events
        )
        self.merges = Histogram(
            "hubbub_merge_seconds", "Time that a merge took", registry=self.of_events
        )
        self.viewers = Gauge("hubbub_viewers", "Open dashboards", registry=self.registry)
        self.last_event_at: float | None = None
        self.lag_seconds = 0.0
        self._states: dict[str, State] = {}
        self._lock = Lock()

    def set(self, part: Part, state: str, told: str = "") -> None:
        """Note how a part fares; an unchanged state keeps the time since which it holds."""
        with self._lock:
            before = self._states.get(part)
            since = before.since if before and before.state == state else time.time()
            self._states[part] = State(state, told, since)

    def state(self, part: Part) -> State:
        """How a part fares; `off` if it never said."""
        return self._states.get(part, State("off", "", _STARTED))

    def status(self) -> dict[str, Any]:
        """All states, as the dashboard shows them."""
        with self._lock:
            states = dict(self._states)
        told: dict[str, Any] = {
            part: {"state": each.state, "told": each.told, "since": each.since}
            for part, each in states.items()
        }
        if self._tells_events:
            told |= {"last_event_at": self.last_event_at, "lag_seconds": self.lag_seconds}
        else:
            told |= {"last_event_at": None, "lag_seconds": 0.0}
            for part in ("broker", "loader"):  # how many events wait stands in a sentence
                if part in told:
                    told[part]["told"] = ""
        return told

    def note_lag(self, seconds: float) -> None:
        """Note how old the oldest event is that waits for the store."""
        self.lag_seconds = round(seconds, 1)
        self.lag.set(seconds)

    def _counter(self, name: str, doc: str, *labels: str) -> Counter:
        registry = self.registry if name in _OF_OURS else self.of_events
        return Counter(f"hubbub_{name}", doc, labels, registry=registry)


_OF_OURS = frozenset({"events_rejected", "api_calls"})
"""Counters that say nothing of members."""
_STARTED = time.time()
