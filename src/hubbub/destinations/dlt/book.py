"""What Hubbub notes in a dataset of what is its own there."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.warehouse import Change, Shape
from hubbub.errors import HubbubError

BOOK = "_hubbub"
"""The table of the notes."""
COLUMNS = ("number", "mark", "tables", "waiting")


class Book(Struct, frozen=True):
    """What Hubbub has noted in a dataset: a row more each time, since few warehouses change a row
    at once; the last one counts."""

    number: int
    mark: str
    tables: dict[str, dict[str, str]]
    """What Hubbub has made: of each table the columns, and what these hold; none as long as nobody
    knows which it has, and if it is there."""
    waiting: str
    """The dataset in which dlt lets rows wait."""

    def expecting(self, changes: Sequence[Change]) -> "Book":
        """With the tables that are about to be made."""
        coming: dict[str, dict[str, str]] = {each.shape.name: {} for each in changes}
        return replace(self, number=self.number + 1, tables=coming | self.tables)

    def after(self, changes: Sequence[Change], mark: str) -> "Book":
        """When changes have been carried out."""
        done = {each.shape.name: kinds_of(each.shape) for each in changes}
        return replace(self, number=self.number + 1, mark=mark, tables=self.tables | done)

    def row(self) -> dict[str, Any]:
        """What a note is in the table."""
        tables = msgspec.json.encode(self.tables).decode()
        return dict(zip(COLUMNS, (self.number, self.mark, tables, self.waiting), strict=True))


def kinds_of(shape: Shape) -> dict[str, str]:
    """The columns of a table, and what each holds."""
    return {each.name: each.kind.value for each in shape.fields}


def read_book(client: Any) -> Book | None:
    """What is noted; None if nothing was published here."""
    there = columns_of(client, [BOOK])
    if not there:
        return None
    if not {*COLUMNS} <= there[BOOK]:
        raise HubbubError(
            "Something else than dlt has published to this dataset.",
            "Publish to it as before, or by dlt to another dataset: dlt://…/DATASET.",
        )
    sql = client.sql_client
    book = sql.make_qualified_table_name(BOOK)
    number, *others = map(sql.escape_column_name, COLUMNS)
    found = sql.execute_sql(
        f"SELECT {', '.join([number, *others])} FROM {book} "
        f"WHERE {number} = (SELECT max({number}) FROM {book})"
    )
    if not found:
        return None
    number, mark, tables, waiting = found[0]
    tables = msgspec.json.decode(tables, type=dict[str, dict[str, str]])
    return Book(number, mark, tables, waiting)


def columns_of(client: Any, names: Collection[str]) -> dict[str, set[str]]:
    """Those of the tables that are there, with the names of their columns in small letters."""
    if not names or not client.is_storage_initialized():
        return {}
    called = {client.schema.naming.normalize_table_identifier(name): name for name in names}
    return {
        called[name]: {column.lower() for column in columns}
        for name, columns in client.get_storage_tables([*called])
        if columns
    }
