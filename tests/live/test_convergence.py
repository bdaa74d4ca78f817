"""Whatever happens to events on their way, the tables become what Slack has: people talk, edit and
take back, events come twice, late, out of order or never, and the receiving side starts anew.

`make soak` tries many more.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collecting.collected import held, stored
from tests.parts import IS_SOAK

from hubbub.simulator.events.faults import Kind
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw
from receiving import Live, alive, differences, grove, live

pytestmark = pytest.mark.long

EXAMPLES = 300 if IS_SOAK else 2
LONGEST = 80 if IS_SOAK else 40
EMOJI = ("tada", "wave::skin-tone-2", "eyes")
HARMLESS: tuple[Kind, ...] = ("duplicate", "reorder", "delay", "unreachable", "unheard")
"""What Slack's retries make good."""
LOSSES: tuple[Kind, ...] = (*HARMLESS, "lose", "lose")


class People:
    """What members do, each time drawn anew."""

    def __init__(self, simulator: Simulator, dice: random.Random) -> None:
        self.acts, self.workspace, self.dice = simulator.acts, simulator.workspace, dice

    def do(self, deed: str) -> None:
        """Do something; what cannot be done is left."""
        open_ones = [each["id"] for each in self.workspace.channels if not each["is_archived"]]
        if deed == "unarchive":
            open_ones = [each["id"] for each in self.workspace.channels if each["is_archived"]]
        with suppress(Refusal, IndexError):  # nobody, nothing or no channel is there for it
            getattr(self, deed)(self.dice.choice(open_ones))

    def who(self) -> str:
        """Somebody who can sign in."""
        people = [each for each in self.workspace.users if not (each["deleted"] or each["is_bot"])]
        return self.dice.choice(people)["id"]

    def what(self, channel_id: str, accepts: Callable[[Raw], object] = bool) -> str:
        """The `ts` of something that was said."""
        said = self.workspace.messages[channel_id]
        shown = [each for each in said if each.get("subtype") != "tombstone" and accepts(each)]
        return self.dice.choice(shown)["ts"]

    def group(self) -> str:
        """A user group."""
        return self.dice.choice(self.workspace.usergroups)["id"]

    def says(self, channel_id: str) -> None:
        self.acts.post(channel_id, self.who(), f"<@{self.who()}> ok? https://x.org {len(EMOJI)}")

    def replies(self, channel_id: str) -> None:
        ts, is_shown = self.what(channel_id), self.dice.random() < 0.25
        self.acts.reply(channel_id, ts, self.who(), "me too", broadcast=is_shown)

    def edits(self, channel_id: str) -> None:
        link = f"see <https://example.org/{self.dice.randrange(99)}>"
        self.acts.edit(channel_id, self.what(channel_id, _is_typed), link)

    def deletes(self, channel_id: str) -> None:
        self.acts.delete(channel_id, self.what(channel_id))

    def deletes_root(self, channel_id: str) -> None:
        self.acts.delete(channel_id, self.what(channel_id, lambda each: each.get("reply_count")))

    def deletes_reply(self, channel_id: str) -> None:
        self.acts.delete(channel_id, self.what(channel_id, _is_reply))

    def reacts(self, channel_id: str) -> None:
        emoji = self.dice.choice(EMOJI)
        self.acts.react(channel_id, self.what(channel_id), self.who(), emoji)

    def unreacts(self, channel_id: str) -> None:
        ts = self.what(channel_id, lambda each: each.get("reactions"))
        reaction = self.dice.choice(self.acts.message(channel_id, ts)["reactions"])
        self.acts.unreact(channel_id, ts, self.dice.choice(reaction["users"]), reaction["name"])

    def unfurls(self, channel_id: str) -> None:
        self.acts.unfurl(channel_id, self.what(channel_id), "https://example.org", "News")

    def shares_file(self, channel_id: str) -> None:
        self.acts.share_file(channel_id, self.who(), "plan.pdf")

    def deletes_file(self, _: str) -> None:
        self.acts.delete_file(self.dice.choice([*self.workspace.files]))

    def joins(self, channel_id: str) -> None:
        self.acts.join(channel_id, self.who(), inviter=self.who())

    def leaves(self, channel_id: str) -> None:
        self.acts.leave(channel_id, self.who())

    def renames(self, channel_id: str) -> None:
        self.acts.rename(channel_id, f"name-{self.dice.randrange(10**6)}", self.who())

    def sets_topic(self, channel_id: str) -> None:
        self.acts.set_topic(channel_id, f"topic {self.dice.randrange(99)}", self.who())

    def archive(self, channel_id: str) -> None:
        self.acts.archive(channel_id, self.who())

    def unarchive(self, channel_id: str) -> None:
        self.acts.unarchive(channel_id, self.who())

    def arrives(self, _: str) -> None:
        self.acts.add_user(f"new{self.dice.randrange(10**6)}")

    def changes_profile(self, _: str) -> None:
        self.acts.change_profile(self.who(), display_name=f"{self.dice.randrange(99)}")

    def makes_group(self, _: str) -> None:
        self.acts.add_group(f"crew{self.dice.randrange(10**6)}", [self.who()])

    def fills_group(self, _: str) -> None:
        people = [self.who() for _ in range(self.dice.randrange(3))]
        self.acts.set_group_members(self.group(), [*dict.fromkeys(people)])

    def renames_group(self, _: str) -> None:
        self.acts.change_group(self.group(), name=f"Crew {self.dice.randrange(99)}")

    def disables_group(self, _: str) -> None:
        self.acts.disable_group(self.group())

    def enables_group(self, _: str) -> None:
        self.acts.enable_group(self.group())


def _is_typed(message: Raw) -> bool:
    return "client_msg_id" in message


def _is_reply(message: Raw) -> bool:
    return message.get("thread_ts", message["ts"]) != message["ts"]


CHOICES = {"do", "who", "what", "group"}
DEEDS = [name for name in vars(People) if name not in CHOICES and name[0] != "_"]
OFTEN = ["says", "replies", "replies", "edits", "deletes", "deletes_reply", "reacts", "unreacts"]
CHANCES = ["load", "restart", "down", "later"]
STEPS = st.lists(
    st.tuples(st.sampled_from(OFTEN + DEEDS + CHANCES), st.integers(0, 2**20)),
    min_size=20,
    max_size=LONGEST,
)
"""What happens, one after the other, with the dice for it."""


def happen(town: Live, steps: list[tuple[str, int]]) -> None:
    """Let it all happen, and be heard as far as it is."""
    for step, seed in steps:
        dice = random.Random(seed)
        town.simulator.clock.advance(dice.choice((0.2, 1, 5, 30)))
        match step:
            case "load":
                town.heard()
            case "restart":
                town.simulator.events.pump()
                town.end()
                town.begin()
            case "down":
                town.end()
                town.simulator.events.pump()  # nobody is there: Slack comes again
                town.begin()
            case "later":
                town.simulator.clock.advance(dice.choice((60, 600)))
                town.simulator.events.pump()
            case _:
                People(town.simulator, dice).do(step)


@settings(max_examples=EXAMPLES)
@given(steps=STEPS, seed=st.integers(0, 2**20))
def test_without_losses_events_alone_make_the_tables(
    steps: list[tuple[str, int]], seed: int
) -> None:
    with TemporaryDirectory() as home, live(town_hall(), Path(home)) as town:
        town.simulator.events.app().has_delayed_events = True  # so that no try is the last
        town.simulator.events.faults.chaos(seed, 0.3, HARMLESS)
        happen(town, steps)
        town.simulator.events.exhaust()
        assert not town.simulator.events.ledger.dropped
        same(town)


@settings(max_examples=EXAMPLES)
@given(
    steps=STEPS,
    seed=st.integers(0, 2**20),
    listed_reactors=st.sampled_from((1, 50)),
)
def test_history_heals_what_was_lost(
    steps: list[tuple[str, int]], seed: int, listed_reactors: int
) -> None:
    with TemporaryDirectory() as home, live(town_hall(), Path(home)) as town:
        town.simulator.backend.listed_reactors = listed_reactors
        town.simulator.events.faults.chaos(seed, 0.5, LOSSES)
        happen(town, steps)
        town.simulator.events.exhaust()
        town.load()
        town.simulator.clock.advance(60)
        town.collect()
        unlike = [each for each in differing(town) if not is_unseen(town, each, listed_reactors)]
        assert not unlike, "\n".join(unlike)
        town.collect(full_refresh=True)
        same(town)


@pytest.mark.parametrize("preset", ["standard", "strict"])
def test_nothing_is_lost_or_doubled_where_members_are_keyed(tmp_path: Path, preset: str) -> None:
    dice = random.Random(preset)
    steps = [(dice.choice(OFTEN + DEEDS + CHANCES), dice.randrange(2**20)) for _ in range(60)]
    with live(town_hall(), tmp_path, preset=preset, only_channels=["C1", "C2"]) as town:
        town.simulator.events.faults.chaos(1, 0.3, LOSSES)
        happen(town, steps)
        town.simulator.events.exhaust()
        town.load()
        town.simulator.clock.advance(60)
        town.collect(full_refresh=True)
        found, wanted = alive(stored(town.settings)), alive(held(town.simulator))
    for table in ("channels", "messages", "reactions", "memberships", "users", "user_groups",
                  "user_group_members"):  # fmt: skip
        assert len(found[table]) == len(wanted[table]), table
    assert found["messages"].keys() == wanted["messages"].keys()


def test_a_reply_whose_deletion_was_lost_goes(tmp_path: Path) -> None:
    """Its root says then what it said when the thread was read: only the store has one more."""
    with live(town_hall(), tmp_path) as town:
        acts, messages = town.simulator.acts, town.simulator.workspace.messages["C1"]
        root = next(each["ts"] for each in messages if each.get("reply_count"))
        reply = acts.reply("C1", root, "U1", "no, me")["ts"]
        assert ("C1", reply) in town.heard()["messages"]
        town.simulator.events.faults.add("lose", "message")
        acts.delete("C1", reply)
        town.simulator.clock.advance(60)
        town.collect()
        same(town)


def is_unseen(town: Live, line: str, listed_reactors: int) -> bool:
    """Whether a difference is one that only a full refresh can see: a reply that was edited, or
    reactions to one, and reactors whom a message does not name."""
    table = line.partition(" ")[0]
    replies = {
        f"'{each['ts']}'"
        for messages in town.simulator.workspace.messages.values()
        for each in messages
        if _is_reply(each)
    }
    if table == "reactions" and listed_reactors < 50:
        return True
    hanging = {"messages", "reactions", "mentions", "links", "shares"}
    is_there = table != "messages" or " ts: " not in line
    return table in hanging and is_there and any(ts in line for ts in replies)


def town_hall() -> Simulator:
    """Two members, two channels, and something that was said before anybody listened."""
    simulator = grove()
    simulator.acts.add_group("stewards", ["U1"])
    for channel_id in ("C1", "C2"):
        for reply in range(2):
            simulator.clock.advance(1)
            root = simulator.acts.post(channel_id, "U1", "who waters?")["ts"]
            for _ in range(reply):
                simulator.clock.advance(1)
                simulator.acts.reply(channel_id, root, "U2", "me")
            simulator.acts.react(channel_id, root, "U2", "eyes")
    simulator.clock.advance(60)
    return simulator


def same(town: Live) -> None:
    """Hold the tables against what the simulator has."""
    town.load()
    told = differing(town)
    assert not told, "\n".join(told)


def differing(town: Live) -> list[str]:
    """How the tables differ from what the simulator has."""
    return differences(alive(stored(town.settings)), alive(held(town.simulator)))
