"""The simulator by HTTP: the Web API, the files host, Socket Mode, and the control endpoints."""

import asyncio
from email.utils import formatdate
from typing import TYPE_CHECKING

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from hubbub.simulator import control
from hubbub.simulator.answering import Answer
from hubbub.simulator.downloads import Content, download, upload
from hubbub.simulator.reading import Incoming

if TYPE_CHECKING:
    from hubbub.simulator.simulator import Simulator

JSON = "application/json; charset=utf-8"


class _BrokenOff(Response):
    """A response of which half arrives before the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def build_app(simulator: "Simulator") -> Starlette:
    """The ASGI application of a simulator."""

    async def call(request: Request) -> Response:
        incoming = await _incoming(request)
        answer = simulator.answering.answer(request.path_params["method"], incoming)
        if answer.fault and answer.fault.slow:
            await asyncio.sleep(answer.fault.slow)
        answer.headers["date"] = formatdate(simulator.clock.now(), usegmt=True)
        return _response(answer)

    async def send_file(request: Request) -> Response:
        file_id = request.path_params["place"].partition("-")[2]
        to_save = request.path_params["name"].startswith("download/")
        incoming = await _incoming(request)
        return _content(download(simulator.backend, file_id, to_save=to_save, incoming=incoming))

    async def take_file(request: Request) -> Response:
        ticket: str = request.path_params["ticket"]
        fault = simulator.faults.draw("upload", {"ticket": ticket})
        if fault and fault.replaces_answer and not fault.after:
            return Response(status_code=fault.status)
        return _content(upload(simulator.backend, ticket, await _incoming(request)))

    async def steer(request: Request) -> Response:
        wish = control.Wish(request.method, dict(request.query_params), await request.body())
        what: str = request.path_params["what"]
        # In a thread: it may wait for deliveries, and this loop serves the sockets.
        status, body = await run_in_threadpool(control.steer, simulator, what, wish)
        return Response(body, status, media_type=JSON)

    async def link(socket: WebSocket) -> None:
        app_id = socket.query_params.get("app_id", "")
        await simulator.events.sockets(app_id).serve(socket)

    return Starlette(
        routes=[
            Route("/api/{method}", call, methods=["GET", "POST"]),
            Route("/files-pri/{place}/{name:path}", send_file),
            Route("/upload/v1/{ticket}", take_file, methods=["POST"]),
            WebSocketRoute("/link/", link),
            Route("/_sim/{what}", steer, methods=["GET", "POST", "DELETE"]),
        ]
    )


async def _incoming(request: Request) -> Incoming:
    origin = f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"
    return Incoming(
        request.method, request.url.query, request.headers, await request.body(), origin
    )


def _response(answer: Answer) -> Response:
    body = msgspec.json.encode(answer.body)
    kind = _BrokenOff if answer.fault and answer.fault.reset_mid_body else Response
    return kind(body, answer.status, answer.headers, JSON)


def _content(content: Content) -> Response:
    headers = {"content-disposition": "attachment"} if content.name else {}
    return Response(content.content, content.status, headers, content.media_type)
