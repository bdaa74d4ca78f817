"""Rows from events are rows from history, whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.collecting.collected import held, stored

from hubbub.simulator.simulator import Simulator
from receiving import Live, alive, differences, grove, live


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One workspace for all that happens below, one after the other."""
    simulator = grove()
    simulator.acts.post("C1", "U1", "who brings seeds?")
    with live(simulator, tmp_path_factory.mktemp("home")) as living:
        yield living


def said(simulator: Simulator, text: str, channel_id: str = "C1") -> str:
    """The `ts` of what somebody says now."""
    simulator.clock.advance(1)
    return simulator.acts.post(channel_id, "U2", text)["ts"]


def in_thread(simulator: Simulator, **options: Any) -> tuple[str, str]:
    """The `ts` of a root and of its one reply."""
    root = said(simulator, "who waters?")
    simulator.clock.advance(1)
    return root, simulator.acts.reply("C1", root, "U1", "me", **options)["ts"]


def deleted_reply(simulator: Simulator) -> None:
    _, reply = in_thread(simulator)
    simulator.clock.advance(1)
    simulator.acts.delete("C1", reply)


def deleted_root(simulator: Simulator) -> None:
    root, _ = in_thread(simulator)
    simulator.clock.advance(1)
    simulator.acts.delete("C1", root)


def edited(simulator: Simulator) -> None:
    ts = said(simulator, "the tomatos are ripe")
    simulator.acts.react("C1", ts, "U1", "tomato")
    simulator.clock.advance(1)
    simulator.acts.edit("C1", ts, "the tomatoes are ripe, see <https://example.org>")


def edited_root(simulator: Simulator) -> None:
    root, _ = in_thread(simulator)
    simulator.clock.advance(1)
    simulator.acts.edit("C1", root, "who waters today?")


def reacted(simulator: Simulator) -> None:
    ts = said(simulator, "rain tomorrow")
    for user_id, emoji in (("U1", "umbrella"), ("U2", "umbrella"), ("U2", "clap::skin-tone-3")):
        simulator.clock.advance(1)
        simulator.acts.react("C1", ts, user_id, emoji)
    simulator.clock.advance(1)
    simulator.acts.unreact("C1", ts, "U2", "umbrella")


def reacted_twice_within_a_second(simulator: Simulator) -> None:
    ts = said(simulator, "yes or no")
    simulator.acts.react("C1", ts, "U1", "thumbsup")
    simulator.acts.unreact("C1", ts, "U1", "thumbsup")


def came_and_went(simulator: Simulator) -> None:
    simulator.acts.add_user("cem", id="U3")
    simulator.clock.advance(1)
    simulator.acts.join("C1", "U3", inviter="U1")
    simulator.clock.advance(1)
    simulator.acts.leave("C1", "U3")
    simulator.acts.join("C2", "U3")


def renamed(simulator: Simulator) -> None:
    simulator.acts.rename("C2", "soil", "U1")


def topic(simulator: Simulator) -> None:
    simulator.acts.set_topic("C2", "worms & more", "U1")


def archived(simulator: Simulator) -> None:
    simulator.acts.archive("C2", "U1")


def unarchived(simulator: Simulator) -> None:
    simulator.acts.unarchive("C2", "U1")


def shared(simulator: Simulator) -> None:
    simulator.acts.share_channel("C2", "T2")


def unshared(simulator: Simulator) -> None:
    simulator.acts.unshare_channel("C2", "T2")


def changed_profile(simulator: Simulator) -> None:
    simulator.acts.change_profile("U2", display_name="bram the gardener", real_name="Bram")


def introduced_at_once(simulator: Simulator) -> None:
    user_id = simulator.acts.add_user("dana", id="U5")["id"]
    simulator.acts.change_profile(user_id, display_name="Dana of the worms")


def deactivated(simulator: Simulator) -> None:
    simulator.acts.add_user("gone", id="U4")
    simulator.clock.advance(1)
    simulator.acts.deactivate("U4")


def mentioned_the_bot(simulator: Simulator) -> None:
    said(simulator, f"<@{simulator.tokens.all()[0].user_id}> what is new?")


def unfurled(simulator: Simulator) -> None:
    ts = said(simulator, "<https://example.org/news>")
    simulator.clock.advance(1)
    simulator.acts.unfurl("C1", ts, "https://example.org/news", "News")


def shared_file(simulator: Simulator) -> None:
    simulator.acts.share_file("C1", "U2", "plan.pdf")


def deleted_file(simulator: Simulator) -> None:
    simulator.acts.delete_file(next(iter(simulator.workspace.files)))


ACTS: dict[str, Callable[[Simulator], object]] = {
    "message": lambda s: said(s, "see <#C2|> and <https://example.org|notes>, <@U1> &amp; all?"),
    "reply": in_thread,
    "broadcast": lambda s: in_thread(s, broadcast=True),
    "deleted message": lambda s: s.acts.delete("C1", said(s, "oops")),
    "deleted reply": deleted_reply,
    "deleted root": deleted_root,
    "edit": edited,
    "edit of a root": edited_root,
    "reactions": reacted,
    "reactions at once": reacted_twice_within_a_second,
    "members": came_and_went,
    "rename": renamed,
    "topic": topic,
    "archive": archived,
    "unarchive": unarchived,
    "shared channel": shared,
    "unshared channel": unshared,
    "profile": changed_profile,
    "profile within a second": introduced_at_once,
    "deactivated": deactivated,
    "mention of the bot": mentioned_the_bot,
    "unfurl": unfurled,
    "file": shared_file,
    "deleted file": deleted_file,
}


@pytest.mark.parametrize("name", ACTS)
def test_rows_are_as_slack_has_them(town: Live, name: str) -> None:
    town.simulator.clock.advance(10)
    ACTS[name](town.simulator)
    hold(town)


def test_a_channel_that_the_bot_enters_is_a_gap(town: Live) -> None:
    acts = town.simulator.acts
    acts.create_channel("compost", "U1", id="C3")
    before = said(town.simulator, "nobody hears this", "C3")
    town.simulator.clock.advance(1)
    acts.join("C3", town.own)
    heard = said(town.simulator, "but this", "C3")
    messages = town.heard()["messages"]
    assert ("C3", heard) in messages
    assert ("C3", before) not in messages
    assert {channel_id for channel_id, _ in town.gaps.told} == {"C3"}
    town.simulator.clock.advance(60)
    town.collect()
    hold(town)


def test_history_says_the_same(town: Live, tmp_path: Path) -> None:
    town.simulator.clock.advance(60)
    collected = stored(town.collect(tmp_path))
    told = differences(alive(town.heard()), alive(collected))
    assert not told, told


def hold(town: Live) -> None:
    """Hold the tables against what the simulator has."""
    told = differences(alive(town.heard()), alive(held(town.simulator)))
    assert not told, told
