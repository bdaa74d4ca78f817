"""Several loaders, and loaders that are killed."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import duckdb
import pytest

from hubbub.errors import HubbubError
from hubbub.flows import consuming
from hubbub.flows.consuming import Loaded, TopicLoader
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.kafka.broker import Broker
from tests.kafka.feeding import Server, ask, brief, load, positions, unlike, wait
from tests.parts import IS_SOAK

pytestmark = pytest.mark.long


class Running:
    """A loader in a thread."""

    def __init__(self, settings: Settings, address: str, topic: str) -> None:
        self.settings = settings
        self._loader = TopicLoader(settings, brief(address), topic, topic)
        self.partitions: tuple[int, ...] = ()
        self.events = self.of = 0
        self.trouble = ""
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._loader.run(self._stop, tell=self._heard)

    def _heard(self, loaded: Loaded) -> None:
        self.partitions, self.of, self.events = loaded.partitions, loaded.of, loaded.events
        self.trouble = loaded.trouble.reason if loaded.trouble else ""

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def said(self) -> set[str]:
        if not store.exists(self.settings.store):
            return set()
        return {ts for (ts,) in ask(self.settings, "SELECT ts FROM messages")}


def test_two_loaders_share_a_topic_and_the_one_that_is_left_gets_all(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    for channel_id in ("C1", "C2"):
        server.say(channel_id, *range(10))
    server.forward(running.address, topic)
    one = Running(server.elsewhere(tmp_path / "one"), running.address, topic)
    wait(lambda: len(one.partitions) == 6, "the first has all partitions")
    two = Running(server.elsewhere(tmp_path / "two"), running.address, topic)
    try:
        wait(lambda: len(one.partitions) == len(two.partitions) == 3, "they share the partitions")
        assert {*one.partitions, *two.partitions} == {*range(6)}
        assert two.of == 6
        for number in range(10, 30):
            server.say("C1" if number % 2 else "C2", number)
        server.forward(running.address, topic)
        wanted = server.loaded_directly(tmp_path / "direct")
        everything = {ts for _, ts in wanted["messages"]}
        wait(lambda: one.said() | two.said() == everything, "together they have all")
        one.stop()
        wait(lambda: len(two.partitions) == 6, "the second takes over")
        wait(lambda: two.said() == everything, "from its own positions, so with the past")
    finally:
        one.stop()
        two.stop()
    assert unlike(two.settings, wanted) == []


def test_a_second_loader_of_a_store_waits_for_the_first_to_end(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1)
    server.forward(running.address, topic)
    settings = server.elsewhere(tmp_path / "loader")
    first = Running(settings, running.address, topic)
    wait(lambda: len(first.partitions) == 6, "the first is at work")
    second = Running(settings, running.address, topic)
    try:
        wait(lambda: "Another hubbub" in second.trouble, "the second says that it waits")
        assert second.partitions == ()
        with pytest.raises(HubbubError, match="Another hubbub"):
            load(settings, running.address, topic)
        first.stop()
        wait(lambda: len(second.partitions) == 6, "the second takes over")
    finally:
        first.stop()
        second.stop()


def test_an_older_store_that_is_put_back_under_a_loader_is_noticed(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1)
    server.forward(running.address, topic)
    loader = Running(server.elsewhere(tmp_path / "loader"), running.address, topic)
    path = loader.settings.store
    try:
        wait(lambda: len(loader.said()) == 1, "the first is loaded")
        shutil.copy(path, tmp_path / "older")
        server.say("C1", 2, 3)
        server.forward(running.address, topic)
        wait(lambda: len(loader.said()) == 3, "the next are loaded")
        (tmp_path / "older").replace(path)
        server.say("C1", 4)
        server.forward(running.address, topic)
        wait(lambda: len(loader.said()) == 4, "all are loaded, those too that the copy lacked")
    finally:
        loader.stop()
    assert unlike(loader.settings, server.loaded_directly(tmp_path / "direct")) == []


def test_rows_and_positions_move_together_or_not_at_all(
    running: Broker, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path / "server")
    server.say("C1", 1, 2)
    server.forward(running.address, topic)
    settings = server.elsewhere(tmp_path / "loader")

    with monkeypatch.context() as broken:
        broken.setattr(consuming, "_NOTE_TEAM", "no SQL")
        with pytest.raises(duckdb.Error):
            load(settings, running.address, topic)
    assert positions(settings) == {}
    assert ask(settings, "SELECT count(*) FROM messages") == [(0,)]
    load(settings, running.address, topic)
    assert unlike(settings, server.loaded_directly(tmp_path / "direct")) == []


@pytest.mark.parametrize("seed", range(40 if IS_SOAK else 3))
def test_a_loader_that_is_killed_anywhere_loads_everything_once(
    running: Broker, topic: str, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    server = Server(tmp_path / "server")
    for number in range(0, 6_000, 100):
        server.say(rng.choice(["C1", "C2"]), *range(number, number + 100))
    server.forward(running.address, topic)
    settings = server.elsewhere(tmp_path / "loader")
    arguments = ["--home", str(settings.home), "--workspace", "grove", "--privacy", "open"]
    arguments += ["load", "--kafka", running.address, "--topic", topic]
    arguments += ["--group", topic, "--once", "--json"]
    command = [sys.executable, "-m", "hubbub", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    time.sleep(rng.uniform(0.8, 2.5))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    assert sum(offset + 1 for offset in positions(settings).values()) == 6_000
    assert unlike(settings, server.loaded_directly(tmp_path / "direct")) == []
