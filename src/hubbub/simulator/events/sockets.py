"""Socket Mode: events by web sockets that the app opens, slack-platform.md §5.2."""

import asyncio
import secrets
import uuid
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from contextlib import suppress
from threading import Lock

import msgspec
from msgspec import Struct
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hubbub.simulator.clock import Clock
from hubbub.simulator.events.transport import Outcome
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw

MOST = 10
"""Connections that an app may have."""

LIFE = 3600
SHORT_LIFE = 360
"""Seconds of the clock for which a connection lasts; the short ones are for `debug_reconnects`."""

NOTICE = 10.0
"""Seconds of the clock between the warning, the request to refresh, and the end."""

LOOK = 0.1
"""Real seconds after which a connection looks at the clock again."""

REASONS = ("warning", "refresh_requested", "link_disabled", "too_many_websockets")
DEBUG: Raw = {"host": "applink-local", "build_number": 1}


class _Link(Struct, eq=False):
    """One connection; `ends_at` is when it will be asked to make room for another one."""

    socket: WebSocket
    loop: asyncio.AbstractEventLoop
    ends_at: float
    is_warned: bool = False
    is_leaving: bool = False
    waiting: dict[str, "Future[Raw | None]"] = {}
    """Envelopes that were not acknowledged yet; None is their end with the connection's."""

    @property
    def is_open(self) -> bool:
        """Whether this side has not ended it, nor seen that the app did."""
        return self.socket.application_state is WebSocketState.CONNECTED

    def tell(self, message: Raw) -> "Future[None]":
        """Send a message from any thread."""
        text = msgspec.json.encode(message).decode()
        return asyncio.run_coroutine_threadsafe(self._send(text), self.loop)

    async def _send(self, text: str) -> None:
        if self.is_open:
            with suppress(WebSocketDisconnect):  # the app is gone, which was not known yet
                await self.socket.send_text(text)

    async def close(self) -> None:
        """End the connection, if the app has not done so."""
        if self.is_open:
            with suppress(WebSocketDisconnect):
                await self.socket.close()

    async def disconnect(self, reason: str, *, close: bool) -> None:
        """Ask the app to go, or end the connection."""
        if reason == "refresh_requested":
            self.is_warned = self.is_leaving = True
        told: Raw = {"type": "disconnect", "reason": reason, "debug_info": DEBUG}
        await self._send(msgspec.json.encode(told).decode())
        if close:
            await self.close()


class Sockets:
    """The connections of one app. An acknowledgement may take `timeout` real seconds."""

    is_judged = False

    def __init__(self, app_id: str, clock: Clock, timeout: float) -> None:
        self.is_enabled = True
        self._app_id = app_id
        self._clock = clock
        self._timeout = timeout
        self._lock = Lock()
        self._tickets: set[str] = set()
        self._links: list[_Link] = []
        self._turn = 0

    def ticket(self) -> str:
        """What opens one connection, once."""
        ticket = secrets.token_hex(16)
        with self._lock:
            self._tickets.add(ticket)
        return ticket

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._links)

    @property
    def lasting(self) -> int:
        """How many of them have not been asked to make room for another one."""
        with self._lock:
            return sum(not link.is_leaving for link in self._links)

    def deliver(self, body: bytes, attempt: int, reason: str) -> Outcome:
        """Send an envelope to one of the connections, and wait for its acknowledgement."""
        retry: Raw = {"retry_attempt": attempt, "retry_reason": reason}
        try:
            heard = self._send(body, "events_api", retry)
        except TooSlow:
            return Outcome("timeout")
        return Outcome("connection_failed") if heard is None else Outcome()

    def command(self, body: bytes) -> Raw:
        """Send a slash command; the payload of its acknowledgement, if it has one. Refuses, as
        Slack says it to the member, what is not acknowledged in time."""
        try:
            heard = self._send(body, "slash_commands", {}, accepts_response=True)
        except TooSlow as error:
            raise Refusal("operation_timeout") from error
        if heard is None:
            raise Refusal("dispatch_failed")
        answered: Raw = heard.get("payload") or {}
        return answered

    def _send(
        self, body: bytes, kind: str, fields: Raw, *, accepts_response: bool = False
    ) -> Raw | None:
        """The acknowledgement of an envelope; None where no connection is there or lasts. Raises
        `TooSlow`."""
        link = self._choose()
        if link is None:
            return None
        envelope_id = str(uuid.uuid4())
        envelope: Raw = {
            "envelope_id": envelope_id,
            "payload": msgspec.Raw(body),
            "type": kind,
            "accepts_response_payload": accepts_response,
            **fields,
        }
        answer: Future[Raw | None] = Future()
        link.waiting[envelope_id] = answer
        link.tell(envelope)
        try:
            return answer.result(self._timeout)
        finally:
            link.waiting.pop(envelope_id, None)

    def disconnect(self, reason: str) -> None:
        """Tell all connections why they are to go; some reasons end them at once."""
        if reason not in REASONS:
            raise ValueError(f"there is no reason {reason}; there is: {', '.join(REASONS)}")
        if reason == "link_disabled":
            self.is_enabled = False
        for link in list(self._links):
            ends = reason in {"link_disabled", "too_many_websockets"}
            if reason == "refresh_requested":
                link.ends_at = self._clock.now()
            told = link.disconnect(reason, close=ends)
            asyncio.run_coroutine_threadsafe(told, link.loop).result(self._timeout)

    def close(self) -> None:
        """End all connections without a word."""
        for link in list(self._links):
            asyncio.run_coroutine_threadsafe(link.close(), link.loop).result(self._timeout)

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its ticket to its end."""
        with self._lock:
            ticket = socket.query_params.get("ticket", "")
            is_known = ticket in self._tickets and self.is_enabled
            self._tickets.discard(ticket)
        if not is_known:
            await socket.close()
            return
        is_short = socket.query_params.get("debug_reconnects") == "true"
        life = SHORT_LIFE if is_short else LIFE
        link = _Link(socket, asyncio.get_running_loop(), self._clock.now() + life)
        await socket.accept()
        if self.connections >= MOST:
            await link.disconnect("too_many_websockets", close=True)
            return
        await socket.send_json(self._hello(life))
        with self._lock:
            self._links.append(link)
        aging = asyncio.create_task(self._age(link))
        try:
            while link.is_open:
                _take(link, await socket.receive_text())
        except WebSocketDisconnect:
            pass  # the end of every connection
        finally:
            aging.cancel()
            with self._lock:
                self._links.remove(link)
            for answer in list(link.waiting.values()):
                if not answer.done():
                    answer.set_result(None)

    def _hello(self, life: int) -> Raw:
        return {
            "type": "hello",
            "num_connections": self.connections + 1,
            "debug_info": DEBUG | {"approximate_connection_time": life},
            "connection_info": {"app_id": self._app_id},
        }

    def _choose(self) -> _Link | None:
        """Any connection, those that are about to end only if there is no other."""
        with self._lock:
            links = [link for link in self._links if not link.is_leaving] or self._links
            self._turn += 1
            return links[self._turn % len(links)] if links else None

    async def _age(self, link: _Link) -> None:
        """Warn, ask for another connection, and end this one, by the clock."""
        while True:
            left = link.ends_at - self._clock.now()
            if left <= NOTICE and not link.is_warned:
                link.is_warned = True
                await link.disconnect("warning", close=False)
            if left <= 0 and not link.is_leaving:
                await link.disconnect("refresh_requested", close=False)
            if left <= -NOTICE:
                await link.close()
                return
            await asyncio.sleep(LOOK)


def _take(link: _Link, text: str) -> None:
    """Read what an app sends: acknowledgements. Slack passes over everything else."""
    try:
        message = msgspec.json.decode(text, type=Raw)
    except msgspec.DecodeError:
        return
    answer = link.waiting.get(str(message.get("envelope_id")))
    if answer is not None and not answer.done():
        answer.set_result(message)
