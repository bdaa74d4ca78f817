"""The gate of a running server: it learns from events, and is made anew when choices change.

Templates of records stay as they were when the server began.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock
from time import time_ns

import msgspec
from msgspec.structs import replace

from hubbub.core.batch import Envelope
from hubbub.errors import UsageError
from hubbub.flows.applying_policy import gate_of, needs_directory, people_in, stored_channels
from hubbub.flows.reading import reader_of
from hubbub.flows.workspace import policy_of_workspace
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.scrub import Person
from hubbub.settings import Settings
from hubbub.slack.changes import TOLD_NOTHING, told_of_channel
from hubbub.slack.directory import kind_of
from hubbub.slack.events import Delivery, envelope_of
from hubbub.slack.normalize import decoded

Directory = Callable[[], Iterable[Envelope]]
"""Asks Slack who the members are, in envelopes of `users`."""


class Gates:
    """The gate that events pass. One thread observes and admits; any may ask for a refresh.

    `directory` is asked where the policy takes members' names out of texts, or some are refused.
    """

    def __init__(self, settings: Settings, directory: Directory) -> None:
        self._settings = settings
        self._policy = policy_of_workspace(settings)
        self._directory = directory
        self._lock = Lock()
        self._gate: Gate | None = None
        self._marked = (settings.refused, settings.key)
        self._marks: tuple[int, ...] = ()
        self._channels: dict[str, Channel] = {}
        self._people: dict[Person, None] | None = None
        self._left_public: dict[str, Channel] = {}
        """Channels of which an event said that they are not public any more, until the store knows
        it too."""
        self._withholds_texts = False
        self._preparing = Lock()
        self.reader = reader_of(settings)
        """Reads what is on its way to the gate."""
        self._told: set[str] = set()
        self.unknown: set[str] = set()
        """Channels that events have named and no list has: their names are not known, and perhaps
        not whether they are public."""

    def prepare(self) -> None:
        """Learn who and what there is. Until this is done nothing is admitted.

        Raises `TryAgain` if the directory is needed and Slack does not give it; `UsageError` if it
        never will. Then events are admitted without their texts: whom these name is not known, and
        Slack gives up on a server that refuses all.
        """
        with self._preparing:
            try:
                if needs_directory(self._settings, self._policy) and self._people is None:
                    people = dict.fromkeys(people_in(self._directory()))
                    with self._lock:
                        self._people = people
            except UsageError:
                self._withholds_texts = True
                self._refresh(anew=True)
                raise
            self._refresh(anew=True)

    def refresh(self) -> None:
        """Take over what the store knows of channels, which the collector has read anew."""
        self._refresh(anew=False)

    def _refresh(self, *, anew: bool) -> None:
        """Take over what the store knows of channels. What looks for members' names stays unless
        the gate is made `anew`: of many members that takes seconds."""
        stored = stored_channels(self._settings)
        with self._lock:
            known = {each: told for each, told in self._channels.items() if each not in stored}
            self._left_public = {
                each: told
                for each, told in self._left_public.items()
                if each in stored and stored[each].kind == "public"
            }
            self._channels = known | stored | self._left_public
            self.unknown -= stored.keys()
            if anew or self._gate is None:
                self._make()
            else:
                self._gate = replace(self._gate, channels=dict(self._channels))

    def current(self) -> Gate | None:
        """The gate as it is now; None as long as it is not known whose names texts may hold."""
        with self._lock:
            if self._gate is None:
                return None
            if self._marks != self._read_marks():
                if self._lacks_people():
                    self._gate = None  # somebody was refused whose names nobody has read yet
                    return None
                self._make()
            if not (self._gate.policy.text_days or self._gate.policy.row_days):
                return self._gate  # it asks for no time
            return replace(self._gate, now=time_ns() // 1000)

    def observe(self, deliveries: Sequence[Delivery]) -> None:
        """Learn of channels and members what events tell, before they are admitted."""
        with self._lock:
            met = len(self._people or ())
            has_learned = False
            for delivery in deliveries:
                has_learned |= self._observe_channel(delivery)
                if self._people is not None and delivery.type in _OF_MEMBERS:
                    self._people |= dict.fromkeys(people_in([_directory_of(delivery)]))
            if self._gate is not None and len(self._people or ()) != met:
                self._make()
            elif self._gate is not None and has_learned:
                self._gate = replace(self._gate, channels=dict(self._channels))

    def newly_met(self) -> list[str]:
        """The unknown channels that were not told yet: what was left out of them, and their names,
        have to be looked up."""
        with self._lock:
            fresh = self.unknown - self._told
            self._told |= fresh
            return sorted(fresh)

    def _observe_channel(self, delivery: Delivery) -> bool:
        """Learn of a channel; says whether anything is new."""
        channel_id = delivery.channel_id
        if channel_id is None:
            return False
        told = TOLD_NOTHING
        known = self._channels.get(channel_id)
        if delivery.type != "message" or delivery.subtype is not None:
            told = told_of_channel(decoded(delivery.event))
        elif known is not None and delivery.channel_kind in {None, known.kind}:
            return False  # as nearly all are
        if known is None:
            kind = told.kind or delivery.channel_kind or kind_of({"id": channel_id}, None)
            channel = Channel(told.name or channel_id, kind)
            if told.name is None and kind in {"public", "unknown"}:
                self.unknown.add(channel_id)
        else:
            kind = told.kind or _stricter(known.kind, delivery.channel_kind)
            channel = Channel(told.name or known.name, kind)
        self._channels[channel_id] = channel
        if told.kind == "public":
            self._left_public.pop(channel_id, None)
        elif known is not None and known.kind == "public" != kind:
            self._left_public[channel_id] = channel
        if told.moved_to:
            self._channels[told.moved_to] = channel
        return channel != known or told.moved_to is not None

    def _make(self) -> None:
        self._marks = self._read_marks()
        policy = self._policy
        if self._people is None and needs_directory(self._settings, policy):
            policy = policy.without_texts()
        self._gate = gate_of(
            self._settings, policy, dict(self._channels), tuple(self._people or ())
        )

    def _lacks_people(self) -> bool:
        """Whether it has to be asked first whose names texts may hold."""
        return (
            self._people is None
            and not self._withholds_texts
            and needs_directory(self._settings, self._policy)
        )

    def _read_marks(self) -> tuple[int, ...]:
        """When the list of refused members and the keys were written."""
        return tuple(map(_written_at, self._marked))


_OF_MEMBERS = frozenset({"team_join", "user_change", "user_profile_changed"})


def _directory_of(delivery: Delivery) -> Envelope:
    envelope = envelope_of(delivery)
    user = decoded(delivery.event).get("user")
    return msgspec.structs.replace(envelope, kind="users", payload=msgspec.json.encode([user]))


def _stricter(known: str, said: str | None) -> str:
    """A channel's kind, where a message says it by the way. It can close a channel, whose change
    nobody has told of, but not open one."""
    if said is None or known not in {"public", "unknown"}:
        return known
    return said


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
