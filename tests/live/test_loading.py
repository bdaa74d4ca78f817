"""The loader while people go on talking: it ends when it is told to, and merges what piles up."""

from pathlib import Path
from threading import Event
from typing import cast

import pytest
from tests.kafka.feeding import Server

from hubbub.flows.gates import Gates
from hubbub.flows.loading import Loaded, Loader
from hubbub.stores import duckdb as store
from hubbub.stores.merge import Merged
from hubbub.stores.staging import Staged

SAID = 12


def test_it_pauses_and_ends_though_there_is_always_an_event_that_waits(tmp_path: Path) -> None:
    server, stop, merges = Server(tmp_path), Event(), list[int]()
    loader = Loader(server.settings, server.log, cast("Gates", server), server.vitals)
    server.say("C1", 1)

    def merged(loaded: Loaded) -> None:
        merges.append(loaded.position)
        if len(merges) < SAID:
            server.say("C1", 1 + len(merges))
        if len(merges) == 2:
            stop.set()

    loader.run(stop, merged)
    assert merges == [1, 2, 3]  # the last is what was left at the end
    assert server.log.waiting(3)[0] == 1


def test_what_has_piled_up_is_merged_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, stop = Server(tmp_path), Event()
    loader = Loader(server.settings, server.log, cast("Gates", server), server.vitals)
    for number in range(SAID):
        server.say("C1", number)
    staged = server.log.staged

    def a_little(after: int, folder: Path) -> tuple[Staged, int, int]:
        return staged(after, folder, limit_bytes=1)

    monkeypatch.setattr(server.log, "staged", a_little)
    stop.set()
    loader.run(stop, lambda _: None)
    assert server.log.waiting(0) == (0, 0)
    with store.reading(server.settings.store) as connection:
        assert store.first_row(connection, "SELECT count(*) FROM messages") == (SAID,)


def test_events_that_come_while_others_are_merged_are_not_counted_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path)
    loader = Loader(server.settings, server.log, cast("Gates", server), server.vitals)
    server.say("C1", 1)
    waiting, staged = server.log.waiting, server.log.staged

    def and_more_come(after: int, folder: Path) -> tuple[Staged, int, int]:
        found = staged(after, folder)

        def again(position: int) -> tuple[int, int]:
            server.say("C1", 2 + server.log.last)
            return waiting(position)

        monkeypatch.setattr(server.log, "waiting", again)
        return found

    monkeypatch.setattr(server.log, "staged", and_more_come)
    assert loader.load() is not None
    assert server.vitals.registry.get_sample_value("hubbub_events_merged_total") == 1


class Pauses(Event):
    """Notes how long is waited for it, which takes no time, and is set after three of them."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        if len(self.pauses) == 3:
            self.set()
        return self.is_set()


def test_a_long_merge_is_followed_by_a_long_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, merges = Server(tmp_path), iter((0.01, 3.0))
    loader = Loader(server.settings, server.log, cast("Gates", server), server.vitals)
    nothing = Merged({}, 0, 0, 0)

    def load() -> Loaded | None:
        seconds = next(merges, None)
        return None if seconds is None else Loaded(nothing, 1, seconds, is_all=True)

    monkeypatch.setattr(loader, "load", load)
    stop = Pauses()
    loader.woken.set()
    loader.run(stop, lambda _: loader.woken.set())
    assert stop.pauses == [0.3, 6.0, 0.3], "and the third had nothing to do"
