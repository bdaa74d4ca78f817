"""Socket Mode against the local Slack: nothing is acknowledged before it is safe, connections are
replaced without a gap, and what cannot go on is said."""

import asyncio
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ingest import TEAM, Place, envelope, place, wait_for
from websockets import CloseCode
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve

from hubbub.errors import HubbubError
from hubbub.flows.listening import socket_mode
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Workspace
from hubbub.slack.api import Answer, Slack, Token
from hubbub.sources.socket_mode import SocketMode


@pytest.fixture
def grove() -> Generator[Simulator]:
    simulator = Simulator(
        Workspace({"id": TEAM, "name": "Grove", "domain": "grove"}, "UTC"),
        clock=Clock.manual(1_790_000_000.0),
    )
    simulator.acts.add_user("olive", id="U1", is_primary_owner=True)
    simulator.acts.create_channel("roots", "U1", id="C1")
    simulator.add_token("bot", channels=["C1"])
    with simulator.serve():
        yield simulator


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.sources.socket_mode._FIRST_PAUSE", 0.05)


@pytest.fixture
def here(tmp_path: Path) -> Generator[Place]:
    with place(tmp_path) as found:
        yield found


class Running:
    """Socket Mode in a loop of its own."""

    def __init__(self, mode: SocketMode) -> None:
        self.error: BaseException | None = None
        self.has_ended = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._mode = mode
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._task = self._loop.create_task(self._mode.run())
        try:
            self._loop.run_until_complete(self._task)
        except (HubbubError, asyncio.CancelledError) as error:
            self.error = error
        _end(self._loop)
        self.has_ended.set()

    def stop(self) -> None:
        if not self.has_ended.is_set():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()


@contextmanager
def listening(
    here: Place, simulator: Simulator, token: str = "", **choices: Any
) -> Generator[Running]:
    found = Token("app", "SLACK_APP_TOKEN", token or simulator.add_token("app"))
    mode = socket_mode(found, f"{simulator.origin}/api/", here.receiver, here.vitals, **choices)
    running = Running(mode)
    try:
        yield running
    finally:
        running.stop()


def connections(simulator: Simulator) -> int:
    apps = simulator.events.status()["apps"]
    return apps[0]["connections"] if apps else 0


def connected(here: Place, simulator: Simulator, number: int) -> Callable[[], bool]:
    told = f"Socket Mode, {number} connection{'s' if number > 1 else ''}"
    return lambda: connections(simulator) == number and here.vitals.state("slack").told == told


def said(here: Place) -> list[str]:
    return [text for text in here.texts() if not text.startswith("<@")]


def test_events_are_safe_before_they_are_acknowledged(here: Place, grove: Simulator) -> None:
    with listening(here, grove):
        wait_for(connected(here, grove, 2))
        for number in range(20):
            grove.acts.post("C1", "U1", f"hello {number}")
        grove.events.pump()
        assert {e.failure for entry in grove.events.ledger.entries() for e in entry.attempts} == {
            ""
        }
        assert sorted(said(here)) == sorted(f"hello {number}" for number in range(20))
        assert here.count("events_received", source="socket") == 20
    assert here.heard.gaps == []
    assert connections(grove) == 0


def test_what_is_not_safe_is_not_acknowledged(
    tmp_path: Path, grove: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.simulator.events.events.TIMEOUT", 0.5)
    with place(tmp_path, is_ready=False) as here, listening(here, grove):
        wait_for(connected(here, grove, 2))
        grove.acts.post("C1", "U1", "hello")
        grove.events.pump()
        assert grove.events.ledger.acknowledged == set()
        here.gates.prepare()
        grove.clock.advance(60)
        grove.events.pump()
        assert len(grove.events.ledger.acknowledged) == 1
        assert said(here) == ["hello"]


def test_connections_are_replaced_without_a_gap(here: Place, grove: Simulator) -> None:
    with listening(here, grove):
        wait_for(connected(here, grove, 2))
        for number in range(3):
            grove.events.lose_connections("refresh_requested")
            wait_for(lambda: connections(grove) >= 4 or connections(grove) == 2)
            grove.acts.post("C1", "U1", f"hello {number}")
            grove.events.pump()
            grove.clock.advance(60)
            wait_for(connected(here, grove, 2))
    assert said(here) == ["hello 0", "hello 1", "hello 2"]
    assert [len(entry.attempts) for entry in grove.events.ledger.entries()] == [1, 1, 1]
    assert here.heard.gaps == []


def test_a_warning_is_heeded_before_the_end(here: Place, grove: Simulator) -> None:
    with listening(here, grove, connections=1):
        wait_for(connected(here, grove, 1))
        grove.clock.advance(3591)  # of 3600: the warning comes ten seconds before
        wait_for(lambda: connections(grove) == 2)
        grove.clock.advance(30)
        wait_for(connected(here, grove, 1))
    assert here.heard.gaps == []


def test_a_lost_connection_is_a_gap_once_it_is_back(here: Place, grove: Simulator) -> None:
    with listening(here, grove):
        wait_for(connected(here, grove, 2))
        grove.events.lose_connections()
        wait_for(lambda: len(here.heard.gaps) == 1)
        wait_for(connected(here, grove, 2))
        grove.acts.post("C1", "U1", "back")
        grove.events.pump()
        assert said(here) == ["back"]
    [(channel_id, why)] = here.heard.gaps
    assert channel_id is None
    assert "no connection" in why


def test_a_slack_that_cannot_be_reached_is_tried_again(
    here: Place, grove: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = grove.add_token("app")
    mode = socket_mode(
        Token("app", "SLACK_APP_TOKEN", token), "http://127.0.0.1:9/", here.receiver, here.vitals
    )
    running = Running(mode)
    wait_for(lambda: "127.0.0.1:9 cannot be reached" in here.vitals.state("slack").told)
    assert here.vitals.state("slack").state == "reconnecting"
    assert "trying again" in here.vitals.state("slack").told
    running.stop()
    assert here.heard.gaps == []


def test_switching_off_ends_it(here: Place, grove: Simulator) -> None:
    with listening(here, grove, connections=1) as running:
        wait_for(connected(here, grove, 1))
        grove.events.lose_connections("link_disabled")
        assert running.has_ended.wait(15)
    assert here.vitals.state("slack").state == "disabled"
    assert "Switch it on" in here.vitals.state("slack").told


def test_a_slack_where_it_is_switched_off_is_not_asked_again(here: Place, grove: Simulator) -> None:
    token = grove.add_token("app")
    with listening(here, grove, token, connections=1):
        wait_for(connected(here, grove, 1))
        grove.events.lose_connections("link_disabled")
    with listening(here, grove, token) as running:
        assert running.has_ended.wait(15)
    assert isinstance(running.error, HubbubError)
    assert "Socket Mode" in running.error.fix


@pytest.mark.parametrize(
    ("kind", "scopes", "code"),
    [
        ("bot", None, "not_allowed_token_type"),
        ("app", ["authorizations:read"], "missing_scope"),
        ("", None, "invalid_auth"),
    ],
)
def test_a_wrong_token_is_told(
    here: Place, grove: Simulator, kind: Any, scopes: Any, code: str
) -> None:
    token = grove.add_token(kind, scopes=scopes) if kind else "xapp-nobodys-token"
    with listening(here, grove, token) as running:
        assert running.has_ended.wait(15)
    assert isinstance(running.error, HubbubError)
    assert running.error.reason == f"Slack refuses the app token in SLACK_APP_TOKEN ({code})."
    assert "connections:write" in running.error.fix
    assert token not in str(running.error)
    assert here.vitals.state("slack").state == "disabled"


class Handmade:
    """A Slack that says what a test wants, and hears what is answered."""

    def __init__(self, *messages: str) -> None:
        self.answers: list[Any] = []
        self._messages = messages
        self._url = ""

    async def hear(self, connection: ServerConnection) -> None:
        for message in self._messages:
            await connection.send(message)
        async for answer in connection:
            self.answers.append(json.loads(answer))

    @contextmanager
    def met(
        self, here: Place, monkeypatch: pytest.MonkeyPatch, url: str = ""
    ) -> Generator[Running]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        async def start() -> Any:
            return await serve(self.hear, "127.0.0.1", 0)

        server = asyncio.run_coroutine_threadsafe(start(), loop).result()
        self._url = url or f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/link"

        def call(slack: Slack, method: str, arguments: Any, now: float) -> Answer:
            return Answer(method, arguments, {"ok": True, "url": self._url}, b"", now)

        monkeypatch.setattr(Slack, "call", call)
        token = Token("app", "SLACK_APP_TOKEN", "xapp-1")
        mode = socket_mode(
            token, "https://slack.example/api/", here.receiver, here.vitals, connections=1
        )
        running = Running(mode)
        try:
            yield running
        finally:
            running.stop()
            asyncio.run_coroutine_threadsafe(_closed(server), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            _end(loop)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop that has stopped; what is left of its connections ends first."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()

    async def ended() -> None:
        await asyncio.gather(*left, return_exceptions=True)

    loop.run_until_complete(ended())
    loop.close()


async def _closed(server: Any) -> None:
    server.close()
    await server.wait_closed()


class Silent(Handmade):
    """A Slack that does not greet, and notes how the app leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: list[int | None] = []

    async def hear(self, connection: ServerConnection) -> None:
        await connection.wait_closed()
        self.codes.append(connection.close_code)


HELLO = '{"type": "hello", "num_connections": 1}'


def test_a_connection_that_waits_for_its_greeting_is_closed_when_all_ends(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack, is_waiting, receive = Silent(), threading.Event(), ClientConnection.recv

    async def waiting(connection: ClientConnection) -> Any:
        is_waiting.set()
        return await receive(connection)

    monkeypatch.setattr(ClientConnection, "recv", waiting)
    with slack.met(here, monkeypatch):
        assert is_waiting.wait(15)
    assert slack.codes == [CloseCode.NORMAL_CLOSURE]


def test_other_envelopes_are_acknowledged_and_counted(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = {"type": "app_rate_limited", "team_id": TEAM}
    envelopes: list[dict[str, Any]] = [
        {"type": "slash_commands", "envelope_id": "1", "payload": {"command": "/private"}},
        {"type": "interactive", "envelope_id": "2", "payload": {}},
        {"type": "Some other type", "envelope_id": "3"},
        {"type": "events_api", "envelope_id": "4", "payload": {"type": "event_callback"}},
        {"type": "events_api", "envelope_id": "5", "payload": limited},
    ]
    slack = Handmade(HELLO, "no JSON", "[]", *map(json.dumps, envelopes))
    with slack.met(here, monkeypatch):
        wait_for(lambda: len(slack.answers) == 5)
    assert sorted(answer["envelope_id"] for answer in slack.answers) == ["1", "2", "3", "4", "5"]
    assert here.count("events_ignored", type="slash_commands") == 1
    assert here.count("events_ignored", type="other") == 1
    assert here.count("events_rejected", reason="json") == 3
    assert [channel_id for channel_id, _ in here.heard.gaps] == [None]


def test_another_workspaces_events_are_acknowledged_and_not_kept(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = json.loads(envelope(1, team="T0OTHER01"))
    told = {"type": "events_api", "envelope_id": "1", "payload": payload}
    slack = Handmade(HELLO, json.dumps(told))
    with slack.met(here, monkeypatch):
        wait_for(lambda: len(slack.answers) == 1)
    assert here.count("events_rejected", reason="team") == 1
    assert here.log.unseen(["Ev0000000001"])


def test_too_many_connections_are_waited_for(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    told = '{"type": "disconnect", "reason": "too_many_websockets"}'
    with Handmade(told).met(here, monkeypatch) as running:
        wait_for(lambda: "no more connections" in here.vitals.state("slack").told)
        assert "trying again in 60 s" in here.vitals.state("slack").told
        assert not running.has_ended.is_set()


@pytest.mark.parametrize("url", ["ws://slack.example/link", "http://127.0.0.1/", "nonsense"])
def test_only_encrypted_connections_leave_the_machine(
    here: Place, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with Handmade().met(here, monkeypatch, url) as running:
        assert running.has_ended.wait(15)
    assert isinstance(running.error, HubbubError)
    assert "no encrypted address" in running.error.reason
