"""The declared tables as Arrow has them."""

from typing import Any

import pyarrow as pa

from hubbub.core.batch import carries_copy
from hubbub.core.tables import TABLES, Table, Type

_arrow: Any = pa

ARROW: dict[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.FLAG: pa.bool_(),
    Type.INSTANT: pa.timestamp("us", "UTC"),
}


def _schema_of(table: Table) -> pa.Schema:
    columns = [(column.name, ARROW[column.type]) for column in table.columns]
    return _arrow.schema([*columns, ("copy", pa.int64())] if carries_copy(table.name) else columns)


SCHEMAS = {name: _schema_of(table) for name, table in TABLES.items()}
"""The columns of each table's admitted rows."""
