"""Faults of delivery on request: what goes wrong between Slack and a receiver of events."""

import random
from threading import Lock
from typing import Literal

from msgspec import Struct, field

Kind = Literal["duplicate", "reorder", "delay", "lose", "unreachable", "unheard"]

ON_THE_WAY: tuple[Kind, ...] = ("duplicate", "reorder", "delay", "lose")
AT_THE_DOOR: tuple[Kind, ...] = ("unreachable", "unheard")
KINDS: tuple[Kind, ...] = ON_THE_WAY + AT_THE_DOOR


class DeliveryFault(Struct):
    """One thing that goes wrong with events of a type, or of all (`*`).

    `duplicate`: the event comes twice. `reorder`: later ones overtake it. `delay`: it comes
    `seconds` of the clock later. `lose`: it never comes. `unreachable`: the receiver cannot be
    reached this time. `unheard`: the receiver acknowledges, and Slack does not hear it, so the
    event comes again. `times` is how often it strikes, always if none; `skip` how many events it
    lets pass first.
    """

    kind: Kind
    event_type: str = "*"
    seconds: float = 30.0
    times: int | None = 1
    skip: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no fault {self.kind}; there is: {', '.join(KINDS)}")

    def strikes(self, kinds: tuple[Kind, ...], event_type: str) -> bool:
        """Whether an event is one that it is meant for; counts it."""
        if self.times == 0 or self.kind not in kinds or self.event_type not in {"*", event_type}:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class _Chaos(Struct, frozen=True):
    seed: int
    chance: float
    kinds: tuple[Kind, ...]

    def draw(self, kinds: tuple[Kind, ...], event_id: str, attempt: int) -> DeliveryFault | None:
        """Dice of its own for each try of each event: threads do not change what they show."""
        possible: list[Kind] = [each for each in self.kinds if each in kinds]
        dice = random.Random(f"{self.seed} {event_id} {attempt} {kinds}")
        if not possible or dice.random() >= self.chance:
            return None
        return DeliveryFault(dice.choice(possible), seconds=dice.uniform(1.0, 60.0))


class DeliveryFaults(Struct):
    """The faults that wait for their events, in the order in which they were asked for."""

    _waiting: list[DeliveryFault] = []
    _chaos: _Chaos | None = None
    _lock: Lock = field(default_factory=Lock)

    def add(
        self,
        kind: Kind,
        event_type: str = "*",
        *,
        seconds: float = 30.0,
        times: int | None = 1,
        skip: int = 0,
    ) -> DeliveryFault:
        """Ask for a fault."""
        fault = DeliveryFault(kind, event_type, seconds, times, skip)
        with self._lock:
            self._waiting.append(fault)
        return fault

    def chaos(self, seed: int, chance: float, kinds: tuple[Kind, ...] = KINDS) -> None:
        """Let each event, and each try to deliver it, meet a random fault with a chance; equal
        seeds give the same to equal events."""
        with self._lock:
            self._chaos = _Chaos(seed, chance, tuple(kinds))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()
            self._chaos = None

    def waiting(self) -> list[DeliveryFault]:
        """The faults that may still strike."""
        with self._lock:
            return [fault for fault in self._waiting if fault.times != 0]

    def draw(
        self,
        kinds: tuple[Kind, ...],
        event_id: str,
        event_type: str,
        attempt: int = 0,
    ) -> DeliveryFault | None:
        """The fault of one of the kinds that strikes an event, if any does."""
        with self._lock:
            for fault in self._waiting:
                if fault.strikes(kinds, event_type):
                    return fault
            return self._chaos.draw(kinds, event_id, attempt) if self._chaos else None
