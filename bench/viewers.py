"""What open dashboards cost: memory of idle ones, processor time and delay of busy ones.

usage: python -m bench.viewers [serve HOME TALK]: without arguments, print the figures
"""

import asyncio
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn

from bench import generate
from hubbub.flows.importing import import_archive
from hubbub.flows.panels import Panels
from hubbub.flows.vitals import Vitals
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import PRESETS
from hubbub.server.app import Parts, Server, build_app
from hubbub.server.stream import Hub
from hubbub.settings import Settings
from hubbub.slack.events import envelope_of, read_delivery
from hubbub.slack.normalize import normalize

MESSAGES = 20_000
IDLE, BUSY = 1_000, 100
EVENTS_A_SECOND = 200
SECONDS = 10.0
_AT = re.compile(rb'"at":"([^"]+)"')
_REQUEST = b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
_PLAIN = _REQUEST.replace(b"Accept-Encoding: gzip\r\n", b"")


@dataclass(frozen=True)
class Cost:
    """What a server used while viewers looked on."""

    memory: float
    """Megabytes, resident."""
    cores: float
    frames: float
    """A second and viewer."""
    delay: float
    """Seconds from the durable event to the viewer; 99 of 100 take less."""


@dataclass(frozen=True)
class _Entry:
    tables: Any


def settings_of(home: Path) -> Settings:
    """The workspace that is served."""
    return Settings(home, "bench", privacy={"preset": "open"})


def serve(home: Path, *, talks: bool) -> None:
    """Serve until the standard input ends; with `talks`, as if events came and were merged."""
    panels, vitals = Panels(settings_of(home)), Vitals()

    async def work() -> None:
        hub = Hub(panels, vitals)
        config = uvicorn.Config(build_app(Parts(vitals, panels, hub)), port=0, log_level="critical")
        server = Server(config, hub)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        talking = asyncio.ensure_future(_talk(panels, hub)) if talks else None
        await asyncio.to_thread(sys.stdin.read)
        if talking:
            talking.cancel()
        server.should_exit = True
        await serving

    asyncio.run(work())


async def _talk(panels: Panels, hub: Hub) -> None:
    """Say something 200 times a second. The store seems to be another one after each tick, and a
    frame of all panels goes out, so that all work is done that merges would cause."""
    gate = Gate(PRESETS["open"], {"C1": Channel("general", "public")}, Keys.new(), None)
    merges = iter(range(1 << 60))
    panels.mark = lambda: (next(merges), 0, 0)
    while True:
        for _ in range(EVENTS_A_SECOND // 20):
            hub.activity(_said(gate))
        if next(merges) % 4 == 0:
            for view, watched in hub.watched.items():
                if frame := hub.whole_frame(view):
                    watched.publish(b"event: frame\ndata: " + frame + b"\n\n")
        hub.merged()
        await asyncio.sleep(0.05)


def _said(gate: Gate) -> _Entry:
    ts = f"{time.time():.6f}"
    event = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1",
             "text": "thank you <@U2>, see you there", "ts": ts, "event_ts": ts}  # fmt: skip
    body = {"type": "event_callback", "team_id": "T1", "event_id": "E1", "event": event}
    batch = normalize([envelope_of(read_delivery(json.dumps(body).encode()))], raw=False)
    return _Entry(gate.admit(batch).tables)


@contextmanager
def served(home: Path, *, talks: bool) -> Generator[tuple[int, int]]:
    """A server in a process of its own: its process id and port."""
    command = [sys.executable, "-m", "bench.viewers", "serve", str(home), str(talks)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.communicate(timeout=30)


def looked_at(home: Path, viewers: int, *, talks: bool) -> Cost:
    """What a server uses while so many look on. One of them measures the delay, in plain text."""
    with served(home, talks=talks) as (pid, port), ExitStack() as stack:
        selector = selectors.DefaultSelector()
        for number in range(viewers):
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            stack.enter_context(connection)
            connection.sendall(_REQUEST if number else _PLAIN)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, number)
        _read(selector, 3.0)
        before, begun = _seconds_of(pid), time.monotonic()
        frames, delays = _read(selector, SECONDS)
        took = time.monotonic() - begun
        return Cost(
            _megabytes_of(pid),
            (_seconds_of(pid) - before) / took,
            frames / took,
            statistics.quantiles(delays, n=100)[-1] if len(delays) > 1 else 0.0,
        )


def _read(selector: selectors.BaseSelector, seconds: float) -> tuple[int, list[float]]:
    """Read what comes for some time: frames and delays that the first viewer saw."""
    frames, delays, rest = 0, list[float](), b""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            connection: Any = key.fileobj
            part: bytes = connection.recv(1 << 20)
            if key.data == 0:
                *whole, rest = (rest + part).split(b"\n\n")
                frames += sum(b"event: frame" in each for each in whole)
                now = time.time()
                for each in whole:
                    if b"event: activity" in each:
                        delays += [now - _instant(said) for said in _AT.findall(each)]
    return frames, delays


def _instant(said: bytes) -> float:
    return datetime.fromisoformat(said.decode()).timestamp()


def _seconds_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes_of(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def run() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as temporary:
        home = Path(temporary)
        generate.write_export(home / "export.zip", MESSAGES)
        import_archive(settings_of(home), home / "export.zip", lambda _what, _done, _all: None)
        alone = looked_at(home, 1, talks=False)
        idle = looked_at(home, IDLE, talks=False)
        busy = looked_at(home, BUSY, talks=True)
    say(f"memory with {IDLE:,} idle dashboards, MB", idle.memory, "under 300")
    say("  of that, kB a dashboard", (idle.memory - alone.memory) * 1024 / IDLE, "")
    say("  cores that they take", idle.cores, "under 0.2")
    say(f"{BUSY} dashboards, {EVENTS_A_SECOND} events a second: cores", busy.cores, "under 1")
    say("  frames a second and dashboard", busy.frames, "")
    say("  seconds from event to dashboard, 99 of 100 under", busy.delay, "under 0.5")


def say(what: str, value: float, goal: str) -> None:
    """A line of the report."""
    print(f"{what:<62} {value:8.2f}{f'     (goal: {goal})' if goal else ''}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), talks=sys.argv[3] == "True")
    else:
        run()
