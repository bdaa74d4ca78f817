"""A collection in a process of its own, by the clock of a simulator in another: what `kill -9` is
tried on, and whose memory is measured.

usage: python in_process.py HOME [PAGES]: merge after so many pages; 0 for the usual number
"""

import json
import os
import resource
import sys
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from hubbub.errors import HubbubError
from hubbub.flows import collecting
from hubbub.settings import Collecting, Settings


class RemoteClock:
    """The clock of a simulator that stands still until this process moves it, by HTTP."""

    speed = 0.0

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc)
        self._lock = Lock()
        self._now = self._told("GET", b"")

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        self._now = self._told("POST", json.dumps({"advance": seconds}).encode())

    def _told(self, verb: str, body: bytes) -> float:
        with self._lock:
            self._connection.close()  # a server ends connections that were idle for some seconds
            self._connection.request(verb, "/_sim/clock", body)
            told: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return told["now"]


def main(home: Path, pages: int) -> None:
    """Collect, and tell how it went as JSON."""
    url = os.environ["SLACK_API_URL"]
    kind = "bot" if "SLACK_BOT_TOKEN" in os.environ else "user"
    settings = Settings(home, "grove", privacy={"preset": "open"}, collect=Collecting(token=kind))
    if pages:
        setattr(collecting, "_MERGE_PAGES", pages)  # noqa: B010 -- private to all others
    try:
        report = collecting.collect(settings, clock=RemoteClock(url))
    except HubbubError as error:
        sys.stderr.write(str(error))
        sys.exit(error.exit)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"calls": report.calls, "messages": report.messages, "megabytes": peak}
    sys.stdout.write(json.dumps(told))
    sys.exit(report.exit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
