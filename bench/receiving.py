"""What it costs to have Slack's events durable: signed requests a second, against an empty answer
of the same server.

usage: python -m bench.receiving [serve HOME PRESET]: without arguments, print the figures
"""

import gc
import itertools
import json
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvicorn
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bench.processes import SECRET, TEAM_ID, Served, hubbub_serve
from hubbub.core.batch import Envelope
from hubbub.flows.gates import Gates
from hubbub.flows.receiving import Receiver
from hubbub.flows.vitals import Vitals
from hubbub.server.slack_events import SlackEvents
from hubbub.server.slack_requests import slack_first
from hubbub.settings import Settings
from hubbub.stores.eventlog import EventLog

AT_ONCE = (64, 256)
"""Requests under way."""
REQUESTS = 6_000
ROUNDS = 5
_GOAL = "at least 0.45"
CHANNELS, MEMBERS = 50, 2_000
_HELLO = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
_VERIFIER = SignatureVerifier(SECRET)
_ABOUT = (
    "does anyone know when the garden group meets next?",
    "I would bring seeds and tea for everybody, the list is at <https://example.org/list?week=12>",
    "thank you <@U0CEDAR0001>, see you there :seedling:",
    "the second half of the talk was the better one, slides follow tomorrow",
)


def directory() -> list[Envelope]:
    """The members whose names are taken out of texts."""
    members = [
        {"id": f"U{n:08}", "name": f"olive{n}", "profile": {"real_name": f"Olive Example{n}"}}
        for n in range(MEMBERS)
    ]
    return [Envelope("users", "users", json.dumps(members).encode())]


class Nobody:
    """Listens to nothing."""

    def gap(self, channel_id: str | None, why: str) -> None:
        """Events may be missing."""

    def gone(self, why: str) -> None:
        """The app was removed."""


def serve(home: Path, preset: str) -> None:
    """Serve until killed; says its port."""
    chosen = {"preset": preset, "only_channels": [channel_id(n) for n in range(CHANNELS)]}
    settings = Settings(home, "grove", privacy=chosen)
    gates, vitals = Gates(settings, directory), Vitals()
    gates.prepare()
    log = EventLog(settings.event_log)
    receiver = Receiver(log, gates, vitals, team_id=TEAM_ID, listener=Nobody())
    receiver.start()

    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    events = SlackEvents(receiver, SECRET, vitals)
    app = slack_first(Starlette(routes=[Route("/hello", hello)]), [events])
    # of this protocol by name, else its connections wait for one another's acknowledgements
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    gc.collect()
    gc.freeze()  # what lasts as long as the server need not be looked through again and again
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listening])


@contextmanager
def served(preset: str) -> Generator[Served]:
    """A server in its own process."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.receiving", "serve", home, preset],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            yield Served(process.pid, int(process.stdout.readline()))
        finally:
            process.kill()
            process.wait()


def channel_id(number: int) -> str:
    """The id of a channel; generated exports have it too."""
    return f"C{number:08}"


def event(number: int, at: str | None = None) -> bytes:
    """An event as Slack delivers it: somebody says something, in about 1,000 bytes."""
    at = at or f"17900{number // 1000:05}.{number % 1000:06}"
    text = f"{number}: {_ABOUT[number % len(_ABOUT)]}"
    user, channel = f"U{number % MEMBERS:08}", channel_id(number % CHANNELS)
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    inner = {
        "user": user, "type": "message", "ts": at, "text": text, "team": TEAM_ID,
        "client_msg_id": f"6b3c1d2e-0000-4000-8000-{number:012}",
        "blocks": [{"type": "rich_text", "block_id": "Xy1Zq", "elements": [section]}],
        "channel": channel, "event_ts": at, "channel_type": "channel",
    }  # fmt: skip
    authorization = {
        "enterprise_id": None, "team_id": TEAM_ID, "user_id": "U0BOT0001", "is_bot": True,
        "is_enterprise_install": False,
    }  # fmt: skip
    envelope = {
        "token": "legacyDoNotUse", "team_id": TEAM_ID, "context_team_id": TEAM_ID,
        "context_enterprise_id": None, "api_app_id": "A0APP0001", "event": inner,
        "type": "event_callback", "event_id": f"Ev{number:010}", "event_time": 1_790_000_000,
        "authorizations": [authorization], "is_ext_shared_channel": False,
        "event_context": "4-exampleOpaqueContextOfTheEvent",
    }  # fmt: skip
    return json.dumps(envelope).encode()


def signed(body: bytes) -> bytes:
    """A request as Slack makes it."""
    now = str(int(time.time()))
    signature = _VERIFIER.generate_signature(timestamp=now, body=body)
    head = (
        f"POST {SlackEvents.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nAccept: */*\r\n"
        "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n"
        f"X-Slack-Request-Timestamp: {now}\r\nX-Slack-Signature: {signature}\r\n\r\n"
    )
    return head.encode() + body


def deliveries(numbers: Iterable[int]) -> list[bytes]:
    """Signed requests."""
    return [signed(event(number)) for number in numbers]


class Connection:
    """A connection that is kept, with one request at a time."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, request: bytes | None) -> None:
        """Send a request, if there is one."""
        if request is not None:
            self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come; says whether the answer is whole."""
        part = self.socket.recv(4096)
        assert part, "the server has closed the connection"
        self._received += part
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0]) if end else 0
        if not end or len(body) < length:
            return False
        assert head.startswith(b"HTTP/1.1 200"), head
        self._received = b""
        return True


def rate(port: int, requests: Sequence[bytes], at_once: int) -> float:
    """How many requests a second are answered with 200, with so many under way."""
    waiting = iter(requests)
    left = len(requests)
    begin = time.perf_counter()
    connections = [Connection(port) for _ in range(at_once)]
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
            each.send(next(waiting, None))
        while left:
            for key, _ in selector.select():
                connection: Connection = key.data
                if connection.is_answered():
                    left -= 1
                    connection.send(next(waiting, None))
    seconds = time.perf_counter() - begin
    for each in connections:
        each.socket.close()
    return len(requests) / seconds


_Measured = tuple[float, float]
"""Requests a second, and a second of processor time."""
_Both = tuple[_Measured, _Measured]
"""Of events, and of empty answers."""


class Ratio(NamedTuple):
    """Events a second over empty answers a second, the median of several rounds; and both."""

    ratio: float
    events: float
    hellos: float
    work: float
    """The same by processor time, which others on the machine change less."""


def ratios(server: Served, hello: bytes, rounds: int = ROUNDS) -> dict[int, Ratio]:
    """Compare events to empty answers, in turn, by how many requests are under way."""
    numbers = itertools.count(500)
    _measured(server, [hello] * 500, AT_ONCE[0])
    _measured(server, deliveries(range(500)), AT_ONCE[0])
    found: dict[int, list[_Both]] = {at_once: [] for at_once in AT_ONCE}
    for _ in range(rounds):
        for at_once, both in found.items():
            hellos = _measured(server, [hello] * REQUESTS, at_once)
            requests = deliveries(itertools.islice(numbers, REQUESTS))
            both.append((_measured(server, requests, at_once), hellos))
    return {at_once: _ratio(both) for at_once, both in found.items()}


def _ratio(both: Sequence[_Both]) -> Ratio:
    return Ratio(
        statistics.median(event[0] / hello[0] for event, hello in both),
        statistics.median(event[0] for event, _ in both),
        statistics.median(hello[0] for _, hello in both),
        statistics.median(event[1] / hello[1] for event, hello in both),
    )


def _measured(server: Served, requests: Sequence[bytes], at_once: int) -> _Measured:
    before = server.cpu
    found = rate(server.port, requests, at_once)
    return found, len(requests) / (server.cpu - before)


def say(what: str, found: Mapping[int, Ratio]) -> None:
    """The report of one server."""
    print(what)
    for at_once, each in found.items():
        told = f"    {at_once} requests under way"
        print(f"{told:<62} {each.ratio:8.2f} ×   (goal: {_GOAL})")
        print(
            f"        {each.events:,.0f} events a second, {each.hellos:,.0f} empty answers; "
            f"by processor time {each.work:.2f} ×",
            flush=True,
        )


def report() -> None:
    """Print what it costs: of `hubbub serve`, whose loader merges the events meanwhile, and of the
    receiver alone beside an application that does nothing else."""
    for preset in ("open", "standard"):
        with (
            tempfile.TemporaryDirectory(prefix="hubbub-bench-") as home,
            hubbub_serve(Path(home), preset) as server,
        ):
            found = ratios(server, _HELLO % b"/healthz")
        say(f"hubbub serve: durable signed events / its /healthz, {preset}", found)
    with served("standard") as server:
        found = ratios(server, _HELLO % b"/hello", rounds=3)
    say("the receiver alone / a bare hello, standard", found)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), sys.argv[3])
    else:
        report()
