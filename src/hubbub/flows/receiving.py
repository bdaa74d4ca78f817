"""Takes events from Slack, and has them safe on the disk before Slack is told so.

One thread does it, for all events that wait at once: one pass through the gate, one commit.
"""

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

import msgspec

from hubbub.core.batch import Admitted
from hubbub.core.ports import Listener, Outcome
from hubbub.errors import DiskFull, HubbubError, TryAgain
from hubbub.flows.admitting import Passed, admit_events, place_of
from hubbub.flows.gates import Gates
from hubbub.flows.hearing_members import Heard, Hearing
from hubbub.flows.vitals import Vitals
from hubbub.slack.events import ASKS_FOR_A_READING, TOUCHES_TABLES, Delivery
from hubbub.slack.values import items, record
from hubbub.stores.eventlog import COPIES_OF_ENTRY, Entry, EventLog

_CAPACITY = 4_096
_CAPACITY_BYTES = 32_000_000
"""What may wait; beyond that Slack is asked to come again."""
_AT_ONCE = 512
"""Events of one entry, at most: the first of them waits for the last."""
_is_type = re.compile(r"[a-z_.]{1,40}").fullmatch
_log = logging.getLogger("hubbub.server")


def type_label(kind: str) -> str:
    """A type as a label, if it looks like Slack's; what else stands there could be anything, and
    is not told."""
    return kind if _is_type(kind) else "other"


class _Waiting(NamedTuple):
    """An event, and who waits for what becomes of it."""

    delivery: Delivery
    future: "asyncio.Future[Outcome]"


class Receiver:
    """Makes events durable: `start` it, then await `receive` for each, in one asyncio loop."""

    def __init__(
        self,
        log: EventLog,
        gates: Gates,
        vitals: Vitals,
        *,
        team_id: str | None,
        own_user_id: str | None = None,
        listener: Listener,
        hearing: Hearing | None = None,
        capacity: int = _CAPACITY,
        capacity_bytes: int = _CAPACITY_BYTES,
    ) -> None:
        self._log, self._gates, self._vitals = log, gates, vitals
        self._team_id, self._own_user_id = team_id, own_user_id
        self._hearing = hearing
        self._capacity, self._capacity_bytes = capacity, capacity_bytes
        self._events = self._bytes = 0
        """What waits; counted in the loop alone."""
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="receiver", daemon=True)
        self._is_open = False
        self._log_state = ""
        self.listener = listener
        self.listeners: list[Callable[[Entry], None]] = []
        """Called in the receiver's thread after each entry is durable."""

    def start(self) -> None:
        """Begin to take events."""
        self._note_log("ok", "")
        self._is_open = True
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, and take nothing more."""
        self._is_open = False
        self._queue.put(None)
        self._thread.join()

    async def receive(self, delivery: Delivery) -> Outcome:
        """Have an event durable, if that can be; the outcome says what to tell Slack."""
        if not self._is_ours(delivery.team_id):
            return Outcome.WRONG_WORKSPACE
        size = len(delivery.event)
        if (
            not self._is_open
            or self._events >= self._capacity
            or self._bytes + size > self._capacity_bytes
        ):
            return Outcome.BUSY
        self._events += 1
        self._bytes += size
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(delivery, future))
        return await future

    def held_back(self, team_id: str) -> None:
        """Slack has said that it does not deliver all events of a workspace."""
        if self._is_ours(team_id):
            self.listener.gap(None, "Slack held events back: there were more than 30,000 an hour")

    def _is_ours(self, team_id: str) -> bool:
        return self._team_id is None or team_id == self._team_id

    def _run(self) -> None:
        is_open = True
        while is_open:
            waiting: list[_Waiting] = []
            is_open = self._gather(waiting)
            if waiting:
                self._take(waiting)
        self._turn_away()

    def _gather(self, waiting: list[_Waiting]) -> bool:
        """Add all that waits, one event at least; says whether more may come."""
        try:
            while len(waiting) < _AT_ONCE:
                following = self._queue.get(block=not waiting)
                if following is None:
                    return False
                waiting.append(following)
        except Empty:
            pass
        return True

    def _turn_away(self) -> None:
        """What came after the end."""
        try:
            while True:
                if (late := self._queue.get_nowait()) is not None:
                    self._answer([late], {late.delivery.event_id}, Outcome.BUSY)
        except Empty:
            pass

    def _take(self, waiting: Sequence[_Waiting]) -> None:
        """Store what is new of all that waits, and say what became of each."""
        fresh: dict[str, Delivery] = {}
        for delivery, _ in waiting:
            fresh.setdefault(delivery.event_id, delivery)
        entry: Entry | None = None
        heard: dict[str, Heard] = {}
        try:
            unseen = self._log.unseen([*fresh])
            fresh = {event_id: each for event_id, each in fresh.items() if event_id in unseen}
            if self._hearing is not None:
                heard = self._hearing.heed(fresh.values())
            outcome, entry = self._store(fresh, heard) if fresh else (Outcome.DONE, None)
            self._note_log("ok", "")
        except HubbubError as error:
            outcome = self._failure(error)
        except Exception as error:  # noqa: BLE001 the thread must live: events go on coming
            _log.error("Events could not be taken: %s.", place_of(error))
            outcome = Outcome.FAILED
        self._answer(waiting, set(fresh), outcome)
        if outcome is Outcome.DONE:
            self._tell([*fresh.values()], entry)
            if self._hearing is not None:
                self._hearing.reply(heard.values())

    def _store(
        self, unseen: Mapping[str, Delivery], heard: Collection[str]
    ) -> tuple[Outcome, Entry | None]:
        """Have events durable; of those by which members have chosen, only that they were seen."""
        fresh = [*unseen.values()]
        first_copy = self._log.next_number() << COPIES_OF_ENTRY
        kept = [each for each in fresh if each.event_id not in heard]
        passed = admit_events(self._gates, kept, first_copy)
        if passed is None:
            return Outcome.NOT_READY, None
        tables = {name: rows for name, rows in passed.admitted.tables.items() if rows.num_rows}
        received_at = time.time_ns() // 1000
        number = self._log.append(passed.admitted, passed.logged, [each.event_id for each in fresh])
        self._count(fresh, passed)
        entry = Entry(number, received_at, tuple(passed.logged), tables) if tables else None
        return Outcome.DONE, entry

    def _failure(self, error: HubbubError) -> Outcome:
        if isinstance(error, TryAgain):
            return Outcome.BUSY
        is_full = isinstance(error, DiskFull)
        self._note_log("full" if is_full else "failed", f"{error.reason} {error.fix}")
        return Outcome.DISK_FULL if is_full else Outcome.FAILED

    def _note_log(self, state: str, told: str) -> None:
        if state != self._log_state:
            self._log_state = state
            self._vitals.set("log", state, told)
            if told:
                _log.error("%s", told)

    def _answer(self, waiting: Sequence[_Waiting], fresh: set[str], outcome: Outcome) -> None:
        """Say what became of each event; of several that are the same the first counts."""
        repeated = Outcome.DUPLICATE if outcome is Outcome.DONE else outcome
        if len(fresh) == len(waiting):  # each came once, and none of them before
            self._hand_back([(each, outcome) for each in waiting])
            return
        answers: list[tuple[_Waiting, Outcome]] = []
        met: set[str] = set()
        for each in waiting:
            event_id = each.delivery.event_id
            if event_id not in fresh:
                answers.append((each, Outcome.DUPLICATE))
            elif event_id in met:
                answers.append((each, repeated))
            else:
                met.add(event_id)
                answers.append((each, outcome))
        duplicates = sum(told is Outcome.DUPLICATE for _, told in answers)
        if duplicates:
            self._vitals.duplicates.inc(duplicates)
        self._hand_back(answers)

    def _hand_back(self, answers: Sequence[tuple[_Waiting, Outcome]]) -> None:
        """Answer in the loop's own thread."""
        loop = answers[0][0].future.get_loop()
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(self._resolve, answers)

    def _resolve(self, answers: Sequence[tuple[_Waiting, Outcome]]) -> None:
        self._events -= len(answers)
        for (delivery, future), outcome in answers:
            self._bytes -= len(delivery.event)
            if not future.done():  # the request may have been given up
                future.set_result(outcome)

    def _count(self, fresh: Sequence[Delivery], passed: Passed) -> None:
        self._vitals.logged.inc(len(fresh))
        self._vitals.last_event_at = time.time()
        ignored = Counter(each.type for each in fresh if each.type not in TOUCHES_TABLES)
        for kind, count in ignored.items():
            self._vitals.ignored.labels(type=type_label(kind)).inc(count)
        for alert in _alerts(passed.admitted):
            self._vitals.alerts.labels(kind=alert["kind"]).inc(alert["found"])
        if unreadable := [*passed.unreadable.values()]:
            told = "%d events could not be read and are in the quarantine: %s."
            _log.error(told, len(unreadable), unreadable[0])
            for each in fresh:
                if each.event_id in passed.unreadable:
                    self.listener.gap(each.channel_id, "an event could not be read")

    def _tell(self, fresh: Sequence[Delivery], entry: Entry | None) -> None:
        """Tell those who listen; their trouble is not Slack's."""
        try:
            if entry is not None:
                for listen in self.listeners:
                    listen(entry)
            for each in fresh:
                self._heed(each)
            for channel_id in self._gates.newly_met():
                self.listener.gap(channel_id, "an event named a channel that is not known yet")
        except Exception as error:  # noqa: BLE001 the thread must live: events go on coming
            _log.error("Events are safe, but not told: %s.", place_of(error))

    def _heed(self, event: Delivery) -> None:
        """Heed what an event says of Slack's own deliveries."""
        if event.type == "message":
            if event.subtype == "channel_convert_to_public":
                self.listener.gap(event.channel_id, "a channel may be public now")
        elif event.type in ASKS_FOR_A_READING:
            self.listener.gap(event.channel_id, f"Slack sent {event.type}")
        elif event.type == "member_joined_channel" and self._is_own(event):
            self.listener.gap(event.channel_id, "the app was let into a channel")
        elif event.type == "app_uninstalled":
            self.listener.gone("The app was removed from the workspace.")
        elif event.type == "tokens_revoked" and _tokens_of_bot(event):
            self.listener.gone("The app's bot token was revoked.")

    def _is_own(self, event: Delivery) -> bool:
        member = msgspec.json.decode(event.event).get("user")
        return self._own_user_id is not None and member == self._own_user_id


def _tokens_of_bot(event: Delivery) -> list[Any]:
    """The app's own tokens among those that were revoked: the others are of members, and end
    nothing here."""
    told = record(msgspec.json.decode(event.event))
    return items(record(told.get("tokens")).get("bot"))


def _alerts(admitted: Admitted) -> list[dict[str, Any]]:
    """What was taken out of texts: kind, and how often it was found."""
    rows: Any = admitted.tables.get("alerts")
    return [] if rows is None else rows.select(["kind", "found"]).to_pylist()
