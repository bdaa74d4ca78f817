"""A small receiver of events: takes what Slack delivers, and answers as a test tells it to."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PATIENCE = 15.0


@dataclass(frozen=True)
class Request:
    """One request as it came; header names are in lower case."""

    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The request's JSON."""
        return json.loads(self.content)

    @property
    def event(self) -> Any:
        """The inner event."""
        return self.body["event"]


@dataclass(frozen=True)
class Answered:
    """What goes back."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    after: float = 0.0


class Receiver:
    """An HTTP server in a thread. `answer` decides on each event; challenges are returned."""

    def __init__(self, answer: Callable[[Request], Answered] | None = None, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.challenges: list[Request] = []
        self.open: list[socket.socket] = []
        self.answer: Callable[[Request], Answered] = answer or (lambda request: Answered())
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.open.append(self.connection)
                length = int(self.headers["content-length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.serve(self, Request(headers, self.rfile.read(length)))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """The request URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/slack/events"

    @property
    def events(self) -> list[Any]:
        """The inner events, in the order in which they came."""
        return [request.event for request in self.requests]

    def serve(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        """Answer one request."""
        if request.body["type"] == "url_verification":
            self.challenges.append(request)
            answer = Answered(content=request.body["challenge"].encode())
        else:
            self.requests.append(request)
            answer = self.answer(request)
        if answer.after:
            time.sleep(answer.after)
        with suppress(OSError):  # who asked may be gone
            handler.send_response(answer.status)
            for name, value in (*answer.headers, ("content-length", str(len(answer.content)))):
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(answer.content)
            handler.wfile.flush()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in self.open:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
