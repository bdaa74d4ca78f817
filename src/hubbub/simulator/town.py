"""The community while it is being invented: its people, its channels, and how they speak."""

import random

from msgspec import Struct

from hubbub.simulator.corpus import Table
from hubbub.simulator.directory import Robot, robot_profile
from hubbub.simulator.ids import Ids
from hubbub.simulator.markup import rich_text
from hubbub.simulator.people import Member
from hubbub.simulator.places import Place
from hubbub.simulator.state import Raw, Workspace
from hubbub.simulator.talk import Conversation, Talk

CROWD = 80
"""Of so many at most it is asked who reacts or answers: in a crowd, few see each message."""

TONED = frozenset({"+1", "wave", "clap", "raised_hands", "muscle", "runner"})
"""Standard emoji that people use in their own skin tone."""


class Town(Struct):
    """Everything that the inventing parts share. Times are seconds since 1970.

    `partner_id` is the workspace with which a channel is shared.
    """

    rng: random.Random
    ids: Ids
    talk: Talk
    rituals: Table
    workspace: Workspace
    members: list[Member]
    places: dict[str, Place]
    since: float
    until: float
    partner_id: str

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self.workspace.team["id"]

    def speak(self, place: Place, member: Member, at: float, text: str, **fields: object) -> Raw:
        """Post what a member typed in a channel."""
        message: Raw = {
            "user": member.id,
            "text": text,
            "client_msg_id": self.ids.client_message(),
            "team": self.team_of(member),
            "blocks": rich_text(self.ids.block(), text),
            **fields,
        }
        return self.workspace.post(place.id, at, message)

    def answer(self, place: Place, root: Raw, member: Member, at: float, text: str) -> Raw:
        """Post a reply, now and then shown to the whole channel."""
        fields: Raw = {"thread_ts": root["ts"], "parent_user_id": root.get("user")}
        if self.rng.random() < 0.035:
            fields["subtype"] = "thread_broadcast"
        return self.speak(place, member, at, text, **fields)

    def notice(
        self, place: Place, user_id: str, at: float, subtype: str, text: str, **fields: object
    ) -> Raw:
        """Post a system message: joins, renames, topics, pins…"""
        message: Raw = {"subtype": subtype, "user": user_id, "text": text, **fields}
        return self.workspace.post(place.id, at, message)

    def robot_speaks(
        self, place: Place, robot: Robot, at: float, text: str, **fields: object
    ) -> Raw:
        """Post as a bot: a modern app has an account, a classic integration only a name."""
        message: Raw = {"text": text, "bot_id": robot.bot_id, "app_id": robot.app_id}
        if robot.user_id:
            message |= {"user": robot.user_id, "team": self.team_id}
            message |= {"bot_profile": robot_profile(self.team_id, robot)}
        else:
            message |= {"subtype": "bot_message", "username": robot.name}
        return self.workspace.post(place.id, at, {**message, **fields})

    def open_talk(self, place: Place, speaker: Member, at: float) -> tuple[Conversation, str]:
        """A conversation of the channel's topic and its first line."""

        def mention(by: str) -> str:
            others = [m for m in place.present(at) if m.id != by]
            return f"<@{self.rng.choice(others or [speaker]).id}>"

        return self.talk.open(place.topic, speaker.id, mention)

    def team_of(self, member: Member) -> str:
        """The id of the member's own workspace, another one for strangers in a shared channel."""
        return self.partner_id if member.standing == "stranger" else self.team_id

    def someone(self, place: Place) -> tuple[float, Member] | None:
        """A random instant of a channel's life, and a member who may have been writing then."""
        closing = min(place.archived or self.until, self.until)
        if place.opened >= closing:
            return None
        at = self.rng.uniform(place.opened, closing)
        there = place.present(at)
        if not there:
            return None
        weights = [0.001 + member.energy(at) * member.presence(at) for member in there]
        return at, self.rng.choices(there, weights)[0]

    def onlookers(self, place: Place, message: Raw, at: float) -> list[Member]:
        """Some of those who see a message at an instant and did not write it."""
        others = [m for m in place.present(at) if m.id != message.get("user")]
        return self.rng.sample(others, CROWD) if len(others) > CROWD else others

    def react(self, place: Place, message: Raw, emoji: list[str], at: float, mean: float) -> None:
        """Let those who are there react; hands in the reactor's skin tone."""
        count = min(int(self.rng.expovariate(1 / mean)), 14)
        others = self.onlookers(place, message, at) if count else []
        if not others:
            return
        weights = [0.02 + m.energy(at) ** 0.5 * m.persona.react for m in others]
        favourites = self.rng.sample(emoji, min(len(emoji), 1 + count // 2))
        given: dict[str, list[str]] = {}
        for member in self.rng.choices(others, weights, k=count):
            name = self.rng.choice(favourites)
            if name in TONED and member.skin_tone:
                name = f"{name}::skin-tone-{member.skin_tone}"
            users = given.setdefault(name, [])
            if member.id not in users:
                users.append(member.id)
        message["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in given.items()
        ]
