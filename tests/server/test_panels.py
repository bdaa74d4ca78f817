"""Panels are computed when it is worth it, and one that fails leaves the others alone."""

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubbub.errors import TryAgain
from hubbub.flows import panels as module
from hubbub.flows.importing import import_archive
from hubbub.flows.panels import Panels, View
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.invented import DAYS, message, write_export
from tests.server.serving import DASHBOARD

ALL = View("all")


def settings_with(folder: Path, dashboard: str = DASHBOARD) -> Settings:
    settings = Settings(folder / "home", "default", privacy={"preset": "open"})
    settings.pack.mkdir(parents=True)
    text = dashboard.replace("hide = [{hidden}]", "")
    (settings.pack / "dashboard.toml").write_text(text, encoding="utf-8")
    return settings


def add(settings: Settings, folder: Path, count: int) -> None:
    """Import the invented export, with so many messages more."""
    more = [message(f"17726184{number:02}.000100", "U2", "hello") for number in range(count)]
    export = write_export(folder / f"export{count}", days=DAYS | {"general/2026-03-04.json": more})
    import_archive(settings, export)


class Clock:
    """A clock that goes when it is told to; computing takes it no time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        clock = SimpleNamespace(monotonic=lambda: self.now, time_ns=time.time_ns)
        monkeypatch.setattr(module, "time", clock)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_with(tmp_path)
    add(made, tmp_path, 0)
    return made


def own(panels: Panels) -> set[str]:
    return {name for name, shown in panels.shown.items() if shown.panel.file.pack == "pack"}


def figure(data: Any, column: str) -> Any:
    told = json.loads(data.encoded)
    names = [each["name"] for each in told["columns"]]
    return told["rows"][0][names.index(column)]


def test_a_merge_by_anybody_is_seen_and_only_what_changed_is_told(
    settings: Settings, tmp_path: Path
) -> None:
    panels = Panels(settings)
    assert panels.known(ALL) == {}
    while panels.refresh([ALL]):
        pass
    before = panels.known(ALL)
    # U1 and U2 wrote two messages in #general and one in #garden; the robot's do not count
    assert figure(before["all_messages"], "messages") == 3
    assert not panels.refresh([ALL])
    assert panels.known(ALL) == before, "nothing is new"
    add(settings, tmp_path, 1)
    changed: dict[str, Any] = {}
    for _ in range(200):
        panels.refresh([ALL])
        known = panels.known(ALL)
        changed = {name: data for name, data in known.items() if data != before.get(name)}
        if own(panels) <= set(changed):
            break
        time.sleep(0.05)  # what was just computed rests
    assert figure(changed["all_messages"], "messages") == 4
    for name, data in changed.items():
        assert data.version > before[name].version
    still = set(before) - set(changed)
    assert {name: panels.known(ALL)[name].version for name in still} == {
        name: before[name].version for name in still
    }


def test_what_is_expensive_is_computed_less_often(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, computed = Clock(monkeypatch), list[str]()
    seconds = {"all_messages": 0.1, "writers": 2.0}
    read, marks = module.read_panel, iter(range(1000))

    def slow(shown: Any, view: View, reading: Any) -> Any:
        computed.append(shown.panel.name)
        clock.now += seconds.get(shown.panel.name, 0.0)
        return read(shown, view, reading)

    monkeypatch.setattr(module, "read_panel", slow)
    panels = Panels(settings)
    panels.shown = {name: panels.shown[name] for name in seconds}
    # the store is another one at each look
    monkeypatch.setattr(panels, "mark", lambda: (next(marks), 0, 0))
    panels.refresh([ALL])
    while clock.now < 1000.0 + 18.0:
        clock.now += 0.3
        panels.refresh([ALL])
    often, rarely = computed.count("all_messages"), computed.count("writers")
    # 2 s of work and 10 s of rest: at 0 and 12 s; in between 0.1 s of work and 0.5 s of rest
    assert rarely == 2
    assert 8 < often < 30
    assert computed[0] == "all_messages", "cards come first"


def test_who_asks_for_what_takes_long_is_answered_at_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, computed = Clock(monkeypatch), list[str]()
    seconds = {"all_messages": 0.05, "writers": 2.0}
    read = module.read_panel

    def slow(shown: Any, view: View, reading: Any) -> Any:
        computed.append(shown.panel.name)
        clock.now += seconds[shown.panel.name]
        return read(shown, view, reading)

    monkeypatch.setattr(module, "read_panel", slow)
    panels = Panels(settings)
    panels.shown = {name: panels.shown[name] for name in seconds}
    first = panels.panel("writers", ALL)  # of which nothing is known: it has to be waited for
    assert figure(panels.panel("all_messages", ALL), "messages") == 3
    add(settings, tmp_path, 1)
    clock.now += 15.0
    assert figure(panels.panel("all_messages", ALL), "messages") == 4, "what is quick is new"
    assert panels.panel("writers", ALL) == first
    assert computed == ["writers", "all_messages", "all_messages"]
    assert panels.is_asked
    panels.refresh([])
    assert computed[3:] == ["writers"]
    assert not panels.is_asked
    renewed = panels.panel("writers", ALL)
    assert renewed.version > first.version
    # what nobody has asked for within a minute is too old to be an answer
    clock.now += 61.0
    add(settings, tmp_path, 2)
    assert panels.panel("writers", ALL).version > renewed.version
    assert figure(panels.panel("all_messages", ALL), "messages") == 5
    with panels.turn():  # while others compute, nobody waits for what is known
        add(settings, tmp_path, 3)
        clock.now += 15.0
        assert figure(panels.panel("all_messages", ALL), "messages") == 5


def test_time_goes_on_without_messages(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, computed = Clock(monkeypatch), list[str]()
    read = module.read_panel

    def counted(shown: Any, view: View, reading: Any) -> Any:
        computed.append(shown.panel.name)
        return read(shown, view, reading)

    monkeypatch.setattr(module, "read_panel", counted)
    panels = Panels(settings)
    panels.shown = {"writers": panels.shown["writers"]}
    for seconds in (0, 30, 29, 1, 30):
        clock.now += seconds
        panels.refresh([ALL])
    assert len(computed) == 2, "at first, and after a minute"


def test_a_panel_that_fails_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    broken = """
[[panels]]
name = "broken"
title = "Broken"
kind = "table"
metric = "broken"
"""
    settings = settings_with(tmp_path, DASHBOARD + broken)
    (settings.pack / "metrics").mkdir()
    (settings.pack / "metrics" / "broken.sql").write_text(
        '/*\ntitle = "B"\nquestion = "?"\n[columns]\n'
        'broken = { type = "integer", doc = "nothing" }\n*/\n'
        "SELECT text::INTEGER AS broken FROM messages",
        encoding="utf-8",
    )
    add(settings, tmp_path, 0)
    panels = Panels(settings)
    while panels.refresh([ALL]):
        pass
    told = json.loads(panels.known(ALL)["broken"].encoded)
    assert told["error"]["reason"] == told["empty"]
    assert told["error"]["reason"] == "This panel's query failed (ConversionException)."
    assert "private" not in json.dumps(told), "an error may quote what was written"
    assert figure(panels.known(ALL)["all_messages"], "messages") == 3


def test_a_session_ends_early_and_says_that_there_is_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, read = Clock(monkeypatch), module.read_panel

    def slow(shown: Any, view: View, reading: Any) -> Any:
        clock.now += 0.2
        return read(shown, view, reading)

    monkeypatch.setattr(module, "read_panel", slow)
    panels = Panels(settings)
    panels.shown = {name: panels.shown[name] for name in ("writers", "by_day", "all_messages")}
    assert panels.refresh([ALL]), "there is more to compute"
    assert set(panels.known(ALL)) == {"all_messages", "writers"}
    assert not panels.refresh([ALL])
    assert set(panels.known(ALL)) == {"all_messages", "writers", "by_day"}


def test_a_busy_store_leaves_what_is_known(settings: Settings) -> None:
    panels = Panels(settings, wait=0.1)
    while panels.refresh([ALL]):
        pass
    before = panels.known(ALL)
    raised: list[BaseException] = []

    def look() -> None:
        try:
            panels.refresh([View("30 days")])
        except TryAgain as error:
            raised.append(error)

    with store.writing(settings.store):
        looking = threading.Thread(target=look)
        looking.start()
        looking.join()
    assert len(raised) == 1
    assert panels.known(ALL) == before


def test_sessions_of_one_process_take_turns(settings: Settings) -> None:
    # without turns DuckDB refuses the second, and the file's lock goes with the first
    with store.reading(settings.store) as connection:
        begun, done = threading.Event(), threading.Event()

        def write() -> None:
            begun.set()
            with store.writing(settings.store):
                done.set()

        writer = threading.Thread(target=write)
        writer.start()
        begun.wait()
        assert not done.wait(0.2)
        assert connection.execute("SELECT count(*) FROM users").fetchall() == [(3,)]
    writer.join(timeout=30)
    assert done.is_set()


def test_views_that_nobody_looks_at_are_forgotten(settings: Settings) -> None:
    panels = Panels(settings)
    panels.shown = {"all_messages": panels.shown["all_messages"]}
    views = [View("all", f"C{number}") for number in range(100)]
    panels.refresh(views)
    for _ in range(100):
        if not panels.refresh(views[-1:]):
            break
    assert panels.known(views[-1])
    assert sum(bool(panels.known(view)) for view in views) <= 64
