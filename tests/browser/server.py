"""A server that answers as the API does, with figures and states that a test chooses."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import uvicorn
import vl_convert
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hubbub.charts.render import VEGA_LITE
from hubbub.server.page import STATIC, page
from tests.browser import invented

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class DashboardServer:
    """The page and its API under `address`; `push` sends an event to all who follow the stream."""

    def __init__(self, port: int = 0) -> None:
        self.dashboard = invented.dashboard()
        self.frame: dict[str, Any] | None = invented.frame()
        self.in_page = False
        self.away = False
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}/hubbub/"
        routes = [
            Route("/hubbub/", self._page),
            Route("/hubbub/static/vega.js", _vega),
            Mount("/hubbub/static", StaticFiles(directory=STATIC)),
            Route("/hubbub/api/v1/status", self._status),
            Route("/hubbub/api/v1/stream", self._stream),
            Route("/hubbub/api/v1/panels/{file}", self._file),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), log_level="error", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=[listener])

    def __enter__(self) -> "DashboardServer":
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *error: object) -> None:
        self.cut()
        self._server.should_exit = True
        self._thread.join()
        self._loop.close()

    def push(self, event: str, told: Any) -> None:
        """Send an event to all who follow."""
        self._send(_event(event, told))

    def cut(self) -> None:
        """Break all streams, as a restart does; with `away` set, nobody gets back in."""
        self._send(None)

    @property
    def followers(self) -> int:
        """Open streams."""
        return len(self._queues)

    def _run(self, listener: socket.socket) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve([listener]))

    def _send(self, message: bytes | None) -> None:
        def put() -> None:
            for queue in self._queues:
                queue.put_nowait(message)

        self._loop.call_soon_threadsafe(put)

    def _view(self, request: Request) -> dict[str, Any] | None:
        channel = request.query_params.get("channel", "")
        return invented.frame(2, channel) if channel else self.frame

    async def _page(self, request: Request) -> Response:
        frame = json.dumps(self._view(request)).encode() if self.in_page else None
        text = page(self.dashboard, frame)
        return Response(text, media_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def _status(self, request: Request) -> Response:
        return Response(status_code=503) if self.away else JSONResponse(invented.status())

    async def _file(self, request: Request) -> Response:
        return PlainTextResponse(f"{request.path_params['file']}?{request.url.query}")

    async def _stream(self, request: Request) -> Response:
        if self.away:
            return Response(status_code=503)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        first = self._view(request)

        async def told() -> AsyncIterator[bytes]:
            self._queues.add(queue)
            try:
                yield b"retry: 200\n\n"
                if first:
                    yield _event("frame", first)
                while (message := await queue.get()) is not None:
                    yield message
            finally:
                self._queues.discard(queue)

        return StreamingResponse(told(), media_type="text/event-stream")


def _event(event: str, told: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(told)}\n\n".encode()


async def _vega(request: Request) -> Response:
    return Response(_bundle(), media_type="text/javascript")


@cache
def _bundle() -> str:
    return vl_convert.javascript_bundle(None, VEGA_LITE)  # pyright: ignore[reportArgumentType]
