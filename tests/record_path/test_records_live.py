"""Records of events are those of history: as it happens, and read later."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub.flows.measuring import measure
from hubbub.settings import Settings
from hubbub.simulator.state import Raw
from tests.live.receiving import Live, grove, live
from tests.privacy.home import ask
from tests.record_path.standups import POST, STANDUP

ROWS = ("SELECT * FROM records ORDER BY ALL", "SELECT * FROM record_values ORDER BY ALL")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    simulator = grove()
    home = tmp_path_factory.mktemp("home")
    pack = Settings(home, "grove").pack / "records"
    pack.mkdir(parents=True)
    (pack / "standup.toml").write_text(STANDUP, encoding="utf-8")
    simulator.acts.post("C1", "U1", POST)
    with live(simulator, home) as living:
        yield living


def said(town: Live, text: str = POST) -> str:
    town.simulator.clock.advance(1)
    return town.simulator.acts.post("C1", "U2", text)["ts"]


def rows(settings: Settings) -> list[object]:
    return [ask(settings, query) for query in ROWS]


def read_later(town: Live, home: Path) -> Settings:
    """The same workspace, collected into another store after all has happened."""
    settings = Settings(home, "grove", privacy={"preset": "open"})
    (settings.pack / "records").mkdir(parents=True)
    (settings.pack / "records" / "standup.toml").write_text(STANDUP, encoding="utf-8")
    return town.collect(home)


def test_records_of_events_are_those_of_history(town: Live, tmp_path: Path) -> None:
    edited, gone, undone = said(town), said(town), said(town)
    town.heard()
    town.simulator.clock.advance(1)
    town.simulator.acts.edit("C1", edited, POST.replace("Hours: 3", "Hours: 4"))
    town.simulator.acts.edit("C1", undone, "never mind")
    town.simulator.acts.delete("C1", gone)
    said(town, "no standup today")
    town.heard()
    assert rows(town.settings) == rows(read_later(town, tmp_path))
    hours = "SELECT ts, number FROM record_values WHERE field = 'hours' ORDER BY ts"
    found = dict(ask(town.settings, hours))
    assert not found.keys() & {gone, undone}
    assert found.pop(edited) == 4
    assert [*found.values()] == [3], "the one that was there before"


def poll(votes: tuple[int, int]) -> list[Raw]:
    """A poll as an app posts it."""
    said = [("Where shall we eat?", "")] + [
        (f":{digit}: {name} `{count}`", name)
        for digit, name, count in zip(("one", "two"), ("Pier", "Barn"), votes, strict=True)
    ]
    blocks: list[Raw] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}} for text, _ in said
    ]
    for block, (_, name) in list(zip(blocks, said, strict=True))[1:]:
        block["accessory"] = {
            "type": "button", "action_id": f"vote {name}", "value": name,
            "text": {"type": "plain_text", "text": "Vote"},
        }  # fmt: skip
    return blocks


def test_votes_of_a_poll_are_those_that_its_app_tells_last(town: Live, tmp_path: Path) -> None:
    simulator = town.simulator
    simulator.clock.advance(1)
    ts = simulator.acts.post("C2", town.own, "a poll", blocks=poll((0, 0)), bot_id="B1")["ts"]
    town.heard()
    query = "SELECT text, number FROM record_values WHERE field = 'options' ORDER BY position"
    assert ask(town.settings, query) == [("Pier", 0), ("Barn", 0)]
    simulator.clock.advance(1)
    simulator.acts.edit("C2", ts, "a poll", blocks=poll((2, 1)))
    town.heard()
    assert ask(town.settings, query) == [("Pier", 2), ("Barn", 1)]
    assert rows(town.settings) == rows(read_later(town, tmp_path))
    table = measure(town.settings, "polls", {"as_of": "latest"}).rows.to_pylist()
    assert [(row["name"], row["votes"]) for row in table] == [("Pier", 2), ("Barn", 1)]
    assert {row["poll"] for row in table} == {"Where shall we eat?"}
