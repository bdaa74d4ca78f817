"""Copies of messages, taken out of the records that they come in."""

import re
from itertools import repeat
from typing import Any

from msgspec import Struct

from hubbub.slack.values import Json, is_record, micros_of_each, micros_of_ts, record, text

_NOT_A_TS = "ts is not digits.digits"
_is_type = re.compile(r"[a-z_.]{1,40}").fullmatch
"""Whether a type looks like Slack's; what else stands there could be anything, and is not told."""
_EVENTS = ("message_changed", "message_deleted", "message_replied")
"""Subtypes of events that speak of another message."""


class Copies(Struct):
    """Copies of messages in the order in which they came, unwrapped: a list an attribute, so that
    they can be read column by column."""

    messages: list[Json] = []
    ts: list[str] = []
    posted: list[int] = []
    """`ts` in microseconds."""
    channel_ids: list[str] = []
    changed: dict[int, str] = {}
    """`ts` of the change, for copies that one brought, by their place in the lists."""
    deleted: dict[int, str] = {}
    """`ts` of the deletion, for copies that are known from one."""

    def take(self, found: list[Any], channel_id: str | None) -> list[tuple[int, str]]:
        """Take the copies out of records; returns the records that cannot be read: place, reason.

        Most lists hold nothing but whole messages, and are taken as they are.
        """
        if channel_id is not None and _are_messages(found):
            ts = [message.get("ts") for message in found]
            posted = micros_of_each(ts)
            if posted is not None:
                self.messages += found
                self.ts += ts
                self.posted += posted
                self.channel_ids += repeat(channel_id, len(found))
                return []
        refused: list[tuple[int, str]] = []
        for place, each in enumerate(found, 1):
            reason = self.unwrap(each, channel_id) if is_record(each) else "not an object"
            if reason is not None:
                refused.append((place, reason))
        return refused

    def unwrap(self, message: Json, channel_id: str | None) -> str | None:
        """Take one record; returns why it cannot be read, or None.

        A `message_changed` is a copy of its inner message, a `message_deleted` a mark on its
        target, a `message_replied` a notice without a row.
        """
        kind = message.get("type", "message")
        if kind != "message" and kind is not None:
            named = kind if isinstance(kind, str) and _is_type(kind) else "that is none of Slack's"
            return f"an event of type {named}"
        channel_id = channel_id or _channel(message)
        if channel_id is None:
            return "a message without channel"
        subtype = message.get("subtype")
        if subtype == "message_changed":
            return self._changed(message, channel_id)
        if subtype == "message_deleted":
            return self._deleted(message, channel_id)
        if subtype == "message_replied" or ("message" in message and not subtype):
            return None
        return self._add(message, channel_id)

    def _changed(self, event: Json, channel_id: str) -> str | None:
        inner = event.get("message")
        if not is_record(inner):
            return "a message_changed without the message"
        changed_at = _time_of_change(event)
        if changed_at is None:
            return _NOT_A_TS
        reason = self._add(inner, channel_id)
        if reason is None:
            self.changed[len(self.messages) - 1] = changed_at
        return reason

    def _deleted(self, event: Json, channel_id: str) -> str | None:
        deleted_at = _time_of_change(event)
        if deleted_at is None:
            return _NOT_A_TS
        before = record(event.get("previous_message")) or record(event.get("original"))
        target = event.get("deleted_ts") or before.get("ts")
        if micros_of_ts(target) is None:
            return "a message_deleted without target"
        self.deleted[len(self.messages)] = deleted_at
        return self._add({**before, "ts": target}, channel_id)

    def _add(self, message: Json, channel_id: str) -> str | None:
        ts = message.get("ts")
        posted = micros_of_ts(ts)
        if posted is None or type(ts) is not str:
            return _NOT_A_TS
        self.messages.append(message)
        self.ts.append(ts)
        self.posted.append(posted)
        self.channel_ids.append(channel_id)
        return None


def _are_messages(found: list[Any]) -> bool:
    """Whether all records are messages, and none of them holds or speaks of another."""
    for each in found:
        if (
            not is_record(each)
            or each.get("type") != "message"
            or "message" in each
            or ("subtype" in each and each["subtype"] in _EVENTS)
        ):
            return False
    return True


def _time_of_change(event: Json) -> str | None:
    for key in ("ts", "event_ts"):
        if micros_of_ts(event.get(key)) is not None:
            return event[key]
    return None


def _channel(message: Json) -> str | None:
    channel = message.get("channel")
    return text(channel.get("id") if is_record(channel) else channel)
