"""A small reverse proxy, as it stands before servers: takes a prefix away or leaves it, and says
in headers whom it speaks for, or does not."""

import socket
import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Manners:
    """What a proxy does with requests."""

    prefix: str = ""
    strips: bool = False
    """Whether it takes the prefix away."""
    told: tuple[tuple[str, str], ...] = ()
    """Headers that it sets in place of the client's."""
    added: tuple[tuple[str, str], ...] = ()
    """Headers that it adds to the client's."""
    keeps_host: bool = True
    version: str = "1.1"


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, port: int, manners: Manners) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.behind, self.manners = port, manners


class _Connection(socketserver.StreamRequestHandler):
    server: _Proxy  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle(self) -> None:
        """One request, and its answer to the end."""
        line = self.rfile.readline().decode("latin-1").rstrip()
        if not line:
            return  # a browser that opened a connection in advance
        headers: list[tuple[str, str]] = []
        while (each := self.rfile.readline().decode("latin-1").rstrip()) != "":
            name, _, value = each.partition(": ")
            headers.append((name, value))
        sizes = [int(value) for name, value in headers if name.lower() == "content-length"]
        body = self.rfile.read(sum(sizes))
        head = _rewritten(line, headers, self.server.behind, self.server.manners)
        with socket.create_connection(("127.0.0.1", self.server.behind), timeout=20) as onwards:
            onwards.sendall(head.encode("latin-1") + body)
            while piece := onwards.recv(65_536):
                self.wfile.write(piece)


@contextmanager
def forwarding(port: int, manners: Manners) -> Generator[int]:
    """A proxy before the server at a port of this machine; gives its own port."""
    with _Proxy(port, manners) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield proxy.server_address[1]
        finally:
            proxy.shutdown()
            thread.join(20)


def _rewritten(line: str, headers: list[tuple[str, str]], port: int, manners: Manners) -> str:
    method, path, _ = line.split(" ")
    if manners.strips and path.startswith(f"{manners.prefix}/"):
        path = path.removeprefix(manners.prefix)
    replaced = {name.lower() for name, _ in manners.told} | {"connection"}
    kept = [each for each in headers if each[0].lower() not in replaced]
    if not manners.keeps_host:
        kept = [each for each in kept if each[0].lower() != "host"]
        kept.append(("Host", f"127.0.0.1:{port}"))
    told = [*kept, *manners.told, *manners.added, ("Connection", "close")]
    lines = [f"{method} {path} HTTP/{manners.version}", *(f"{name}: {v}" for name, v in told)]
    return "\r\n".join([*lines, "", ""])
