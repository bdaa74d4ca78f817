"""Spark Connect servers: Sail in a process of its own, and Apache Spark with two workers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.parts import IS_SOAK

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / ".venv-spark" / "cluster"
"""Where `make` installs Apache Spark."""

_PATIENCE_SECONDS = 300
_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
"""Compile less: tests run each query once."""
_SETTINGS = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.driver.extraJavaOptions": _QUICK,
    "spark.executor.extraJavaOptions": _QUICK,
    "spark.log.level": "WARN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    "spark.ui.enabled": "false",
}
if not IS_SOAK:
    # As above: plans that are compiled, or changed while they run, pay where a query runs for long.
    _SETTINGS.update({
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    })  # fmt: skip
_SAIL = """
import signal
from pysail.spark import SparkConnectServer
server = SparkConnectServer(port={port})
server.start(background=True)
signal.pause()
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    address: str
    group: int
    """The process group of all its processes."""


class NoEngine(Exception):
    """What an engine needs is not on this machine."""


@contextmanager
def sail(folder: Path, environment: Mapping[str, str] | None = None) -> Generator[Server]:
    """A Sail server."""
    try:
        import_module("pysail")
    except ImportError:
        raise NoEngine("Sail is not installed: make .venv-spark/.ready") from None
    port = _free_port()
    command = [sys.executable, "-c", _SAIL.format(port=port)]
    said = {"RUST_LOG": "error", **(environment or {})}
    with _running(command, said, folder, port) as server:
        yield server


@contextmanager
def apache_spark(
    folder: Path, workers: int = 2, memory: int = 1024, settings: Mapping[str, str] | None = None
) -> Generator[Server]:
    """A Spark Connect server whose cluster has some workers, each a process with one core and so
    many megabytes."""
    home = next(CLUSTER.glob("lib/python*/site-packages/pyspark"), None)
    if home is None:
        raise NoEngine("Apache Spark is not installed: make .venv-spark/.ready")
    if shutil.which("java") is None:
        raise NoEngine("Apache Spark needs Java 17")
    port = _free_port()
    chosen = {
        **_SETTINGS,
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        **(settings or {}),
    }
    command = [
        str(home / "bin" / "spark-submit"),
        "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
        "--master", f"local-cluster[{workers},1,{memory}]",
        *(each for name, value in chosen.items() for each in ("--conf", f"{name}={value}")),
        "spark-internal",
    ]  # fmt: skip
    environment = {
        "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_WORKER_DIR": str(folder / "work"),
    }  # fmt: skip
    with _running(command, environment, folder, port) as server:
        yield server


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], folder: Path, port: int
) -> Generator[Server]:
    """Run a server until the block ends, with all processes that it starts."""
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _listens(port):
            assert server.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)
        yield Server(f"sc://127.0.0.1:{port}", server.pid)
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # nothing of it is to be kept
        server.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
