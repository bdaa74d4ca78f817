"""Records as rows: what templates read in the messages of a batch, on its way to the gate."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from hubbub.core.batch import Batch, Row
from hubbub.core.tables import SEEN
from hubbub.records.reading import Post, Reading, Record, Value
from hubbub.records.templates import Templates

_READ = ("channel_id", "text", "kind", "presence", "copy", "ts", "posted_at", "user_id", "bot_id",
         "subtype")  # fmt: skip


def add_records(
    batch: Batch, templates: Templates, zone: ZoneInfo, channels: Mapping[str, str]
) -> None:
    """Append the records of a batch's messages, under the copy numbers of these.

    `channels` are those that are read, with their names. Notices of the system are not read, nor
    what is known from a deletion only.
    """
    messages = batch.columns.get("messages")
    if messages is None:
        return
    places = templates.candidates(messages["text"], messages["channel_id"], channels)
    if batch.blocks:
        copies = messages["copy"]
        places |= {place for place, copy in enumerate(copies) if copy in batch.blocks}
    for place in sorted(places):
        channel_id, text, kind, presence, copy, ts, posted_at, user_id, bot_id, subtype = (
            messages[name][place] for name in _READ
        )
        if channel_id not in channels or kind == "system" or presence != SEEN:
            continue
        post = Post(
            text,
            posted_at,
            zone,
            channel_id,
            channels[channel_id],
            user_id,
            is_bot=bot_id is not None or subtype == "bot_message",
            kind=kind,
            blocks=batch.blocks.get(copy, ()),
        )
        _append(batch, templates.read(post), channel_id, ts, posted_at, copy)


def _append(
    batch: Batch, records: list[Record], channel_id: str, ts: str, posted_at: int, copy: int
) -> None:
    """Append the records of one copy of a message, numbered through all templates."""
    for place, record in enumerate(records):
        told = (channel_id, ts, place)
        batch.rows["records"].append((*told, record.template, record.status, copy))
        batch.rows["record_values"] += [
            (*told, *row, copy) for each in record.readings for row in _rows(each, posted_at)
        ]


def _rows(reading: Reading, posted_at: int) -> list[Row]:
    """A row a value; one without a value where there is none."""
    values: list[tuple[str | None, Value]] = [(each.kind, each) for each in reading.values]
    return [
        (
            reading.field,
            position,
            posted_at,
            kind,
            value.member_id,
            value.name,
            value.channel_id,
            value.day and value.day.isoformat(),
            value.number,
            value.text,
            (reading.source or None) if position == 0 else None,
            reading.confidence,
            reading.doubt,
        )
        for position, (kind, value) in enumerate(values or [(None, _NOTHING)])
    ]


_NOTHING = Value("")
