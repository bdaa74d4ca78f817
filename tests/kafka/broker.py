"""A real Apache Kafka broker on loopback: a process of its own that tests stop, kill and restart.

Its jars come from Maven Central once, and lie outside of the repository.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hubbub-tests"
_CLUSTER = "aHViYnViLXRlc3RzLWtybQ"
_LEAN = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_START_SECONDS = 120.0

_PROPERTIES = """
process.roles=broker,controller
node.id=1
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocol}:{protocol}
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
# a broker that was killed is let in again once its session has ended
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
{more}
"""


class NoBroker(Exception):
    """This machine lacks what a broker needs."""


def jars() -> Path:
    """The folder of the broker's jars, fetched if they are not there. Raises `NoBroker`."""
    _check_java()
    digest = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    folder = _CACHE / f"kafka-{digest}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fetching = folder.with_suffix(".fetching")
            shutil.rmtree(fetching, ignore_errors=True)
            command = ["mvn", "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies"]
            command += [f"-DoutputDirectory={fetching}"]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
            except FileNotFoundError as error:
                raise NoBroker("Java 17 and Maven: there is no mvn") from error
            except subprocess.SubprocessError as error:
                raise NoBroker(f"Kafka from Maven Central: {error}") from error
            fetching.rename(folder)
    return folder


def _check_java() -> None:
    try:
        told = subprocess.run(["java", "-version"], check=True, capture_output=True, text=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoBroker("Java 17 and Maven: there is no java") from error
    found = re.search(r'version "(\d+)', told.stderr)
    if not found or int(found[1]) < 17:
        raise NoBroker("Java 17 and Maven: java is older")


class Broker:
    """One broker with its own folder; its port and what it was told outlive its process."""

    def __init__(self, folder: Path, *, more: str = "", protocol: str = "PLAINTEXT") -> None:
        self._jars = jars()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        port, controller = _free_ports()
        self.address = f"127.0.0.1:{port}"
        written = _PROPERTIES.format(
            listeners=f"{protocol}://{self.address}",
            controller=controller,
            folder=folder,
            protocol=protocol,
            more=more,
        )
        (folder / "server.properties").write_text(written)
        command = self._java("kafka.tools.StorageTool", "format", "--ignore-formatted")
        command += ["-t", _CLUSTER, "-c", str(folder / "server.properties")]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None, "it runs already"
        command = self._java("kafka.Kafka", str(self._folder / "server.properties"))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        self._wait()

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _java(self, program: str, *arguments: str) -> list[str]:
        return ["java", *_LEAN, "-cp", f"{self._jars}/*", program, *arguments]

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        host, port = self.address.split(":")
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                log = (self._folder / "log").read_text(errors="replace")[-2_000:]
                raise AssertionError(f"the broker has ended by itself: {log}")
            try:
                socket.create_connection((host, int(port)), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the broker does not answer")


def _free_ports() -> tuple[int, int]:
    with closing(socket.socket()) as one, closing(socket.socket()) as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
