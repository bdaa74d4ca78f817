"""A real PostgreSQL on loopback, run by a user without rights, in a folder of its own."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.parts import missing

_START_SECONDS = 60.0
_LEAN = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "20",
    "autovacuum": "off",
    # what a server's own settings are must not matter
    "timezone": "Asia/Tokyo",
    "datestyle": "SQL, DMY",
    "standard_conforming_strings": "off",
}
_HBA = """
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""
OWNER = "administrator"


class NoServer(Exception):
    """This machine lacks what the server needs."""


class PostgresServer:
    """One server; it outlives tests, which have databases and users of their own."""

    def __init__(self) -> None:
        self._bin = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="hubbub-postgres-", dir="/tmp"))
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(_user())
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._call("initdb", "-D", f"{self._folder}/data", "-U", OWNER, "--auth=trust",
                   "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")  # fmt: skip
        (self._folder / "data/pg_hba.conf").write_text(_HBA)

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder

    def own(self, path: Path) -> None:
        """Let the server alone read a file."""
        path.chmod(0o600)
        if self._as_user:
            os.chown(path, self._as_user["user"], self._as_user["group"])

    def start(self, **settings: str) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None, "it runs already"
        chosen = _LEAN | settings | {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
        }  # fmt: skip
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            command: Any = [self._bin / "postgres", "-D", f"{self._folder}/data", *options]
            process: Any = subprocess.Popen(
                command, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._as_user
            )
        self._process = process
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"the server has ended by itself: {self.log()[-2_000:]}")
            ready = [self._bin / "pg_isready", "-h", str(self._folder), "-p", str(self.port)]
            if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def stop(self) -> None:
        """End it, and whoever is connected."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(30)
            self._process = None

    def remove(self) -> None:
        """End it, and remove its files."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """What it has written."""
        return (self._folder / "log").read_text(errors="replace")

    def run(self, statement: str, database: str = "postgres") -> str:
        """Run statements as administrator, by another way than Hubbub's; returns what psql says."""
        done = subprocess.run(
            [self._bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self._folder,
             "-p", str(self.port), "-U", OWNER, database, "-c", statement],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def rows(self, query: str, database: str) -> list[dict[str, Any]]:
        """The rows of a query, as JSON has them."""
        told = self.run(f"SELECT coalesce(json_agg(r), '[]') FROM ({query}) r", database)
        return json.loads(told)

    @contextmanager
    def own_database(self, password: str) -> Generator[str]:
        """A database, and its owner of the same name."""
        name = f"t_{uuid.uuid4().hex[:10]}"
        self.run(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        self.run(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
        yield name
        self.run(f"DROP DATABASE {name} WITH (FORCE)")
        self.run(f"DROP ROLE {name}")

    @contextmanager
    def somebody(self, database: str, statement: str) -> Generator[None]:
        """A session of somebody else's, which has run a statement, and holds what it locks."""
        command: list[Any] = [
            self._bin / "psql", "-XAtq", "-h", self._folder, "-p", str(self.port), "-U", OWNER,
            database,
        ]  # fmt: skip
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"BEGIN; {statement}; SELECT 'ready';\n")
            process.stdin.flush()
            while "ready" not in process.stdout.readline():
                assert process.poll() is None
            yield
            process.stdin.close()

    def wait_until(self, condition: str, *, is_so: bool = True) -> None:
        """Until there is a connection that meets a condition, or none does."""
        query = f"SELECT count(*) > 0 FROM pg_stat_activity WHERE {condition}"
        while self.run(query) != ("t" if is_so else "f"):
            time.sleep(0.05)

    def dump(self, database: str) -> str:
        """All that a database holds."""
        done = subprocess.run(
            [
                self._bin / "pg_dump",
                "-h",
                self._folder,
                "-p",
                str(self.port),
                "-U",
                OWNER,
                database,
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        lines = done.stdout.splitlines()  # some versions put in a word made up for each dump
        return "\n".join(line for line in lines if "restrict" not in line.partition(" ")[0])

    def _call(self, program: str, *arguments: str) -> None:
        command: Sequence[Any] = [self._bin / program, *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._as_user)


def _programs() -> Path:
    """The folder of PostgreSQL's programs; the newest there is. Raises `NoServer`."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    named = shutil.which("initdb")
    if not found and named is None:
        raise NoServer("Debian's postgresql: there is no initdb")
    return (found[-1] if found else Path(str(named))).parent


def _user() -> str:
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def own_server() -> Generator[PostgresServer]:
    """A server for the tests of a session; those of a machine that lacks a part are skipped."""
    try:
        running = PostgresServer()
    except NoServer as error:
        missing(str(error))
    try:
        running.start()
        yield running
    finally:
        running.remove()
