"""Posts with records, as their authors are told of them: what was read, what is in doubt, and a
mark for the state that they are in."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
from msgspec import Struct

from hubbub.metrics.run import Runner
from hubbub.privacy.keys import Keys
from hubbub.records.doubts import DOUBTS
from hubbub.records.template import Template

STATUSES = ("good", "doubtful", "refused")
"""From the best to the worst."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 16
"""Of a mark: enough to tell a workspace's posts of some days apart."""


class ReadValue(Struct, frozen=True):
    """A value of a field, as the store has it."""

    kind: str | None
    member_id: str | None
    """As the store calls members; of a name, the one whom it means."""
    name: str | None
    channel_id: str | None
    day: date | None
    number: int | None
    text: str | None


class ReadField(Struct, frozen=True):
    """A field of a record."""

    name: str
    values: tuple[ReadValue, ...]
    source: str | None
    doubt: str | None


class ReadRecord(Struct, frozen=True):
    """A record of a post."""

    status: str
    fields: tuple[ReadField, ...]
    """In the order of the template's."""


class ReadPost(Struct, frozen=True):
    """A post with the records of one template."""

    template: str
    channel_id: str
    ts: str
    author_id: str
    """As the store calls members."""
    posted_at: datetime
    permalink: str | None
    records: tuple[ReadRecord, ...]
    post: str
    """The post's mark."""
    state: str
    """The mark of what was read in it."""

    @property
    def status(self) -> str:
        """The worst of its records'."""
        return max((each.status for each in self.records), key=STATUSES.index)


def read_posts(
    connection: duckdb.DuckDBPyConnection,
    runner: Runner,
    template: Template,
    since: datetime,
    keys: Keys,
    *,
    are_pseudonyms: bool,
) -> list[ReadPost]:
    """The posts of members since an instant in which a template has read records, the oldest first.

    Their marks are of what was read, not of how sure it is. Pseudonyms change when keys are
    renewed, so where members are kept by those, the time of the last edit stands for them.
    """
    runner.make_views(["FROM permalinks JOIN record_people"])
    posts = connection.execute(
        """
        SELECT m.channel_id, m.ts, m.user_id, epoch_us(m.posted_at), epoch_us(m.edited_at),
            p.permalink, r.place, r.status
        FROM records r
        JOIN messages m USING (channel_id, ts)
        LEFT JOIN permalinks p USING (channel_id, ts)
        WHERE r.template = $1 AND m.posted_at >= $2 AND m.deleted_at IS NULL
            AND m.user_id IS NOT NULL AND m.bot_id IS NULL
        ORDER BY m.ts, m.channel_id, r.place""",
        [template.name, since],
    ).fetchall()
    values = connection.execute(
        """
        SELECT v.channel_id, v.ts, v.place, v.field, v.kind, coalesce(p.user_id, v.member_id),
            v.name, v.named_channel, v.day, v.number, v.text, v.source, v.doubt
        FROM record_values v
        LEFT JOIN record_people p USING (channel_id, ts, place, field, position)
        WHERE v.posted_at >= $1
        ORDER BY v.channel_id, v.ts, v.place, v.field, v.position""",
        [since],
    ).fetchall()
    of_records: dict[tuple[str, str, int], list[tuple[Any, ...]]] = {}
    for channel_id, ts, place, *told in values:
        of_records.setdefault((channel_id, ts, place), []).append(tuple(told))
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in posts:
        found.setdefault(row[:2], []).append(row)
    return [
        _post(template, rows, of_records, keys, are_pseudonyms=are_pseudonyms)
        for rows in found.values()
    ]


def _post(
    template: Template,
    rows: list[tuple[Any, ...]],
    of_records: dict[tuple[str, str, int], list[tuple[Any, ...]]],
    keys: Keys,
    *,
    are_pseudonyms: bool,
) -> ReadPost:
    channel_id, ts, author_id, posted_at, edited_at, permalink, *_ = rows[0]
    told = [(status, of_records.get((channel_id, ts, place), [])) for *_, place, status in rows]
    edited = edited_at if are_pseudonyms else None
    state = json.dumps([edited, [_marked(*each, named=not are_pseudonyms) for each in told]])
    return ReadPost(
        template.name,
        channel_id,
        ts,
        author_id,
        _EPOCH + timedelta(microseconds=posted_at),
        permalink,
        tuple(ReadRecord(status, _fields(template, values)) for status, values in told),
        keys.delivery("post", template.name, channel_id, ts)[:_DIGITS],
        keys.delivery("state", state)[:_DIGITS],
    )


def _marked(status: str, values: list[tuple[Any, ...]], *, named: bool) -> list[object]:
    """What tells one state of a record from another: its values as they were written."""
    return [
        status,
        *(
            [field, kind, member_id if named and kind == "member" else "", *told, doubt]
            for field, kind, member_id, *told, _source, doubt in values
        ),
    ]


def _fields(template: Template, values: list[tuple[Any, ...]]) -> tuple[ReadField, ...]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for field, *told in values:
        found.setdefault(field, []).append(tuple(told))
    order = {name: place for place, name in enumerate(template.fields)}
    return tuple(
        ReadField(
            name,
            tuple(_value(row) for row in rows if row[0] is not None),
            next((row[-2] for row in rows if row[-2]), None),
            next((row[-1] for row in rows if row[-1] in DOUBTS), None),
        )
        for name, rows in sorted(found.items(), key=lambda each: order.get(each[0], len(order)))
    )


def _value(row: tuple[Any, ...]) -> ReadValue:
    kind, member_id, name, channel_id, day, number, text, *_ = row
    return ReadValue(
        kind, member_id, name, channel_id, day and date.fromisoformat(day), number, text
    )
