"""A real MariaDB server on loopback, in a folder of its own."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql

_START_SECONDS = 60.0
_LEAN = (
    "--no-defaults",
    "--skip-name-resolve",
    "--innodb-log-file-size=16M",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=2",
    "--debug-no-sync",
    "--skip-performance-schema",
    # what a server's own settings are must not matter
    "--character-set-server=latin1",
    "--default-time-zone=+09:00",
)


class NoServer(Exception):
    """This machine lacks what the server needs."""


class MariaDB:
    """One server; it outlives tests, which have databases and users of their own."""

    def __init__(self, folder: Path, *, options: tuple[str, ...] = ()) -> None:
        program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None or shutil.which("mariadb-install-db") is None:
            raise NoServer("Debian's mariadb-server: there is no mariadbd")
        self._folder = folder
        self.socket = f"{folder}/socket"
        self.port = _free_port()
        self._options = [*_LEAN, f"--datadir={folder}/data"]
        if os.geteuid() == 0:
            self._options.append("--user=root")
        subprocess.run(
            ["mariadb-install-db", *self._options, "--auth-root-authentication-method=normal",
             "--skip-test-db"],
            check=True, capture_output=True,
        )  # fmt: skip
        self._command = [
            program, *self._options, f"--socket={self.socket}", f"--pid-file={folder}/pid",
            f"--port={self.port}", "--bind-address=127.0.0.1", *options,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                log = (self._folder / "log").read_text(errors="replace")[-2_000:]
                raise AssertionError(f"the server has ended by itself: {log}")
            if Path(self.socket).exists():
                self.run("SELECT 1")
                return
            time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def run(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run a statement as the server's administrator, by another way than Hubbub's."""
        connection: Any = pymysql.connect(
            unix_socket=self.socket, user="root", charset="utf8mb4",
            database=database, autocommit=True, ssl_disabled=True,
        )  # fmt: skip
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def person(self, name: str, password: str, grants: str) -> None:
        """Make a user; `grants` such as `ALL ON one.*`."""
        self.run(f"CREATE OR REPLACE USER {name}@'127.0.0.1' IDENTIFIED BY '{password}'")
        self.run(f"GRANT {grants} TO {name}@'127.0.0.1'")


def _free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
