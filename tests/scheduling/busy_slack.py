"""A Slack that asks everybody to come again in ten minutes, and knows who asked; and the program
as a process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import cast

PATIENCE = 60.0
_QUIET = ("SLACK_", "HUBBUB_")


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


class BusySlack(ThreadingHTTPServer):
    """Whoever collects here waits, until told to stop."""

    daemon_threads = True

    def __init__(self) -> None:
        self.tokens: list[str] = []
        """Of each request, in the order that they came."""
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """For SLACK_API_URL."""
        return f"http://127.0.0.1:{self.server_port}/api/"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Any method."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        cast("BusySlack", self.server).tokens.append(token)
        self.send_response(429)
        self.send_header("Retry-After", "600")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def busy_slack() -> Generator[BusySlack]:
    """One that listens."""
    with BusySlack() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Hubbub:
    """The program, on one home."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_QUIET)}
        self.environment = kept | {"COLUMNS": "200"} | environment
        self.begun: list[subprocess.Popen[str]] = []

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "hubbub", "--home", str(self.home), *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
        )  # fmt: skip
        self.begun.append(process)
        return process

    def interrupt(self, process: "subprocess.Popen[str]") -> tuple[int, str, str]:
        """Press Ctrl-C."""
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=PATIENCE)
        return process.returncode, printed, said

    def end(self) -> None:
        """Leave nothing running."""
        for process in self.begun:
            if process.poll() is None:
                for child in children(process.pid):
                    os.kill(child, signal.SIGKILL)
                process.kill()
                process.communicate()


def children(pid: int) -> list[int]:
    """The processes that a process has begun, by any of its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found
