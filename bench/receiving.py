"""What it costs to have Slack's events durable: signed requests a second, against an empty answer
of the same server.

usage: python -m bench.receiving [serve HOME PRESET]: without arguments, print the figures
"""

import gc
import json
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from hubbub.core.batch import Envelope
from hubbub.flows.gates import Gates
from hubbub.flows.receiving import Receiver
from hubbub.flows.vitals import Vitals
from hubbub.server.slack_events import PATH, SlackEvents, slack_first
from hubbub.settings import Settings
from hubbub.stores.eventlog import EventLog

SECRET = "c0ffee00c0ffee00c0ffee00c0ffee00"
CONNECTIONS = 64
REQUESTS = 6_000
ROUNDS = 5
CHANNELS, MEMBERS = 50, 2_000
_HELLO = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
_ABOUT = (
    "does anyone know when the garden group meets next?",
    "I would bring seeds and tea for everybody, the list is at <https://example.org/list?week=12>",
    "thank you <@U0CEDAR0001>, see you there :seedling:",
    "the second half of the talk was the better one, slides follow tomorrow",
)


def directory() -> list[Envelope]:
    """The members whose names are taken out of texts."""
    members = [
        {"id": f"U0CEDAR{n:04}", "name": f"olive{n}", "profile": {"real_name": f"Olive Example{n}"}}
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
    receiver = Receiver(log, gates, vitals, team_id="T0GROVE01", listener=Nobody())
    receiver.start()

    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    events = SlackEvents(receiver, SECRET, vitals)
    app = slack_first(Starlette(routes=[Route("/hello", hello)]), events)
    # of this protocol by name, else its connections wait for one another's acknowledgements
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    gc.collect()
    gc.freeze()  # what lasts as long as the server need not be looked through again and again
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listening])


@contextmanager
def served(preset: str) -> Generator[int]:
    """A server in its own process; gives its port."""
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.receiving", "serve", home, preset],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()
            process.wait()


def channel_id(number: int) -> str:
    """The id of a channel."""
    return f"C0ROOTS{number:02}"


def event(number: int) -> bytes:
    """An event as Slack delivers it: somebody says something, in about 1,000 bytes."""
    at = f"17900{number // 1000:05}.{number % 1000:06}"
    text = f"{number}: {_ABOUT[number % len(_ABOUT)]}"
    user, channel = f"U0CEDAR{number % MEMBERS:04}", channel_id(number % CHANNELS)
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    inner = {
        "user": user, "type": "message", "ts": at, "text": text, "team": "T0GROVE01",
        "client_msg_id": f"6b3c1d2e-0000-4000-8000-{number:012}",
        "blocks": [{"type": "rich_text", "block_id": "Xy1Zq", "elements": [section]}],
        "channel": channel, "event_ts": at, "channel_type": "channel",
    }  # fmt: skip
    authorization = {
        "enterprise_id": None, "team_id": "T0GROVE01", "user_id": "U0BOT0001", "is_bot": True,
        "is_enterprise_install": False,
    }  # fmt: skip
    envelope = {
        "token": "legacyDoNotUse", "team_id": "T0GROVE01", "context_team_id": "T0GROVE01",
        "context_enterprise_id": None, "api_app_id": "A0APP0001", "event": inner,
        "type": "event_callback", "event_id": f"Ev{number:010}", "event_time": 1_790_000_000,
        "authorizations": [authorization], "is_ext_shared_channel": False,
        "event_context": "4-exampleOpaqueContextOfTheEvent",
    }  # fmt: skip
    return json.dumps(envelope).encode()


def deliveries(numbers: range) -> list[bytes]:
    """Signed requests."""
    verifier, now = SignatureVerifier(SECRET), str(int(time.time()))
    requests: list[bytes] = []
    for number in numbers:
        body = event(number)
        signature = verifier.generate_signature(timestamp=now, body=body)
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nAccept: */*\r\n"
            "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n"
            f"X-Slack-Request-Timestamp: {now}\r\nX-Slack-Signature: {signature}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


class _Connection:
    """A connection that is kept, with one request at a time."""

    def __init__(self, port: int, waiting: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting = waiting
        self._received = b""
        self.ask()

    def ask(self) -> None:
        """Send the next request, if there is one."""
        if (request := next(self._waiting, None)) is not None:
            self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come; says whether the answer is whole."""
        self._received += self.socket.recv(4096)
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0]) if end else 0
        if not end or len(body) < length:
            return False
        assert head.startswith(b"HTTP/1.1 200"), head
        self._received = b""
        return True


def rate(port: int, requests: Sequence[bytes]) -> float:
    """How many requests a second are answered with 200."""
    waiting = iter(requests)
    left = len(requests)
    begin = time.perf_counter()
    connections = [_Connection(port, waiting) for _ in range(CONNECTIONS)]
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
        while left:
            for key, _ in selector.select():
                connection: _Connection = key.data
                if connection.is_answered():
                    left -= 1
                    connection.ask()
    seconds = time.perf_counter() - begin
    for each in connections:
        each.socket.close()
    return len(requests) / seconds


def ratios(preset: str, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Events a second over empty answers a second, the median of several rounds; and both."""
    hellos: list[float] = []
    events: list[float] = []
    with served(preset) as port:
        rate(port, [_HELLO] * 500)
        rate(port, deliveries(range(500)))
        for number in range(1, rounds + 1):
            hellos.append(rate(port, [_HELLO] * REQUESTS))
            events.append(rate(port, deliveries(range(number * REQUESTS, (number + 1) * REQUESTS))))
    both = [event / hello for event, hello in zip(events, hellos, strict=True)]
    return statistics.median(both), statistics.median(events), statistics.median(hellos)


def report() -> None:
    """Print what it costs."""
    for preset in ("open", "standard", "strict"):
        ratio, events, hellos = ratios(preset)
        what = f"durable signed events / empty answers, {preset}"
        print(f"{what:<62} {ratio:8.2f} ×   (goal: at least 0.45)")
        print(f"    {events:,.0f} events a second, {hellos:,.0f} empty answers", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), sys.argv[3])
    else:
        report()
