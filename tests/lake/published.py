"""Publications that are made by hand: a table by day, one without days, and how lakes are read."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

from hubbub.core.warehouse import DAY, Change, Field, Kind, Ready, Shape

_pa: Any = pa
_pq: Any = pq

MESSAGES = Shape(
    "messages",
    "A row per message.",
    ("channel_id", "ts"),
    (
        Field("channel_id", Kind.TEXT, "the channel"),
        Field("ts", Kind.TEXT, "as Slack writes it"),
        Field("text", Kind.TEXT, "what was written"),
        Field("posted_at", Kind.INSTANT, "when"),
        Field("replies", Kind.INTEGER, "how many"),
        Field("is_bot", Kind.FLAG, "by a bot"),
        Field("tags", Kind.TEXTS, "words"),
        Field(DAY, Kind.DATE, "the UTC day"),
    ),
    is_by_day=True,
)
USERS = Shape(
    "users",
    "A row per member.",
    ("user_id",),
    (Field("user_id", Kind.TEXT, "U…"), Field("name", Kind.TEXT, "handle")),
)
SCORES = Shape(
    "scores",
    "A metric: its rows have an order of their own.",
    (),
    (Field("member", Kind.TEXT, "who"), Field("score", Kind.NUMBER, "how much")),
)
_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.bool_(),
    Kind.INSTANT: pa.timestamp("us", "UTC"),
    Kind.DATE: pa.date32(),
    Kind.TEXTS: pa.list_(pa.string()),
}

Row = dict[str, Any]


def message(day: int, number: int, text: str = "hello", channel: str = "C1") -> Row:
    """A message of a day of January 2026; the number is the seconds since midnight."""
    posted_at = datetime.fromtimestamp(1_767_225_600 + (day - 1) * 86_400 + number, UTC)
    return {
        "channel_id": channel,
        "ts": f"{int(posted_at.timestamp())}.000100",
        "text": text,
        "posted_at": posted_at,
        "replies": number,
        "is_bot": None if number == 0 else number % 2 == 0,
        "tags": ["a", text],
        DAY: date(2026, 1, day),
    }


def parquet(folder: Path, name: str, shape: Shape, rows: Sequence[Row]) -> tuple[Path, ...]:
    """Rows in a file as publishing writes them."""
    fields = [(field.name, _TYPES[field.kind]) for field in shape.fields]
    path = folder / f"{name}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    _pq.write_table(_pa.Table.from_pylist([*rows], _pa.schema(fields)), path)
    return (path,)


def whole(folder: Path, shape: Shape, rows: Sequence[Row]) -> Change:
    """All rows that are to be there."""
    return Change(shape, True, parquet(folder, shape.name, shape, rows), len(rows), (), 0)


def days(folder: Path, shape: Shape, rows: Sequence[Row], *touched: int) -> Change:
    """Of all rows those of the days in January that are touched, for these are written anew."""
    found = tuple(date(2026, 1, day) for day in touched)
    undated = replace(shape, fields=tuple(each for each in shape.fields if each.name != DAY))
    ready: list[Ready] = []
    for day in found:
        of_day = [
            {name: value for name, value in row.items() if name != DAY}
            for row in rows if row[DAY] == day
        ]  # fmt: skip
        if of_day:
            [file] = parquet(folder, f"{shape.name}.{day}", undated, of_day)
            ready.append(Ready(day, file, len(of_day)))
    count = sum(file.rows for file in ready)
    return Change(shape, False, (), count, (), 1, found, tuple(ready))


def described(content: bytes) -> Mapping[str, Any]:
    """What `_hubbub.json` says."""
    return json.loads(content)


def by_key(rows: Sequence[Row]) -> list[Row]:
    """Rows in one order, to be compared."""
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])
