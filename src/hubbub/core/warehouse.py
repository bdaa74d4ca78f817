"""What is brought to a warehouse, and what is asked of one."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec import Struct

from hubbub.core.tables import MESSAGES, SEARCHED, Table, Type

DAY = "posted_on"
"""The column with the UTC day of a row, which is added for warehouses that part tables by it."""
DAY_OF_TS = (
    "coalesce(make_timestamp(try_cast(split_part(ts, '.', 1) AS BIGINT) * 1000000)::DATE, "
    "DATE '1970-01-01')"
)
"""That day, by DuckDB, of a row with a `ts`."""

NAME_CHARACTERS = 63
"""Of a schema in PostgreSQL, which takes the least."""


def namespace_of(workspace: str, most: int = NAME_CHARACTERS) -> str:
    """What a workspace's schema, database or dataset is called where the address names none: small
    letters of ASCII, digits and _ stay. Where that loses anything, or has more than `most`
    characters, a digest of the workspace's name is added, so that no two of them are called
    alike."""
    plain = re.sub(r"[^a-z0-9_]", "_", workspace.lower())
    if plain == workspace and len(plain) <= most:
        return plain
    digest = "_" + hashlib.sha256(workspace.encode()).hexdigest()[:8]
    return plain[: most - len(digest)] + digest


def owner_of(mark: str) -> str:
    """Whose a mark is: the part before its dash."""
    return mark.partition("-")[0]


def claim_of(mark: str) -> str:
    """The mark that a place bears until the first publication to it has ended, or when it has lost
    something: it says whose the place is, and no more."""
    return f"{owner_of(mark)}-"


class Kind(Enum):
    """What a column of a warehouse's table holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    INSTANT = "instant"
    """UTC, microseconds."""
    DATE = "date"
    TEXTS = "texts"
    """A list of texts."""


_IN_DUCKDB = {
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
    Kind.INSTANT: "TIMESTAMPTZ",
    Kind.DATE: "DATE",
    Kind.TEXTS: "VARCHAR[]",
}


class Field(Struct, frozen=True):
    """A column: its name, kind and meaning."""

    name: str
    kind: Kind
    doc: str


def in_duckdb(fields: Iterable[Field]) -> str:
    """Columns in DuckDB's SQL, of the types by which it writes them to Parquet."""
    return ", ".join(f'"{each.name}"::{_IN_DUCKDB[each.kind]} AS "{each.name}"' for each in fields)


class Shape(Struct, frozen=True):
    """A table as it is to be in a warehouse."""

    name: str
    doc: str
    key: tuple[str, ...]
    """Columns that tell rows apart; empty for a metric's rows, which are always replaced whole."""
    fields: tuple[Field, ...]
    is_by_day: bool = False
    """Whether its rows have a day: messages and what hangs on them."""
    indexes: tuple[tuple[str, ...], ...] = ()
    """Columns by which rows are looked for, beside the key."""


_KINDS = {
    Type.TEXT: Kind.TEXT,
    Type.INTEGER: Kind.INTEGER,
    Type.FLAG: Kind.FLAG,
    Type.INSTANT: Kind.INSTANT,
}
_OF_MESSAGES = {MESSAGES.name, *(each.table for each in MESSAGES.sets)}


def shape_of(table: Table, *, has_days: bool) -> Shape:
    """A declared table as warehouses have it: its public columns; with the day of its rows, where
    they have one and `has_days` says that the warehouse wants it."""
    is_by_day = table.name in _OF_MESSAGES
    fields = [Field(each.name, _KINDS[each.type], each.doc) for each in table.public]
    if is_by_day and has_days:
        fields.append(Field(DAY, Kind.DATE, "the UTC day of the message's `ts`"))
    return Shape(
        table.name, table.doc, table.key, tuple(fields), is_by_day, SEARCHED.get(table.name, ())
    )


ROW_GROUP = 131_072
"""About how many rows engines read or pass over together in a file of a lake."""


class Ready(NamedTuple):
    """A file as a lake has it: Parquet, zstd, in groups of about `ROW_GROUP` rows, sorted by key;
    a metric's in their order."""

    day: date | None
    """Of which it has all rows, without a column for it; None if it has the table's."""
    path: Path
    rows: int


class Change(Struct, frozen=True):
    """What is to become of one table. The files are Parquet, zstd, and but for those that are
    `ready` without an order."""

    shape: Shape
    is_whole: bool
    """Whether `rows` is all that is to be there; else rows and keys are to be merged in."""
    rows: tuple[Path, ...]
    """New and changed rows; none where `ready` has them."""
    row_count: int
    gone: tuple[Path, ...]
    """Keys of rows that are to disappear; none where `ready` lacks them."""
    gone_count: int
    days: tuple[date, ...] = ()
    """Days of which a row is new, changed or gone, for warehouses that write whole days."""
    ready: tuple[Ready, ...] = ()
    """For such warehouses: those of the days that have rows still, or the one of a whole table."""


class Shown(Struct, frozen=True):
    """A metric as a view: its name, meaning, and query in the warehouse's dialect."""

    name: str
    doc: str
    sql: str


class Warehouse(Protocol):
    """A place that a workspace's tables are published to."""

    @property
    def title(self) -> str:
        """What it is, for people and for the audit log; no secret in it."""
        ...

    @property
    def identity(self) -> str:
        """What tells it from other destinations, whoever logs in; no secret in it."""
        ...

    @property
    def has_days(self) -> bool:
        """Whether rows of tables by day carry the column `posted_on`."""
        ...

    @property
    def writes_days(self) -> bool:
        """Whether it writes whole days anew, and takes `ready` files, rather than merge by keys."""
        ...

    @property
    def dialect(self) -> str | None:
        """SQLGlot's name of the SQL that its views are written in; None if it has no views."""
        ...

    def table_name(self, table: str) -> str:
        """How the SQL of views names a table."""
        ...

    def mark(self) -> str | None:
        """The mark of the last publication that ended here; None if nothing was published here.
        That publication's claim if none has ended.

        Raises `HubbubError` if it cannot be reached, may not be written, or holds what is not
        Hubbub's where the tables are to be; `TryAgain` if it may be so only for now.
        """
        ...

    def bring(
        self,
        changes: Sequence[Change],
        views: Sequence[Shown] | None,
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> dict[str, str]:
        """Claim the place, if nobody has; carry out the changes, a table after the other, each as a
        whole or not at all; make these views and no others, or leave them as they are if `views`
        is None; then set the mark. `on_table` hears each table that is done, with its rows.
        Returns the views that the warehouse does not take, with the reason.

        May be called again with the same changes after a failure. Raises as `mark`.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds open; it may be used again."""
        ...
