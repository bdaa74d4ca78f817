"""A store that stays open and is empty again before each example."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from hubbub.core.batch import Admitted
from hubbub.stores.merge import Merged, merge
from hubbub.stores.staging import joined, stage

Rows = list[tuple[Any, ...]]


class EmptiedStore:
    """A store under one transaction, which is undone before each example."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._numbers = count()

    def clear(self) -> None:
        """Begin anew with an empty store."""
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN")
        for path in self._folder.glob("*.arrow"):
            path.unlink()

    def merge(self, pieces: Sequence[Admitted]) -> Merged:
        """Merge what several tasks have admitted, as one import does."""
        staged = [stage([each], self._folder, f"{next(self._numbers):06}") for each in pieces]
        return merge(self._connection, joined(staged))

    def forget_inputs(self) -> None:
        """What the end of a session does: an import never meets the inputs of another."""
        for (name,) in self.query("SELECT view_name FROM duckdb_views() WHERE temporary"):
            if name.startswith("staged_"):
                self._connection.unregister(name)
                self._connection.execute(f"DROP VIEW IF EXISTS temp.{name}")

    def query(self, sql: str) -> Rows:
        """The rows of a query."""
        return self._connection.execute(sql).fetchall()
