"""Socket Mode: Slack's own client, unmodified, and plain web sockets against the local Slack."""

import asyncio
import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from local_slack import Client, empty
from receiver import PATIENCE, Receiver, wait_for
from slack_sdk.socket_mode.aiohttp import SocketModeClient as AsyncSocketModeClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import WebClient
from slack_sdk.web.async_client import AsyncWebClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from hubbub.simulator.simulator import Simulator


@pytest.fixture
def grove() -> Iterator[Simulator]:
    simulator = empty()
    simulator.add_token("bot", channels=["C1"])
    with simulator.serve():
        yield simulator


def address(simulator: Simulator, app_token: str) -> str:
    client = Client(simulator, app_token)
    body = client("apps.connections.open").body
    client.close()
    return body["url"]


@contextmanager
def opened(simulator: Simulator, extra: str = "") -> Generator[ClientConnection]:
    """A connection that was greeted."""
    token = next((t.text for t in simulator.tokens.all() if t.kind == "app"), "")
    with connect(address(simulator, token or simulator.add_token("app")) + extra) as link:
        assert told(link)["type"] == "hello"
        yield link


def told(link: ClientConnection) -> Any:
    return json.loads(link.recv(PATIENCE))


def acknowledge(link: ClientConnection, envelope: Any) -> None:
    link.send(json.dumps({"envelope_id": envelope["envelope_id"]}))


def connections(simulator: Simulator) -> int:
    return simulator.events.status()["apps"][0]["connections"]


class Pumping:
    """Delivers in the background, so that a test can act as the app meanwhile."""

    def __init__(self, simulator: Simulator) -> None:
        self._thread = threading.Thread(target=simulator.events.pump)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._thread.join()


def test_a_ticket_opens_one_connection(grove: Simulator) -> None:
    token = grove.add_token("app")
    url = address(grove, token)
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("ws", urlsplit(grove.origin).netloc)
    with connect(url) as link:
        hello = told(link)
        assert hello["type"] == "hello"
        assert hello["num_connections"] == 1
        assert hello["connection_info"] == {"app_id": "A0HUBBUB001"}
        assert hello["debug_info"]["approximate_connection_time"] == 3600
        for wrong in (url, url.replace("ticket=", "ticket=0"), url.partition("?")[0]):
            with pytest.raises(InvalidStatus), connect(wrong):
                pass
        assert link.ping().wait(PATIENCE)


def test_only_app_tokens_with_the_scope_connect(grove: Simulator) -> None:
    for token, error in (
        (grove.tokens.all()[0].text, "not_allowed_token_type"),
        (grove.add_token("app", scopes=["authorizations:read"]), "missing_scope"),
    ):
        client = Client(grove, token)
        assert client("apps.connections.open").error == error
        client.close()


def test_envelopes_carry_what_http_would(grove: Simulator) -> None:
    with opened(grove) as link:
        grove.acts.post("C1", "U1", "hello")
        with Pumping(grove):
            envelope = told(link)
            acknowledge(link, envelope)
        payload = envelope.pop("payload")
        assert envelope == {
            "envelope_id": envelope["envelope_id"],
            "type": "events_api",
            "accepts_response_payload": False,
            "retry_attempt": 0,
            "retry_reason": "",
        }
        assert (payload["type"], payload["event"]["text"]) == ("event_callback", "hello")
        assert grove.events.ledger.acknowledged == {payload["event_id"]}


def test_what_is_not_acknowledged_comes_again(
    grove: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.simulator.events.events.TIMEOUT", 0.2)
    with opened(grove) as link:
        grove.acts.post("C1", "U1", "hello")
        with Pumping(grove):
            first, again = told(link), told(link)
            acknowledge(link, {"envelope_id": "unknown"})
            link.send("no JSON")
            acknowledge(link, again)
        assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
        assert again["payload"] == first["payload"]
        assert again["envelope_id"] != first["envelope_id"]
        entry = grove.events.ledger.entries()[0]
        assert [attempt.failure for attempt in entry.attempts] == ["timeout", ""]


def test_each_event_goes_to_one_of_ten_connections(grove: Simulator) -> None:
    heard: list[list[str]] = [[] for _ in range(10)]

    def listen(link: ClientConnection, texts: list[str]) -> None:
        for message in link:
            envelope = json.loads(message)
            texts.append(envelope["payload"]["event"]["text"])
            acknowledge(link, envelope)

    with ExitStack() as stack:
        links = [stack.enter_context(opened(grove)) for _ in heard]
        token = next(t.text for t in grove.tokens.all() if t.kind == "app")
        with connect(address(grove, token)) as eleventh:
            assert told(eleventh)["reason"] == "too_many_websockets"
            with pytest.raises(ConnectionClosed):
                eleventh.recv(PATIENCE)
        threads = [
            threading.Thread(target=listen, args=pair) for pair in zip(links, heard, strict=True)
        ]
        for thread in threads:
            thread.start()
        for number in range(30):
            grove.acts.post("C1", "U1", f"{number}")
        grove.events.pump()
    for thread in threads:
        thread.join()
    texts = sorted((text for texts in heard for text in texts), key=int)
    assert texts == [str(number) for number in range(30)]
    assert sum(map(bool, heard)) > 1


def test_connections_end_by_the_clock(grove: Simulator) -> None:
    with opened(grove, "&debug_reconnects=true") as link, opened(grove) as lasting:
        grove.clock.advance(349)
        time.sleep(0.3)
        with pytest.raises(TimeoutError):
            link.recv(0)
        grove.clock.advance(1)
        assert told(link) == {**told_disconnect(), "reason": "warning"}
        grove.clock.advance(10)
        assert told(link)["reason"] == "refresh_requested"
        grove.acts.post("C1", "U1", "to the one that stays")
        with Pumping(grove):
            acknowledge(lasting, told(lasting))
        grove.clock.advance(10)
        with pytest.raises(ConnectionClosed):
            link.recv(PATIENCE)
        wait_for(lambda: connections(grove) == 1)


def told_disconnect() -> dict[str, Any]:
    return {"type": "disconnect", "debug_info": {"host": "applink-local", "build_number": 1}}


def test_without_a_connection_events_are_kept_for_as_long_as_they_are_retried(
    grove: Simulator,
) -> None:
    with opened(grove) as link:
        grove.events.lose_connections()
        with pytest.raises(ConnectionClosed):
            link.recv(PATIENCE)
    wait_for(lambda: connections(grove) == 0)
    grove.acts.post("C1", "U1", "lost")
    grove.events.pump()
    grove.clock.advance(200)
    grove.acts.post("C1", "U1", "late")
    grove.events.pump()
    grove.clock.advance(100)
    grove.events.pump()
    assert [entry.why for entry in grove.events.ledger.entries()] == ["retries", ""]
    with opened(grove) as again:
        grove.clock.advance(200)
        with Pumping(grove):
            envelope = told(again)
            acknowledge(again, envelope)
        assert envelope["payload"]["event"]["text"] == "late"
        assert (envelope["retry_attempt"], envelope["retry_reason"]) == (3, "connection_failed")


def test_a_connection_that_breaks_fails_what_it_had_not_acknowledged(grove: Simulator) -> None:
    with opened(grove) as first:
        grove.acts.post("C1", "U1", "hello")
        with Pumping(grove):
            told(first)
            with opened(grove) as second:
                first.close()
                envelope = told(second)
                acknowledge(second, envelope)
    assert envelope["retry_attempt"] == 1
    assert len(grove.events.ledger.acknowledged) == 1


def test_a_switched_off_link_stays_off_until_it_is_switched_on(grove: Simulator) -> None:
    token = grove.add_token("app")
    with opened(grove) as link:
        grove.events.lose_connections("link_disabled")
        assert told(link)["reason"] == "link_disabled"
        with pytest.raises(ConnectionClosed):
            link.recv(PATIENCE)
    client = Client(grove, token)
    assert client("apps.connections.open").error == "access_denied"
    grove.events.enable()
    assert client("apps.connections.open").body["ok"]
    client.close()
    with pytest.raises(ValueError, match="there is no reason"):
        grove.events.lose_connections("boredom")


def test_a_request_url_takes_the_place_of_socket_mode(grove: Simulator) -> None:
    token = grove.add_token("app")
    with opened(grove) as link, Receiver() as receiver:
        with grove.subscribe(receiver.url):
            assert told(link)["reason"] == "link_disabled"
            grove.acts.post("C1", "U1", "by HTTP")
            grove.events.pump()
            client = Client(grove, token)
            assert client("apps.connections.open").error == "access_denied"
        assert [event["text"] for event in receiver.events] == ["by HTTP"]
        assert client("apps.connections.open").body["ok"]
        client.close()


def test_slacks_own_client_reads_events(grove: Simulator) -> None:
    client: Any = SocketModeClient(
        app_token=grove.add_token("app"),
        web_client=WebClient(base_url=grove.url),
        ping_interval=0.5,
    )
    texts: list[str] = []

    def take(client: Any, request: Any) -> None:
        texts.append(request.payload["event"]["text"])
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client.socket_mode_request_listeners.append(take)
    client.connect()
    try:
        wait_for(lambda: connections(grove) == 1)
        for number in range(5):
            grove.acts.post("C1", "U1", f"{number}")
        grove.events.pump()
    finally:
        client.close()
    assert sorted(set(texts)) == [str(number) for number in range(5)]
    assert len(grove.events.ledger.acknowledged) == 5


def test_connections_that_both_sides_end_at_once_trouble_nobody(grove: Simulator) -> None:
    grove.add_token("app")
    for _ in range(40):
        grove.clock.advance(60)  # within the limit for opening
        with ExitStack() as stack:
            leaving = [
                threading.Thread(target=stack.enter_context(opened(grove)).close) for _ in range(5)
            ]
            for each in leaving:
                each.start()
            grove.events.sockets("A0HUBBUB001").close()
            for each in leaving:
                each.join()
        wait_for(lambda: connections(grove) == 0)


def test_slacks_asyncio_client_reads_all_events_through_a_refresh(grove: Simulator) -> None:
    """The other one is not asked to refresh: closed after that it may hang (slack_sdk 3.47)."""
    grove.clock.run(1.0)

    async def read() -> set[str]:
        web: Any = AsyncWebClient(base_url=grove.url)
        client: Any = AsyncSocketModeClient(app_token=grove.add_token("app"), web_client=web)
        texts: set[str] = set()

        async def take(client: Any, request: Any) -> None:
            texts.add(request.payload["event"]["text"])
            await client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id)
            )

        def act() -> None:
            wait_for(lambda: connections(grove) == 1)
            grove.acts.post("C1", "U1", "before")
            grove.events.drain(PATIENCE)
            grove.events.lose_connections("refresh_requested")
            wait_for(lambda: connections(grove) == 1)
            grove.acts.post("C1", "U1", "after")
            grove.events.drain(PATIENCE)

        client.socket_mode_request_listeners.append(take)
        await client.connect()
        try:
            await asyncio.to_thread(act)
        finally:
            await client.close()
            await client.aiohttp_client_session.close()
        return texts

    assert asyncio.run(read()) == {"before", "after"}
    assert len(grove.events.ledger.acknowledged) == 2
