"""A sending in a process of its own, by the clock of a simulator in another: what `kill -9` is
tried on, and whose work is counted.

usage: python sender_process.py HOME LETTERS
"""

import json
import os
import resource
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from posting import letter

from hubbub.errors import HubbubError
from hubbub.flows.connecting import connect_bot
from hubbub.flows.delivering import deliver
from hubbub.settings import Settings


class RemoteClock:
    """The clock of a simulator that stands still until this process moves it, by HTTP."""

    speed = 0.0

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc)
        self._now = self._told("GET", b"")

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        self._now = self._told("POST", json.dumps({"advance": seconds}).encode())

    def _told(self, verb: str, body: bytes) -> float:
        try:
            self._connection.request(verb, "/_sim/clock", body)
            said = self._connection.getresponse().read()
        except ConnectionError:  # it lay idle for longer than the server keeps it
            self._connection.close()
            self._connection.request(verb, "/_sim/clock", body)
            said = self._connection.getresponse().read()
        told: dict[str, Any] = json.loads(said)
        return told["now"]


def main(home: Path, number: int) -> None:
    """Send a picture to each of so many members, and tell how it went as JSON."""
    settings = Settings(home, "grove", privacy={"preset": "open"})
    letters = [letter(f"U{each:03}", pictures=1) for each in range(1, number + 1)]
    begun = time.process_time()
    try:
        done = deliver(
            settings, letters, connect_bot(settings), clock=RemoteClock(os.environ["SLACK_API_URL"])
        )
    except HubbubError as error:
        sys.stderr.write(str(error))
        sys.exit(error.exit)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    told = {"sent": done.sent, "already": done.already, "seconds": time.process_time() - begun}
    sys.stdout.write(json.dumps(told | {"megabytes": spent.ru_maxrss / 1024}))
    sys.exit(done.exit)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
