"""A server over an invented community, for tests: what `hubbub serve` puts together, without
Slack."""

import asyncio
import json
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import uvicorn

from hubbub.flows.importing import import_archive
from hubbub.flows.panels import Panels
from hubbub.flows.vitals import Vitals
from hubbub.server.app import Parts, Server, build_app
from hubbub.server.stream import Hub
from hubbub.settings import Settings

COMMUNITY = Path(__file__).parents[1] / "golden" / "community"

DASHBOARD = """
hide = [{hidden}]

[[panels]]
name = "all_messages"
title = "All messages"
kind = "card"
metric = "totals"
value = "messages"
parts = ["posts"]

[[panels]]
name = "by_day"
title = "By day"
kind = "chart"
chart = "messages_per_day"

[[panels]]
name = "writers"
title = "Writers"
kind = "table"
metric = "leaderboard"
columns = ["member", "messages"]
limit = 2
"""
"""Three panels, so that tests do not hang on the dashboard that comes with Hubbub."""

MORE = """
[[panels]]
name = "of_a_month"
title = "Said in 30 days"
kind = "card"
metric = "totals"
parameters = { since = "30 days" }
value = "messages"

[[panels]]
name = "of_all_time"
title = "Said in all"
kind = "card"
metric = "totals"
parameters = { since = "" }
value = "messages"
"""
"""Two more, for the tests of small groups."""


def imported(folder: Path, preset: str, **choices: Any) -> Settings:
    """A workspace with the town of the golden tests, and a dashboard of three panels."""
    from hubbub.dashboards.catalog import Dashboard

    allowed = {"only_channels": ["C01GEN", "C02HELP", "C03CHAT"]} if preset == "strict" else {}
    privacy = {"preset": preset, **allowed, **choices}
    settings = Settings(folder / preset, "town", privacy=privacy)
    import_archive(settings, COMMUNITY, lambda _what, _done, _all: None)
    hidden = ", ".join(f'"{name}"' for name in Dashboard(settings.pack).panels)
    settings.pack.mkdir()
    dashboard = DASHBOARD.replace("{hidden}", hidden) + (MORE if preset == "strict" else "")
    (settings.pack / "dashboard.toml").write_text(dashboard, encoding="utf-8")
    return settings


@dataclass
class Site:
    """A running server."""

    settings: Settings
    port: int
    panels: Panels
    hub: Hub
    vitals: Vitals
    loop: asyncio.AbstractEventLoop
    server: Server
    http: urllib3.PoolManager
    viewers: list["Viewer"] = field(default_factory=list["Viewer"])

    def get(self, path: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
        """Ask for something."""
        return self.http.request(
            method, f"http://127.0.0.1:{self.port}{path}", headers=headers, retries=False
        )

    def json(self, path: str) -> Any:
        """What is answered, which must not be an error."""
        answer = self.get(path)
        assert answer.status == 200, answer.data
        return json.loads(answer.data)

    def error(self, path: str, method: str = "GET") -> tuple[int, dict[str, str]]:
        """The status of an error, its reason and fix."""
        answer = self.get(path, method)
        return answer.status, json.loads(answer.data)["error"]


@contextmanager
def serving(
    settings: Settings,
    *,
    heartbeat: float = 15.0,
    wait: float = 5.0,
    ready: Callable[[], bool] = lambda: True,
    prefix: str = "",
    page: Any = None,
) -> Generator[Site]:
    """Serve a workspace from a thread, on a free port; stopped as Ctrl-C stops it."""
    panels = Panels(settings, wait=wait)
    vitals = Vitals(tells_events=panels.smallest_group == 1)
    started: Future[Site] = Future()

    async def work() -> None:
        hub = Hub(panels, vitals, heartbeat=heartbeat)
        parts = Parts(vitals, panels, hub, gate_ready=ready, prefix=prefix, page=page)
        config = uvicorn.Config(build_app(parts), port=0, log_level="critical", lifespan="on")
        server = Server(config, hub)
        serve = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
            if serve.done():
                serve.result()
        port = server.servers[0].sockets[0].getsockname()[1]
        http = urllib3.PoolManager(maxsize=8, timeout=30)
        loop = asyncio.get_running_loop()
        started.set_result(Site(settings, port, panels, hub, vitals, loop, server, http))
        await serve

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="server")
    thread.start()
    site = started.result(timeout=30)
    try:
        yield site
    finally:
        site.server.should_exit = True
        thread.join(timeout=60)
        for viewer in site.viewers:
            viewer.close()
        site.http.clear()
        assert not thread.is_alive(), "the server does not stop"


@dataclass(frozen=True)
class Event:
    """An event of the stream."""

    kind: str
    id: str
    data: Any


class Viewer:
    """Somebody who looks at a stream."""

    def __init__(self, site: Site, path: str = "/api/v1/stream", **headers: str) -> None:
        self.answer = site.http.request(
            "GET",
            f"http://127.0.0.1:{site.port}{path}",
            headers=headers,
            preload_content=False,
            retries=False,
        )
        self.raw = bytearray()
        site.viewers.append(self)
        self._events = self._read()

    def next(self, kind: str = "") -> Event:
        """The next event, or the next of a kind; fails at the end of the stream."""
        for event in self._events:
            if kind in {"", event.kind}:
                return event
        raise AssertionError(f"the stream ended before a {kind or 'further event'}")

    def rest(self) -> list[Event]:
        """All events up to the end."""
        return list(self._events)

    def close(self) -> None:
        """Go away."""
        self.answer.close()

    def _read(self) -> Iterator[Event]:
        rest = b""
        for part in self.answer.stream(65_536, decode_content=True):
            self.raw += part
            *whole, rest = (rest + part).split(b"\n\n")
            for each in whole:
                fields = dict(
                    line.split(": ", 1) for line in each.decode().splitlines() if line[0] != ":"
                )
                if "event" in fields:
                    data = json.loads(fields["data"])
                    yield Event(fields["event"], fields.get("id", ""), data)
