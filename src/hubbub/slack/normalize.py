"""Reads envelopes into batches: the one place where Slack's JSON becomes rows."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, cast

import msgspec

from hubbub.core.batch import Batch, Envelope
from hubbub.core.tables import MERGED
from hubbub.slack import changes, directory
from hubbub.slack.copies import Copies
from hubbub.slack.messages import read_messages
from hubbub.slack.values import Json, is_record, text

_decode = msgspec.json.Decoder().decode


class Malformed(ValueError):
    """An envelope whose payload is no JSON, or no JSON of Slack's."""


def normalize(envelopes: Iterable[Envelope], *, raw: bool, copies: int = 0) -> Batch:
    """All rows of some envelopes; what cannot be read is in the batch's quarantine.

    `raw` keeps each copy's canonical JSON instead of its outline, for policies that may. Copies are
    numbered from `copies`.
    """
    batch = Batch(copies=copies)
    found = Copies()
    came: list[tuple[int, int, int, int, int | None]] = []
    readers: dict[str, _Read] = {
        "users": partial(directory.read_user, batch=batch, raw=raw),
        "user_groups": partial(directory.read_group, batch=batch, raw=raw),
        "events": partial(changes.read_event, batch=batch, copies=found, raw=raw),
    }
    row, message = batch.copies, 0
    for envelope in envelopes:
        _read(batch, found, readers, envelope, raw=raw)
        first_row, row = row, batch.copies
        first_message, message = message, len(found.messages)
        came.append((first_message, message, first_row, row, envelope.observed_at))
    first = batch.copies
    read_messages(found, batch, raw=raw)
    observed: dict[int, int] = {}
    for first_message, message, first_row, row, observed_at in came:
        numbered, rows = range(first + first_message, first + message), range(first_row, row)
        batch.spans.append((numbered, rows))
        if observed_at is not None:
            observed |= dict.fromkeys((*numbered, *rows), observed_at)
    _age(batch, observed)
    return batch


_VERSION = {table.name: table.names.index("version") for table in MERGED}


def _age(batch: Batch, observed: dict[int, int]) -> None:
    """Let copies be at least as young as their observation, which is given by copy number."""
    if not observed:
        return
    for name, place in _VERSION.items():
        batch.rows[name] = [
            (*row[:place], max(row[place], observed.get(row[-1], 0)), *row[place + 1 :])
            for row in batch.rows.get(name, [])
        ]
    for columns in batch.columns.values():
        columns["version"] = [
            max(version, observed.get(copy, 0))
            for version, copy in zip(columns["version"], columns["copy"], strict=True)
        ]


_Read = Callable[[Json], str | None]
"""Reads one record into a batch; says why it cannot be read."""


def _read(
    batch: Batch, copies: Copies, readers: Mapping[str, _Read], envelope: Envelope, *, raw: bool
) -> None:
    try:
        found = records(envelope)
    except Malformed as error:
        batch.quarantine(envelope.origin, 0, str(error), envelope.payload)
        return
    read = readers.get(envelope.kind)
    if envelope.kind == "channels":
        kind = envelope.channel_kind
        read = partial(directory.read_channel, batch=batch, kind=kind, raw=raw)
    if read is None:
        for place, reason in copies.take(found, envelope.channel_id):
            record = msgspec.json.encode(found[place - 1])
            batch.quarantine(envelope.origin, place, reason, record)
        return
    for place, record in enumerate(found, 1):
        reason = read(record) if is_record(record) else "not an object"
        if reason is not None:
            batch.quarantine(envelope.origin, place, reason, msgspec.json.encode(record))


def records(envelope: Envelope) -> list[Any]:
    """The records of a payload: an array, or a response that holds one. Raises `Malformed`."""
    content = decoded(envelope.payload)
    if is_record(content):
        content = content.get(_FIELD.get(envelope.kind, "messages"))
    if not isinstance(content, list):
        raise Malformed(f"JSON, but no list of {envelope.kind}")
    return cast("list[Any]", content)


_FIELD = {"users": "members", "channels": "channels", "user_groups": "usergroups"}


def decoded(payload: bytes) -> Any:
    """A payload's JSON. Raises `Malformed`.

    What the fast decoder refuses (a half emoji, a byte that is no UTF-8) is read by a patient
    one, with a replacement character for what is no character.
    """
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        content = json.loads(payload.decode("utf-8-sig", "replace"))
        return _decode(msgspec.json.encode(_whole(content)))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"invalid JSON: {_where(error)}") from error


def _whole(value: Any) -> Any:
    """The value with half surrogate pairs replaced in all strings."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in cast("list[Any]", value)]
    if is_record(value):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _where(error: Exception) -> str:
    """The error without any of the text that it is about."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return type(error).__name__


Names = tuple[str | None, str | None, tuple[str, ...], str | None, str | None]
"""A member's id, handle, names, e-mail and telephone number."""


def names_in(envelope: Envelope) -> list[Names]:
    """By what each member of a `users` envelope that can be read may be named."""
    try:
        found = [record for record in records(envelope) if is_record(record)]
    except Malformed:
        return []
    return [directory.names_of(user) for user in found]


def channel_ids(envelope: Envelope) -> list[tuple[str, str, str]]:
    """Id, name and kind of each conversation in a `channels` envelope that can be read."""
    try:
        found = [record for record in records(envelope) if is_record(record)]
    except Malformed:
        return []
    return [_identity(record, envelope.channel_kind) for record in found if text(record.get("id"))]


def _identity(channel: Json, listed_as: str | None) -> tuple[str, str, str]:
    channel_id = str(channel["id"])
    name = text(channel.get("name")) or channel_id
    return channel_id, name, directory.kind_of(channel, listed_as)
