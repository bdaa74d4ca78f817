"""Slack delivers planted secrets to a running server, which shows what it can, and is killed. Then
no byte that it left or said has one."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3
from slack_sdk.signature import SignatureVerifier

from hubbub.core.ports import Outcome
from hubbub.core.topic import Admission, Source
from hubbub.flows.forwarding import records_of
from hubbub.flows.gates import Gates
from hubbub.flows.receiving import Receiver
from hubbub.flows.vitals import Vitals
from hubbub.settings import load
from hubbub.slack.events import NoDelivery, read_delivery
from hubbub.stores.eventlog import EventLog
from tests.privacy.planted import IDENTITIES, SECRETS, Search, write_planted
from tests.privacy.planted_events import TEAM, bodies
from tests.privacy.test_canary import Use, served

pytestmark = pytest.mark.long

SIGNING = "c0ffee00c0ffee00c0ffee00c0ffee00"
PATIENCE = 60.0
NOT_IN_EVENTS = {SECRETS["path of a group message"]}
"""The path of a folder, in an export alone."""


@dataclass
class Served:
    """`hubbub serve` as a process, and what it said by HTTP."""

    use: Use
    process: "subprocess.Popen[bytes]"
    port: int
    http: urllib3.PoolManager

    def get(self, path: str) -> bytes:
        """What is answered, kept for the search."""
        answer = self.http.request("GET", f"http://127.0.0.1:{self.port}{path}", retries=False)
        self.use.said[f"{path} #{len(self.use.said)}"] = answer.data.decode("utf-8", "replace")
        return answer.data

    def deliver(self, body: bytes, *, secret: str = SIGNING) -> int:
        """Deliver a request as Slack does; returns the status."""
        at = str(int(time.time()))
        signature = SignatureVerifier(secret).generate_signature(timestamp=at, body=body)
        answer = self.http.request(
            "POST", f"http://127.0.0.1:{self.port}/slack/events", body=body, retries=False,
            headers={"Content-Type": "application/json", "X-Slack-Request-Timestamp": at,
                     "X-Slack-Signature": str(signature)})  # fmt: skip
        self.use.said[f"answer #{len(self.use.said)}"] = answer.data.decode("utf-8", "replace")
        return answer.status

    def wait_for(self, path: str, said: bytes) -> None:
        """Ask until an answer says something."""
        end = time.monotonic() + PATIENCE
        while said not in self.get(path):
            assert time.monotonic() < end, f"{path} never said {said!r}"
            time.sleep(0.1)


@contextlib.contextmanager
def serving(use: Use, ending: signal.Signals) -> Generator[Served]:
    """The server, from its first answer to its end by a signal."""
    errors = use.folder.parent / f"{use.preset}-{len(use.said)}.log"
    with errors.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hubbub", "serve", "--port", "0", "-v", "--home", str(use.home)],
            stdout=log, stderr=log,
            env={**os.environ, "SLACK_SIGNING_SECRET": SIGNING, "SLACK_APP_TOKEN": ""},
        )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE
        while b"http://localhost:" not in errors.read_bytes():
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() < end, errors.read_text()
            time.sleep(0.05)
        port = int(errors.read_text().split("http://localhost:")[1].split("/")[0])
        server = Served(use, process, port, urllib3.PoolManager(maxsize=4, timeout=30))
        server.wait_for("/readyz", b'"ready"')
        yield server
    finally:
        process.send_signal(ending)
        process.wait(timeout=PATIENCE)
        use.said[f"serve, log {errors.name}"] = errors.read_text(encoding="utf-8")


def stream_of(server: Served, requests: list[bytes]) -> None:
    """What a dashboard hears until the first frame and, after an event, activity or a status."""
    url = f"http://127.0.0.1:{server.port}/api/v1/stream"
    answer = server.http.request("GET", url, preload_content=False, retries=False)
    heard = b""
    wanted = {b"event: frame", b"event: activity" if server.use.preset == "standard" else b"status"}
    for body in requests:
        server.deliver(body.replace(b"EvZ7Q", b"EvZ8Q").replace(b"17726", b"17727"))
    end = time.monotonic() + PATIENCE
    while not all(each in heard for each in wanted) and time.monotonic() < end:
        heard += answer.read1(65_536)
    answer.close()
    server.use.said["the stream"] = heard.decode("utf-8", "replace")
    assert all(each in heard for each in wanted), "or this looks at nothing"


def looked_at(server: Served) -> None:
    """All that a server shows."""
    dashboard = json.loads(server.get("/api/v1/dashboard"))
    for panel in dashboard["panels"]:
        for form in ("", ".csv", ".png"):
            server.get(f"/api/v1/panels/{panel['name']}{form}")
    for path in ("/", "/metrics", "/api/v1/status", "/api/v1/metrics", "/openapi.json", "/healthz",
                 *(f"/api/v1/metrics/{each}?since=&as_of=latest" for each in (
                     "conversation", "conversation.csv", "alerts", "messages_by_channel", "none")),
                 "/api/v1/panels/nonsense?channel=x"):  # fmt: skip
        server.get(path)


def used(folder: Path, preset: str) -> Use:
    """A home to which everything was delivered: killed with events in its log, begun again, looked
    at, ended."""
    use = Use(folder / preset, preset)
    use.folder.mkdir(parents=True)
    use.begin()
    _, packed = write_planted(folder / "archive")
    with served(packed) as simulator:
        serve(use, bodies(simulator.workspace.team["id"]))
    return use


def serve(use: Use, requests: list[bytes]) -> None:
    """Two servers, one after the other, to whom all is delivered."""
    with serving(use, signal.SIGKILL) as server:
        for body in requests:
            status = server.deliver(body)
            assert status in {200, 400}, body
        assert server.deliver(requests[0], secret="another") in {401, 403}
    killed = use.search({*SECRETS.values()} - NOT_IN_EVENTS)
    assert killed.found == set()
    with serving(use, signal.SIGTERM) as server:
        stream_of(server, requests)
        looked_at(server)


def records(folder: Path, preset: str) -> bytes:
    """The events as the topic gets them."""
    use = Use(folder / f"{preset}-topic", preset)
    use.begin()
    heard = [each for each in bodies() if _is_delivery(each)]

    settings = load(str(use.home), "default")
    gates, log = Gates(settings, list), EventLog(settings.event_log)
    gates.prepare()
    receiver = Receiver(log, gates, Vitals(), team_id=TEAM, listener=_Nobody())
    receiver.start()

    async def receive() -> set[Outcome]:
        return {await receiver.receive(read_delivery(each)) for each in heard}

    assert asyncio.run(receive()) == {Outcome.DONE}
    receiver.stop()
    source = Source("default", TEAM, Admission("scrubbed", "trimmed", "mark"))
    made = [each for entry in log.entries(0) for each in records_of(entry, source)]
    log.close()
    assert len(made) > 20
    return b"\n".join(f"{each.key} {each.headers} ".encode() + each.value for each in made)


class _Nobody:
    def gap(self, channel_id: str | None, why: str) -> None: ...

    def gone(self, why: str) -> None: ...


def _is_delivery(body: bytes) -> bool:
    try:
        read_delivery(body)
    except NoDelivery:
        return False
    return True


def test_the_events_hold_what_is_planted() -> None:
    search = Search({*SECRETS.values(), *IDENTITIES})
    for body in bodies():
        search.bytes("an event", body)
    assert {*SECRETS.values()} - search.words_found == NOT_IN_EVENTS


@pytest.mark.parametrize("preset", ["standard", "strict"])
def test_no_byte_has_a_secret(tmp_path: Path, preset: str) -> None:
    use = used(tmp_path, preset)
    assert use.search({*SECRETS.values()}).found == set()
    in_topic = Search({*SECRETS.values(), *(IDENTITIES if preset == "strict" else ())})
    in_topic.bytes("topic", records(tmp_path, preset))
    assert in_topic.found == set()
    if preset == "strict":
        assert use.search(IDENTITIES).found == set()
