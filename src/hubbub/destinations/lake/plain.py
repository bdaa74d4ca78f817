"""Tables of a lake as Parquet files: `<table>/posted_on=2026-01-31/part.parquet`, or
`<table>/all.parquet` where rows have no day."""

from datetime import date
from pathlib import Path

from hubbub.core.warehouse import DAY, Change
from hubbub.destinations.lake.places import Place
from hubbub.destinations.lake.putting import putting
from hubbub.destinations.lake.taken import files_of


class PlainTables:
    """Writes a day, or a table without days, whole: each file is the old one or the new one."""

    def __init__(self, place: Place, scratch: Path) -> None:
        self._place = place
        self._scratch = scratch

    def carry_out(self, change: Change) -> None:
        """Make a table what a publication wants it to be. Raises `HubbubError`."""
        if not (change.is_whole or change.days):
            return  # it has other columns, which only readers of `_hubbub.json` have to know
        shape = change.shape
        written: set[date | None] = set()
        with putting(self._place) as put:
            for day, file, _rows in files_of(change, self._place.workshop, self._scratch):
                part = f"{DAY}={day}/part" if shape.is_by_day else "all"
                put(file, f"{shape.name}/{part}.parquet")
                written.add(day)
        if shape.is_by_day:
            kept = {f"{DAY}={day}" for day in written}
            there = self._place.names(shape.name)
            touched = there if change.is_whole else [f"{DAY}={day}" for day in change.days]
            for folder in sorted({*there} & {*touched} - kept):
                self._place.remove(f"{shape.name}/{folder}/part.parquet")
