"""Members who opted out are left out of what is collected: before, after, raw and files too."""

import json
from pathlib import Path

import pytest

from hubbub.flows.erasing import forget, opt_in, opt_out
from tests.collecting.collected import Collector, collector, grove
from tests.privacy.home import holding


def talk(here: Collector) -> None:
    """U1 says something, and U2 answers, names U1 and reacts."""
    acts = here.simulator.acts
    here.simulator.clock.advance(60)
    root = acts.post("C1", "U1", "a word of U1's")["ts"]
    here.simulator.clock.advance(60)
    acts.reply("C1", root, "U2", "thanks <@U1>")
    acts.react("C1", root, "U2", "tada")
    here.simulator.clock.advance(60)
    other = acts.post("C1", "U2", "a word of U2's")["ts"]
    acts.react("C1", other, "U1", "tada")
    acts.add_group("olive", ["U1", "U2"], id="S1", name="Olive")
    acts.add_group("crew", ["U1"], id="S2", name="Crew")


@pytest.mark.parametrize("when", ["before", "after"])
def test_opting_out_before_and_after_a_collection(tmp_path: Path, when: str) -> None:
    with collector(grove(), tmp_path, raw=True) as here:
        talk(here)
        if when == "before":
            opt_out(here.settings, "U1")
            here.collect()
        else:
            here.collect()
            opt_out(here.settings, "U1")
        here.collect(full_refresh=True)
        assert {text for (text,) in here.ask("SELECT text FROM messages")} == {
            "thanks [MEMBER]",
            "a word of U2's",
        }
        assert here.ask("SELECT user_id FROM users WHERE user_id = 'U1'") == []
        assert here.ask("SELECT count(*) FROM reactions") == [(0,)]
        assert here.ask("SELECT count(*) FROM memberships WHERE user_id = 'U1'") == [(0,)]
        assert holding(here.settings.folder, "a word of U1's", '"U1"', "<@U1>") == []
        # what is called as U1 is has no name any more
        groups = here.ask("SELECT group_id, handle, name FROM user_groups ORDER BY 1")
        assert groups == [("S1", None, None), ("S2", "crew", "Crew")]
        assert here.ask("FROM user_group_members") == [("S1", "U2")]
        pages = [json.loads(path.read_text()) for path in here.settings.raw.rglob("*.json")]
        assert any("a word of U2's" in json.dumps(page) for page in pages)


def test_a_member_who_comes_back_is_collected_again(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        talk(here)
        forget(here.settings, "U1")
        here.collect()
        opt_in(here.settings, "U1")
        here.collect(full_refresh=True)
        assert ("a word of U1's",) in here.ask("SELECT text FROM messages")


def test_a_forgotten_name_does_not_come_back_with_a_collection(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        here.simulator.clock.advance(60)
        here.simulator.acts.post("C1", "U2", "ask @olive")
        forget(here.settings, "U1")
        here.collect()
        assert here.ask("SELECT text FROM messages") == [("ask [MEMBER]",)]
