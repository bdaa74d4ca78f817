"""What a lake costs: publishing a workspace to Parquet and to Delta, beside DuckDB's bare COPY of
the same rows from the same store in the same run; then with a hundredth changed, and with nothing.

usage: python -m bench.lake [MESSAGES [ROUNDS]]
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import duckdb

from bench.__main__ import Run, hubbub, made_export, middle, run, say
from bench.edited import CHANGES, change
from hubbub.core.tables import PUBLISHED
from hubbub.core.warehouse import DAY, shape_of

_DAY = f"make_timestamp(split_part(ts, '.', 1)::BIGINT * 1000000)::DATE AS {DAY}"


def bare(store: Path, folder: Path, *, by_day: bool) -> None:
    """Copy the rows of all published tables to Parquet, a file a table or a folder a day."""
    with closing(duckdb.connect(str(store), read_only=True)) as session:
        session.execute("SET TimeZone = 'UTC'; SET partitioned_write_max_open_files = 10000")
        for table in PUBLISHED:
            columns = ", ".join(each.name for each in table.public)
            target, options = folder / f"{table.name}.parquet", "FORMAT parquet, COMPRESSION zstd"
            if by_day and shape_of(table, has_days=True).is_by_day:
                columns += f", {_DAY}"
                target, options = folder / table.name, f"{options}, PARTITION_BY ({DAY})"
            session.execute(f"COPY (SELECT {columns} FROM {table.name}) TO '{target}' ({options})")


def measured(home: Path, archive: Path, folder: Path) -> Iterator[tuple[str, Run]]:
    """Publish in every way; what was done, and what it took."""
    numbers = count(len([*folder.glob("edited-*.zip")]))
    store = home / "default/store.duckdb"
    for name in ("bare", "days"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
        yield name, run(sys.executable, "-m", "bench.lake", name, store, folder / name)
    for form in ("parquet", "delta"):
        place = f"{folder / form}?format={form}"
        shutil.rmtree(folder / form, ignore_errors=True)
        yield form, hubbub(home, "publish", place)
        yield f"{form}, nothing changed", hubbub(home, "publish", place)
        for name in CHANGES:
            change(home, archive, name, next(numbers))
            yield f"{form}, {name}", hubbub(home, "publish", place)


def main(messages: int = 1_000_000, rounds: int = 3) -> None:
    """Measure everything and print it."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as temporary:
        folder = Path(temporary)
        home = folder / "home"
        archive = made_export(folder, messages)
        hubbub(home, "import", archive)
        with closing(duckdb.connect(str(home / "default/store.duckdb"), read_only=True)) as session:
            rows = sum(
                session.execute(f"SELECT count(*) FROM {table.name}").fetchall()[0][0]
                for table in PUBLISHED
            )
        runs: dict[str, list[Run]] = {}
        for _ in range(rounds):
            for name, taken in measured(home, archive, folder):
                runs.setdefault(name, []).append(taken)
        print(f"{messages:,} messages, {rows:,} rows in all tables")
        for name, taken in runs.items():
            wall, cpu = middle([each.wall for each in taken]), middle([each.cpu for each in taken])
            print(
                f"    {name:<42} {wall:7.2f} s, CPU {cpu:6.2f} s, {rows / wall:9,.0f} rows/s, "
                f"{max(each.memory for each in taken):5.0f} MB"
            )
        for form in ("parquet", "delta"):
            for other in ("bare", "days"):
                ratio = _ratio(runs, form, other, "cpu")
                say(f"publish to {form} / {other} COPY, cpu", ratio, "none set")
            for name in ("nothing changed", *CHANGES):
                for what in ("cpu", "wall"):
                    share = 100 * _ratio(runs, f"{form}, {name}", form, what)
                    say(f"{form}: {name} / everything, {what}", share, "at most 5", unit="%")


def _ratio(runs: dict[str, list[Run]], one: str, other: str, what: str) -> float:
    pairs = zip(runs[one], runs[other], strict=True)
    return middle([getattr(first, what) / getattr(second, what) for first, second in pairs])


if __name__ == "__main__":
    if sys.argv[1:2] in (["bare"], ["days"]):
        bare(Path(sys.argv[2]), Path(sys.argv[3]), by_day=sys.argv[1] == "days")
    else:
        main(*map(int, sys.argv[1:]))
