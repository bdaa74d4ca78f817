"""What travels the one path: Envelope → Batch → Admitted.

A source fills envelopes, Slack's formats are read into batches of rows, and only the gate makes
`Admitted`, the one thing that a store takes.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import msgspec
from msgspec import Struct, field

from hubbub.core.tables import LOGS, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

Row = tuple[Any, ...]
"""Values in the order of the table's columns; instants as microseconds since 1970 in UTC,
JSON (outlines and raw records) as UTF-8 bytes."""

Columns = dict[str, Sequence[Any]]
"""Such values by column; `copy` is one more where rows carry a copy number."""


class Lines(Sequence[bytes]):
    """A column of JSON in one piece, a line a value: most of it is stored as it was written, and
    only who looks at single values has it parted."""

    def __init__(self, whole: bytes) -> None:
        self.whole = whole

    @cached_property
    def _parted(self) -> list[bytes]:
        return self.whole.split(b"\n")[:-1]

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> list[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | list[bytes]:
        return self._parted[place]

    def __len__(self) -> int:
        return self.whole.count(b"\n")


class Envelope(msgspec.Struct, frozen=True):
    """Bytes from Slack with what is known of them from outside."""

    kind: str
    """`users`, `channels`, `user_groups`, `messages` or `events`."""
    origin: str
    """Where they lie, for people: the file inside the archive."""
    payload: bytes
    """JSON: an array of records, or an API response that holds one."""
    channel_id: str | None = None
    """The channel of the messages, where the records do not say it."""
    channel_kind: str | None = None
    """The kind of the channels, where the records do not say it."""
    observed_at: int | None = None
    """When Slack said so, in microseconds since 1970, where that is known: of two observations
    the later is right, whatever the records say of their age."""


class Batch(Struct):
    """What was read and is not yet admitted.

    Rows of a merged table and of its sets carry a copy number as an extra last value: it says
    which rows came in one record.
    """

    rows: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """Rows by table, of tables that are read row by row."""
    columns: dict[str, Columns] = {}
    """Columns by table, of messages: they are read column by column."""
    copies: int = 0
    blocks: dict[int, list[dict[str, Any]]] = {}
    """Block Kit of messages by apps, by copy number: records are read from it, and it goes no
    further."""
    spans: list[tuple[range, range]] = []
    """The copy numbers that came in each envelope: of messages, and of all else."""

    def tables(self) -> dict[str, Columns]:
        """All that was read, by table and column."""
        tables = dict(self.columns)
        for name, rows in self.rows.items():
            if rows:
                values = zip(*rows, strict=True)
                tables[name] = dict(zip(_names(name), values, strict=True))
        return tables

    def quarantine(self, origin: str, place: int, reason: str, record: bytes | None) -> None:
        """Note a record that could not be read."""
        text = None if record is None else record.decode("utf-8", "replace").encode()
        self.rows["quarantine"].append((origin, place, reason, text))


SEAL = object()
"""Held by the gate, and by nothing else: a test looks for other uses."""


class Admitted:
    """Rows that the gate let through: Arrow tables by name. Only the gate can make one."""

    __slots__ = ("copies", "left_out", "tables")

    def __init__(
        self, tables: "dict[str, pa.Table]", *, copies: int, left_out: int, seal: object
    ) -> None:
        if seal is not SEAL:
            raise TypeError("rows are admitted by hubbub.privacy.gate alone")
        self.tables = tables
        self.copies = copies
        """How many copy numbers the rows use, from 0."""
        self.left_out = left_out
        """Messages of channels that the policy does not admit."""


def carries_copy(table: str) -> bool:
    """Whether a row of that table says in its last value which copy it came with."""
    return table not in _LOG_NAMES


_LOG_NAMES = frozenset(table.name for table in LOGS)


def _names(table: str) -> tuple[str, ...]:
    names = TABLES[table].names
    return (*names, "copy") if carries_copy(table) else names
