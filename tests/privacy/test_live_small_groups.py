"""A dashboard that people leave open shows each moment beside the one before: where small groups
are suppressed, no two of them may differ by what one member has just said."""

import asyncio
import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

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

pytestmark = pytest.mark.long

CHANNEL, MINA = "C01GEN", "U01MINA"


class _Nobody:
    def gap(self, channel_id: str | None, why: str) -> None: ...

    def gone(self, why: str) -> None: ...


def said_now(settings: Settings, vitals: Vitals, *members: str) -> None:
    """Let members say something, now, until the store has it."""
    gates = Gates(settings, list)
    gates.prepare()
    with closing(EventLog(settings.event_log)) as log:
        receiver = Receiver(log, gates, vitals, team_id=None, listener=_Nobody())
        receiver.start()

        async def receive() -> list[Outcome]:
            return [await receiver.receive(read_delivery(_said(each))) for each in members]

        assert set(asyncio.run(receive())) == {Outcome.DONE}
        receiver.stop()
        loaded = Loader(settings, log, gates, vitals).load()
        assert loaded is not None
        assert loaded.merged.added == len(members)


def _said(member: str) -> bytes:
    ts = f"{time.time():.6f}"
    event = {"type": "message", "channel": CHANNEL, "channel_type": "channel", "ts": ts,
             "user": member, "text": "psst, https://example.org?", "event_ts": ts}  # fmt: skip
    body = {"type": "event_callback", "event_id": f"Ev{ts}", "team_id": "T1", "api_app_id": "A1",
            "event_time": int(time.time()), "event": event}  # fmt: skip
    return msgspec.json.encode(body)


def all_that_is_told(site: Site) -> dict[str, str]:
    """All answers of the API, by path."""
    dashboard = json.loads(site.get("/api/v1/dashboard").data)
    metrics = json.loads(site.get("/api/v1/metrics").data)
    names = [each["name"] for each in dashboard["panels"]]
    windows = ("", "?as_of=latest")
    paths = [
        *("/api/v1/dashboard", "/api/v1/status", "/metrics", "/readyz"),
        *(f"/api/v1/panels/{name}{form}" for name in names for form in ("", ".csv")),
        *(f"/api/v1/metrics/{each['name']}{window}" for each in metrics for window in windows),
    ]
    return {path: _steady(site.get(path.replace(" ", "%20")).data) for path in paths}


def _steady(answer: bytes) -> str:
    """An answer without the number that grows with each server, and the times it was started and
    asked."""
    return re.sub(r'"(version|since)":[0-9.]+|"as_of":"[^"]+"', "", answer.decode())


def test_nothing_moves_when_one_member_speaks(tmp_path: Path) -> None:
    settings = imported(tmp_path, "strict")
    # the day is no quiet one: what all of these have said is in some figure once it has ended
    said_now(settings, Vitals(), MINA, *(f"U9{number}" for number in range(6)))
    with serving(settings) as site:
        site.vitals.set("log", "ok")
        before = all_that_is_told(site)
    with serving(settings) as site:
        said_now(settings, site.vitals, MINA)
        after = all_that_is_told(site)
    moved = {path: (told, after[path]) for path, told in before.items() if after[path] != told}
    assert moved == {}
    assert len(before) > 60
    assert site.vitals.last_event_at is not None


def test_elsewhere_it_moves(tmp_path: Path) -> None:
    settings = imported(tmp_path, "standard")
    paths = ("/metrics", "/api/v1/status", "/api/v1/metrics/totals")
    with serving(settings) as site:
        before = {path: site.get(path).data for path in paths}
        said_now(settings, site.vitals, MINA)
        after = {path: site.get(path).data for path in paths}
    assert all(after[path] != before[path] for path in paths)


def test_what_was_kept_is_not_shown_after_an_erasure(tmp_path: Path) -> None:
    settings = imported(tmp_path, "standard")
    panels = Panels(settings)
    for name in panels.shown:
        panels.panel(name, View())
    panels.dashboard()
    kept: Any = panels.known(View())
    assert kept.keys() == panels.shown.keys()
    assert "Mina" in repr(panels.names)
    said_now(settings, Vitals(), MINA)
    assert panels.known(View()).keys() == kept.keys(), "a moment old: it is shown until it is new"
    with store.writing(settings.store) as connection:
        connection.execute("DELETE FROM store.users")
        connection.execute("DELETE FROM store.profiles")
    rewritten(settings.store)
    assert panels.known(View()) == {}
    panels.dashboard()
    assert "Mina" not in repr(panels.names)
