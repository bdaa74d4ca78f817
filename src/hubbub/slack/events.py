"""Events as Slack delivers them, by HTTP or by socket: what is known of one before it is read."""

from typing import Literal

import msgspec

from hubbub.core.batch import Envelope
from hubbub.slack.changes import OF_MEMBERS
from hubbub.slack.normalize import Malformed, decoded
from hubbub.slack.values import (
    Json,
    is_record,
    micros_of_seconds,
    micros_of_ts,
    record,
    records,
    text,
)


class NoDelivery(ValueError):
    """A body that is no event in an envelope of Slack's."""


class Delivery(msgspec.Struct, frozen=True):
    """One event in its envelope."""

    event_id: str
    team_id: str
    """The workspace that it was delivered for: in shared channels the event may be another's."""
    app_id: str
    type: str
    channel_id: str | None
    channel_kind: str | None
    """What the event says of the channel: public, private, dm, group_dm, or nothing."""
    event_at: int
    """When it happened, in microseconds since 1970."""
    event: bytes
    """The inner event's JSON."""
    subtype: str | None = None
    """Of a message that is more or less than a message."""


TOUCHES_TABLES = frozenset({
    "message", "app_mention",
    "reaction_added", "reaction_removed",
    "team_join", "user_change", "user_profile_changed", "user_status_changed",
    "user_huddle_changed",
    "channel_created", "channel_rename", "channel_archive", "channel_unarchive",
    "channel_deleted", "channel_shared", "channel_unshared", "channel_id_changed",
    "group_rename", "group_archive", "group_unarchive", "group_deleted",
    "member_joined_channel", "member_left_channel",
    "subteam_created", "subteam_updated", "subteam_members_changed",
    "file_deleted",
})  # fmt: skip
"""Types of events that make rows; all others are acknowledged and counted."""

ASKS_FOR_A_READING = frozenset({
    "channel_history_changed", "team_rename", "team_domain_change", "grid_migration_finished",
})  # fmt: skip
"""Types of events that say that something changed, but not what: the collector has to look."""

_KINDS = {
    "channel": "public", "group": "private", "G": "private",
    "im": "dm", "mpim": "group_dm", "app_home": "dm",
}  # fmt: skip


class _Place(msgspec.Struct):
    """A channel, where an event holds it whole."""

    id: str | None = None


class _Item(msgspec.Struct):
    channel: str | _Place | None = None


class _Event(msgspec.Struct):
    """What is read of an event at once; the rest of it is passed over."""

    type: str
    channel: str | _Place | None = None
    channel_id: str | None = None
    old_channel_id: str | None = None
    item: _Item | None = None
    event_ts: str | None = None
    channel_type: str | None = None
    subtype: str | None = None


class _Authorization(msgspec.Struct):
    team_id: str | None = None


class _Envelope(msgspec.Struct):
    type: str
    event_id: str
    event: msgspec.Raw
    team_id: str | None = None
    context_team_id: str | None = None
    api_app_id: str | None = None
    event_time: int | None = None
    authorizations: list[_Authorization] | None = None


_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_event = msgspec.json.Decoder(_Event).decode


def read_delivery(body: bytes) -> Delivery:
    """What an `event_callback` delivers. Raises `NoDelivery` for anything else, without saying
    what it holds.

    What is written as Slack documents it is read in a tenth of the time that anything else takes.
    """
    try:
        envelope = _read_envelope(body)
        event = _read_event(envelope.event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_patiently(body)
    team_id = envelope.context_team_id or envelope.team_id
    for authorization in envelope.authorizations or ():
        if authorization.team_id:
            team_id = authorization.team_id
            break
    if envelope.type != "event_callback":
        raise NoDelivery("no event_callback")
    if not (envelope.event_id and event.type and team_id):
        raise NoDelivery("an event without id, type or workspace")
    return Delivery(
        envelope.event_id,
        team_id,
        envelope.api_app_id or "",
        event.type,
        _channel_id(event),
        _KINDS.get(event.channel_type or ""),
        micros_of_ts(event.event_ts) or micros_of_seconds(envelope.event_time) or 0,
        bytes(envelope.event),
        event.subtype or None,
    )


def _channel_id(event: _Event) -> str | None:
    for place in (event.channel, event.item and event.item.channel):
        if isinstance(place, _Place):
            return place.id or None
        if place:
            return place
    return event.channel_id or event.old_channel_id or None


def _read_patiently(body: bytes) -> Delivery:
    """The same, where any field may be of another type than documented, and a text may hold half
    an emoji."""
    try:
        envelope = decoded(body)
    except Malformed as error:
        raise NoDelivery("no JSON") from error
    if not is_record(envelope) or envelope.get("type") != "event_callback":
        raise NoDelivery("no event_callback")
    event = envelope.get("event")
    if not is_record(event):
        raise NoDelivery("an event_callback without event")
    event_id, kind = text(envelope.get("event_id")), text(event.get("type"))
    team_id = _team(envelope)
    if event_id is None or kind is None or team_id is None:
        raise NoDelivery("an event without id, type or workspace")
    happened = micros_of_ts(event.get("event_ts"))
    return Delivery(
        event_id,
        team_id,
        text(envelope.get("api_app_id")) or "",
        kind,
        channel_of(event),
        _KINDS.get(str(event.get("channel_type"))),
        happened or micros_of_seconds(envelope.get("event_time")) or 0,
        msgspec.json.encode(event),
        text(event.get("subtype")),
    )


def _team(envelope: Json) -> str | None:
    for authorization in records(envelope.get("authorizations")):
        if told := text(authorization.get("team_id")):
            return told
    return text(envelope.get("context_team_id")) or text(envelope.get("team_id"))


def channel_of(event: Json) -> str | None:
    """The channel that an event is about."""
    for place in (event.get("channel"), record(event.get("item")).get("channel")):
        if is_record(place):
            return text(place.get("id"))
        if text(place):
            return text(place)
    return text(event.get("channel_id")) or text(event.get("old_channel_id"))


def envelope_of(delivery: Delivery) -> Envelope:
    """An event as it is read into rows. Nothing that people wrote stands in its origin.

    A member's entry is as of the event: its own `updated` is in whole seconds, in which more than
    one change has room.
    """
    return Envelope(
        "events",
        f"event {delivery.event_id}",
        b"[" + delivery.event + b"]",
        delivery.channel_id,
        observed_at=delivery.event_at if delivery.type in OF_MEMBERS else None,
    )


class Notice(msgspec.Struct):
    """What Slack says beside events."""

    type: Literal["url_verification", "app_rate_limited"]
    challenge: str = ""
    """To be said back, of a `url_verification`."""
    team_id: str = ""
    """Whose events are held back, of an `app_rate_limited`."""


_read_notice = msgspec.json.Decoder(Notice).decode


def read_notice(body: bytes) -> Notice | None:
    """What Slack says beside events; None if it is nothing that is known."""
    try:
        return _read_notice(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
