"""Slack's events as rows: copies of messages, members and channels, and single changes of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hubbub.core.batch import Batch
from hubbub.slack import directory
from hubbub.slack.copies import Copies
from hubbub.slack.values import (
    Json,
    flag,
    ids,
    is_record,
    items,
    micros_of_seconds,
    micros_of_ts,
    record,
    text,
)

_NO_TIME = "an event without event_ts"


def read_event(event: Json, *, batch: Batch, copies: Copies, raw: bool) -> str | None:
    """Append what an event tells; returns why it cannot be read, or None."""
    kind = text(event.get("type", "message"))
    if kind == "message" and "subtype" not in event and "message" not in event:
        return copies.unwrap(event, None)  # as nearly all are
    if kind == "app_mention":
        # another delivery of the message, which may come without the first
        return copies.unwrap({**event, "type": "message"}, None)
    if kind in OF_MEMBERS:
        return _member(event, batch, raw=raw)
    if kind in _OF_GROUPS:
        return _group(event, batch, raw=raw)
    if kind == "channel_created":
        channel = record(event.get("channel"))
        return directory.read_channel(channel, batch, kind=None, raw=raw)
    read = _READERS.get(kind or "")
    if read is None:
        if kind == "message":
            _read_notice(event, batch)
            event = _as_in_history(event)
            if is_record(event.get("message")):
                event = event | {"message": _as_in_history(event["message"])}
        return copies.unwrap(event, None)
    return read(event, batch)


OF_MEMBERS = frozenset({
    "team_join", "user_change", "user_profile_changed", "user_status_changed",
    "user_huddle_changed",
})  # fmt: skip
"""Events that hold a whole entry of the directory."""


_OF_GROUPS = frozenset({"subteam_created", "subteam_updated"})
"""Events that hold a whole user group."""


def _as_in_history(message: Json) -> Json:
    """A message that shares files, without the subtype that only events give it."""
    if message.get("subtype") != "file_share" or "files" not in message:
        return message
    return {name: value for name, value in message.items() if name != "subtype"}


def _member(event: Json, batch: Batch, *, raw: bool) -> str | None:
    return directory.read_user(record(event.get("user")), batch, raw=raw)


def _group(event: Json, batch: Batch, *, raw: bool) -> str | None:
    at = _happened(event)
    if at is None:
        return _NO_TIME
    return directory.read_group(record(event.get("subteam")), batch, raw=raw, at=at)


def _group_members(event: Json, batch: Batch) -> str | None:
    group_id, at = text(event.get("subteam_id")), _happened(event)
    if at is None:
        return _NO_TIME
    if group_id is None:
        return "a user group without id"
    for told, is_there in (("added_users", True), ("removed_users", False)):
        for member in ids(event.get(told)):
            _append(batch, "user_group_changes", (group_id, member, is_there, at))
    return None


def _says_nothing_else(event: Json, batch: Batch) -> None:
    """Read an event to which another belongs, that tells more."""
    del event, batch


def _happened(event: Json) -> int | None:
    return micros_of_ts(event.get("event_ts")) or micros_of_seconds(event.get("event_ts"))


def _reaction(event: Json, batch: Batch) -> str | None:
    item, member, name = record(event.get("item")), text(event.get("user")), event.get("reaction")
    if item.get("type", "message") != "message":
        return None  # to a file itself: no message has it
    channel_id, ts, at = text(item.get("channel")), text(item.get("ts")), _happened(event)
    if at is None:
        return _NO_TIME
    if channel_id is None or micros_of_ts(ts) is None or member is None or text(name) is None:
        return "a reaction without message, member or name"
    is_there = event["type"] == "reaction_added"
    return _append(batch, "reaction_changes", (channel_id, ts, member, text(name), is_there, at))


def _membership(event: Json, batch: Batch) -> str | None:
    channel_id, member, at = text(event.get("channel")), text(event.get("user")), _happened(event)
    if at is None:
        return _NO_TIME
    if channel_id is None or member is None:
        return "a member or channel without id"
    is_there = event["type"] == "member_joined_channel"
    return _append(batch, "membership_changes", (channel_id, member, is_there, at))


def _channel(what: str, told: Callable[[Json], Any]) -> Callable[[Json, Batch], str | None]:
    """Reads a change of a channel: of which column, and to what."""

    def read(event: Json, batch: Batch) -> str | None:
        channel = event.get("channel") or event.get("old_channel_id")
        channel_id = text(record(channel).get("id")) or text(channel)
        at = _happened(event)
        if at is None:
            return _NO_TIME
        value = told(event)
        if channel_id is None or value is None:
            return "a channel without id or name"
        return _append(batch, "channel_changes", _change(channel_id, what, value, at))

    return read


def _change(channel_id: str, what: str, value: Any, at: int) -> tuple[Any, ...]:
    column = "moved_to" if what == "moved" else what
    columns = ("name", "kind", "topic", "purpose", "is_archived", "is_shared", "moved_to")
    return (channel_id, what, *(value if each == column else None for each in columns), at)


def _read_notice(event: Json, batch: Batch) -> None:
    """A notice that a channel was made private or public, or has another topic: no event beside it
    says so."""
    subtype = event.get("subtype")
    if not isinstance(subtype, str):
        return
    channel_id, at = text(event.get("channel")), micros_of_ts(event.get("ts"))
    what = subtype.partition("_")[2]
    if channel_id is None or at is None:
        return
    if subtype in _CONVERTED:
        _append(batch, "channel_changes", _change(channel_id, "kind", _CONVERTED[subtype], at))
    elif subtype in _TOPICS and what in event:
        _append(batch, "channel_changes", _change(channel_id, what, text(event[what]), at))


_TOPICS = frozenset({"channel_topic", "channel_purpose", "group_topic", "group_purpose"})


_CONVERTED = {"channel_convert_to_private": "private", "channel_convert_to_public": "public"}


class Told(NamedTuple):
    """What an event says of the channel that it is about."""

    name: str | None
    kind: str | None
    moved_to: str | None


TOLD_NOTHING = Told(None, None, None)


def told_of_channel(event: Json) -> Told:
    """The name, kind and new id that an event gives to its channel; for most events nothing."""
    name = kind = moved_to = None
    match event.get("type"):
        case "channel_created":
            channel = record(event.get("channel"))
            name, kind = text(channel.get("name")), directory.kind_of(channel, None)
        case "channel_rename" | "group_rename":
            name = text(record(event.get("channel")).get("name"))
        case "channel_id_changed":
            moved_to = text(event.get("new_channel_id"))
        case "message":
            kind = _CONVERTED.get(str(event.get("subtype")))
        case _:
            pass
    return Told(name, kind, moved_to)


def _file_deleted(event: Json, batch: Batch) -> str | None:
    file_id, at = text(event.get("file_id")), _happened(event)
    if at is None or file_id is None:
        return "a deleted file without id or time"
    for channel_id in filter(None, map(text, items(event.get("channel_ids")))):
        tombstone = {"id": file_id, "mode": "tombstone", "updated": at // 1_000_000}
        directory.read_file(tombstone, channel_id, batch)
    return None


def _append(batch: Batch, table: str, row: tuple[Any, ...]) -> None:
    batch.rows[table].append((*row, batch.copies))
    batch.copies += 1


_READERS: dict[str, Callable[[Json, Batch], str | None]] = {
    "reaction_added": _reaction,
    "reaction_removed": _reaction,
    "member_joined_channel": _membership,
    "member_left_channel": _membership,
    "file_deleted": _file_deleted,
    "subteam_members_changed": _group_members,
    "subteam_self_added": _says_nothing_else,
    "subteam_self_removed": _says_nothing_else,
    "channel_id_changed": _channel("moved", lambda event: text(event.get("new_channel_id"))),
    "channel_unshared": _channel("is_shared", lambda event: flag(event.get("is_ext_shared"))),
    "channel_shared": _channel("is_shared", lambda _: True),
} | {
    f"{kind}_{verb}": read
    for kind in ("channel", "group")
    for verb, read in {
        "rename": _channel("name", lambda event: text(record(event.get("channel")).get("name"))),
        "archive": _channel("is_archived", lambda _: True),
        "unarchive": _channel("is_archived", lambda _: False),
        "deleted": _channel("deleted_at", lambda _: True),
    }.items()
}
"""What else touches a table, by the event's type."""
