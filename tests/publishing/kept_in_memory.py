"""A destination that is a few tables in memory: it does what it is told, and no more."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
from msgspec.structs import replace

from hubbub.core.warehouse import DAY, Change, Kind, Shape, Shown
from hubbub.errors import TryAgain

Row = dict[str, Any]


class Memory:
    """A warehouse that merges by keys, or writes whole days anew, as lakes do."""

    title = identity = "memory"
    dialect = None

    def __init__(self, *, writes_days: bool) -> None:
        self.writes_days = self.has_days = writes_days
        self.there: dict[str, dict[tuple[Any, ...], Row]] = {}
        self.sent = 0
        """Rows that have come."""
        self.ends: str | None = None
        """Whether it goes away when it is `asked`, `before` it has taken anything, or `after` it
        has taken all."""
        self.answers = Event()
        """Whether it answers."""
        self.answers.set()
        self.was_waited_for = False
        """Whether it has answered at last, or waited for long."""
        self._mark: str | None = None

    def table_name(self, table: str) -> str:
        return table

    def mark(self) -> str | None:
        self._go_away("asked")
        if not self.answers.is_set():
            self.answers.wait(20)
            self.was_waited_for = True
        return self._mark

    def bring(
        self,
        changes: Sequence[Change],
        views: Sequence[Shown] | None,
        mark: str,
        on_table: Callable[[str, int], None],
    ) -> dict[str, str]:
        assert not views
        self._go_away("before")
        for change in changes:
            self._carry_out(change)
            on_table(change.shape.name, change.row_count)
        self._go_away("after")
        self._mark = mark
        return {}

    def close(self) -> None:
        pass

    def backup(self) -> Callable[[], None]:
        """Keep what is there now; to be called when it is to be that again."""
        there, mark = copy.deepcopy(self.there), self._mark

        def restore() -> None:
            self.there, self._mark = there, mark

        return restore

    def _go_away(self, when: str) -> None:
        if self.ends == when:
            raise TryAgain("It has gone away.", "")

    def _carry_out(self, change: Change) -> None:
        shape, table = change.shape, self.there.setdefault(change.shape.name, {})
        self.sent += change.row_count
        assert not change.ready or self.writes_days
        if change.is_whole:
            table.clear()
        for key in [key for key, row in table.items() if row.get(DAY) in change.days]:
            del table[key]
        for day, path, count in change.ready:
            added = {} if day is None else {DAY: day}
            fields = tuple(field for field in shape.fields if field.name not in added)
            rows = _rows(replace(shape, fields=fields), [path])
            assert len(rows) == count
            assert [*rows] == sorted(rows), "they come in the order of their keys"
            table |= {key: row | added for key, row in rows.items()}
        for key in _keys(shape, change.gone):
            table.pop(key, None)  # it may have gone with what was broken off
        table |= _rows(shape, change.rows)

    def tables(self, names: Sequence[str]) -> dict[str, list[Row]]:
        """The rows of tables, without the day that was added; instants as microseconds."""
        return {
            name: [
                {column: value for column, value in row.items() if column != DAY}
                for row in self.there[name].values()
            ]
            for name in names
        }


def _rows(shape: Shape, files: Sequence[Path]) -> dict[tuple[Any, ...], Row]:
    names = [field.name for field in shape.fields]
    shown = [f"epoch_us({field.name})" if field.kind is Kind.INSTANT else field.name
             for field in shape.fields]  # fmt: skip
    rows = [dict(zip(names, row, strict=True)) for row in _read(shown, files)]
    found = {tuple(row[each] for each in shape.key): row for row in rows}
    assert len(found) == len(rows), f"{shape.name} has a key twice"
    return found


def _keys(shape: Shape, files: Sequence[Path]) -> list[tuple[Any, ...]]:
    return _read(shape.key, files)


def _read(columns: Sequence[str], files: Sequence[Path]) -> list[tuple[Any, ...]]:
    if not files:
        return []
    listed = ", ".join(f"'{file}'" for file in files)
    query = f"SELECT {', '.join(columns)} FROM read_parquet([{listed}])"
    return duckdb.execute(query).fetchall()
