"""What people take away leaves the store; what is only hidden from the collector stays."""

from pathlib import Path

import pytest
from collected import DAY, Collector, collector, grove, unlike

from hubbub.errors import HubbubError
from hubbub.simulator.faults import Arguments


def spoken(here: Collector, channel_id: str = "C1", number: int = 6) -> list[str]:
    """Post some messages a minute apart, and return their `ts`."""
    said: list[str] = []
    for count in range(number):
        here.simulator.clock.advance(60)
        said.append(here.simulator.acts.post(channel_id, "U1", f"message {count}")["ts"])
    return said


def replied(here: Collector, root: str, number: int = 3) -> list[str]:
    """Answer a message, a minute apart."""
    said: list[str] = []
    for count in range(number):
        here.simulator.clock.advance(60)
        said.append(here.simulator.acts.reply("C1", root, "U2", f"reply {count}")["ts"])
    return said


def test_messages_and_replies_that_are_deleted(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        first, second = replied(here, said[0]), replied(here, said[1])
        here.collect()
        here.simulator.acts.delete("C1", said[5])
        here.simulator.acts.delete("C1", first[1])
        for reply in second:
            here.simulator.acts.delete("C1", reply)
        here.collect()
        assert here.alive("C1") == {*said[:5], first[0], first[2]}
        assert unlike(here) == []


def test_a_tombstone_that_goes_with_its_replies(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        replies = replied(here, said[2])
        here.collect()
        here.simulator.acts.delete("C1", said[2])
        here.collect()
        assert here.alive("C1") == {*said, *replies} - {said[2]}
        for reply in replies:
            here.simulator.acts.delete("C1", reply)
        here.collect()
        assert here.alive("C1") == {*said} - {said[2]}


def test_a_root_and_its_replies_that_go_between_two_runs(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        replies = replied(here, said[2])
        here.collect()
        for ts in (said[2], *replies):
            here.simulator.acts.delete("C1", ts)
        here.collect()
        assert here.alive("C1") == {*said} - {said[2]}


def test_the_oldest_and_the_newest_message(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        here.collect()
        here.simulator.acts.delete("C1", said[0])
        here.simulator.acts.delete("C1", said[-1])
        here.collect()
        assert here.alive("C1") == {*said[1:-1]}


def test_a_channel_in_which_all_is_deleted(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        spoken(here)
        here.collect()
        for ts in sorted(here.said("C1")):
            here.simulator.acts.delete("C1", ts)
        here.collect()
        assert here.alive("C1") == set()


def test_an_empty_check_proves_nothing(tmp_path: Path) -> None:
    """Pages may be empty and go on: that a message is not on one does not mean it is gone."""
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        here.collect()

        def is_check(asked: Arguments) -> bool:
            return asked.get("inclusive") == "1"

        hole(here, said[2:4])
        here.simulator.faults.add(
            "conversations.history", when=is_check, longest_page=0, times=None
        )
        here.collect()
        assert here.alive("C1") == {*said}


def hole(here: Collector, missing: list[str]) -> None:
    """Let the next whole page of C1 lack some messages, as Slack's pages have."""
    messages = here.simulator.workspace.messages["C1"]
    taken = [each for each in messages if each["ts"] in missing]

    def opens(asked: Arguments) -> bool:
        is_page = asked.get("channel") == "C1" and "inclusive" not in asked
        for each in taken:
            if is_page and each in messages:
                messages.remove(each)
            elif not is_page and each not in messages:
                messages.append(each)
                messages.sort(key=lambda message: message["ts"])
        return False

    here.simulator.faults.add("conversations.history", when=opens, times=None)


def test_a_hole_in_a_page_deletes_nothing(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        here.collect()
        hole(here, said[2:4])
        here.collect()
        assert here.alive("C1") == {*said}


def test_a_hole_beside_a_deletion(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        here.collect()
        here.simulator.acts.delete("C1", said[1])
        hole(here, said[2:4])
        here.collect()
        assert here.alive("C1") == {*said} - {said[1]}


@pytest.mark.parametrize("longest", [0, 1, 2])
def test_short_pages_delete_nothing_but_what_is_gone(tmp_path: Path, longest: int) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        replies = replied(here, said[3])
        here.collect()
        here.simulator.acts.delete("C1", said[1])
        here.simulator.acts.delete("C1", replies[0])
        times = None if longest else 3
        here.simulator.faults.add("conversations.history", longest_page=longest, times=times)
        here.simulator.faults.add("conversations.replies", longest_page=longest, times=times)
        here.collect()
        assert here.alive("C1") == {*said, *replies} - {said[1], replies[0]}


def test_what_the_plan_hides_is_not_deleted(tmp_path: Path) -> None:
    with collector(grove(plan="free"), tmp_path) as here:
        said = spoken(here)
        replies = replied(here, said[1])
        here.collect()
        later: set[str] = set()
        for _ in range(4):
            here.simulator.clock.advance(31 * DAY)
            later |= {*spoken(here, number=2)}
            here.collect()
        assert here.alive("C1") == {*said, *replies, *later}
        assert here.collect(full_refresh=True).exit == 0
        assert here.alive("C1") == {*said, *replies, *later}


def test_all_history_hidden_at_the_first_run(tmp_path: Path) -> None:
    with collector(grove(plan="free"), tmp_path) as here:
        spoken(here)
        here.simulator.clock.advance(120 * DAY)
        assert here.collect().exit == 0
        assert here.alive("C1") == set()
        new = spoken(here)
        here.collect()
        assert here.alive("C1") == {*new}


def test_a_lost_permission_deletes_nothing(tmp_path: Path) -> None:
    simulator = grove()
    token = simulator.add_token("bot", channels=["C1", "C2"])
    with collector(simulator, tmp_path, token=token) as here:
        said, others = spoken(here), spoken(here, "C2")
        replies = replied(here, said[1])
        here.collect()
        bot = simulator.tokens.find(token).user_id
        simulator.acts.leave("C1", bot)
        report = here.collect()
        assert (report.exit, [trouble.where for trouble in report.troubles]) == (1, ["#c1"])
        assert here.alive("C1") == {*said, *replies}
        assert here.alive("C2") >= {*others}


def test_a_channel_that_is_closed_after_a_run_that_did_not_end(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        here.collect()
        here.simulator.faults.add("conversations.history", error="token_revoked", skip=1)
        with pytest.raises(HubbubError):
            here.collect()
        for ts in said[1:3]:
            here.simulator.acts.delete("C1", ts)
            here.simulator.acts.delete("C2", spoken(here, "C2", 1)[0])
        for channel_id in ("C1", "C2"):
            here.simulator.acts.archive(channel_id, "U1")
        here.collect()
        here.collect()
        assert unlike(here) == []


def test_a_channel_that_was_open_for_a_while(tmp_path: Path) -> None:
    with collector(grove(), tmp_path) as here:
        said = spoken(here)
        here.simulator.acts.archive("C1", "U1")
        here.collect()
        here.forget()
        here.collect()
        assert [asked["channel"] for asked in here.asked("conversations.history")] == ["C2"]
        here.simulator.clock.advance(60)
        here.simulator.acts.unarchive("C1", "U1")
        here.simulator.acts.delete("C1", said[1])
        spoken(here)
        here.simulator.acts.archive("C1", "U1")
        here.collect()
        assert unlike(here) == []
