"""What a running server keeps when choices change under it: channels that turn private, members who
opt out, a policy that is stricter than that of before."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from hubbub.core.batch import Envelope
from hubbub.core.ports import Outcome
from hubbub.errors import TryAgain, UsageError
from hubbub.flows.erasing import opt_out
from hubbub.flows.gates import Gates
from hubbub.flows.loading import Loader, keep_to_policy, load_rest
from hubbub.flows.receiving import Receiver
from hubbub.flows.rotating import rotate
from hubbub.flows.vitals import Vitals
from hubbub.flows.workspace import made
from hubbub.settings import Settings
from hubbub.slack.events import read_delivery
from hubbub.stores.eventlog import Entry, EventLog
from tests.looking import looking

GARDEN, HALL = "C0GARDEN1", "C0HALL001"
OLIVE, BRAM = "U0OLIVE01", "U0BRAM001"
USERS = [
    {"id": OLIVE, "name": "olive", "real_name": "Olive Underhill"},
    {"id": BRAM, "name": "bram", "real_name": "Bram Overwater"},
]
NOON = 1_790_000_000


def event(number: int, **fields: Any) -> bytes:
    """A message of Olive's in the garden, unless the fields say otherwise."""
    ts = f"{NOON + number}.000000"
    inner = {"type": "message", "channel": GARDEN, "channel_type": "channel", "user": OLIVE,
             "text": f"beans {number}", "ts": ts, "event_ts": ts} | fields  # fmt: skip
    told = {"type": "event_callback", "event_id": f"Ev{number}", "team_id": "T0GROVE01",
            "api_app_id": "A1", "event_time": NOON, "event": inner}  # fmt: skip
    return msgspec.json.encode(told)


def notice(number: int, to: str) -> bytes:
    """Slack says that the garden is private or public from now on."""
    return event(number, subtype=f"channel_convert_to_{to}", text="made", channel_type="channel")


@dataclass
class Garden:
    """A workspace that hears events."""

    settings: Settings
    log: EventLog
    gates: Gates
    receiver: Receiver
    loader: Loader
    gaps: list[str | None] = field(default_factory=list[str | None])
    entries: list[Entry] = field(default_factory=list[Entry])

    def gap(self, channel_id: str | None, why: str) -> None:
        """A listener's."""
        assert why
        self.gaps.append(channel_id)

    def gone(self, why: str) -> None:
        """A listener's."""

    def hear(self, *bodies: bytes) -> list[Outcome]:
        """Deliver events, one after the other."""

        async def deliver() -> list[Outcome]:
            return [await self.receiver.receive(read_delivery(each)) for each in bodies]

        return asyncio.run(deliver())

    def load(self) -> None:
        """Merge all that waits."""
        while self.loader.load():
            pass

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the store has."""
        with looking(self.settings.store) as connection:
            return connection.execute(query).fetchall()

    def holds(self, table: str) -> str:
        """All rows of a table, every column."""
        with looking(self.settings.store) as connection:
            return repr(connection.sql(f"FROM store.{table}").to_arrow_table().to_pylist())

    def texts(self) -> list[str | None]:
        """The texts in the store, in their order."""
        return [text for (text,) in self.rows("SELECT text FROM messages ORDER BY ts")]

    def bytes_of_log(self) -> bytes:
        """All bytes of the event log on the disk."""
        return b"".join(each.read_bytes() for each in self.settings.folder.glob("events.sqlite*"))


def directory() -> list[Envelope]:
    return [Envelope("users", "users", msgspec.json.encode(USERS))]


def no_token() -> list[Envelope]:
    raise UsageError("There is no token.", "Set SLACK_BOT_TOKEN.")


@contextmanager
def garden(folder: Path, asked: Any = directory, **privacy: Any) -> Generator[Garden]:
    """A running workspace, entered again for a restart."""
    settings = Settings(folder, "grove", privacy={"preset": "standard"} | privacy)
    vitals, gates = Vitals(), Gates(settings, asked)
    with closing(EventLog(made(settings.event_log))) as log:
        keep_to_policy(settings, log)
        try:
            gates.prepare()
        except UsageError:
            assert asked is no_token
        loader = Loader(settings, log, gates, vitals)
        heard: list[Garden] = []

        class Listener:
            def gap(self, channel_id: str | None, why: str) -> None:
                heard[0].gap(channel_id, why)

            def gone(self, why: str) -> None:
                heard[0].gone(why)

        receiver = Receiver(log, gates, vitals, team_id="T0GROVE01", listener=Listener())
        here = Garden(settings, log, gates, receiver, loader)
        heard.append(here)
        receiver.listeners.append(here.entries.append)
        receiver.start()
        try:
            yield here
        finally:
            receiver.stop()


def done(outcomes: Sequence[Outcome]) -> bool:
    return set(outcomes) == {Outcome.DONE}


# channels that turn private


def test_a_channel_that_turns_private_leaves_at_the_next_merge(tmp_path: Path) -> None:
    with garden(tmp_path) as here:
        assert done(here.hear(event(1), event(2, channel=HALL, text="in the hall")))
        here.load()
        assert here.texts() == ["beans 1", "in the hall"]
        assert done(here.hear(notice(3, "private")))
        here.load()  # nothing else needs to happen
        assert here.texts() == ["in the hall"]
        assert here.rows("SELECT channel_id FROM store.withheld") == [(GARDEN,)]
        assert here.rows("SELECT * FROM store.channel_changes") == []
        # neither as a group, nor as what an older client may still call it
        here.hear(event(4, channel_type="group"), event(5))
        here.gates.refresh()
        here.hear(event(6))
        here.load()
        assert here.texts() == ["in the hall"]
        assert here.log.waiting(0) == (0, 0)


def test_it_stays_out_while_the_store_does_not_know_yet(tmp_path: Path) -> None:
    with garden(tmp_path) as here:
        here.hear(event(1))
        here.load()
        here.hear(notice(2, "private"))
        here.gates.refresh()  # the store still says that it is public
        here.hear(event(3))
        assert "messages" not in {name for entry in here.log.entries(0) for name in entry.tables}
        here.load()
        assert here.texts() == []


def test_it_stays_out_although_the_server_dies_before_the_merge(tmp_path: Path) -> None:
    with garden(tmp_path) as here:
        here.hear(event(1))
        here.load()
        here.hear(notice(2, "private"))
    with garden(tmp_path) as here:
        here.hear(event(3))  # nobody remembers, but what is merged with the notice goes with it
        here.load()
        assert here.texts() == []
        here.hear(event(4))  # before the gate has looked at the store again
        here.load()
        assert here.texts() == []


def test_a_channel_that_is_public_again_is_heard_and_read_again(tmp_path: Path) -> None:
    with garden(tmp_path) as here:
        here.hear(event(1), notice(2, "private"))
        here.load()
        here.gates.refresh()
        here.hear(notice(3, "public"), event(4))
        here.load()
        here.gates.refresh()
        here.hear(event(5))
        here.load()
        assert here.texts() == ["made", "beans 4", "beans 5"]
        assert {*here.gaps} == {GARDEN}, "what was said before is for the collector"


def test_of_a_channel_that_was_never_admitted_no_notice_is_kept(tmp_path: Path) -> None:
    with garden(tmp_path, preset="strict", only_channels=[HALL], smallest_group=1) as here:
        here.hear(notice(1, "private"), event(2))
        assert GARDEN.encode() not in here.bytes_of_log()


def test_a_private_channel_that_the_policy_names_stays(tmp_path: Path) -> None:
    with garden(tmp_path, private_channels=[GARDEN]) as here:
        here.hear(event(1), notice(2, "private"), event(3, channel_type="group"))
        here.load()
        assert here.texts() == ["beans 1", "made", "beans 3"]


# members who are left out


def test_nothing_of_a_member_who_opts_out_is_kept_from_then_on(tmp_path: Path) -> None:
    with garden(tmp_path) as here:
        here.hear(event(0, type="team_join", user=USERS[0], channel=None), event(1))
        here.hear(event(2, user=BRAM, text="thanks <@U0OLIVE01>, says Olive Underhill"))
        here.load()
        here.hear(event(3))  # admitted before, merged after
        before = here.log.last
        opt_out(here.settings, OLIVE)
        assert here.gates.current() is None, "it is not known how others name her"
        assert here.hear(event(4)) == [Outcome.NOT_READY]
        here.gates.prepare()
        assert done(here.hear(
            event(4), event(5, user=BRAM, text="where is Olive Underhill, <@U0OLIVE01>, @olive?"),
            event(6, type="reaction_added", user=OLIVE, reaction="heart",
                  item={"type": "message", "channel": GARDEN, "ts": f"{NOON + 2}.000000"}),
            event(7, type="member_joined_channel", user=OLIVE, team="T0GROVE01"),
            event(8, type="user_change", user=USERS[0], channel=None),
            event(9, type="app_mention", text="beans <@U0BOT0001>"),
        ))  # fmt: skip
        later = [each for each in here.entries if each.number > before]
        held = here.bytes_of_log() + repr(later).encode()
        for word in (OLIVE, "Olive", "olive", "beans"):
            assert word.encode() not in held, word
        here.load()
        kept = here.texts()
        assert len(kept) == 2
        for table in ("messages", "users", "reactions", "memberships", "membership_changes",
                      "reaction_changes", "mentions", "profiles"):  # fmt: skip
            assert OLIVE not in here.holds(table), table
        assert "Olive" not in repr(kept)
        assert "olive" not in repr(kept)


def test_a_receipt_counts_what_was_there_though_events_still_wait(tmp_path: Path) -> None:
    with garden(tmp_path) as here:
        here.hear(event(0, type="team_join", user=USERS[0], channel=None), event(1), event(2))
        here.load()
        here.hear(event(3, user=BRAM))  # merged by opting out, after the refusal is noted
        rows = opt_out(here.settings, OLIVE).rows
        assert (rows["messages"], rows["users"]) == (2, 1)


def test_without_a_token_events_go_on_without_their_texts(tmp_path: Path) -> None:
    with garden(tmp_path, no_token) as here:
        here.hear(event(1), event(2, user=BRAM))
        opt_out_when_loaded(here)
        assert here.hear(event(3, user=BRAM)) == [Outcome.NOT_READY], "until it is known"
        with pytest.raises(UsageError):
            here.gates.prepare()
        assert done(here.hear(event(3, user=BRAM, text="Olive Underhill said"), event(4)))
        here.load()
        assert here.rows("SELECT user_id, text FROM messages ORDER BY ts") == [
            (BRAM, "beans 2"), (BRAM, None),
        ]  # fmt: skip


def opt_out_when_loaded(here: Garden) -> None:
    here.load()
    opt_out(here.settings, OLIVE)


def test_slack_that_does_not_answer_is_asked_again(tmp_path: Path) -> None:
    answers: list[Any] = [TryAgain("Slack is away.", "Wait."), directory()]

    def asked() -> list[Envelope]:
        if isinstance(answer := answers.pop(0), TryAgain):
            raise answer
        return answer

    with garden(tmp_path, asked) as here:
        opt_out(here.settings, OLIVE)
        assert here.gates.current() is None
        with pytest.raises(TryAgain):
            here.gates.prepare()
        assert here.hear(event(1)) == [Outcome.NOT_READY], "it comes again"
        here.gates.prepare()
        assert done(here.hear(event(1, user=BRAM)))
        here.load()
        assert here.texts() == ["beans 1"]


def test_keys_are_not_changed_under_a_running_server(tmp_path: Path) -> None:
    from hubbub.flows.loading import sole_loader

    with garden(tmp_path) as here, sole_loader(here.settings):
        before = here.settings.key.read_bytes()
        with pytest.raises(TryAgain, match=r"(?s)loading events .* `hubbub serve`"):
            rotate(here.settings)
        assert here.settings.key.read_bytes() == before


# a policy that is another than before


@pytest.mark.parametrize("whose", ["the server", "another command"])
def test_what_waits_is_not_merged_under_a_stricter_policy(tmp_path: Path, whose: str) -> None:
    with garden(tmp_path, preset="open") as here:
        here.hear(event(1, text="ask olive@example.org"))
        open_log = here.settings
    strict = {"preset": "strict", "only_channels": [HALL], "smallest_group": 1}
    if whose == "another command":
        load_rest(replace(open_log, privacy=strict))
    with garden(tmp_path, **strict) as here:
        held = here.bytes_of_log()
        assert b"olive@example.org" not in held
        assert OLIVE.encode() not in held
        here.load()
        here.hear(event(2, channel=HALL))
        here.load()
        assert here.texts() == [None]
        assert OLIVE not in here.holds("messages")
        assert here.log.unseen(["Ev1"]) == set(), "Slack need not deliver it again"


def test_what_waits_is_merged_under_a_looser_policy(tmp_path: Path) -> None:
    with garden(tmp_path) as here:
        here.hear(event(1))
    with garden(tmp_path, preset="open") as here:
        here.load()
        assert here.texts() == ["beans 1"]
    with garden(tmp_path) as here:  # nothing waits that could be let go of
        assert here.log.admitted_by() is not None
        here.log.prune(here.log.last, timedelta(0))


@pytest.mark.parametrize(
    ("looser", "stricter"),
    [
        ({}, {"only_channels": [GARDEN]}),
        ({"only_channels": [GARDEN, HALL]}, {"only_channels": [GARDEN]}),
        ({"private_channels": ["G1"]}, {}),
        ({"preset": "open", "direct_messages": ["D1"]}, {"preset": "open"}),
        ({}, {"names": False}),
        ({"contacts": True}, {}),
        ({}, {"text": "dropped"}),
        ({}, {"links": "domain"}),
        ({}, {"pseudonyms": True}),
        ({"preset": "open"}, {"preset": "open", "links": "trimmed"}),
    ],
)
def test_each_choice_counts(looser: dict[str, Any], stricter: dict[str, Any]) -> None:
    from hubbub.privacy.policy import policy_of

    before, after = (policy_of(**{"preset": "standard"} | each) for each in (looser, stricter))
    assert not before.is_within(after)
    assert after.is_within(before)
    assert before.is_within(before)
