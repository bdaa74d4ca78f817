"""What members of a living community do, one deed at a time."""

import random
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from hubbub.simulator.acts import Acts
from hubbub.simulator.corpus import load
from hubbub.simulator.state import Raw, Workspace, is_reply
from hubbub.simulator.talk import Talk

RECENT = 40
"""Replies, reactions and edits concern one of so many last messages of a channel."""

AT_ONCE = 5
"""In a burst all look at so many last ones."""

FEWEST = 5
"""Nobody leaves a channel of so few."""

FRONT_ROOMS = ("general", "introductions")
"""Channels that new members enter at once, by name."""

FILES = ("morning.jpg", "readings.csv", "plan.pdf", "tide.py")


class Room(Struct, frozen=True):
    """A channel in which people talk, how much, and of what topic."""

    channel_id: str
    weight: float
    topic: str


class _Scene(Struct, frozen=True):
    """Where a deed is done, by whom and when; `people` can speak there, `spoken` are messages that
    they wrote of late."""

    room: Room
    member: str
    people: dict[str, Raw]
    spoken: list[Raw]
    at: float


_Deed: TypeAlias = Callable[[_Scene], object]


class Deeds:
    """Draws what is done next, and does it."""

    def __init__(self, workspace: Workspace, acts: Acts, talk: Talk, rng: random.Random) -> None:
        self._workspace = workspace
        self._acts = acts
        self._talk = talk
        self._rng = rng
        self._deeds: dict[_Deed, float] = {
            self._post: 34,
            self._answer: 29,
            self._react: 25,
            self._edit: 3.5,
            self._unreact: 1.5,
            self._delete: 1.2,
            self._enter: 1.2,
            self._leave: 0.8,
            self._arrive: 1.0,
            self._share: 1.0,
            self._unfurl: 0.8,
            self._pin: 0.4,
            self._introduce_anew: 0.4,
            self._set_topic: 0.2,
        }

    def do(self, room: Room, at: float, *, rushed: bool) -> None:
        """One deed in a room; nothing happens where nobody is."""
        people = self._people(room.channel_id)
        if not people:
            return
        recent = self._workspace.messages.get(room.channel_id, [])[-RECENT:]
        spoken = [each for each in recent if each.get("user") in people and _is_talk(each)]
        member = self._rng.choice(list(people))
        scene = _Scene(room, member, people, spoken[-AT_ONCE:] if rushed else spoken, at)
        deed: _Deed = self._post
        if spoken:
            deed = self._rng.choices(list(self._deeds), list(self._deeds.values()))[0]
        deed(scene)

    def _post(self, scene: _Scene) -> None:
        others = list(scene.people)
        text = self._talk.open(scene.room.topic, scene.member, lambda by: _other(others, by))[1]
        self._say(scene, text)

    def _answer(self, scene: _Scene) -> None:
        """Reply in the thread of a message, now and then shown to the whole channel."""
        message, others = self._rng.choice(scene.spoken), list(scene.people)
        root_ts: str = message["thread_ts"] if is_reply(message) else message["ts"]
        conversation, _ = self._talk.open(
            scene.room.topic, scene.member, lambda by: _other(others, by)
        )
        text = conversation.reply(scene.member) or conversation.afterthought(scene.member)
        self._acts.reply(
            scene.room.channel_id,
            root_ts,
            scene.member,
            text,
            broadcast=self._rng.random() < 0.04,
            at=scene.at,
            team=self._team(scene),
        )

    def _react(self, scene: _Scene) -> None:
        emoji = self._rng.choice(["+1", "heart", "tada", "eyes", *self._workspace.emoji])
        ts = self._rng.choice(scene.spoken)["ts"]
        self._acts.react(scene.room.channel_id, ts, scene.member, emoji)

    def _unreact(self, scene: _Scene) -> None:
        given = [
            (message["ts"], user_id, reaction["name"])
            for message in scene.spoken
            for reaction in message.get("reactions", [])
            for user_id in reaction["users"]
        ]
        if given:
            ts, user_id, emoji = self._rng.choice(given)
            self._acts.unreact(scene.room.channel_id, ts, user_id, emoji)

    def _edit(self, scene: _Scene) -> None:
        message = self._rng.choice(scene.spoken)
        mark = self._talk.edit_mark(scene.room.topic) or " (edited)"
        self._acts.edit(scene.room.channel_id, message["ts"], message["text"] + mark)

    def _delete(self, scene: _Scene) -> None:
        self._acts.delete(scene.room.channel_id, self._rng.choice(scene.spoken)["ts"])

    def _enter(self, scene: _Scene) -> None:
        """Somebody of the workspace comes across the channel, some by invitation."""
        outside = [
            user["id"]
            for user in self._workspace.users
            if _is_insider(user, self._workspace) and user["id"] not in scene.people
        ]
        if outside:
            inviter = scene.member if self._rng.random() < 0.4 else None
            newcomer = self._rng.choice(outside)
            self._acts.join(scene.room.channel_id, newcomer, inviter, at=scene.at)

    def _leave(self, scene: _Scene) -> None:
        if len(scene.people) > FEWEST and self._name(scene.room) not in FRONT_ROOMS:
            self._acts.leave(scene.room.channel_id, scene.member, at=scene.at)

    def _arrive(self, scene: _Scene) -> None:
        """A new member signs in, looks into the front rooms and this one, and says hello."""
        names = load("community")["names"]
        first, last = self._rng.choice(names["first"]), self._rng.choice(names["last"])
        taken = {user["name"] for user in self._workspace.users}
        handle = f"{first}.{last.partition('-')[0]}".lower()
        if handle in taken:
            handle = f"{handle}{len(taken)}"
        profile: Raw = {
            "real_name": f"{first} {last}",
            "display_name": first,
            "fields": {},
            "team": self._workspace.team["id"],
        }
        user = self._acts.add_user(handle, real_name=f"{first} {last}", profile=profile)
        front = [c["id"] for c in self._workspace.channels if c.get("name") in FRONT_ROOMS]
        for channel_id in dict.fromkeys([*front, scene.room.channel_id]):
            self._acts.join(channel_id, user["id"], at=scene.at)
        newcomer = _Scene(scene.room, user["id"], {user["id"]: user}, [], scene.at)
        self._say(newcomer, f"Hello, I am {first}. Glad to be here!")

    def _share(self, scene: _Scene) -> None:
        name = self._rng.choice(FILES)
        self._acts.share_file(scene.room.channel_id, scene.member, name, at=scene.at)

    def _unfurl(self, scene: _Scene) -> None:
        """Post a link, which Slack then shows a preview of."""
        url = f"https://example.org/notes/{self._rng.randrange(1000)}"
        posted = self._say(scene, f"have a look: <{url}>")
        self._acts.unfurl(scene.room.channel_id, posted["ts"], url, "Notes from the shore")

    def _pin(self, scene: _Scene) -> None:
        message = self._rng.choice(scene.spoken)
        channel_id = scene.room.channel_id
        pins = self._workspace.pins.get(channel_id, [])
        if any(pin["id"] == message["ts"] for pin in pins):
            self._acts.unpin(channel_id, message["ts"], scene.member)
        else:
            self._acts.pin(channel_id, message["ts"], scene.member)

    def _introduce_anew(self, scene: _Scene) -> None:
        """Say something else of oneself."""
        names = load("community")["names"]
        emoji, text = self._rng.choice(names["statuses"])
        title = self._rng.choice(names["titles"])
        self._acts.change_profile(scene.member, status_text=text, status_emoji=emoji, title=title)

    def _set_topic(self, scene: _Scene) -> None:
        text: str = self._rng.choice(scene.spoken)["text"]
        topic = text.partition("\n")[0][:60]
        self._acts.set_topic(scene.room.channel_id, topic, scene.member, at=scene.at)

    def _say(self, scene: _Scene, text: str) -> Raw:
        return self._acts.post(
            scene.room.channel_id, scene.member, text, at=scene.at, team=self._team(scene)
        )

    def _team(self, scene: _Scene) -> str:
        """The workspace that the member is of, another one for strangers in a shared channel."""
        return scene.people[scene.member].get("team_id") or self._workspace.team["id"]

    def _name(self, room: Room) -> str:
        return str(self._acts.channel(room.channel_id).get("name", ""))

    def _people(self, channel_id: str) -> dict[str, Raw]:
        """The members of a channel who can still speak, by id."""
        there = set(self._workspace.members.get(channel_id, []))
        return {
            user["id"]: user
            for user in self._workspace.users
            if user["id"] in there and not (user.get("deleted") or user.get("is_bot"))
        }


def _is_talk(message: Raw) -> bool:
    return message.get("subtype") in {None, "thread_broadcast"}


def _is_insider(user: Raw, workspace: Workspace) -> bool:
    """Whether somebody may enter channels by oneself."""
    is_guest = user.get("is_restricted") or user.get("team_id") != workspace.team["id"]
    is_nobody = user.get("deleted") or user.get("is_bot") or user.get("tz") is None
    return not (is_guest or is_nobody)


def _other(people: list[str], by: str) -> str:
    """A mention of somebody else."""
    return f"<@{next((each for each in people if each != by), by)}>"
