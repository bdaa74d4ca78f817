"""Tables of a lake as Delta tables: what a publication changes of a table is one commit."""

import json
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from hubbub.core.warehouse import DAY, Change, Shape
from hubbub.destinations.lake.places import Place
from hubbub.destinations.lake.putting import putting
from hubbub.destinations.lake.rows import ARROW
from hubbub.destinations.lake.taken import files_of
from hubbub.errors import TryAgain, UsageError

_pa: Any = pa

_SETTINGS = {
    # Statistics are the least and greatest values, texts too: erased rows would live on in the log.
    "delta.dataSkippingNumIndexedCols": "0",
    "delta.deletedFileRetentionDuration": "interval 0 seconds",
}


class DeltaTables:
    """Writes days whole, as files of new names, which a commit puts in the place of the old ones.
    Files of old versions are removed: they hold what has been deleted and erased."""

    def __init__(self, place: Place, scratch: Path) -> None:
        self._place = place
        self._scratch = scratch
        self._delta = _library()

    def carry_out(self, change: Change) -> None:
        """Make a table what a publication wants it to be. Raises `HubbubError`."""
        shape = change.shape
        actions: list[Any] = []
        with putting(self._place) as put:
            for day, file, rows in files_of(change, self._place.workshop, self._scratch):
                part = [f"{DAY}={day}"] if shape.is_by_day else []
                name = "/".join([*part, f"{uuid.uuid4()}.parquet"])
                actions.append(self._added(file, name, day, rows))
                put(file, f"{shape.name}/{name}")
        with self._explained(shape.name):
            if change.is_whole or change.days:
                self._commit(change, actions)
            else:
                self._add_columns(shape)

    def _added(self, file: Path, name: str, day: date | None, rows: int) -> Any:
        return self._delta.transaction.AddAction(
            name,
            file.stat().st_size,
            {DAY: str(day)} if day else {},
            int(time.time() * 1000),
            True,  # these are other rows, not the same ones moved
            json.dumps({"numRecords": rows}),
        )

    def _commit(self, change: Change, actions: list[Any]) -> None:
        shape, delta = change.shape, self._delta
        address, options = self._place.table(shape.name)
        schema = delta.Schema.from_arrow(_schema(shape))
        parts = [DAY] if shape.is_by_day else []
        if not delta.DeltaTable.is_deltatable(address, options):
            delta.transaction.create_table_with_add_actions(
                address,
                schema,
                actions,
                partition_by=parts,
                name=shape.name,
                description=shape.doc,
                configuration=_SETTINGS,
                storage_options=options,
            )
        else:
            days = [(DAY, "in", [str(day) for day in change.days])]
            delta.DeltaTable(address, storage_options=options).create_write_transaction(
                actions,
                "overwrite",
                schema,
                parts,
                partition_filters=None if change.is_whole else days,
            )
        delta.DeltaTable(address, storage_options=options).vacuum(
            retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True
        )

    def _add_columns(self, shape: Shape) -> None:
        """Of a table that stays as it is otherwise."""
        address, options = self._place.table(shape.name)
        table = self._delta.DeltaTable(address, storage_options=options)
        there = {field.name for field in table.schema().fields}
        schema = self._delta.Schema.from_arrow(_schema(shape))
        added = [field for field in schema.fields if field.name not in there]
        if added:
            table.alter.add_columns(added)

    @contextmanager
    def _explained(self, table: str) -> Generator[None]:
        errors = self._delta.exceptions
        try:
            yield
        except errors.CommitFailedError as error:
            raise TryAgain(
                f"Somebody else has written {table} in {self._place.title} at the same time.",
                "Publish again once nobody else writes there.",
            ) from error
        except (errors.DeltaError, OSError) as error:
            raise self._place.explained(error) from error


def _library() -> Any:
    try:
        library = import_module("deltalake")
        import_module("deltalake.exceptions")
        import_module("deltalake.transaction")
    except ImportError:
        raise UsageError(
            "Delta tables need deltalake, which is not installed.",
            'Install it: pip install "hubbub[lake]".',
        ) from None
    return library


def _schema(shape: Shape) -> pa.Schema:
    """All columns with their meaning, the day last."""
    fields = sorted(shape.fields, key=lambda field: field.name == DAY)
    return _pa.schema(
        [_pa.field(each.name, ARROW[each.kind], metadata={"comment": each.doc}) for each in fields]
    )
