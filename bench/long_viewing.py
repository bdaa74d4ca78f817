"""How long the dashboard's API lets people wait, while the community talks."""

import http.client
import json
import random
import statistics
import threading
import time
from dataclasses import dataclass

from bench.long_events import events_of
from bench.processes import hubbub_serve, settled
from bench.receiving import Connection, signed
from hubbub.settings import Settings

_ROOT = "/api/v1"
_BATCH_SECONDS = 5.0
_VIEWS = ("", "?period=30%20days", "?channel=C00000000")


@dataclass(frozen=True)
class Waited:
    """Seconds from request to answer, and what it took."""

    waits: dict[str, list[float]]
    """By path without its query."""
    cores: float
    seconds: float

    @property
    def all(self) -> list[float]:
        """Of all requests."""
        return [each for waits in self.waits.values() for each in waits]


def ask(settings: Settings, seconds: float, people: int = 4, pause: float = 0.1) -> Waited:
    """Let people ask for the dashboard's parts by HTTP, one after the other, while sixty events
    come every five seconds."""
    waits: dict[str, list[float]] = {}
    lock = threading.Lock()
    seed = int(time.time())
    batches = [events_of(settings, seed + each) for each in range(int(seconds / _BATCH_SECONDS))]
    with hubbub_serve(settings.home, "open") as served:
        settled(served)
        panels = _panels(served.port)
        _ask_once(served.port, panels)
        before, begun = served.cpu, time.monotonic()
        end = begun + seconds

        def look(seed: int) -> None:
            random_ = random.Random(seed)
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
            while time.monotonic() < end:
                path = random_.choice(["/dashboard", "/status", *(f"/panels/{p}" for p in panels)])
                query = random_.choice(_VIEWS) if path.startswith("/panels/") else ""
                asked = time.monotonic()
                connection.request("GET", _ROOT + path + query)
                answer = connection.getresponse()
                answer.read()
                took = time.monotonic() - asked
                if answer.status != http.HTTPStatus.OK:
                    raise SystemExit(f"{path}{query}: {answer.status}")
                with lock:
                    waits.setdefault(path, []).append(took)
                time.sleep(pause)

        looking = [threading.Thread(target=look, args=(seed,)) for seed in range(people)]
        for each in looking:
            each.start()
        _talk(served.port, batches, end)
        for each in looking:
            each.join()
        took = time.monotonic() - begun
        return Waited(waits, (served.cpu - before) / took, took)


def _panels(port: int) -> list[str]:
    told = json.loads(_get(port, "/dashboard"))
    return [panel["name"] for panel in told["panels"] if panel["metric"]]


def _ask_once(port: int, panels: list[str]) -> None:
    """Ask for all of it once: of what nothing is known the first who asks has to wait."""
    for panel in panels:
        for view in _VIEWS:
            _get(port, f"/panels/{panel}{view}")


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", _ROOT + path)
    answer = connection.getresponse()
    if answer.status != http.HTTPStatus.OK:
        raise SystemExit(f"{path}: {answer.status}")
    return answer.read()


def _talk(port: int, batches: list[list[bytes]], end: float) -> None:
    """Deliver the batches, one every five seconds."""
    for bodies in batches:
        connection = Connection(port)
        for body in bodies:
            connection.send(signed(body))
            while not connection.is_answered():
                pass
        connection.socket.close()
        time.sleep(max(0.0, min(_BATCH_SECONDS, end - time.monotonic())))


def quantile(waits: list[float], hundredths: int) -> float:
    """What so many of a hundred stay under, in milliseconds."""
    return 1000 * statistics.quantiles(waits, n=100)[hundredths - 1]
