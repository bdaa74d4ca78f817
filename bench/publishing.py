"""What publishing to PostgreSQL costs, beside a bare load of the same rows; what a change costs;
and both by dlt.

usage: python -m bench.publishing [MESSAGES]
"""

import os
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from tests.publishing.postgres_server import OWNER, NoServer, PostgresServer

from bench.edited import CHANGES, change
from hubbub.core.tables import MESSAGES
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

if TYPE_CHECKING:
    from bench.__main__ import Run

_pa: Any = pa
_pq: Any = pq

ROUNDS = 3
_AS_SERVERS_ARE = {
    "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on",
    "shared_buffers": "128MB", "max_wal_size": "4GB",
}  # fmt: skip
"""Where tests take what is quick."""
_PASSWORD = "a password of the bench"


def report(messages: int = 1_000_000) -> None:
    """Measure everything and print it."""
    try:
        server = PostgresServer()
    except NoServer as error:
        print(f"publishing is not measured: {error}")
        return
    try:
        server.start(**_AS_SERVERS_ARE)
        server.run(f"ALTER ROLE {OWNER} PASSWORD '{_PASSWORD}'")
        with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as temporary:
            _measure(Path(temporary), server, messages)
    finally:
        server.remove()


def _measure(folder: Path, server: PostgresServer, messages: int) -> None:
    from bench.__main__ import hubbub, made_export, middle, say

    settings = Settings(folder / "home", "default")
    archive = made_export(folder, messages)
    hubbub(settings.home, "import", archive)
    rows = _messages_as_parquet(settings, folder)
    os.environ["PGPASSWORD"] = _PASSWORD
    url = f"postgres://{OWNER}@127.0.0.1:{server.port}"
    for name in ("bare", "one", "whole"):
        server.run(f"CREATE DATABASE {name}")
    bare: list[float] = []
    one: list[float] = []
    for _ in range(ROUNDS):
        bare.append(_bare_load(server, rows))
        done = hubbub(settings.home, "publish", f"{url}/one", "--tables", "messages",
                      "--full-refresh")  # fmt: skip
        one.append(done.wall)
    rate = messages / middle(one)
    print(f"messages to PostgreSQL: {rate:,.0f} rows/s with keys, indexes and what is remembered")
    print(f"    a bare ADBC load of the same rows: {messages / middle(bare):,.0f} rows/s")
    ratio = middle([a / b for a, b in zip(one, bare, strict=True)])
    say(f"{messages:,} messages published / loaded bare", ratio, "none set")
    whole = [hubbub(settings.home, "publish", f"{url}/whole", "--full-refresh")
             for _ in range(ROUNDS)]  # fmt: skip
    numbers = count()
    after: dict[str, list[Run]] = {}
    for which in CHANGES * ROUNDS:
        change(settings.home, archive, which, next(numbers))
        after.setdefault(which, []).append(hubbub(settings.home, "publish", f"{url}/whole"))
    after["nothing changed"] = [
        hubbub(settings.home, "publish", f"{url}/whole") for _ in range(ROUNDS)
    ]
    full = middle([each.wall for each in whole])
    for name, runs in after.items():
        share = 100 * middle([each.wall for each in runs]) / full
        say(f"{name} / everything", share, "at most 5", unit="%")
    say("peak memory", max(each.memory for each in whole), "none set", unit="MB")
    for name, runs in {"everything": whole, **after}.items():
        wall, cpu = middle([each.wall for each in runs]), middle([each.cpu for each in runs])
        print(f"    {name}: {wall:.2f} s, Hubbub's CPU {cpu:.2f} s")
    credentials = "DESTINATION__POSTGRES__CREDENTIALS"
    os.environ[credentials] = f"postgresql://{OWNER}@127.0.0.1:{server.port}/whole"
    os.environ[f"{credentials}__PASSWORD"] = _PASSWORD
    by_dlt = hubbub(settings.home, "publish", "dlt://postgres/by_dlt")
    say("everything by dlt / by Hubbub's own way", by_dlt.wall / full, "none set")
    for which in CHANGES:
        change(settings.home, archive, which, next(numbers))
        own, by_dlt = (
            hubbub(settings.home, "publish", each)
            for each in (f"{url}/whole", "dlt://postgres/by_dlt")
        )
        say(f"{which}: by dlt / by Hubbub's own way", by_dlt.wall / own.wall, "none set")


def _messages_as_parquet(settings: Settings, folder: Path) -> Path:
    path = folder / "messages.parquet"
    columns = ", ".join(column.name for column in MESSAGES.public)
    with store.reading(settings.store) as connection:
        connection.execute(
            f"COPY (SELECT {columns} FROM messages) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return path


def _bare_load(server: PostgresServer, rows: Path) -> float:
    """Seconds in which the rows are in a table without key, index or anything else."""
    server.run("DROP TABLE IF EXISTS messages", "bare")
    begun = time.perf_counter()
    with _connected(server) as connection, connection.cursor() as cursor:
        batches = _pq.ParquetFile(rows).iter_batches(16_384)
        reader = _pa.RecordBatchReader.from_batches(_pq.read_schema(rows), batches)
        cursor.adbc_ingest("messages", reader, mode="create")
        connection.commit()
    return time.perf_counter() - begun


@contextmanager
def _connected(server: PostgresServer) -> Generator[Any]:
    from adbc_driver_postgresql import dbapi

    driver: Any = dbapi
    uri = f"postgresql://{OWNER}@127.0.0.1:{server.port}/bare"
    with closing(driver.connect(uri)) as connection:
        yield connection


if __name__ == "__main__":
    report(*map(int, sys.argv[1:2]))
