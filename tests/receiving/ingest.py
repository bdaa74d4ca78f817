"""What the tests of receiving share: events as Slack delivers them, and what takes them, served."""

import json
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import uvicorn
from slack_sdk.signature import SignatureVerifier

from hubbub.core.batch import Envelope
from hubbub.flows.gates import Gates
from hubbub.flows.receiving import Receiver
from hubbub.flows.vitals import Vitals
from hubbub.server.slack_events import SlackEvents
from hubbub.settings import Settings
from hubbub.slack.events import Delivery, read_delivery
from hubbub.stores.eventlog import Entry, EventLog

SECRET = "c0ffee00c0ffee00c0ffee00c0ffee00"
TEAM = "T0GROVE01"
WORDS = "somebody's private words"
PATIENCE = 15.0


def envelope(number: int, *, team: str = TEAM, **fields: Any) -> bytes:
    """An event as Slack delivers it: a message in C0ROOTS01, unless the fields say otherwise."""
    ts = f"1790000100.{number:06}"
    event = {
        "type": "message", "user": "U0CEDAR01", "text": f"{WORDS} {number}", "ts": ts,
        "channel": "C0ROOTS01", "event_ts": ts, "channel_type": "channel",
    } | fields  # fmt: skip
    told = {
        "token": "legacy", "team_id": team, "api_app_id": "A0APP0001", "event": event,
        "type": "event_callback", "event_id": f"Ev{number:010}", "event_time": 1790000100,
        "authorizations": [{"team_id": team, "user_id": "U0BOT0001", "is_bot": True}],
    }  # fmt: skip
    return json.dumps(told).encode()


def delivery(number: int, **fields: Any) -> Delivery:
    """The same, read."""
    return read_delivery(envelope(number, **fields))


def _created(channel_id: str) -> Delivery:
    channel = {"id": channel_id, "name": channel_id.lower(), "is_channel": True}
    return delivery(0, type="channel_created", channel=channel)


class Heard:
    """Listens to what Slack says of its own deliveries."""

    def __init__(self) -> None:
        self.gaps: list[tuple[str | None, str]] = []
        self.farewells: list[str] = []

    def gap(self, channel_id: str | None, why: str) -> None:
        """Events may be missing."""
        self.gaps.append((channel_id, why))

    def gone(self, why: str) -> None:
        """The app may no longer see the workspace."""
        self.farewells.append(why)


@dataclass
class Place:
    """A workspace's folder, and all that receives into it."""

    settings: Settings
    log: EventLog
    gates: Gates
    vitals: Vitals
    heard: Heard
    receiver: Receiver
    entries: list[Entry] = field(default_factory=list[Entry])
    """As they were told to listeners."""

    def count(self, name: str, **labels: str) -> float:
        """What a counter says."""
        return self.vitals.registry.get_sample_value(f"hubbub_{name}_total", labels) or 0.0

    def texts(self) -> list[str]:
        """The texts of the messages in the log, in their order."""
        return [text for entry in self.log.entries(0) for text in texts_of(entry.tables)]


def texts_of(tables: "dict[str, pa.Table]") -> list[Any]:
    """The texts of messages."""
    return tables["messages"].column("text").to_pylist() if "messages" in tables else []


def _directory() -> list[Envelope]:
    return [Envelope("users", "users", b'[{"id": "U0CEDAR01", "name": "cedarwood"}]')]


@contextmanager
def place(
    folder: Path,
    *,
    preset: str = "open",
    is_ready: bool = True,
    gates: Gates | None = None,
    **choices: Any,
) -> Generator[Place]:
    """A workspace that receives, with one member in its directory."""
    settings = Settings(folder, "grove", privacy={"preset": preset})
    log = EventLog(settings.event_log)
    if gates is None:
        gates = Gates(settings, _directory)
        # so that these are known, and need not be looked up
        gates.observe([_created("C0ROOTS01"), _created("C1")])
        if is_ready:
            gates.prepare()
    vitals, heard = Vitals(), Heard()
    receiver = Receiver(log, gates, vitals, team_id=TEAM, listener=heard, **choices)
    here = Place(settings, log, gates, vitals, heard, receiver)
    receiver.listeners.append(here.entries.append)
    receiver.start()
    try:
        yield here
    finally:
        receiver.stop()
        log.close()


@contextmanager
def served(app: Any) -> Generator[int]:
    """A server in a thread, as the program runs it; gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="info", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def slack_side(here: Place, **choices: Any) -> Generator[int]:
    """The endpoint of a workspace, served; gives its port."""
    with served(SlackEvents(here.receiver, SECRET, here.vitals, **choices)) as port:
        yield port


def signed(body: bytes, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers that Slack would send with a body."""
    sent_at = str(int(time.time() if at is None else at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=sent_at, body=body)
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": sent_at,
        "X-Slack-Signature": str(signature),
    }


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
