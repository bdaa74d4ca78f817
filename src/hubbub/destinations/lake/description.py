"""What a workspace's folder in a lake says of itself: `_hubbub.json`."""

from enum import StrEnum
from typing import Any

import msgspec

from hubbub.core.warehouse import DAY, Shape
from hubbub.errors import HubbubError

NAME = "_hubbub.json"
"""Beside the tables' folders; engines pass over names that begin with _."""
_LAYOUT = 1


class Form(StrEnum):
    """How a lake's tables are written."""

    PARQUET = "parquet"
    DELTA = "delta"


class Column(msgspec.Struct, frozen=True):
    """A column as `core.warehouse.Field` has it."""

    name: str
    kind: str
    doc: str


class Table(msgspec.Struct, frozen=True):
    """A table: its files lie in the folder of its name."""

    doc: str
    key: tuple[str, ...]
    by_day: bool
    """Whether its files lie in folders `posted_on=…`, which then is its last column."""
    columns: tuple[Column, ...]
    """All of them, the day too. A file from before a column was added lacks that one."""


class Description(msgspec.Struct, frozen=True):
    """All that a reader needs to know of a workspace in a lake."""

    workspace: str
    format: Form
    mark: str | None = None
    """Of the last publication that ended."""
    tables: dict[str, Table] = {}
    layout: int = _LAYOUT

    def after(self, shapes: list[Shape], mark: str) -> "Description":
        """With the tables of a publication that has ended."""
        published = {shape.name: _table(shape) for shape in shapes}
        tables = dict(sorted({**self.tables, **published}.items()))
        return msgspec.structs.replace(self, mark=mark, tables=tables)

    def encoded(self) -> bytes:
        """As JSON that people can read too."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def decoded(content: bytes, place: str) -> Description:
    """The description that a file holds. Raises `HubbubError` if it is none, or too new."""
    try:
        layout = msgspec.json.decode(content, type=dict[str, Any]).get("layout")
        if layout == _LAYOUT:
            return msgspec.json.decode(content, type=Description)
    except msgspec.DecodeError as error:
        raise HubbubError(
            f"{place} is damaged: {error}.",
            "Move the workspace's folder in the lake away, then publish again.",
        ) from error
    raise HubbubError(
        f"{place} is of another version of Hubbub: its layout is {layout}, not {_LAYOUT}.",
        "Publish with that version, or move the workspace's folder in the lake away.",
    )


def _table(shape: Shape) -> Table:
    columns = [Column(field.name, field.kind.value, field.doc) for field in shape.fields]
    columns.sort(key=lambda column: column.name == DAY)
    return Table(shape.doc, shape.key, shape.is_by_day, tuple(columns))
