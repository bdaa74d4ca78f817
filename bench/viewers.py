"""What open dashboards cost a running `hubbub serve`: its memory with idle ones, and with busy ones
its processor time, and how long an event takes to all screens.

usage: python -m bench.viewers [talk PORT EVENTS_A_SECOND SECONDS]: without arguments, print the
figures
"""

import json
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from bench import consumer_per_browser, generate
from bench.processes import Served, hubbub_serve, settled
from bench.receiving import Connection, event, signed
from hubbub.flows.importing import import_archive
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

MESSAGES = 100_000
IDLE, BUSY = 1_000, 100
EVENTS_A_SECOND = 200
SECONDS = 20.0
_LIVE_SECONDS = 1.0
_CONNECTIONS = 32
_IS_ITEM = re.compile(rb'"key":"C\d{8}/(\d+\.\d+)"')
# as Chromium's EventSource asks
_REQUEST = (
    b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n"
    b"Accept: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB\r\n\r\n"
)


class Viewer:
    """An open dashboard."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.sendall(_REQUEST)
        self.delays: list[float] = []
        """Seconds from the sending of each event until it was seen here."""
        self.counts: list[tuple[float, int]] = []
        """When how many messages were said to be there."""
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._head: bytes | None = b""
        self._rest = b""

    def read(self, *, counts: bool) -> None:
        """Take what has come."""
        part, now = self.socket.recv(1 << 20), time.time()
        assert part, "the server has ended the stream"
        if self._head is not None:
            head, end, part = (self._head + part).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            self._head = None if end else head
        *whole, self._rest = (self._rest + self._inflated(part)).split(b"\n\n")
        for each in whole:
            if b"event: activity" in each:
                self.delays += [now - float(sent) for sent in _IS_ITEM.findall(each)]
            elif counts and b'"messages_in_all":' in each:
                told: dict[str, Any] = json.loads(each.partition(b"data: ")[2])
                panel = told["panels"]["messages_in_all"]
                place = [column["name"] for column in panel["columns"]].index("messages")
                self.counts.append((now, panel["rows"][0][place]))

    def _inflated(self, part: bytes) -> bytes:
        """The bytes within chunks of gzip, as far as they have come."""
        self._chunks += part
        found: list[bytes] = []
        while True:
            size, end, rest = self._chunks.partition(b"\r\n")
            length = int(size, 16) if end else 0
            if not end or len(rest) < length + 2:
                return self._inflate.decompress(b"".join(found))
            found.append(rest[:length])
            self._chunks = rest[length + 2 :]

    _chunks = b""


@dataclass
class Seen:
    """How a server fared while viewers looked on, and what they saw."""

    memory: float
    """Megabytes."""
    cores: float = 0.0
    delays: list[list[float]] = field(default_factory=list[list[float]])
    """Of each viewer."""
    counts: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    sent: list[float] = field(default_factory=list[float])
    """When events were sent, each of which was answered with 200."""


def look(served: Served, viewers: int, *, talks: bool) -> Seen:
    """Let so many look on, while others talk."""
    settled(served)
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        looking: list[Viewer] = []
        for _ in range(viewers):
            viewer = Viewer(served.port)
            stack.callback(viewer.socket.close)
            selector.register(viewer.socket, selectors.EVENT_READ, viewer)
            looking.append(viewer)
        _read(selector, 5.0, looking[0])
        if not talks:
            before, begun = served.cpu, time.monotonic()
            _read(selector, 10.0, looking[0])
            return Seen(served.memory, (served.cpu - before) / (time.monotonic() - begun))
        sent: list[float] = []
        talk = Thread(target=lambda: sent.extend(_talked(served.port)))
        talk.start()
        _read(selector, 2.0, looking[0])  # until its process has begun
        before, begun = served.cpu, time.monotonic()
        while talk.is_alive():
            _read(selector, 0.5, looking[0])
        cores = (served.cpu - before) / (time.monotonic() - begun)
        _read(selector, 5.0, looking[0])
        delays = [each.delays for each in looking]
        return Seen(served.memory, cores, delays, looking[0].counts, sent)


def _read(selector: selectors.BaseSelector, seconds: float, counting: Viewer) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            key.data.read(counts=key.data is counting)


def _talked(port: int) -> list[float]:
    """When each event was sent by a process that does nothing else."""
    command = [sys.executable, "-m", "bench.viewers", "talk", str(port)]
    command += [str(EVENTS_A_SECOND), str(SECONDS)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def talk(port: int, rate: int, seconds: float) -> list[float]:
    """Post so many events a second, whether or not the ones before are answered. Returns when each
    was sent, which is the message's time too."""
    # each in its turn: the server closes connections that it has not heard for some seconds
    free = deque(Connection(port) for _ in range(_CONNECTIONS))
    sent: list[float] = []
    with selectors.DefaultSelector() as selector:
        for each in free:
            selector.register(each.socket, selectors.EVENT_READ, each)
        time.sleep(2.0)
        begun, total = time.monotonic(), round(rate * seconds)
        while len(sent) < total or len(free) < _CONNECTIONS:
            due = begun + len(sent) / rate - time.monotonic()
            if len(sent) < total and free and due <= 0:
                sent.append(float(at := f"{time.time():.6f}"))
                free.popleft().send(signed(event(len(sent), at)))
                continue
            for key, _ in selector.select(max(due, 0.0) if free and len(sent) < total else None):
                connection: Connection = key.data
                if connection.is_answered():
                    free.append(connection)
    return sent


def _counted(seen: Seen, before: int) -> list[float]:
    """Seconds from the sending of each event until a screen counted it. Those that wait at the same
    time may be counted in any order: they are taken in that of sending."""
    totals = [total for _, total in seen.counts]
    found: list[float] = []
    for number, sent in enumerate(sorted(seen.sent), start=before + 1):
        place = bisect_left(totals, number)
        found.append(seen.counts[place][0] - sent if place < len(totals) else float("inf"))
    return found


def _worst(delays: Sequence[float]) -> float:
    """What 99 of 100 stay under."""
    return statistics.quantiles(delays, n=100)[-1]


def report() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as temporary:
        home = Path(temporary)
        settings = Settings(home, "default", privacy={"preset": "open"})
        archive = home / "export.zip"
        generate.write_export(archive, MESSAGES, end=time.time() - 60)
        import_archive(settings, archive, lambda _what, _done, _all: None)
        before = _stored(settings)
        with hubbub_serve(home, "open") as served:
            settled(served)
            alone = served.memory
            idle = look(served, IDLE, talks=False)
        with hubbub_serve(home, "open") as served:
            busy = look(served, BUSY, talks=True)
        lost = before + len(busy.sent) - _stored(settings)
    say(f"memory with {IDLE:,} idle dashboards, MB", idle.memory, "under 300")
    print(f"    {alone:.0f} MB with none; they take {idle.cores:.2f} cores")
    delays = [delay for each in busy.delays for delay in each]
    what = f"{BUSY} dashboards, {EVENTS_A_SECOND} events a second"
    say(f"{what}: cores", busy.cores, "under 1")
    say("  seconds from event to screen, 99 of 100 under", _worst(delays), "under 0.5")
    say("  the same until it is counted", _worst(_counted(busy, before)), "none set")
    print(f"    medians {statistics.median(delays):.2f} and "
          f"{statistics.median(_counted(busy, before)):.2f} s; {busy.memory:.0f} MB")  # fmt: skip
    say("  acknowledged events that the store lacks", lost, "none")
    live = sum(delay <= _LIVE_SECONDS for delay in delays) / (BUSY * len(busy.sent))
    say("  of live events on screens within a second, %", 100 * live, "")
    consumer_per_browser.report(BUSY, EVENTS_A_SECOND, SECONDS)


def _stored(settings: Settings) -> int:
    with store.reading(settings.store) as connection:
        return store.first_row(connection, "SELECT count(*) FROM messages")[0]


def say(what: str, value: float, goal: str) -> None:
    """A line of the report."""
    print(f"{what:<62} {value:8.2f}{f'     (goal: {goal})' if goal else ''}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["talk"]:
        print(json.dumps(talk(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
    else:
        report()
