"""Events and pages of history, in any order, lost and repeated: the tables end as the community is.

The community here is a few lines of Python that know nothing of Hubbub.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick_store import QuickStore, quick_store

from hubbub.core.batch import Envelope

pytestmark = pytest.mark.long

BEGIN = 1_600_000_000
MEMBERS = ("U1", "U2", "U3")
NO_REPLY = "0000000000.000000"
Parcel = list[Envelope]
"""What arrives together."""


@dataclass
class Town:
    """One channel, as Slack has it."""

    clock: Iterator[int] = field(default_factory=lambda: count(BEGIN, 10))
    messages: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    deleted: dict[str, str] = field(default_factory=dict[str, str])
    """When what was deleted."""
    members: set[str] = field(default_factory=lambda: {"U1"})
    name: str = "porch"
    is_archived: bool = False
    crew: set[str] = field(default_factory=lambda: {"U1"})
    """Who is in the user group S1."""
    crew_name: str = "Crew"
    is_disabled: bool = False
    crew_changed: int = BEGIN
    events: list[Parcel] = field(default_factory=list[Parcel])
    looks: list[Parcel] = field(default_factory=list[Parcel])

    def tell(self, at: str, **event: Any) -> None:
        told = {"event_ts": at, **event}
        self.events.append([Envelope("events", f"event {at}", json.dumps([told]).encode())])

    def now(self) -> str:
        return f"{next(self.clock)}.000100"

    def alive(self, place: int, *, roots: bool = False) -> dict[str, Any] | None:
        found = [each for each in self.messages.values() if not roots or "root" not in each]
        return found[place % len(found)] if found else None

    def post(self, place: int, who: str) -> None:
        ts = self.now()
        self.messages[ts] = {"type": "message", "user": who, "text": f"said at {ts}", "ts": ts}
        self.tell(ts, **deepcopy(self.messages[ts]), channel="C1", channel_type="channel")

    def mention(self, place: int, who: str) -> None:
        """The same message twice, under two types."""
        self.post(place, who)
        (ts, message), *_ = [*self.messages.items()][-1:]
        self.tell(ts, **deepcopy(message) | {"type": "app_mention"}, channel="C1")

    def reply(self, place: int, who: str) -> None:
        root = self.alive(place, roots=True)
        if root is not None:
            ts = self.now()
            self.messages[ts] = {
                "type": "message", "user": who, "text": "yes", "ts": ts, "thread_ts": root["ts"],
                "root": root["ts"],
            }  # fmt: skip
            root["thread_ts"] = root["ts"]
            self.count(root["ts"])
            self.tell(ts, **self.shown(self.messages[ts]), channel="C1", channel_type="channel")

    def count(self, root_ts: str) -> None:
        root = self.messages.get(root_ts)
        if root is not None:
            replies = [ts for ts, each in self.messages.items() if each.get("root") == root_ts]
            root |= {"reply_count": len(replies), "latest_reply": max(replies, default=NO_REPLY)}

    def shown(self, message: dict[str, Any]) -> dict[str, Any]:
        told = {key: deepcopy(value) for key, value in message.items() if key != "root"}
        reactions = [
            {"name": name, "users": sorted(users), "count": len(users)}
            for name, users in told.pop("by", {}).items()
            if users
        ]
        return told | ({"reactions": reactions} if reactions else {})

    def edit(self, place: int, who: str) -> None:
        message = self.alive(place)
        if message is not None:
            at = self.now()
            before = self.shown(message)
            message |= {"text": f"edited at {at}", "edited": {"user": message["user"], "ts": at}}
            after = self.shown(message)
            after.pop("reactions", None)  # Slack's notice of an edit is silent about them
            self.tell(at, type="message", subtype="message_changed", channel="C1", ts=at,
                      message=after, previous_message=before)  # fmt: skip

    def delete(self, place: int, who: str) -> None:
        message = self.alive(place)
        if (message is not None and "thread_ts" not in message) or "root" in (message or {}):
            assert message is not None
            at = self.now()
            self.deleted[message["ts"]] = at
            del self.messages[message["ts"]]
            self.count(message.get("root", ""))
            self.tell(at, type="message", subtype="message_deleted", channel="C1", ts=at,
                      deleted_ts=message["ts"], previous_message=self.shown(message))  # fmt: skip

    def react(self, place: int, who: str) -> None:
        message = self.alive(place)
        if message is not None:
            users = message.setdefault("by", {}).setdefault("tada", set[str]())
            verb = "removed" if who in users else "added"
            users.symmetric_difference_update({who})
            self.tell(self.now(), type=f"reaction_{verb}", user=who, reaction="tada",
                      item={"type": "message", "channel": "C1", "ts": message["ts"]})  # fmt: skip

    def come_or_go(self, place: int, who: str) -> None:
        verb = "left" if who in self.members else "joined"
        self.members.symmetric_difference_update({who})
        self.tell(self.now(), type=f"member_{verb}_channel", user=who, channel="C1",
                  channel_type="C")  # fmt: skip

    def rename(self, place: int, who: str) -> None:
        at = self.now()
        self.name = f"porch-{at}"
        self.tell(at, type="channel_rename", channel={"id": "C1", "name": self.name})

    def archive(self, place: int, who: str) -> None:
        self.is_archived = not self.is_archived
        verb = "archive" if self.is_archived else "unarchive"
        self.tell(self.now(), type=f"channel_{verb}", channel="C1", user=who)

    def group(self) -> dict[str, Any]:
        return {
            "id": "S1", "handle": "crew", "name": self.crew_name, "users": sorted(self.crew),
            "date_update": self.crew_changed, "date_delete": int(self.is_disabled) * BEGIN,
        }  # fmt: skip

    def crew_or_not(self, place: int, who: str) -> None:
        """Into the user group or out of it; an even place tells of it twice, as Slack does."""
        at = self.now()
        told = "removed_users" if who in self.crew else "added_users"
        self.crew.symmetric_difference_update({who})
        self.crew_changed = int(at.partition(".")[0])
        self.tell(at, type="subteam_members_changed", subteam_id="S1", **{told: [who]})
        if place % 2 == 0:
            self.tell(at, type="subteam_updated", subteam=self.group())

    def change_crew(self, place: int, who: str) -> None:
        """Another name, open or closed; where the place is odd Slack is silent of the members."""
        at = self.now()
        self.crew_name, self.is_disabled = f"Crew of {at}", not self.is_disabled
        self.crew_changed = int(at.partition(".")[0])
        group = self.group()
        if place % 2:
            del group["users"]
        self.tell(at, type="subteam_updated", subteam=group)

    def look(self, place: int = 0, who: str = "") -> None:
        """What the collector reads, with the time at which it asked."""
        micros = next(self.clock) * 1_000_000
        listed = {
            "id": "C1", "name": self.name, "is_channel": True, "is_archived": self.is_archived,
            "members": sorted(self.members),
        }  # fmt: skip
        groups = json.dumps([self.group()]).encode()
        page = [self.shown(each) for each in self.messages.values()]
        self.looks.append([
            Envelope("channels", "list", json.dumps([listed]).encode(), observed_at=micros),
            Envelope("user_groups", "list", groups, observed_at=micros),
            Envelope("messages", "page", json.dumps(page).encode(), "C1", observed_at=micros),
        ])  # fmt: skip

    def expected(self) -> dict[str, set[tuple[Any, ...]]]:
        return {
            "messages": {
                (ts, each["user"], each["text"], each.get("thread_ts"), each.get("reply_count"),
                 each.get("latest_reply"), "edited" in each)
                for ts, each in self.messages.items()
            },
            "reactions": {
                (ts, user, name)
                for ts, each in self.messages.items()
                for name, users in each.get("by", {}).items()
                for user in users
            },
            "members": {(member,) for member in self.members},
            "channels": {(self.name, self.is_archived)},
            "crew": {("S1", member) for member in self.crew},
            "groups": {("S1", "crew", self.crew_name, self.is_disabled)},
        }  # fmt: skip


DEEDS = (Town.post, Town.mention, Town.reply, Town.reply, Town.edit, Town.delete, Town.react,
         Town.react, Town.come_or_go, Town.rename, Town.archive, Town.crew_or_not,
         Town.change_crew, Town.look)  # fmt: skip


@st.composite
def towns(draw: st.DrawFn) -> Town:
    """A channel that was there before, and what happened in it since."""
    town = Town()
    town.look()
    for deed in draw(st.lists(st.sampled_from(DEEDS), min_size=3, max_size=12)):
        deed(town, draw(st.integers(0, 5)), draw(st.sampled_from(MEMBERS)))
    return town


def arrived(quick: QuickStore, parcels: list[Parcel], cuts: list[int]) -> None:
    """Merge parcels, a merge for each stretch between cuts."""
    quick.clear()
    places = [0, *sorted({cut % (len(parcels) + 1) for cut in cuts}), len(parcels)]
    for begin, end in pairwise(places):
        if begin < end:
            quick.receive([each for parcel in parcels[begin:end] for each in parcel])


def found(quick: QuickStore) -> dict[str, set[tuple[Any, ...]]]:
    return {
        "messages": {*quick.query(
            "SELECT ts, user_id, text, thread_ts, reply_count, latest_reply, edited_at IS NOT NULL "
            "FROM store.messages WHERE deleted_at IS NULL")},
        "reactions": {*quick.query("SELECT ts, user_id, name FROM store.reactions")},
        "members": {*quick.query("SELECT user_id FROM store.memberships")},
        "channels": {*quick.query("SELECT name, is_archived FROM store.channels")},
        "crew": {*quick.query("SELECT group_id, user_id FROM store.user_group_members")},
        "groups": {*quick.query(
            "SELECT group_id, handle, name, is_disabled FROM store.user_groups")},
    }  # fmt: skip


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickStore]:
    with quick_store(tmp_path_factory.mktemp("quick")) as opened:
        yield opened


@settings(deadline=None)
@given(towns(), st.data())
def test_events_and_pages_in_any_order_end_as_the_community_is(
    quick: QuickStore, town: Town, data: st.DataObject
) -> None:
    parcels = [*town.events, *town.looks, *data.draw(st.lists(st.sampled_from(town.looks)))]
    if town.events:
        parcels += data.draw(st.lists(st.sampled_from(town.events), max_size=3))
    arrived(quick, data.draw(st.permutations(parcels)), data.draw(st.lists(st.integers(0, 30))))
    assert found(quick) == town.expected()


@settings(deadline=None)
@given(towns(), st.data())
def test_what_was_lost_is_healed_by_the_last_page(
    quick: QuickStore, town: Town, data: st.DataObject
) -> None:
    town.look()
    kept = [
        parcel
        for parcel in town.events
        if b"message_deleted" in parcel[0].payload or data.draw(st.booleans())
    ]
    parcels = data.draw(st.permutations([*kept, *town.looks]))
    arrived(quick, parcels, data.draw(st.lists(st.integers(0, 30))))
    assert found(quick) == town.expected()
