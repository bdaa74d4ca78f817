"""The outbox: a thread that hands what the event log holds on to a topic.

Slack never waits for the broker: what it delivers is safe in the log first, and stays there until
the store and the topic have it. What is in the topic is what the gate has admitted.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from typing import Any, Protocol

from hubbub.core.broker import BrokerRefuses
from hubbub.core.tables import MERGED, TABLES, Privacy
from hubbub.core.topic import SCHEMA, WORKSPACE, Admission, Rows, Source, copies_of, written
from hubbub.destinations.topic import Record
from hubbub.errors import HubbubError
from hubbub.flows.auditing import audited
from hubbub.flows.vitals import Vitals
from hubbub.flows.workspace import keys_of, policy_of_workspace
from hubbub.privacy.keys import Keys
from hubbub.privacy.refusals import RefusalFile
from hubbub.settings import Settings
from hubbub.stores.eventlog import Entry, EventLog, Logged

_ENTRIES = 50
"""Entries of the log that are on their way at once: what the outbox holds in memory."""
_LONGEST_PAUSE = 10.0
_LOOK_SECONDS = 10.0
"""How often a broker that has nothing to do is asked whether it is there."""
_SAY_SECONDS = 60.0

_log = logging.getLogger("hubbub.server")


class Writes(Protocol):
    """A topic that is written to; `hubbub.destinations.topic` has it."""

    @property
    def servers(self) -> str:
        """The broker's addresses."""
        ...

    @property
    def topic(self) -> str:
        """The topic's name."""
        ...

    def send(self, records: Sequence[Record], stop: Event) -> bool:
        """Write records; whether all of them are safe."""
        ...

    def ping(self) -> None:
        """See whether the broker answers."""
        ...

    def close(self) -> None:
        """Let go of the broker."""
        ...


class Forwarder:
    """Hands a workspace's events on, each at least once, those of a channel in order.

    How far it is stands in the event log. `broker` in the vitals says how it fares.
    """

    def __init__(
        self, settings: Settings, log: EventLog, writer: Writes, vitals: Vitals, *, team_id: str
    ) -> None:
        audited(settings, "deliver", "topic", outcome="begun")
        self._log = log
        self._writer = writer
        self._vitals = vitals
        self._keys = keys_of(settings)
        self._refused = RefusalFile(settings.refused)
        policy = policy_of_workspace(settings)
        admission = Admission(policy.text, policy.links, self._keys.mark)
        self._source = Source(settings.workspace, team_id, admission)
        self._stop, self._woken = Event(), Event()
        self._thread = Thread(target=self._run, name="outbox", daemon=True)
        self._said_at = float("-inf")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is under way; the next start goes on there."""
        self._stop.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._writer.close()

    def wake(self, entry: Entry | None = None) -> None:
        """There is something new in the log: a listener of the receiver's."""
        del entry
        self._woken.set()

    def forward(self) -> int:
        """Hand on what comes next; returns how many entries that were. Raises `BrokerDown`,
        `BrokerRefuses`."""
        after = self._log.forwarded()
        entries = self._log.entries(after, _ENTRIES)
        if not entries:
            return 0
        refused = _Refused(self._refused, self._keys)
        records = [
            record for entry in entries for record in records_of(entry, self._source, refused)
        ]
        if records and not self._writer.send(records, self._stop):
            return 0
        self._log.note_forwarded(entries[-1].number)
        self._vitals.forwarded.inc(len(records))
        return len(entries)

    def _run(self) -> None:
        pause, looked_at = 1.0, float("-inf")
        try:
            while not self._stop.is_set():
                self._woken.clear()
                try:
                    handed_on = self.forward()
                    if not handed_on and time.monotonic() - looked_at >= _LOOK_SECONDS:
                        self._writer.ping()
                        looked_at = time.monotonic()
                except HubbubError as error:
                    self._note_trouble(error)
                    self._stop.wait(pause)
                    pause, looked_at = min(2 * pause, _LONGEST_PAUSE), float("-inf")
                    continue
                pause = 1.0
                self._note_working()
                if not handed_on:
                    self._woken.wait(_LOOK_SECONDS)
        finally:
            if not self._stop.is_set():  # a fault of ours: it must not look as if all was well
                self._vitals.set(
                    "broker", "down", "The outbox has ended; the program's log says why."
                )

    def _note_working(self) -> None:
        waiting = self._waiting()
        told = f"{self._writer.topic} at {self._writer.servers}"
        if waiting:
            told += f"; events on their way: {waiting:,}"
        self._vitals.set("broker", "ok", told)

    def _note_trouble(self, error: HubbubError) -> None:
        """Say it on the dashboard at once, and in the log once a minute."""
        waiting = f"{self._waiting():,} events wait in the log."
        self._vitals.set("broker", "down", f"{error.reason} {error.fix} {waiting}")
        if time.monotonic() - self._said_at >= _SAY_SECONDS:
            self._said_at = time.monotonic()
            level = logging.ERROR if isinstance(error, BrokerRefuses) else logging.WARNING
            _log.log(level, "%s %s %s", error.reason, error.fix, waiting)

    def _waiting(self) -> int:
        waiting = self._log.waiting(self._log.forwarded())[0]
        self._vitals.outbox.set(waiting)
        return waiting


class _Refused:
    """The members of whom nothing may leave any more, though the log still has rows of them."""

    def __init__(self, file: RefusalFile, keys: Keys) -> None:
        self._refusals = file.refusals(keys)
        self._pseudonyms = {entry.pseudonym for entry in file.entries()} - {None}

    def __bool__(self) -> bool:
        return bool(self._refusals)

    def __contains__(self, member: object) -> bool:
        return member in self._refusals or member in self._pseudonyms

    def calls(self, name: str) -> bool:
        """Whether one of them bears a name."""
        return self._refusals.calls(name)


def records_of(entry: Entry, source: Source, refused: _Refused | None = None) -> list[Record]:
    """The records of an entry's events, in order. An event of which nothing was admitted makes
    none: that it happened is nobody's business."""
    copies = copies_of(entry.tables)
    return [
        record
        for event in entry.events
        if (record := _record_of(event, copies, entry.received_at, source, refused))
    ]


def _record_of(
    event: Logged,
    copies: Mapping[int, Rows],
    received_at: int,
    source: Source,
    refused: _Refused | None,
) -> Record | None:
    own = (
        *range(event.first_copy, event.first_copy + event.copies),
        *range(event.first_other, event.first_other + event.others),
    )
    rows = [copies[copy] for copy in own if copy in copies]
    if refused:
        rows = [left for each in rows if (left := _without(each, refused))]
    if not rows:
        return None
    value = written(source, event.event_id, event.type, received_at, rows)
    headers = (("schema", str(SCHEMA)), ("workspace", source.workspace), ("type", event.type))
    return Record(f"{source.workspace}/{_key(event, rows)}", value, headers)


def _key(event: Logged, copies: list[Rows]) -> str:
    """What the event stays in order with; a channel of which nothing is admitted is not named."""
    for copy in copies:
        for rows in copy.values():
            if any(row.get("channel_id") == event.key for row in rows):
                return event.key
    return WORKSPACE


_BELONGS_TO = {
    table.name: [
        column.name
        for column in table.columns
        if column.privacy is Privacy.MEMBER and not column.names_only
    ]
    for table in TABLES.values()
}
_NAMES_ONLY = {
    table.name: [column.name for column in table.columns if column.names_only]
    for table in TABLES.values()
}
_CALLS = {
    table.name: [column.name for column in table.names_of_others] for table in TABLES.values()
}
_MERGED = {table.name for table in MERGED}


def _without(copy: Rows, refused: _Refused) -> Rows:
    """A copy without rows and names of refused members; nothing if it is one of theirs."""
    left: Rows = {}
    for name, rows in copy.items():
        kept = [
            _unnamed(name, row, refused)
            for row in rows
            if not any(row.get(column) in refused for column in _BELONGS_TO[name])
        ]
        if name in _MERGED and len(kept) < len(rows):
            return {}
        if kept:
            left[name] = kept
    return left


def _unnamed(table: str, row: dict[str, Any], refused: _Refused) -> dict[str, Any]:
    """A row that does not name refused members to whom it does not belong."""
    gone = {name for name in _NAMES_ONLY[table] if row.get(name) in refused}
    gone |= {name for name in _CALLS[table] if name in row and refused.calls(row[name])}
    return {name: value for name, value in row.items() if name not in gone} if gone else row
