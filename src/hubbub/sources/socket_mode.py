"""Events by Socket Mode: web sockets that the app opens, so that no public address is needed.

Several connections are kept; Slack sends each event to any one of them. An envelope is acknowledged
once its event is safe. What is not acknowledged, Slack sends again.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from hubbub.core.loopback import is_loopback
from hubbub.core.ports import Listener, Outcome
from hubbub.core.waiting import in_thread
from hubbub.errors import HubbubError
from hubbub.slack.api import Limited, NoNetwork, Refused, Slack, Stopped, Unavailable
from hubbub.slack.commands import Command, NoCommand, read_payload
from hubbub.slack.events import Delivery, NoDelivery, read_delivery, read_notice
from hubbub.slack.values import Json

OPEN = "apps.connections.open"
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a connection is tried again: twice as long each time, and by chance a bit more or
less, so that not all apps come back at once."""
_STEADY_SECONDS = 30.0
"""A connection that lasted so long was a good one: the next pause is short again."""
_HELLO_SECONDS = 15.0
_PING_SECONDS = 10.0
_MOST_BYTES = 4_000_000
_HOW_TO_GET_ONE = (
    "Make an app token with the scope connections:write on the app's page “Basic Information”, "
    "under “App-Level Tokens”, and put it into {place}."
)
_FIX_SWITCH = "Switch it on on the app's page “Socket Mode”, then start again."


class Receives(Protocol):
    """What takes events."""

    async def receive(self, delivery: Delivery) -> Outcome:
        """Have an event durable."""
        ...

    def held_back(self, team_id: str) -> None:
        """Slack does not deliver all events of a workspace."""
        ...


Answers = Callable[[Command], Awaitable[Json | None]]
"""Answers a slash command; with nothing if it is none of this workspace's."""


class Notes(Protocol):
    """Where it is noted how the connections fare."""

    def state(self, state: str, told: str) -> None:
        """The connection to Slack: connected, reconnecting or disabled."""
        ...

    def received(self) -> None:
        """An event came."""
        ...

    def refused(self, reason: str) -> None:
        """Something came that is no event, or not this workspace's."""
        ...

    def ignored(self, kind: str) -> None:
        """An envelope came of a type that nobody heeds."""
        ...


class _SwitchedOff(Exception):
    """Somebody has switched Socket Mode off."""


class _Envelope(msgspec.Struct):
    """What Slack sends: a greeting, a farewell, or an envelope."""

    type: str
    envelope_id: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")
    reason: str = ""


_read = msgspec.json.Decoder(_Envelope).decode


class _Link(Struct, eq=False):
    """A connection that was greeted."""

    socket: ClientConnection
    since: float = field(default_factory=time.monotonic)
    is_leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Another one is to take its place; until it ends, it is still heard."""
    was_asked: bool = False
    """Whether Slack has asked for another one; else the connection was lost."""


class SocketMode:
    """Keeps so many connections for as long as `run` is awaited."""

    def __init__(
        self,
        slack: Slack,
        receiver: Receives,
        listener: Listener,
        notes: Notes,
        *,
        answers: Answers | None = None,
        place: str = "SLACK_APP_TOKEN",
        connections: int = 2,
    ) -> None:
        """`slack` is asked with the app token, which people find at `place`. Without `answers`
        slash commands are acknowledged and no more."""
        self._slack = slack
        self._receiver, self._listener, self._notes = receiver, listener, notes
        self._answers = answers
        self._place = place
        self._connections = connections
        self._links: set[_Link] = set()
        self._lost_at: float | None = None
        """Since when there is no connection, by the monotonic clock; None before the first."""

    async def run(self) -> None:
        """Connect and stay connected. Ends when Socket Mode is switched off.

        What was missed before the first connection is not told to the listener. Raises
        `HubbubError` if Slack refuses the token.
        """
        self._notes.state("reconnecting", "Socket Mode is being connected.")
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._connections):
                    group.create_task(self._keep(group))
        except* _SwitchedOff:
            self._notes.state("disabled", f"Socket Mode is switched off. {_FIX_SWITCH}")
        except* HubbubError as errors:
            [error, *_] = errors.exceptions
            assert isinstance(error, HubbubError)
            self._notes.state("disabled", f"{error.reason} {error.fix}")
            raise error from None

    async def _keep(self, group: asyncio.TaskGroup) -> None:
        """Keep one connection, and open the next before it ends if Slack gives notice."""
        pause = _FIRST_PAUSE
        while True:
            try:
                link = await self._opened()
            except _Trouble as trouble:
                wait = trouble.seconds or pause * random.uniform(0.5, 1.5)
                self._tell_state(f"{trouble}; trying again in {wait:.0f} s")
                await asyncio.sleep(wait)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            group.create_task(self._hear(link, group))
            await link.is_leaving.wait()
            lasted = time.monotonic() - link.since
            if lasted > _STEADY_SECONDS or (link.was_asked and lasted > pause):
                pause = _FIRST_PAUSE
                continue
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _opened(self) -> _Link:
        """A connection that Slack has greeted. Raises `_Trouble`."""
        url = await self._address()
        try:
            socket = await connect(
                url, ping_interval=_PING_SECONDS, ping_timeout=2 * _PING_SECONDS,
                max_size=_MOST_BYTES, open_timeout=_HELLO_SECONDS, close_timeout=2,
            )  # fmt: skip
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise _Trouble(f"no connection ({type(error).__name__})") from error
        try:
            await self._greeted(socket)
        except BaseException:
            await _end(socket)
            raise
        link = _Link(socket)
        self._links.add(link)
        if self._lost_at is not None:
            seconds = time.monotonic() - self._lost_at
            self._lost_at = None
            self._listener.gap(None, f"there was no connection to Slack for {seconds:.0f} s")
        self._tell_state()
        return link

    async def _greeted(self, socket: ClientConnection) -> None:
        """Wait for Slack's greeting. Raises `_Trouble`, `_SwitchedOff`."""
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                greeting = _read(await socket.recv())
        except (ConnectionClosed, TimeoutError, msgspec.DecodeError) as error:
            raise _Trouble(f"no greeting ({type(error).__name__})") from error
        if greeting.type == "hello":
            return
        if greeting.reason == "link_disabled":
            raise _SwitchedOff
        raise _Trouble(f"Slack allows no more connections ({greeting.reason})", _LONGEST_PAUSE)

    async def _address(self) -> str:
        """Where to connect. Raises `_Trouble` if it may be asked again, else `HubbubError`."""
        try:
            answer = await in_thread(lambda: self._slack.call(OPEN, {}, time.time()), "socket-mode")
        except Limited as error:
            raise _Trouble("Slack was asked too often", error.seconds) from error
        except (Unavailable, NoNetwork) as error:
            told = error.code if isinstance(error, Unavailable) else error.reason
            raise _Trouble(told.rstrip(".")) from error
        except Stopped as error:
            if error.code == "access_denied":
                raise HubbubError(
                    f"{self._slack.host} does not let the app connect (access_denied): Socket Mode "
                    "is switched off, or the workspace does not allow it.",
                    _FIX_SWITCH,
                ) from error
            raise self._refusal(error.code) from error
        except Refused as error:
            raise self._refusal(error.code) from error
        url = answer.body.get("url")
        parts = urlsplit(url if isinstance(url, str) else "")
        if parts.scheme == "wss" or (parts.scheme == "ws" and is_loopback(parts.hostname or "")):
            return parts.geturl()
        raise HubbubError(
            f"{self._slack.host} gives no encrypted address to connect to.", "Check SLACK_API_URL."
        )

    def _refusal(self, code: str) -> HubbubError:
        return HubbubError(
            f"Slack refuses the app token in {self._place} ({code}).",
            _HOW_TO_GET_ONE.format(place=self._place),
        )

    async def _hear(self, link: _Link, group: asyncio.TaskGroup) -> None:
        """Take what comes by a connection until it ends."""
        try:
            async for message in link.socket:
                try:
                    envelope = _read(message)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    self._notes.refused("json")
                    continue
                if envelope.type == "disconnect":
                    if envelope.reason == "link_disabled":
                        raise _SwitchedOff
                    link.was_asked = envelope.reason in {"warning", "refresh_requested"}
                    link.is_leaving.set()
                elif envelope.envelope_id:
                    group.create_task(self._take(link, envelope))
        except ConnectionClosed:
            pass  # broken off: another one takes its place
        finally:
            self._links.discard(link)
            link.is_leaving.set()
            await _end(link.socket)
        if not self._links:
            self._lost_at = time.monotonic()
        self._tell_state("the connection was lost")

    async def _take(self, link: _Link, envelope: _Envelope) -> None:
        """Take one envelope, and acknowledge it unless Slack is to send it again."""
        if envelope.type == "slash_commands" and self._answers is not None:
            payload = await self._answer(self._answers, envelope.payload)
        elif await self._is_settled(envelope):
            payload = None
        else:
            return
        told: Json = {"envelope_id": envelope.envelope_id}
        if payload is not None:
            told["payload"] = payload
        with suppress(ConnectionClosed):  # then Slack sends it again, and it is a duplicate
            await link.socket.send(msgspec.json.encode(told).decode())

    async def _answer(self, answers: Answers, payload: bytes) -> Json | None:
        """What to say to a slash command."""
        try:
            answer = await answers(read_payload(payload))
        except NoCommand:
            self._notes.refused("json")
            return None
        if answer is None:
            self._notes.refused("team")
        return answer

    async def _is_settled(self, envelope: _Envelope) -> bool:
        if envelope.type != "events_api":
            self._notes.ignored(envelope.type)
            return True
        try:
            delivery = read_delivery(envelope.payload)
        except NoDelivery:
            notice = read_notice(envelope.payload)
            if notice is not None and notice.type == "app_rate_limited":
                self._notes.refused("rate_limited")
                self._receiver.held_back(notice.team_id)
            else:
                self._notes.refused("json")
            return True
        self._notes.received()
        outcome = await self._receiver.receive(delivery)
        if outcome is Outcome.WRONG_WORKSPACE:
            self._notes.refused("team")  # an app may be in several, and has one set of connections
            return True
        return outcome.is_settled

    def _tell_state(self, trouble: str = "") -> None:
        """Note how many connections there are; what ails the others, if any are left at all."""
        if self._links:
            some = f"{len(self._links)} connection{'s' if len(self._links) > 1 else ''}"
            self._notes.state("connected", f"Socket Mode, {some}")
        else:
            self._notes.state("reconnecting", f"Socket Mode: {trouble}.")


async def _end(socket: ClientConnection) -> None:
    """Close a connection; at once, where all else ends meanwhile."""
    try:
        await socket.close()
    except asyncio.CancelledError:
        socket.transport.abort()
        raise


class _Trouble(Exception):
    """No connection now; `seconds` to wait, where Slack or prudence says so."""

    def __init__(self, told: str, seconds: float | None = None) -> None:
        super().__init__(told)
        self.seconds = seconds
