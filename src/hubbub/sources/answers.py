"""What an answer of Slack's says for the collection: its messages, the states of threads and
reactions that they tell of, and the envelopes that it becomes."""

from typing import Any, cast

import msgspec
from msgspec import Struct

from hubbub.core.batch import Envelope
from hubbub.core.progress import NO_REPLY, Coverage, Reading, is_before, stamp
from hubbub.slack.api import Answer
from hubbub.slack.values import Json, count, micros_of_ts, records, text

SETTLED = 2.0
"""Seconds after which a message is seen by every call."""
NO_REPLIES = f"0 {NO_REPLY}"
"""State of a thread without replies."""


class Page(Struct, frozen=True):
    """What an answer brought, and what is thereby done: kept together or not at all."""

    envelopes: list[Envelope]
    coverage: Coverage | None = None
    readings: list[Reading] = []
    answer: Answer | None = None


def messages_of(answer: Answer) -> list[Json]:
    """The messages of a page that have a `ts`; others are left to the quarantine."""
    return [each for each in answer.records("messages") if micros_of_ts(each.get("ts")) is not None]


def thread_state(message: Json) -> str | None:
    """What a root tells of its thread; None if the message is no root."""
    if message.get("thread_ts") != message["ts"] or message.get("subtype") == "thread_broadcast":
        return None
    replies = count(message.get("reply_count")) or 0
    latest = text(message.get("latest_reply")) or NO_REPLY
    return f"{replies} {latest}" if replies else NO_REPLIES


def replies_told(state: str) -> int:
    return int(state.partition(" ")[0])


def has_more(state: str, stored: tuple[str, ...]) -> bool:
    """Whether the store has replies that a thread's root does not count: events brought them, and
    nothing told that they are gone."""
    latest = state.partition(" ")[2]
    return len(stored) > replies_told(state) or any(is_before(latest, ts) for ts in stored)


def gone_replies(
    state: str, stored: tuple[str, ...], seen: list[str], observed_at: float
) -> list[str]:
    """Stored replies that a whole thread lacks; none if it shows other than as many replies as its
    root counts, for then it may not be whole."""
    if replies_told(state) != len(seen):
        return []
    settled = stamp(observed_at - SETTLED)
    there = set(seen)
    return [ts for ts in stored if ts not in there and is_before(ts, settled)]


def read_before_break(left_at: str | None, stored: tuple[str, ...], seen: list[str]) -> int:
    """How many replies the store has of a thread from before it was left."""
    return sum(1 for ts in stored if left_at and not is_before(left_at, ts) and ts not in seen)


def cut_state(message: Json, *, whole: bool = False) -> str | None:
    """Names and counts of a message's reactions, where it names fewer reactors than it counts, or
    in any case if `whole`."""
    found = records(message.get("reactions"))
    told = [(str(each.get("name")), count(each.get("count")) or 0) for each in found]
    named = [len(cast("list[Any]", each.get("users") or [])) for each in found]
    if whole or any(counted > listed for (_, counted), listed in zip(told, named, strict=True)):
        return " ".join(f"{name}={counted}" for name, counted in sorted(told))
    return None


def as_it_came(kind: str, answer: Answer, channel_id: str | None = None) -> Envelope:
    """An answer as it came."""
    return Envelope(
        kind, _origin(answer), answer.payload, channel_id, observed_at=micros_of(answer.observed_at)
    )


def put_together(
    kind: str, origin: str, found: list[Json], observed_at: float, channel_id: str | None = None
) -> Envelope:
    """Records that were put together from answers."""
    payload = msgspec.json.encode(found)
    return Envelope(kind, origin, payload, channel_id, observed_at=micros_of(observed_at))


def parted(
    answer: Answer, messages: list[Json], listed_before: set[str], channel_id: str
) -> list[Envelope]:
    """A page whose messages with known reactions say nothing of these, as changes do."""
    others = [each for each in messages if each["ts"] not in listed_before]
    silent: list[Json] = [
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": channel_id,
            "ts": stamp(answer.observed_at),
            "message": {key: value for key, value in each.items() if key != "reactions"},
        }
        for each in messages
        if each["ts"] in listed_before
    ]
    origin, observed_at = _origin(answer), answer.observed_at
    return [
        put_together("messages", origin, others, observed_at, channel_id),
        put_together("events", origin, silent, observed_at, channel_id),
    ]


def deletions(channel_id: str, gone: list[str], noticed_at: float) -> Envelope:
    """What was found to be gone, as Slack tells of deletions."""
    events: list[Json] = [
        {
            "type": "message",
            "subtype": "message_deleted",
            "channel": channel_id,
            "ts": stamp(noticed_at),
            "deleted_ts": ts,
        }
        for ts in gone
    ]
    return put_together("events", "what was found gone", events, noticed_at, channel_id)


def _origin(answer: Answer) -> str:
    asked = answer.arguments
    return " ".join(
        [answer.method, *(asked[name] for name in ("channel", "ts", "latest") if name in asked)]
    )


def micros_of(seconds: float) -> int:
    return round(seconds * 1e6)
