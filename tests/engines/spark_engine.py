"""Spark Connect engines as the suite asks them: each world is a lake, and a session over it."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hubbub.metrics import spark
from hubbub.metrics.spark import LakeTable, connected, url_of
from tests.engines.worlds import World

_pq: Any = pq


class Spark:
    """An engine that is reached as `hubbub show` does it."""

    dialect = "spark"

    def __init__(self, address: str, lakes: Path) -> None:
        self._address = address
        self._lakes = lakes
        self._opened = ExitStack()
        self._sessions: dict[str, spark.Engine] = {}
        self._asked: spark.Engine | None = None

    def load(self, world: World) -> None:
        """Open a session over a world's lake."""
        if world.name not in self._sessions:
            lake = written(world, self._lakes / world.name)
            session = self._opened.enter_context(connected(self._address, lake, world.name))
            self._sessions[world.name] = session
        self._asked = self._sessions[world.name]

    def table(self, world: World, table: str) -> str:
        """Its own name: worlds have a session each, and the next statement goes to this one's."""
        self.load(world)
        return self._sessions[world.name].table(table)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows that a statement gives."""
        assert self._asked is not None
        return self._asked.rows(statement).to_pylist()

    def close(self) -> None:
        """End all sessions."""
        self._opened.close()


def written(world: World, folder: Path) -> dict[str, LakeTable]:
    """A world's tables as a lake, a file each: days make no values, and many small files."""
    tables: dict[str, LakeTable] = {}
    for table, rows in world.tables.items():
        place = folder / table
        place.mkdir(parents=True, exist_ok=True)
        _pq.write_table(rows, place / "all.parquet")
        tables[table] = LakeTable(url_of(place), "parquet", has_days=False, has_files=True)
    return tables
