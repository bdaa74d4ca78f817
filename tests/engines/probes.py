"""Small questions to an engine, for what every dialect has to get right."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from hubbub.content import ContentFile
from hubbub.core.tables import TABLES, Type
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import Metric, parse
from hubbub.metrics.translation import translated
from tests.engines.engines import Engine
from tests.engines.worlds import NO_PACK, World

_pa: Any = pa
Ask = Callable[..., list[Any]]


def instant(written: str) -> datetime:
    """A UTC time, `2026-03-08 06:30`."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


USERS: list[dict[str, Any]] = [
    {"user_id": "U1", "name": "a", "is_bot": False, "updated_at": instant("2026-03-08 06:30")},
    {"user_id": "U2", "name": "B", "is_bot": True, "updated_at": instant("2026-03-08 07:30")},
    {"user_id": "U3", "name": "c", "is_bot": False, "updated_at": instant("2026-04-01 02:00")},
    {"user_id": "U4", "name": None, "is_bot": None, "updated_at": None},
    {"user_id": "U5", "name": "\u3000ÄÉ\u00a0 ", "is_bot": None, "updated_at": None},
]
"""`B` is before `a` by its bytes, after it for people. In New York clocks go forward between the
first two instants, and the third lies on the day, and in the month, before."""
_ARROW = {
    Type.TEXT: _pa.string(),
    Type.INTEGER: _pa.int64(),
    Type.FLAG: _pa.bool_(),
    Type.INSTANT: _pa.timestamp("us", tz="UTC"),
}
PROBED = World(
    "probed",
    "UTC",
    {
        table.name: _pa.Table.from_pylist(
            USERS if table.name == "users" else [],
            _pa.schema([(column.name, _ARROW[column.type]) for column in table.public]),
        )
        for table in TABLES.values()
    },
)


def probe(sql: str, parameters: str = "", kind: str = "text") -> Metric:
    """A metric with one column, `answer`."""
    header = f'title = "T"\nquestion = "Q"\n{parameters}\n[columns]\n'
    header += f'answer = {{ type = "{kind}", doc = "what it says" }}'
    text = f"/*\n{header}\n*/\n{sql}"
    return parse(ContentFile("probe", "pack", Path("probe.sql"), text))


def asking(engine: Engine, catalog: Catalog | None = None) -> Ask:
    """Asks an engine that has taken in the probed world; gives the column `answer`."""

    def ask(sql: str, *, kind: str = "text", parameters: str = "", zone: str = "UTC") -> list[Any]:
        statement = translated(
            catalog or Catalog(NO_PACK),
            probe(sql, parameters, kind),
            engine.dialect,
            timezone=zone,
            tables=lambda table: engine.table(PROBED, table),
        )
        return [row["answer"] for row in engine.rows(statement)]

    return ask
