"""`kill -9`, SIGTERM, a full disk and a store that others hold, under load: every event that was
acknowledged is in the tables, once.

`make soak` kills 200 times. The broker, and loaders of a topic, are killed in tests/kafka.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from program import Load, Program, wait_for
from tests.parts import IS_SOAK

from hubbub.stores import duckdb as store
from receiving import grove

pytestmark = pytest.mark.long

SCENARIOS = 40 if IS_SOAK else 2
KILLS = 5
"""Of each scenario: 10 in `make test`, 200 in `make soak`."""


@pytest.fixture(scope="module")
def slack() -> Iterator[dict[str, str]]:
    """A Slack that can be asked, in which nobody says anything: how to reach it."""
    simulator = grove()
    token = simulator.add_token("bot")
    simulator.clock.run(1.0)  # calls are counted by the minute, and minutes have to pass
    with simulator.serve():
        yield {"SLACK_API_URL": simulator.url, "SLACK_BOT_TOKEN": token}


def check_all_is_there_once(program: Program, load: Load) -> None:
    """Hold the tables against what was acknowledged."""
    rows = Counter[tuple[str, ...]]()
    rows.update(program.rows("SELECT channel_id, ts FROM messages"))
    rows.update(program.rows("SELECT channel_id, ts, user_id, name FROM reactions"))
    wanted = Counter(load.acknowledged)
    assert not [key for key, times in wanted.items() if times > 1], "the test counts badly"
    lost = wanted - rows
    assert not lost, f"{len(lost)} of {len(load.acknowledged)} are lost: {sorted(lost)[:5]}"
    twice = [key for key, times in rows.items() if times > 1]
    assert not twice, twice[:5]
    unsaid = rows.keys() - wanted.keys()
    assert len(unsaid) <= 4, "more than what each sender had on the way"


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_what_was_acknowledged_outlives_kill_9(
    slack: dict[str, str], tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    with Program(tmp_path, slack) as program:
        program.done("collect")  # what channels there are
        with Load(program.port) as load:
            for _ in range(KILLS):
                program.start()
                load.wait_for(dice.choice((1, 10, 100, 200)))
                time.sleep(dice.random() ** 2)  # somewhere in a commit, a merge, what comes after
                program.kill()
            program.start()
            load.wait_for(100)
            program.stop()  # people go on talking meanwhile
        check_all_is_there_once(program, load)


def test_a_second_server_is_refused(slack: dict[str, str], tmp_path: Path) -> None:
    with Program(tmp_path, slack) as program:
        program.start()
        second = program.command("serve", "--port", "0")
        _, said = second.communicate()
        assert second.returncode == 4
        assert "Another hubbub is loading events into" in said
        program.stop()


def test_a_store_that_others_hold_delays_nobody(slack: dict[str, str], tmp_path: Path) -> None:
    with Program(tmp_path, slack) as program:
        program.start()
        with Load(program.port) as load:
            load.wait_for(200)
            wait_for(lambda: bool(program.rows("SELECT 1 FROM messages LIMIT 1")))
            before = program.memory()
            with store.writing(program.path):
                held_since = time.monotonic()
                load.wait_for(500)
                while time.monotonic() < held_since + 10:
                    load.wait_for(50)
                in_log = len(load.acknowledged)
            assert program.memory() - before < 80e6, "what waits is in the log, not in memory"
            load.wait_for(50)
        wait_for(lambda: program.rows("SELECT count(*) FROM messages")[0][0] > 0.75 * in_log)
        program.stop()
        assert load.statuses == {200}
        check_all_is_there_once(program, load)


def fill(path: Path) -> None:
    """Write until there is no room."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))


def test_a_full_disk_is_said_and_ends(slack: dict[str, str], mount: Callable[[str], Path]) -> None:
    with Program(mount("size=24m"), slack) as program:
        program.start()
        with Load(program.port) as load:
            load.wait_for(100)
            filler = program.home / "filler"
            fill(filler)
            wait_for(lambda: 503 in load.statuses)
            wait_for(lambda: program.told("/api/v1/status")["log"]["state"] == "full")
            filler.unlink()
            load.wait_for(100)
            assert program.told("/api/v1/status")["log"]["state"] == "ok"
        program.stop()
        check_all_is_there_once(program, load)
