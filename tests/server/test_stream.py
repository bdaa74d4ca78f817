"""The stream: all who look at a view get the same frames, and nobody waits for the slow."""

import asyncio
import gzip
import json
import os
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from hubbub.flows import panels as panels_module
from hubbub.flows.importing import import_archive
from hubbub.flows.panels import PanelData, Panels
from hubbub.flows.vitals import Vitals
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.keys import Keys
from hubbub.privacy.policy import PRESETS
from hubbub.server.stream import GZIP_HEAD, Hub
from hubbub.server.stream import Message as StreamMessage
from hubbub.settings import Settings
from hubbub.slack.events import envelope_of, read_delivery
from hubbub.slack.normalize import normalize
from tests.invented import DAYS, message, write_export
from tests.server.serving import Site, Viewer, imported, serving


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for something to be so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")


def figure(panel: dict[str, Any], column: str = "messages") -> Any:
    names = [each["name"] for each in panel["columns"]]
    return panel["rows"][0][names.index(column)]


def more_messages(settings: Settings, folder: Path, count: int) -> None:
    said = [message(f"17726184{number:02}.000100", "U2", "hello") for number in range(count)]
    export = write_export(folder / f"more{count}", days=DAYS | {"general/2026-03-04.json": said})
    import_archive(settings, export)


@dataclass
class Entry:
    """An entry of the event log."""

    tables: Any


def entry(text: str, ts: str, channel: str = "C01GEN") -> Entry:
    event = {
        "type": "message", "channel": channel, "channel_type": "channel", "user": "U01MINA",
        "text": text, "ts": ts, "event_ts": ts,
    }  # fmt: skip
    body = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event}
    batch = normalize([envelope_of(read_delivery(json.dumps(body).encode()))], raw=False)
    channels = {"C01GEN": Channel("general", "public"), "C02HELP": Channel("help", "public")}
    return Entry(Gate(PRESETS["open"], channels, Keys.new(), None).admit(batch).tables)


def test_two_viewers_get_the_same_bytes(site: Site) -> None:
    first = Viewer(site, "/api/v1/stream?period=all")
    whole = first.next("frame")
    second = Viewer(site, "/api/v1/stream?period=all")
    until(lambda: {"all_messages", "by_day", "writers"} <= set(site.panels.known(
        site.panels.view("all"))))  # fmt: skip
    third = Viewer(site, "/api/v1/stream?period=all")
    told = [second.next("frame"), third.next("frame")]
    assert set(told[1].data["panels"]) == {"all_messages", "by_day", "writers"}
    assert figure(told[1].data["panels"]["all_messages"]) == 33
    assert told[1].id == str(told[1].data["version"])
    for name, panel in whole.data["panels"].items():  # as many as were known by then
        assert panel == told[1].data["panels"][name]
    for viewer in (first, second, third):
        viewer.close()
    until(lambda: not site.hub.watched)


def test_a_frame_is_made_once_for_all(town: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(town) as site:
        made: list[bytes] = []
        frame = site.hub.frame

        def counted(panels: Iterable[PanelData]) -> bytes:
            made.append(frame(panels))
            return made[-1]

        monkeypatch.setattr(site.hub, "frame", counted)
        first = Viewer(site)
        first.next("frame")
        until(lambda: len(site.panels.known(site.panels.view())) == 3)
        before = len(made)
        others = [Viewer(site) for _ in range(30)]
        frames = [other.next("frame") for other in others]
        assert len({json.dumps(each.data["panels"]) for each in frames}) == 1
        # what is looked at anew meanwhile may bring a change or two
        assert len(made) < before + 10, "not one for each of thirty"


def test_only_what_changed_is_sent(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = imported(tmp_path, "open")
    with serving(settings) as site:
        viewer = Viewer(site, "/api/v1/stream?period=all&channel=help")
        seen = set[str]()
        while seen < {"all_messages", "by_day", "writers"}:
            seen |= set(viewer.next("frame").data["panels"])
        # more talk in another channel: the figures of this one stay
        everywhere = Viewer(site, "/api/v1/stream?period=all")
        before = figure(everywhere.next("frame").data["panels"]["all_messages"])
        more_messages(settings, tmp_path_factory.mktemp("more"), 2)
        site.hub.merged()
        after = 0
        while after <= before:
            changed = everywhere.next("frame").data["panels"]
            after = figure(changed["all_messages"]) if "all_messages" in changed else 0
        # the invented export brings 3 messages by people itself
        assert after == before + 5
        site.server.should_exit = True
        later = [event.data["panels"] for event in viewer.rest() if event.kind == "frame"]
        # its card counts all members of the town, of whom there are more now
        assert {name for panels in later for name in panels} <= {"all_messages"}


def test_whoever_comes_back_gets_the_whole_newest_frame(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = imported(tmp_path, "open")
    with serving(settings) as site:
        viewer = Viewer(site, "/api/v1/stream?period=all")
        old = viewer.next("frame")
        viewer.close()
    more_messages(settings, tmp_path_factory.mktemp("more"), 1)
    with serving(settings) as site:
        viewer = Viewer(site, "/api/v1/stream?period=all", **{"last-event-id": old.id})
        seen: dict[str, Any] = {}
        last = int(old.id)
        while len(seen) < 3:
            frame = viewer.next("frame")
            assert int(frame.id) > last, "newer than all of before the restart"
            seen |= frame.data["panels"]
        assert figure(seen["all_messages"]) == 33 + 4


def test_who_comes_when_figures_are_too_old_to_show_gets_them_once_they_are_known_to_be_right(
    town: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(town, heartbeat=100) as site:
        viewer = Viewer(site, "/api/v1/stream?period=all")
        shown: dict[str, Any] = {}
        while len(shown) < 3:
            shown |= viewer.next("frame").data["panels"]
        viewer.close()
        until(lambda: not site.hub.watched)
        monkeypatch.setattr(panels_module, "_STALE_SECONDS", 0.0)
        os.utime(town.store)  # somebody has written, of which no figure tells
        late, seen = Viewer(site, "/api/v1/stream?period=all"), dict[str, Any]()
        while len(seen) < 3:
            seen |= late.next("frame").data["panels"]
        assert seen == shown


def test_whoever_reads_slowly_skips_to_the_newest_frame(town: Settings) -> None:
    panels = Panels(town)
    view = panels.view("all")
    while panels.refresh([view]):
        pass

    async def look() -> tuple[list[bytes], list[bytes]]:
        hub = Hub(panels, Vitals())
        quick: list[bytes] = []
        slow: list[bytes] = []
        may_read, gone = asyncio.Event(), asyncio.Event()

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send_quickly(part: Message) -> None:
            quick.append(part.get("body", b""))

        async def send_slowly(part: Message) -> None:
            slow.append(part.get("body", b""))
            if b"event: frame" in slow[-1]:
                await may_read.wait()  # its connection is full

        looking = [
            asyncio.ensure_future(
                hub.stream(view, compressed=False)({"method": "GET"}, receive, send)
            )
            for send in (send_quickly, send_slowly)
        ]
        while not (b"event: frame" in b"".join(quick) and b"event: frame" in b"".join(slow)):
            await asyncio.sleep(0)
        for number in range(100):
            hub.watched[view].publish(b"event: test\ndata: %d\n\n" % number)
            while b"data: %d\n" % number not in quick[-1]:
                await asyncio.sleep(0)
        may_read.set()
        while b"".join(slow).count(b"event: frame") < 2:
            await asyncio.sleep(0)
        hub.watched[view].publish(b"event: test\ndata: last\n\n")
        while b"data: last" not in b"".join(slow) or b"data: last" not in quick[-1]:
            await asyncio.sleep(0)
        gone.set()
        await asyncio.gather(*looking)
        assert not hub.watched
        return quick, slow

    quick, slow = asyncio.run(asyncio.wait_for(look(), 30))
    tests = [part for part in quick if b"event: test" in part]
    assert len(tests) == 101, "who reads quickly misses nothing"
    frames = [part for part in slow if b"event: frame" in part]
    assert len(frames) == 2, "the one that filled the connection, and the newest"
    said = [part for part in slow if b"event: test" in part]
    assert said == [b"event: test\ndata: last\n\n"], "and from then on all"


def test_a_compressed_stream_is_readable_piece_by_piece(site: Site) -> None:
    viewer = Viewer(site, "/api/v1/stream?period=365%20days", **{"accept-encoding": "gzip"})
    assert viewer.answer.headers["content-encoding"] == "gzip"
    frame = viewer.next("frame")
    plain = Viewer(site, "/api/v1/stream?period=365%20days")
    assert "content-encoding" not in plain.answer.headers
    known = plain.next("frame").data["panels"]
    for name, panel in frame.data["panels"].items():
        assert panel == known[name]
    viewer.close()
    plain.close()


def test_pieces_that_are_compressed_alone_make_one_stream() -> None:
    parts = [b"a" * 5_000, b"", b"event: x\n\n", b"a" * 5_000]
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert unpacker.decompress(GZIP_HEAD) == b""
    # each is readable as soon as it has come
    assert [unpacker.decompress(StreamMessage(part).deflated) for part in parts] == parts
    assert gzip.compress(b"")[:2] == GZIP_HEAD[:2]


def test_the_connection_shows_that_it_lives(town: Settings) -> None:
    with serving(town, heartbeat=0.1) as site:
        viewer = Viewer(site)
        assert viewer.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        first, second = viewer.next("status"), viewer.next("status")
        assert first == second
        assert viewer.raw.startswith(b"retry: 2000\n\n")
        assert b": still here\n" in viewer.raw


def test_a_new_state_is_told(site: Site) -> None:
    viewer = Viewer(site)
    viewer.next("frame")
    site.vitals.set("slack", "reconnecting", "the socket was lost")
    while viewer.next("status").data.get("slack", {}).get("state") != "reconnecting":
        pass
    viewer.close()


def test_what_is_said_is_shown_at_once(site: Site) -> None:
    queries = ("", "?channel=general", "?channel=help")
    everywhere, general, elsewhere = (Viewer(site, f"/api/v1/stream{each}") for each in queries)
    for viewer in (everywhere, general, elsewhere):
        viewer.next("frame")
    site.hub.activity(entry("first", "1774000000.000100"))
    site.hub.activity(entry("second", "1774000001.000100", "C02HELP"))
    texts: list[str] = []
    while len(texts) < 2:
        texts += [item["text"] for item in everywhere.next("activity").data["items"]]
    assert texts == ["first", "second"]
    (item,) = general.next("activity").data["items"]
    assert (item["member"], item["channel"], item["text"]) == ("Mina", "general", "first")
    (item,) = elsewhere.next("activity").data["items"]
    assert item["text"] == "second"
    for viewer in (everywhere, general, elsewhere):
        viewer.close()


def test_nothing_is_said_of_single_members_where_groups_are_small(strict_site: Site) -> None:
    viewer = Viewer(strict_site)
    viewer.next("frame")
    strict_site.hub.activity(entry("secret", "1774000000.000100"))
    strict_site.vitals.set("slack", "connected", "so that something comes")
    while (event := viewer.next()).kind != "status":
        assert event.kind != "activity"
    assert b"secret" not in viewer.raw
    viewer.close()


def test_viewers_are_counted_and_streams_end_with_the_server(town: Settings) -> None:
    with serving(town) as site:
        viewers = [Viewer(site) for _ in range(3)]
        for viewer in viewers:
            viewer.next("frame")
        assert "hubbub_viewers 3.0" in site.get("/metrics").data.decode()
        viewers.pop().close()
        until(lambda: "hubbub_viewers 2.0" in site.get("/metrics").data.decode())
        site.server.should_exit = True
        for viewer in viewers:
            viewer.rest()  # an end, and no error


def test_the_hub_stops_whenever_it_is_told_to(town: Settings) -> None:
    panels = Panels(town)
    view = panels.view("all")
    while panels.refresh([view]):
        pass

    async def stop_after(steps: int) -> None:
        hub = Hub(panels, Vitals())
        hub.start()
        await asyncio.sleep(0.01)  # it waits for a change
        hub.enter(view)  # which comes
        for _ in range(steps):
            await asyncio.sleep(0)
        await hub.stop()

    for steps in range(8):
        asyncio.run(asyncio.wait_for(stop_after(steps), 10))


def test_too_many_are_turned_away(town: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubbub.server.stream._MOST_VIEWERS", 1)
    with serving(town) as site:
        viewer = Viewer(site)
        viewer.next("frame")
        status, error = site.error("/api/v1/stream")
        assert (status, error["reason"]) == (503, "Too many dashboards are open.")
        viewer.close()
        until(lambda: not site.hub.watched)
        Viewer(site).next("frame")


def test_a_store_that_cannot_be_read_is_told(town: Settings, tmp_path: Path) -> None:
    settings = imported(tmp_path, "open")
    with serving(settings) as site:
        viewer = Viewer(site)
        viewer.next("frame")
        settings.store.write_bytes(b"no store at all" * 1000)
        told: dict[str, Any] = {}
        while told.get("state") != "failed":
            told = viewer.next("status").data["panels"]
        assert "is no store of Hubbub's" in told["told"]
        assert site.get("/readyz").status == 503
