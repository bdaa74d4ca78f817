"""The stream of a dashboard: one computed frame a tick for all who look at the same view.

A frame is encoded and compressed once, and all viewers of its view send the same bytes. A viewer
has no queue: it remembers how far it is in the view's last messages. Who reads too slowly finds
them gone, and gets the whole of the newest frame in their place.
"""

import asyncio
import logging
import time
import zlib
from collections import deque
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, Protocol

import msgspec
import pyarrow as pa
from anyio import to_thread
from starlette.types import Receive, Scope, Send

from hubbub.errors import HubbubError, TryAgain
from hubbub.flows.activity import Item, activity
from hubbub.flows.panels import PanelData, Panels, View
from hubbub.flows.vitals import Vitals

_TICK = 0.2
"""Seconds between two messages of one kind, at least."""
_DUTY = 2.0
"""After panels were computed others have the store, and the core, so many times as long."""
_IDLE = 1.0
"""Seconds after which is looked whether another process has changed the store."""
_HEARTBEAT = 15.0
"""Seconds after which an unchanged status is sent again, to show that the connection lives."""
_KEPT = 16
"""Messages that a slow viewer may be behind."""
_ITEMS = 200
"""Newest items of one message of activity."""
_MOST_ENTRIES = 1_000
_MOST_VIEWERS = 5_000
_MOST_VIEWS = 48

GZIP_HEAD = bytes.fromhex("1f8b08000000000000ff")
_BEAT = b": still here\n"

_log = logging.getLogger("hubbub.server")


class EntryOfLog(Protocol):
    """What the hub reads of an entry of the event log."""

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """Admitted rows by table."""
        ...


class Message:
    """Bytes of the stream that many viewers send."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @cached_property
    def deflated(self) -> bytes:
        """The bytes compressed in such a way that they can stand anywhere in a compressed stream:
        they refer to nothing before them, and end on a whole byte."""
        packer = zlib.compressobj(5, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(self.content) + packer.flush(zlib.Z_FULL_FLUSH)


_HELLO = Message(b"retry: 2000\n\n")


class Watched:
    """A view that somebody looks at: its last messages, and who waits for the next."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.viewers = 0
        self.number = 0
        """Of the newest message."""
        self.messages: deque[Message] = deque(maxlen=_KEPT)
        self.next: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.whole: Message | None = None
        """The newest whole frame, as long as nothing has changed."""
        self.in_whole: dict[str, int] = {}
        """The version of each panel in it."""
        self.told: dict[str, int] = {}
        """The version of each panel that all viewers have."""

    def publish(self, content: bytes) -> None:
        """Give a message to all viewers."""
        self.messages.append(Message(content))
        self.number += 1
        self.wake()

    def wake(self) -> None:
        """Let all viewers look what there is."""
        self.next.set_result(None)
        self.next = asyncio.get_running_loop().create_future()

    def begin(self) -> list[Message]:
        """What a viewer gets who knows nothing; what is not in it, all will be told of again."""
        if self.viewers == 1:
            self.told = dict(self.in_whole)
        else:
            self.told = {name: self.told[name] for name in self.told.keys() & self.in_whole.keys()}
        return [self.whole] if self.whole else []

    def after(self, number: int) -> list[Message] | None:
        """The messages after one; None if they are gone."""
        lacking = self.number - number
        if lacking > len(self.messages):
            return None
        return list(self.messages)[len(self.messages) - lacking :]


class Hub:
    """Computes frames while somebody looks, and hands them out. Lives in one event loop."""

    def __init__(self, panels: Panels, vitals: Vitals, *, heartbeat: float = _HEARTBEAT) -> None:
        self.panels = panels
        self.vitals = vitals
        self.heartbeat = heartbeat
        self.trouble = ""
        """Why no frames can be computed now; empty while all is well."""
        self.closing = False
        self._trouble_since = 0.0
        self.watched: dict[View, Watched] = {}
        """The views that somebody looks at."""
        self._entries: deque[Mapping[str, pa.Table]] = deque(maxlen=_MOST_ENTRIES)
        self._heard = asyncio.Event()
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # from any thread

    def activity(self, entry: EntryOfLog) -> None:
        """Show at once what people said in an entry of the event log, if anybody looks."""
        if self.watched and self._loop is not None:
            self._loop.call_soon_threadsafe(self._hear, entry.tables)

    def merged(self) -> None:
        """Look for what has changed in the store."""
        if self.watched and self._loop is not None:
            self._loop.call_soon_threadsafe(self._changed.set)

    # in the loop

    def start(self) -> None:
        """Begin to work in the running loop."""
        self._loop = asyncio.get_running_loop()
        for work in (self._frames(), self._activities(), self._statuses()):
            self._tasks.append(self._begun(work))

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self.closing = True
        for watched in self.watched.values():
            watched.wake()

    async def stop(self) -> None:
        """End all work."""
        self.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._loop = None

    def status(self) -> dict[str, Any]:
        """How the server fares, and the panels with it."""
        state = "failed" if self.trouble else "ok"
        told = {"state": state, "told": self.trouble, "since": self._trouble_since}
        return self.vitals.status() | {"panels": told}

    def whole_frame(self, view: View) -> bytes | None:
        """The data of a whole frame by what is known already; None if nothing is."""
        known = self.panels.known(view)
        return self.frame(known.values()) if known else None

    def stream(self, view: View, *, compressed: bool) -> "EventStream":
        """The stream of a view. Raises `TryAgain` if there are too many."""
        viewers = sum(watched.viewers for watched in self.watched.values())
        is_new = view not in self.watched
        if (
            self.closing
            or viewers >= _MOST_VIEWERS
            or (is_new and len(self.watched) >= _MOST_VIEWS)
        ):
            raise TryAgain("Too many dashboards are open.", "Close some, or try again later.")
        return EventStream(self, view, compressed=compressed)

    def enter(self, view: View) -> Watched:
        """Begin to look at a view."""
        watched = self.watched.setdefault(view, Watched(view))
        watched.viewers += 1
        self.vitals.viewers.inc()
        self._changed.set()
        return watched

    def leave(self, watched: Watched) -> None:
        """Cease to look at a view."""
        watched.viewers -= 1
        self.vitals.viewers.dec()
        if not watched.viewers:
            self.watched.pop(watched.view, None)

    def newest(self, watched: Watched) -> list[Message]:
        """The whole frame of a view, made once until something changes; nothing before the
        first."""
        if watched.whole is None and (known := self.panels.known(watched.view)):
            frame = self.frame(known.values())
            watched.whole = Message(self._event("frame", frame, self._version(watched.view)))
            watched.in_whole = {name: data.version for name, data in known.items()}
        return watched.begin()

    def _hear(self, tables: Mapping[str, pa.Table]) -> None:
        self._entries.append(tables)
        self._heard.set()

    async def _activities(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            items: list[Item] = []
            while self._entries:
                items += activity(self._entries.popleft(), self.panels.names, self.panels.policy)
            for watched in self.watched.values():
                channel = watched.view.channel
                seen = [item for item in items if not channel or item["channel_id"] == channel]
                if seen:
                    data = msgspec.json.encode({"items": seen[-_ITEMS:]})
                    watched.publish(self._event("activity", data))
            await asyncio.sleep(_TICK)

    async def _frames(self) -> None:
        while True:
            with suppress(TimeoutError):
                # not wait_for: before Python 3.12 it loses a cancellation that meets the change
                async with asyncio.timeout(_IDLE):
                    await self._changed.wait()
            self._changed.clear()
            views = list(self.watched)
            if not views and not self.panels.is_asked:
                continue
            begun = time.monotonic()
            try:
                more = await to_thread.run_sync(partial(self.panels.refresh, views))
            except TryAgain:
                continue  # somebody else has the store: what was known is still shown
            except HubbubError as error:
                self._fare(error.reason)
                continue
            self._fare("")
            self._publish()
            took = time.monotonic() - begun
            if more:
                self._changed.set()
            is_first = any(not self._is_complete(view) for view in views)
            await asyncio.sleep(0 if more and is_first else max(_TICK, _DUTY * took))

    def _publish(self) -> None:
        """Tell viewers what they do not have, whoever has computed it: a page or a question does,
        too."""
        for view, watched in self.watched.items():
            known = self.panels.known(view).values()
            new = [data for data in known if watched.told.get(data.name) != data.version]
            if new:
                watched.whole, watched.in_whole = None, {}
                watched.told |= {data.name: data.version for data in new}
                watched.publish(self._event("frame", self.frame(new), self._version(view)))

    async def _statuses(self) -> None:
        told, told_at = b"", 0.0
        while True:
            await asyncio.sleep(min(_IDLE, self.heartbeat))
            status, now = msgspec.json.encode(self.status()), time.monotonic()
            if status != told or now - told_at >= self.heartbeat:
                told, told_at = status, now
                for watched in self.watched.values():
                    watched.publish(_BEAT + self._event("status", status))

    def _fare(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble, self._trouble_since = trouble, time.time()

    def _is_complete(self, view: View) -> bool:
        with_data = [shown for shown in self.panels.shown.values() if shown.metric]
        return len(self.panels.known(view)) == len(with_data)

    def _version(self, view: View) -> int:
        return max((data.version for data in self.panels.known(view).values()), default=0)

    def frame(self, panels: Iterable[PanelData]) -> bytes:
        """The data of a frame."""
        found = list(panels)
        version = max(data.version for data in found)
        said = b",".join(b'"%s":%s' % (data.name.encode(), data.encoded) for data in found)
        status = msgspec.json.encode(self.status())
        return b'{"version":%d,"status":%s,"panels":{%s}}' % (version, status, said)

    def _event(self, kind: str, data: bytes, version: int | None = None) -> bytes:
        place = b"id: %d\n" % version if version else b""
        return b"%sevent: %s\ndata: %s\n\n" % (place, kind.encode(), data)

    def _begun(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._fare(f"The dashboard has stopped moving ({type(error).__name__}): restart.")
            _log.error("The dashboard has stopped moving", exc_info=error)


class EventStream:
    """The answer that a viewer gets: a stream without an end."""

    def __init__(self, hub: Hub, view: View, *, compressed: bool) -> None:
        self._hub = hub
        self._view = view
        self._compressed = compressed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is, then what is new, until one of both sides goes."""
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"vary", b"accept-encoding"),
        ]
        if self._compressed:
            headers.append((b"content-encoding", b"gzip"))
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        watched = self._hub.enter(self._view)
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if self._compressed:
                await send({"type": "http.response.body", "body": GZIP_HEAD, "more_body": True})
            await self._send(send, [_HELLO])
            await self._follow(watched, gone, send)
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._hub.leave(watched)

    async def _follow(self, watched: Watched, gone: "asyncio.Task[None]", send: Send) -> None:
        number: int | None = None
        while not self._hub.closing and not gone.done():
            messages = None if number is None else watched.after(number)
            if messages is None:  # at the begin, or too far behind
                messages = self._hub.newest(watched)
            number = watched.number
            if messages:
                await self._send(send, messages)
                continue
            await asyncio.wait({gone, watched.next}, return_when=asyncio.FIRST_COMPLETED)

    async def _send(self, send: Send, messages: list[Message]) -> None:
        parts = (each.deflated if self._compressed else each.content for each in messages)
        await send({"type": "http.response.body", "body": b"".join(parts), "more_body": True})


async def _until_gone(receive: Receive) -> None:
    """Wait until the viewer closes the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
