"""A metric over many messages: on Apache Spark with one worker and with two, of one core each,
beside DuckDB with one thread and with two, all over the same lake of Parquet files by day.

usage: python -m bench.scale [MESSAGES [METRIC …]]    in .venv-spark, which `make bench` makes
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from tests.engines.spark_servers import apache_spark

from bench.__main__ import run
from hubbub.core.tables import TABLES, Type
from hubbub.core.warehouse import DAY, shape_of
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.metrics.spark import LakeRunner, LakeTable, connected, url_of

METRICS = ("messages_per_month", "thread_lengths")
"""A scan that is counted; and one that groups by millions of threads, and joins them with their
messages. Both have few rows, so that it is not their way through the network that is measured."""
AS_OF = "2026-01-01"
_CATALOG = Catalog(Path("no-pack"))
_MEMORY = 4096
_AS_IN_USE = {
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
    "spark.driver.memory": "2g",
    "spark.executor.extraJavaOptions": "-XX:+UseParallelGC",
    "spark.executor.memory": f"{_MEMORY}m",
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.shuffle.partitions": "16",
}
_TYPES = {Type.TEXT: "VARCHAR", Type.INTEGER: "BIGINT", Type.FLAG: "BOOLEAN"}

_SAID = """
    CREATE TEMP MACRO said_at(i) AS
        make_timestamptz(1735689600000000 + i * (365 * 86400000000 // {messages}));
    CREATE TEMP MACRO ts_of(i) AS printf('%d.%06d', epoch(said_at(i))::BIGINT, i % 1000000);
    CREATE TEMP TABLE said AS SELECT
        i,
        -- five in a row are in one channel; of every other five the first begins a thread
        'C' || lpad((power(hash(i // 5) % 10000 / 1e4, 2) * {channels})::BIGINT::VARCHAR, 8, '0')
            AS channel_id,
        'U' || lpad((power(hash(i) % 1000000 / 1e6, 3) * {members})::BIGINT::VARCHAR, 8, '0')
            AS user_id,
        i % 5 > 0 AND hash(i // 5 + 7) % 2 = 0 AS is_reply
    FROM range({messages}) r(i)"""
_ROWS = {
    "messages": """
        SELECT channel_id, ts_of(i) AS ts, said_at(i) AS posted_at, user_id,
            CASE WHEN is_reply THEN ts_of(i - i % 5) END AS thread_ts,
            CASE WHEN is_reply THEN 'reply' ELSE 'post' END AS kind,
            'tide pool harbour lamp ' || md5(i::VARCHAR) AS text,
            5 AS words, 55 AS characters, i % 40 = 0 AND NOT is_reply AS is_question
        FROM said""",
    "reactions": """
        SELECT channel_id, ts_of(i) AS ts, 'wave' AS name,
            'U' || lpad((hash(i + n) % {members})::VARCHAR, 8, '0') AS user_id
        FROM said CROSS JOIN range(2) r(n) WHERE hash(i + 3) % 5 = 0""",
    "users": """
        SELECT 'U' || lpad(i::VARCHAR, 8, '0') AS user_id, 'member ' || i AS name,
            false AS is_bot, false AS is_deleted FROM range({members} + 1) r(i)""",
    "channels": """
        SELECT 'C' || lpad(i::VARCHAR, 8, '0') AS channel_id, 'channel-' || i AS name,
            'public' AS kind FROM range({channels} + 1) r(i)""",
}


def write_lake(folder: Path, messages: int) -> None:
    """Write an invented year of a community as a lake."""
    sizes = {"messages": messages, "members": max(messages // 1000, 100), "channels": 500}
    with closing(duckdb.connect(str(folder / "work.duckdb"))) as session:
        session.execute("SET TimeZone = 'UTC'; SET partitioned_write_max_open_files = 10000")
        session.execute("SET preserve_insertion_order = false")
        session.execute(_SAID.format(**sizes))
        for table, query in _ROWS.items():
            place = folder / table
            place.mkdir()
            rows, target, options = query.format(**sizes), place / "all.parquet", "FORMAT parquet"
            if _has_days(table):
                day = f"make_timestamp(split_part(ts, '.', 1)::BIGINT * 1000000)::DATE AS {DAY}"
                rows, target = f"SELECT *, {day} FROM ({rows})", place
                options += f", PARTITION_BY ({DAY}), OVERWRITE_OR_IGNORE"
            session.execute(f"COPY ({rows}) TO '{target}' ({options}, COMPRESSION zstd)")
    (folder / "work.duckdb").unlink()


def _has_days(table: str) -> bool:
    return shape_of(TABLES[table], has_days=True).is_by_day


def on_duckdb(folder: Path, metric: str, threads: int) -> int:
    """Run a metric on DuckDB; returns how many rows it gives."""
    with closing(duckdb.connect()) as session:
        session.execute(f"SET TimeZone = 'UTC'; SET threads = {threads}")
        session.execute(f"SET temp_directory = '{folder}/spill'")
        for table in TABLES.values():
            empty = ", ".join(
                f"NULL::{_TYPES.get(each.type, 'TIMESTAMPTZ')} AS {each.name}"
                for each in table.public
            )
            source = f"SELECT {empty} WHERE false"
            if table.name in _ROWS:
                source += (
                    f" UNION ALL BY NAME FROM read_parquet('{folder}/{table.name}/**/*.parquet')"
                )
            session.execute(f"CREATE VIEW {table.name} AS {source}")
        runner = Runner(session, _CATALOG, "UTC", smallest_group=1)
        return _rows(runner, metric).num_rows


def _rows(runner: Runner, metric: str) -> pa.Table:
    found = _CATALOG.metric(metric)
    window = {"as_of": AS_OF, **({"since": ""} if "since" in found.parameters else {})}
    return runner.run(runner.prepare(found, window))


def on_spark(
    folder: Path, metrics: tuple[str, ...], workers: int
) -> Iterator[tuple[str, float, int]]:
    """Run metrics on a cluster of its own: each with its seconds and rows."""
    lake = {
        name: LakeTable(url_of(folder / name), "parquet", _has_days(name), name in _ROWS)
        for name in TABLES
    }
    with (
        tempfile.TemporaryDirectory(prefix="hubbub-scale-") as work,
        apache_spark(Path(work), workers, _MEMORY, _AS_IN_USE) as server,
        connected(server.address, lake, "the lake") as engine,
    ):
        runner = LakeRunner(engine, _CATALOG, "UTC")
        _rows(runner, "messages_by_channel")  # a cluster that has worked before
        for metric in metrics:
            begun, before = time.perf_counter(), cpu_of(server.group)
            rows = _rows(runner, metric).num_rows
            yield metric, time.perf_counter() - begun, rows
            print(f"    {cpu_of(server.group) - before:.0f} CPU seconds, "
                  f"{peak_of(server.group) / 1024:.1f} GB at the most", flush=True)  # fmt: skip


def _processes(group: int) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                yield process
        except ProcessLookupError:
            continue


def cpu_of(group: int) -> float:
    """Seconds of processor time that the processes of a group have taken."""
    ticks = 0
    for process in _processes(group):
        fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_of(group: int) -> float:
    """Megabytes that the processes of a group had in memory at the most, each for itself."""
    found = 0
    for process in _processes(group):
        for line in (process / "status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                found += int(line.split()[1])
    return found / 1024


def tell(who: str, metric: str, seconds: float, messages: int, rest: str = "") -> None:
    """A line of the report."""
    rate = messages / seconds / 1e6
    print(f"{metric:<28} {who:<22} {seconds:7.1f} s {rate:6.2f} M messages/s  {rest}", flush=True)


def main(messages: int, metrics: tuple[str, ...]) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="hubbub-lake-") as name:
        folder = Path(name)
        begun = time.perf_counter()
        write_lake(folder, messages)
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
        print(f"{messages:,} messages, {size:,.0f} MB of Parquet, written in "
              f"{time.perf_counter() - begun:.0f} s\n", flush=True)  # fmt: skip
        for metric in metrics:
            for threads in (1, 2):
                done = run(
                    sys.executable, "-m", "bench.scale", "duckdb", folder, metric, str(threads)
                )
                used = f"{done.cpu:.0f} CPU seconds, {done.memory / 1024:.1f} GB at the most"
                tell(f"DuckDB, {threads} thread(s)", metric, done.wall, messages, used)
        for workers in (1, 2):
            for metric, seconds, rows in on_spark(folder, metrics, workers):
                tell(f"Spark, {workers} worker(s)", metric, seconds, messages, f"{rows:,} rows")


if __name__ == "__main__":
    arguments: list[Any] = sys.argv[1:]
    if arguments[:1] == ["duckdb"]:
        on_duckdb(Path(arguments[1]), arguments[2], int(arguments[3]))
    else:
        main(int((arguments or [1_000_000])[0]), tuple(arguments[1:]) or METRICS)
