"""Records as rows: what templates read in the messages of a batch, on its way to the gate."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from hubbub.core.batch import Batch, Row
from hubbub.core.tables import SEEN
from hubbub.records.reading import Post, Reading, Record, Value
from hubbub.records.templates import Templates

_READ = ("channel_id", "text", "kind", "presence", "copy")
_MORE = ("ts", "posted_at", "user_id", "bot_id", "subtype")


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
    might_read, blocks = templates.might_read, batch.blocks
    for place, (channel_id, text, kind, presence, copy) in enumerate(
        zip(*(messages[name] for name in _READ), strict=True)
    ):
        name = channels.get(channel_id)
        if name is None or kind == "system" or presence != SEEN:
            continue
        if copy not in blocks and not might_read(text, channel_id, name):
            continue
        ts, posted_at, user_id, bot_id, subtype = (messages[each][place] for each in _MORE)
        post = Post(
            text,
            posted_at,
            zone,
            channel_id,
            name,
            user_id,
            is_bot=bot_id is not None or subtype == "bot_message",
            kind=kind,
            blocks=blocks.get(copy, ()),
        )
        append(batch, templates.read(post), channel_id, ts, posted_at, copy)


def append(
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
