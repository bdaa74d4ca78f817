"""A dashboard that people leave open shows each moment beside the one before: where small groups are
suppressed, no two of them may differ by what one member has just said."""

import asyncio
import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from hubbub.core.ports import Outcome
from hubbub.flows.gates import Gates
from hubbub.flows.loading import Loader
from hubbub.flows.panels import Panels
from hubbub.flows.receiving import Receiver
from hubbub.flows.showing import View
from hubbub.flows.vitals import Vitals
from hubbub.settings import Settings
from hubbub.slack.events import read_delivery
from hubbub.stores import duckdb as store
from hubbub.stores.erasing import rewritten
from hubbub.stores.eventlog import EventLog
from tests.server.serving import Site, imported, serving

CHANNEL = "C01GEN"


class _Nobody:
    def gap(self, channel_id: str | None, why: str) -> None: ...

    def gone(self, why: str) -> None: ...


def said_now(settings: Settings, vitals: Vitals) -> None:
    """Let a member of the town say something, now, until the store has it."""
    ts = f"{time.time():.6f}"
    event = {"type": "message", "channel": CHANNEL, "channel_type": "channel", "user": "U01MINA",
             "text": "psst, who is awake? https://example.org", "ts": ts, "event_ts": ts}  # fmt: skip
    body = {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "api_app_id": "A1",
            "event_time": int(time.time()), "event": event}  # fmt: skip
    gates = Gates(settings, list)
    gates.prepare()
    with closing(EventLog(settings.event_log)) as log:
        receiver = Receiver(log, gates, vitals, team_id=None, listener=_Nobody())
        receiver.start()

        async def receive() -> Outcome:
            return await receiver.receive(read_delivery(msgspec.json.encode(body)))

        assert asyncio.run(receive()) is Outcome.DONE
        receiver.stop()
        loader = Loader(settings, log, gates, vitals)
        loaded = loader.load()
        assert loaded is not None
        assert loaded.merged.added == 1


def all_that_is_told(site: Site) -> dict[str, str]:
    """All answers of the API, by path."""
    dashboard = json.loads(site.get("/api/v1/dashboard").data)
    metrics = json.loads(site.get("/api/v1/metrics").data)
    names = [each["name"] for each in dashboard["panels"]]
    windows = ("", "?as_of=latest", "?as_of=now", "?since=", "?since=1 day")
    paths = [
        *("/api/v1/dashboard", "/api/v1/status", "/metrics", "/readyz"),
        *(f"/api/v1/panels/{name}{form}" for name in names for form in ("", ".csv")),
        *(f"/api/v1/metrics/{each['name']}{window}" for each in metrics for window in windows),
    ]
    return {path: _steady(site.get(path.replace(" ", "%20")).data) for path in paths}


def _steady(answer: bytes) -> str:
    """An answer without the number that grows with each server, and the time it was started."""
    return re.sub(r'"(version|since)":[0-9.]+', "", answer.decode())


def test_nothing_moves_when_one_member_speaks(tmp_path: Path) -> None:
    settings = imported(tmp_path, "strict")
    with serving(settings) as site:
        before = all_that_is_told(site)
    with serving(settings) as site:
        said_now(settings, site.vitals)
        after = all_that_is_told(site)
    assert after == before
    assert len(before) > 100
    assert site.vitals.last_event_at is not None


def test_elsewhere_it_moves(tmp_path: Path) -> None:
    settings = imported(tmp_path, "standard")
    with serving(settings) as site:
        before = all_that_is_told(site)
        said_now(settings, site.vitals)
    with serving(settings) as site:
        site.vitals.last_event_at = 1.0
        site.vitals.logged.inc()
        after = all_that_is_told(site)
    moved = {path for path in before if before[path] != after[path]}
    assert {"/metrics", "/api/v1/status", "/api/v1/panels/all_messages"} <= moved


def test_what_was_kept_is_not_shown_after_an_erasure(tmp_path: Path) -> None:
    settings = imported(tmp_path, "standard")
    panels = Panels(settings)
    for name in panels.shown:
        panels.panel(name, View())
    panels.dashboard()
    kept: Any = panels.known(View())
    assert kept.keys() == panels.shown.keys()
    assert "Mina" in repr(panels.names)
    said_now(settings, Vitals())
    assert panels.known(View()).keys() == kept.keys(), "a moment old: it is shown until it is new"
    with store.writing(settings.store) as connection:
        connection.execute("DELETE FROM store.users")
        connection.execute("DELETE FROM store.profiles")
    rewritten(settings.store)
    assert panels.known(View()) == {}
    panels.dashboard()
    assert "Mina" not in repr(panels.names)
