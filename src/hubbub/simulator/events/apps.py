"""One app that is told of events, by Slack's rules of delivery: slack-platform.md §4.1."""

import random
from collections import deque
from threading import RLock

from msgspec import Struct

from hubbub.simulator.clock import Clock
from hubbub.simulator.events.dispatcher import Dispatcher
from hubbub.simulator.events.envelopes import Envelopes
from hubbub.simulator.events.faults import AT_THE_DOOR, ON_THE_WAY, DeliveryFaults
from hubbub.simulator.events.happening import Happening
from hubbub.simulator.events.ledger import Attempt, Entry, Ledger
from hubbub.simulator.events.transport import Outcome, Transport
from hubbub.simulator.state import Raw, Workspace
from hubbub.simulator.tokens import Token, Tokens

HOUR = 3600.0
RETRIES = (0.0, 60.0, 300.0)
"""When a failed event is tried again, in seconds after the first try."""

HOURLY = tuple(RETRIES[-1] + HOUR * hour for hour in range(1, 25))
"""When it is tried further, if the app has Slack's setting Delayed Events."""

TOO_LATE = 2 * HOUR
"""Seconds after which an event is not delivered any more, without that setting."""

MOST_AN_HOUR = 30_000
"""Events an hour that an app is told of, at most."""

JUDGED_FROM = 1_000
"""Apps with fewer events an hour are never switched off."""

WORST = 0.95
"""An app of whose tries more than this share fail in an hour is switched off."""

OVERTAKING = 10
"""So many later events may overtake one that comes out of order."""


class _Parcel(Struct):
    """An event on its way; `attempt` is the number of the next try, from 0."""

    entry: Entry
    attempt: int = 0
    first_at: float = 0.0
    reason: str = ""


class App:
    """What one app hears, on which way, and what became of it.

    `names` are the events that it subscribed to as a manifest's `bot_events` has them, all if
    none. It hears as its bot may: by the scopes and channels of its first active bot token.
    """

    def __init__(
        self,
        app_id: str,
        workspace: Workspace,
        tokens: Tokens,
        clock: Clock,
        dispatcher: Dispatcher,
        faults: DeliveryFaults,
    ) -> None:
        self.app_id = app_id
        self.ledger = Ledger()
        self.names: frozenset[str] | None = None
        self.way: Transport | None = None
        self.is_enabled = True
        self.has_delayed_events = False
        self.most_an_hour = MOST_AN_HOUR
        self._workspace = workspace
        self._tokens = tokens
        self._clock = clock
        self._dispatcher = dispatcher
        self._faults = faults
        self._envelopes = Envelopes(workspace.team["id"], app_id)
        self._lock = RLock()
        self._heard: deque[float] = deque()
        self._tries: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._limited_minute = 0

    @property
    def bot(self) -> Token | None:
        """The token whose bot hears for the app."""
        return next(
            (
                token
                for token in self._tokens.all()
                if token.app_id == self.app_id
                and token.kind == "bot"
                and token.standing == "active"
            ),
            None,
        )

    def hear(self, happening: Happening) -> None:
        """Send an event on its way, if the app hears of it, and a mention of its bot beside it."""
        token = self.bot
        if token is None or self.way is None or not self.is_enabled:
            return
        members = self._workspace.members
        mention = _mention(happening, token)
        for each in (happening, mention) if mention else (happening,):
            if each.is_heard_by(token, self.names, members):
                self.tell(_permitted(each, token), token)

    def tell(self, happening: Happening, token: Token) -> None:
        """Send an event on its way, whether or not the app may hear of it."""
        now = self._clock.now()
        with self._lock:
            event_id = self._envelopes.next_id()
            body = self._envelopes.wrap(event_id, happening, token, now)
            entry = Entry(event_id, happening.event["type"], body, now)
            self.ledger.enter(entry)
            while self._heard and now - self._heard[0] > HOUR:
                self._heard.popleft()
            if len(self._heard) >= self.most_an_hour:
                self.ledger.drop(entry, "rate_limited")
                self._tell_of_limit(now)
                return
            self._heard.append(now)
        self._send(entry, now)

    def enable(self, *, is_enabled: bool) -> None:
        """Switch deliveries off, or on again as an owner does by hand."""
        with self._lock:
            self.is_enabled = is_enabled
            self._tries.clear()
            self._failures = 0
            if not is_enabled:
                for entry in self.ledger.entries("waiting"):
                    self.ledger.drop(entry, "disabled")

    def _send(self, entry: Entry, now: float) -> None:
        fault = self._faults.draw(ON_THE_WAY, entry.event_id, entry.type)
        dice = random.Random(entry.event_id)
        at, after = now, 0.0
        if fault and fault.kind == "lose":
            self.ledger.drop(entry, "lost")
            return
        if fault and fault.kind == "delay":
            at += fault.seconds
        elif fault and fault.kind == "reorder":
            # Where the clock runs each event goes out as it happens, so this one waits a little.
            at += dice.uniform(0.1, 1.0) * self._clock.speed
            after = dice.randint(1, OVERTAKING) + 0.5
        elif fault and fault.kind == "duplicate":
            entry.copies += 1
            copy = _Parcel(entry)
            again = at + dice.uniform(0.0, 1.0) * self._clock.speed
            self._dispatcher.put(lambda: self._try(copy), again, dice.randint(0, OVERTAKING) + 0.5)
        parcel = _Parcel(entry)
        self._dispatcher.put(lambda: self._try(parcel), at, after)

    def _tell_of_limit(self, now: float) -> None:
        """Tell once a minute that events are left out."""
        minute = int(now // 60) * 60
        if minute != self._limited_minute:
            self._limited_minute = minute
            told = self._envelopes.rate_limited(minute)
            notice = _Parcel(Entry(f"limited {minute}", "app_rate_limited", told, now))
            self._dispatcher.put(lambda: self._try(notice), now)

    def _try(self, parcel: _Parcel) -> None:
        """Deliver once, and see to it that a failure is tried again."""
        entry, now = parcel.entry, self._clock.now()
        way = self.way
        if way is None or not self.is_enabled:
            self.ledger.drop(entry, "disabled")
            return
        if now - entry.happened_at > TOO_LATE and not self.has_delayed_events:
            self.ledger.drop(entry, "late")
            return
        outcome = self._delivered(way, parcel)
        self.ledger.note(entry, Attempt(now, outcome.failure))
        self._judge(way, now, failed=bool(outcome.failure))
        if not outcome.failure:
            return
        parcel.first_at = parcel.first_at or now
        offsets = RETRIES + (HOURLY if self.has_delayed_events else ())
        if outcome.is_final or parcel.attempt >= len(offsets):
            self.ledger.drop(entry, "no_retry" if outcome.is_final else "retries")
            return
        due = parcel.first_at + offsets[parcel.attempt]
        parcel.attempt += 1
        parcel.reason = outcome.failure
        self._dispatcher.put(lambda: self._try(parcel), max(due, now))

    def _delivered(self, way: Transport, parcel: _Parcel) -> Outcome:
        entry = parcel.entry
        fault = self._faults.draw(AT_THE_DOOR, entry.event_id, entry.type, parcel.attempt)
        if fault and fault.kind == "unreachable":
            return Outcome("connection_failed")
        outcome = way.deliver(entry.body, parcel.attempt, parcel.reason)
        if fault and fault.kind == "unheard" and not outcome.failure:
            return Outcome("http_timeout")
        return outcome

    def _judge(self, way: Transport, now: float, *, failed: bool) -> None:
        """Switch the app off if nearly all of an hour's tries failed."""
        with self._lock:
            self._tries.append((now, failed))
            self._failures += failed
            while now - self._tries[0][0] > HOUR:
                self._failures -= self._tries.popleft()[1]
            busy = len(self._heard) >= JUDGED_FROM <= len(self._tries)
            if way.is_judged and busy and self._failures > WORST * len(self._tries):
                self.enable(is_enabled=False)


def _mention(happening: Happening, token: Token) -> Happening | None:
    """The second event by which an app hears of a message that mentions its bot."""
    event = happening.event
    if event["type"] != "message" or event.get("hidden") or event.get("user") == token.user_id:
        return None
    if f"<@{token.user_id}" not in str(event.get("text", "")):
        return None
    left_out = {"channel_type", "parent_user_id", "root"}
    shown = {name: value for name, value in event.items() if name not in left_out}
    shown["type"] = "app_mention"
    scopes = ("app_mentions:read",)
    return Happening(shown, "app_mention", scopes, happening.within, happening.channel)


def _permitted(happening: Happening, token: Token) -> Happening:
    """An event without the mail address, if the app may not see it."""
    user: Raw | None = happening.event.get("user")
    if not isinstance(user, dict) or token.allows("users:read.email"):
        return happening
    profile = {name: value for name, value in user["profile"].items() if name != "email"}
    event = happening.event | {"user": user | {"profile": profile}}
    return Happening(event, happening.subscription, happening.scopes)
