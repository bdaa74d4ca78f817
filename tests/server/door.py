"""What the tests of the door share: a small application behind it on a real server, and browsers
and programs that ask it."""

import asyncio
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.responses import StreamingResponse as Stream
from starlette.routing import Route
from starlette.types import ASGIApp

from hubbub.flows.granting import set_password
from hubbub.server.access import Access
from hubbub.server.listening import listening
from hubbub.settings import Serving, Settings

PASSWORD = "correct horse battery"
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"


def application() -> Starlette:
    """What is behind the door: one path of each kind."""

    async def page(_: Request) -> Response:
        return HTMLResponse('<link rel="icon" href="data:,"><h1>The figures</h1>')

    async def told(request: Request) -> Response:
        client = request.client.host if request.client else None
        return JSONResponse({
            "address": client, "scheme": request.url.scheme, "url": str(request.url_for("told")),
        })  # fmt: skip

    async def took(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def stream(_: Request) -> Response:
        async def lines() -> AsyncIterator[str]:
            while True:
                yield "data: tick\n\n"
                await asyncio.sleep(0.02)

        return Stream(lines(), media_type="text/event-stream")

    async def kept(_: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=9", "X-Frame-Options": "ALLOW"}
        return PlainTextResponse("", headers=headers)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/api/v1/told", told, name="told"),
            Route("/api/v1/change", took, methods=["POST"]),
            Route("/api/v1/stream", stream),
            Route("/metrics", kept),
            Route("/static/main.js", kept),
            Route("/slack/events", took, methods=["POST"]),
            Route("/slack/commands", took, methods=["POST"]),
            Route("/healthz", kept),
            Route("/readyz", kept),
        ]
    )


@dataclass(frozen=True)
class Reply:
    """An HTTP response; `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    """The lines that set cookies."""
    text: str

    @property
    def body(self) -> Any:
        """The response's JSON."""
        return json.loads(self.text)

    @property
    def place(self) -> str:
        """Where it leads to."""
        return self.headers.get("location", "")


@dataclass
class Served:
    """A server that runs."""

    host: str
    port: int
    access: Access

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """One request with these headers and no others, but for Host unless that is given."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            given = headers or {}
            named = {name.lower() for name in given}
            connection.putrequest(method, path, skip_host="host" in named,
                                  skip_accept_encoding=True)  # fmt: skip
            for name, value in given.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            found = response.getheaders()
            cookies = [value for name, value in found if name.lower() == "set-cookie"]
            told = {name.lower(): value for name, value in found}
            return Reply(response.status, told, cookies, response.read().decode())
        finally:
            connection.close()


@dataclass
class Browser:
    """Keeps cookies by name, sends forms, says what a browser says; `sent` goes with everything."""

    server: Served
    base: str = ""
    """The prefix under which it sees the server."""
    sent: dict[str, str] = field(default_factory=dict[str, str])
    cookies: dict[str, str] = field(default_factory=dict[str, str])
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    """What was said of each cookie when it was set."""

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None,
            body: bytes | None = None) -> Reply:  # fmt: skip
        """A request; cookies that are set with it are kept."""
        told = {"Accept": "text/html", **self.sent, **(headers or {})}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        reply = self.server.ask(method, self.base + path, told, body)
        for line in reply.cookies:
            pair, _, attributes = line.partition("; ")
            name, _, value = pair.partition("=")
            self.attributes[name] = attributes
            self.cookies[name] = value.strip('"')
            if "Max-Age=0" in attributes:
                del self.cookies[name]
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        """A page."""
        return self.ask("GET", path, {name.replace("_", "-"): v for name, v in headers.items()})

    def send(self, path: str, form: dict[str, str], **headers: str) -> Reply:
        """A form."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {"Content-Type": "application/x-www-form-urlencoded", **named}
        return self.ask("POST", path, told, urlencode(form).encode())

    def form(self, path: str = "/login") -> dict[str, str]:
        """The hidden fields of a page's form."""
        pairs = re.findall(r'name="(form|next)" value="([^"]*)"', self.get(path).text)
        return {name: unescape(value) for name, value in pairs}

    def log_in(self, password: str = PASSWORD, path: str = "/login", **headers: str) -> Reply:
        """Fill the form in and send it."""
        return self.send("/login", {**self.form(path), "password": password}, **headers)

    @property
    def session(self) -> str:
        """The cookie of its session."""
        (name,) = [each for each in self.cookies if not each.startswith("hubbub_form_")]
        return self.cookies[name]

    @property
    def is_in(self) -> bool:
        """Whether it sees the figures."""
        return "The figures" in self.get("/").text


def settings_in(folder: Path, *, password: str = "") -> Settings:
    """A workspace's settings, with a password if one is given."""
    settings = Settings(folder / "home", "default")
    if password:
        give(settings, password)
    return settings


def give(settings: Settings, password: str = PASSWORD) -> None:
    """Set a password whose hash is quick to compute."""
    with patch("hubbub.privacy.credentials._COST", 16):
        set_password(settings, password)


@contextmanager
def served(
    settings: Settings,
    host: str = LOOPBACK,
    *,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    tls: tuple[str, str] = ("", ""),
    **chosen: Any,
) -> Generator[Served]:
    """The application on a free port, behind the door; `chosen` goes to `Access.of`."""
    access = Access.of(settings, host, **chosen)
    serving = Serving(host=host, port=0, tls_cert=tls[0], tls_key=tls[1])
    app = around(access.around(application()))
    config = uvicorn.Config(app, log_level="info", lifespan="on", **listening(serving))
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(LOOPBACK if host == EVERYWHERE else host, port, access)
    finally:
        server.should_exit = True
        thread.join(20)


def until(found: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def outer_address() -> str | None:
    """An address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]
