"""Lets the store take over what events have brought, each exactly once.

How far it has come is written in the transaction of the merge: whenever this is stopped, the next
one goes on where the store is.
"""

import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Event

import duckdb
import msgspec
from msgspec import Struct

from hubbub.errors import HubbubError, TryAgain
from hubbub.flows.admitting import place_of
from hubbub.flows.applying_policy import gate_of_store, settle
from hubbub.flows.gates import Gates
from hubbub.flows.vitals import Vitals
from hubbub.flows.workspace import policy_of_workspace, scratch_folder, sole
from hubbub.privacy.gate import Gate
from hubbub.privacy.policy import Policy
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.changes import count_replies
from hubbub.stores.eventlog import Entry, EventLog
from hubbub.stores.merge import Merged, merge
from hubbub.stores.staging import Staged

_log = logging.getLogger("hubbub.server")

SOURCE = "events"
"""How `positions` calls the workspace's own event log."""

_REMEMBER = timedelta(days=3)
"""How long ids of events are remembered: Slack delivers late events for a day."""
_PAUSE_SECONDS = 0.3
"""Between two merges, at least …"""
_PAUSE_FACTOR = 2.0
"""… and so many times as long as the merge took: the cores belong to the events first, and one
large merge costs less than two small ones."""
_TURN_SECONDS = 0.05
"""Between two merges of what has piled up: enough for others to get their turn."""
_RETRY_SECONDS = 5.0
_BEHIND_SECONDS = 10.0
_TOPIC_SECONDS = 10.0
_SERVER_SECONDS = 60.0
"""How long to wait for a running server to merge what it has taken."""


class Loaded(Struct, frozen=True):
    """What one merge took over."""

    merged: Merged
    position: int
    seconds: float
    is_all: bool
    """Whether nothing waits that had been there when it began."""


@contextmanager
def sole_loader(settings: Settings) -> Generator[None]:
    """Let no other process load events into this workspace. Raises `TryAgain` if one does."""
    with sole(
        settings.folder / "load.lock",
        f"Another hubbub is loading events into {settings.folder}.",
        "There is one loader a workspace: wait for `hubbub serve` or `hubbub load` to end.",
    ):
        yield


def merge_staged(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    staged: Staged,
    gate: Gate,
    positions: Mapping[str, int],
) -> Merged:
    """Merge rows of events and note how far that is, in the transaction that the session has
    begun."""
    connection.execute("SET threads = 1")
    merged = merge(connection, staged)
    if "messages" in staged:
        count_replies(connection)
    settle(connection, settings, gate)
    for source, position in positions.items():
        connection.execute("DELETE FROM store.positions WHERE source = $1", [source])
        connection.execute(
            "INSERT INTO store.positions (source, position) VALUES ($1, $2)", [source, position]
        )
    return merged


def positions(settings: Settings, prefix: str) -> dict[str, int]:
    """How far the store has taken over the sources whose names begin so."""
    if not store.exists(settings.store):
        return {}
    with store.reading(settings.store) as connection:
        rows = connection.execute(
            "SELECT source, position FROM positions WHERE starts_with(source, $1)", [prefix]
        )
        return dict(rows.fetchall())


def _merged(settings: Settings, log: EventLog, gate: Gate, after: int) -> tuple[Merged, int]:
    """Merge what waits, or a part of it if it is much; returns the last entry that was merged."""
    with scratch_folder(settings) as scratch:
        staged, last, _ = log.staged(after, scratch)
        with store.writing(settings.store) as connection:
            return merge_staged(connection, settings, staged, gate, {SOURCE: last}), last


class Loader:
    """Takes over the workspace's event log; one a workspace."""

    def __init__(
        self,
        settings: Settings,
        log: EventLog,
        gates: Gates,
        vitals: Vitals,
        *,
        forwards: bool = False,
    ) -> None:
        """With `forwards` the log keeps entries until the topic has them too."""
        self._settings = settings
        self._forwards = forwards
        self._log = log
        self._gates = gates
        self._vitals = vitals
        self._position = positions(settings, SOURCE).get(SOURCE, 0)
        self.woken = Event()
        """Set when there is something new."""

    def wake(self, entry: Entry | None = None) -> None:
        """There is something new in the log: a listener of the receiver's."""
        del entry
        self.woken.set()

    @property
    def position(self) -> int:
        """The last entry that the store has."""
        return self._position

    def load(self) -> Loaded | None:
        """Merge what waits, or a part of it if it is much; None if there is nothing or the gate is
        not ready."""
        gate = self._gates.current()
        if gate is None or not _waits(self._log, self._position):
            return None
        begun, newest = time.perf_counter(), self._log.last
        merged, last = _merged(self._settings, self._log, gate, self._position)
        events = self._log.events_between(self._position, last)
        self._position = last
        self._log.prune(min(last, self._log.forwarded()) if self._forwards else last, _REMEMBER)
        seconds = time.perf_counter() - begun
        self._vitals.merged.inc(events)
        self._vitals.merges.observe(seconds)
        return Loaded(merged, last, seconds, is_all=last >= newest)

    def run(self, stop: Event, on_merged: Callable[[Loaded], None]) -> None:
        """Load until stopped, and at the end what is left. What fails is told, and tried again."""
        while not stop.is_set():
            self.woken.wait(timeout=1.0)
            self.woken.clear()
            pause = self._load_next(on_merged)
            self._tell_lag()
            stop.wait(pause)
        while self._load_next(on_merged) == _TURN_SECONDS:
            pass

    def _load_next(self, on_merged: Callable[[Loaded], None]) -> float:
        """Load what waits, or a part of it if it is much; returns how long to pause.

        There is a pause after each merge, or who reads would not get at the store while people
        talk: no moment is without an event that waits.
        """
        pause = _PAUSE_SECONDS
        try:
            if (loaded := self.load()) is not None:
                on_merged(loaded)
                pause = max(_PAUSE_SECONDS, _PAUSE_FACTOR * loaded.seconds)
                if not loaded.is_all:
                    self.woken.set()
                    pause = _TURN_SECONDS
        except HubbubError as error:
            return self._failed(f"{error.reason} {error.fix}")
        except Exception as error:  # noqa: BLE001 the thread must live: events go on coming
            return self._failed(f"The store could not take events over: {place_of(error)}.")
        self._vitals.set("loader", "ok")
        return pause

    def _failed(self, told: str) -> float:
        if self._vitals.state("loader").told != told:
            _log.error("%s", told)
        self._vitals.set("loader", "failed", told)
        self.woken.set()
        return _RETRY_SECONDS

    def _tell_lag(self) -> None:
        waiting = self._log.entries(self._position, limit=1)
        lag = time.time() - waiting[0].received_at / 1e6 if waiting else 0.0
        self._vitals.note_lag(lag)
        if lag > _BEHIND_SECONDS:
            events, _ = self._log.waiting(self._position)
            self._vitals.set("loader", "behind", f"{events:,} events wait for the store")


def take_over_events(settings: Settings) -> None:
    """Let the store have all events that wait, and leave no byte of them behind.

    Where a server runs it is waited for, since it does the same. Raises `TryAgain` if it does not.
    """
    if not settings.event_log.exists():
        return
    try:
        with sole_loader(settings):
            load_rest(settings)
    except TryAgain:
        with closing(EventLog(settings.event_log)) as log:
            upto = _wait_for_server(settings, log)
            _wait_for_topic(log, upto)
            log.prune(upto, _REMEMBER)
            log.shrink()


def load_rest(settings: Settings) -> None:
    """The same where no server can be running, since the caller is the sole loader."""
    if not settings.event_log.exists():
        return
    gate = gate_of_store(settings)
    position = positions(settings, SOURCE).get(SOURCE, 0)
    with closing(EventLog(settings.event_log)) as log:
        keep_to_policy(settings, log)
        while _waits(log, position):
            _, position = _merged(settings, log, gate, position)
        log.prune(position, _REMEMBER)
        log.shrink()


def keep_to_policy(settings: Settings, log: EventLog) -> None:
    """Let go of entries that a looser policy than the present one has admitted, and note by which
    they are admitted from now on. The caller is the sole loader.

    Admitted rows cannot be admitted once more: what is keyed would be keyed again. The collector
    brings what was said by the present policy.
    """
    policy, noted = policy_of_workspace(settings), log.admitted_by()
    if noted is not None and not _read_policy(noted).is_within(policy):
        if events := log.waiting(0)[0]:
            _log.warning(
                "The privacy policy is stricter than the one by which %s events were admitted that "
                "waited in the log. They are removed; hubbub collect fetches what may be kept.",
                f"{events:,}",
            )
        log.prune(log.last, _REMEMBER)
        log.shrink()
    told = msgspec.json.encode(policy).decode()
    if told != noted:
        log.note_admission(told)


_read_policy = msgspec.json.Decoder(Policy).decode


def _waits(log: EventLog, position: int) -> bool:
    """Whether an entry follows a position: the last there was may have been let go of."""
    return log.waiting(position)[1] > 0


def _wait_for_server(settings: Settings, log: EventLog) -> int:
    """Wait until a running server has merged all that waits now; returns the last entry of that."""
    upto, deadline = log.last, time.monotonic() + _SERVER_SECONDS
    while (at := positions(settings, SOURCE).get(SOURCE, 0)) < upto and _waits(log, at):
        if time.monotonic() > deadline:
            raise TryAgain(
                "A server of this workspace is running, and has not merged all events yet.",
                "See its loader on the dashboard; run this again when it has, or end it first.",
            )
        time.sleep(0.2)
    return upto


def _wait_for_topic(log: EventLog, upto: int) -> None:
    """Give the outbox time to hand on what waits, if there is one. A broker that is away is not
    waited for: erasing comes first."""
    deadline = time.monotonic() + _TOPIC_SECONDS
    while 0 < log.forwarded() < upto and time.monotonic() < deadline:
        time.sleep(0.2)
