"""Events on their way through the gate: many at once, and none of them stops the others."""

import traceback
from collections.abc import Mapping, Sequence
from typing import cast

from msgspec import Struct

from hubbub.core.batch import Admitted, Batch, carries_copy
from hubbub.errors import HubbubError
from hubbub.flows.gates import Gates
from hubbub.slack.events import TOUCHES_TABLES, Delivery, envelope_of
from hubbub.stores.eventlog import Logged


class Passed(Struct, frozen=True):
    """What the gate let through of some events."""

    admitted: Admitted
    logged: list[Logged]
    """The events of which anything is left."""
    unreadable: Mapping[str, str]
    """Where reading failed in a way that nobody expected, by event id."""


def admit_events(gates: Gates, events: Sequence[Delivery], first_copy: int) -> Passed | None:
    """What may be stored of events, copies numbered from the first; None if there is no gate.

    An event that cannot be read is in the quarantine, without its content.
    """
    try:
        return _admitted(gates, events, first_copy, {})
    except HubbubError:
        raise
    except Exception:  # noqa: BLE001 whatever one event has met must not cost the others
        unreadable = {each.event_id: why for each in events if (why := _trouble(gates, each))}
        return _admitted(gates, events, first_copy, unreadable)


def _trouble(gates: Gates, event: Delivery) -> str | None:
    """What is unexpected about one event: no word of what it holds."""
    try:
        _admitted(gates, [event], 0, {})
    except HubbubError:
        raise
    except Exception as error:  # noqa: BLE001 this is what is asked here
        return place_of(error)
    return None


def place_of(error: Exception) -> str:
    """An unexpected error by its type and the line that raised it; its text may quote people."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"


def _admitted(
    gates: Gates, events: Sequence[Delivery], first_copy: int, unreadable: Mapping[str, str]
) -> Passed | None:
    readable = [each for each in events if each.event_id not in unreadable]
    gates.observe(readable)
    gate = gates.current()
    if gate is None:
        return None
    telling = [each for each in readable if each.type in TOUCHES_TABLES]
    envelopes = [envelope_of(each) for each in telling]
    batch = gates.reader.read(envelopes, gate, copies=first_copy)
    for event_id, why in unreadable.items():
        batch.quarantine(f"event {event_id}", 0, f"could not be read: {why}", None)
    admitted = gate.admit(batch)
    return Passed(admitted, _logged(telling, batch, admitted), unreadable)


def _logged(telling: Sequence[Delivery], batch: Batch, admitted: Admitted) -> list[Logged]:
    """The events of which rows are left. Of all others nothing is noted: they may be of channels
    that are nobody's business here."""
    left: set[int] = set()
    for name, rows in admitted.tables.items():
        if carries_copy(name):
            left.update(cast("list[int]", rows.column("copy").to_pylist()))
    found: list[Logged] = []
    for each, (messages, others) in zip(telling, batch.spans, strict=True):
        if not left.isdisjoint(messages) or not left.isdisjoint(others):
            key = each.channel_id or "workspace"
            first, second = (messages, others) if messages else (others, messages)
            found.append(Logged(
                each.event_id, each.type, key, first.start, len(first), second.start, len(second)
            ))  # fmt: skip
    return found
