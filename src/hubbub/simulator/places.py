"""The channels of the invented community: when they opened, who is in them, and since when."""

import random
from typing import Literal

from msgspec import Struct

from hubbub.simulator.corpus import Table
from hubbub.simulator.people import DAY, Member
from hubbub.simulator.premise import Premise
from hubbub.simulator.state import Raw

Kind = Literal["public", "private", "group", "shared", "mpim", "im"]

OUTSIDERS = frozenset({"stranger", "guest", "single_channel_guest"})


class Stay(Struct, frozen=True):
    """One member's time in a channel; `until` is none while it lasts."""

    member: Member
    since: float
    until: float | None = None

    def covers(self, instant: float) -> bool:
        """Whether the member is in the channel at an instant."""
        return self.since <= instant and (self.until is None or instant < self.until)


class Place(Struct):
    """A conversation of any kind. Times are seconds since 1970; `topic` names its talk."""

    id: str
    key: str
    topic: str
    kind: Kind
    creator: Member
    opened: float
    name: str = ""
    share: float = 0.0
    purpose: str = ""
    heading: str = ""
    archived: float | None = None
    former_name: str | None = None
    renamed: float | None = None
    language: str | None = None
    stays: list[Stay] = []

    def present(self, instant: float) -> list[Member]:
        """Who is in the channel at an instant."""
        return [stay.member for stay in self.stays if stay.covers(instant)]

    def remaining(self) -> list[Member]:
        """Who is in the channel when the story ends; closing a channel puts nobody out."""
        return [s.member for s in self.stays if s.until is None and s.member.left is None]

    def is_open(self, instant: float) -> bool:
        """Whether one can write here at an instant."""
        return self.opened <= instant and (self.archived is None or instant < self.archived)


def found_channels(premise: Premise, members: list[Member]) -> dict[str, Place]:
    """Open the channels of the corpus, by key, and let members find their way into them."""
    guests_channels = _guests_channels(premise.rng, premise.community, members)
    places: dict[str, Place] = {}
    for wish in premise.community["channels"]:
        place = _open(premise, wish, members)
        entering = _those_let_in(premise.rng, place, wish["reach"], members, guests_channels)
        place.stays = _stays(premise.rng, place, entering, premise.until)
        places[place.key] = place
    return places


def found_circles(premise: Premise, members: list[Member]) -> list[Place]:
    """Open direct messages between pairs, and two for small groups."""
    insiders = [m for m in members if m.standing not in OUTSIDERS and m.left is None]
    sizes = [3, 4] + [2] * max(1, len(members) // 12)
    circles: list[Place] = []
    for number, size in enumerate(sizes):
        if len(insiders) < size:
            continue
        circle = premise.rng.sample(insiders, size)
        opened = max(member.joined for member in circle)
        opened += premise.rng.random() * (premise.until - opened) * 0.5
        kind: Kind = "im" if size == 2 else "mpim"
        name = f"mpdm-{'--'.join(m.handle for m in circle)}-1" if kind == "mpim" else ""
        place = Place(
            premise.ids.fresh("D" if kind == "im" else "C"),
            key=f"circle-{number}",
            topic="direct",
            kind=kind,
            creator=circle[0],
            opened=opened,
            name=name,
            purpose=f"Group messaging with: {' '.join('@' + m.handle for m in circle)}",
        )
        place.stays = [Stay(member, place.opened) for member in circle]
        circles.append(place)
    return circles


def conversation_object(place: Place, team_id: str, partner_id: str, until: float) -> Raw:
    """A place as conversations.info shows it at the end of the story."""
    conversation: Raw = {
        "id": place.id,
        "created": int(place.opened),
        "creator": place.creator.id,
        "is_archived": place.archived is not None and place.archived < until,
        "is_im": place.kind == "im",
        "is_org_shared": False,
        "context_team_id": team_id,
        "updated": int((place.renamed or place.opened) * 1000),
    }
    if place.kind == "im":
        other = next(stay.member for stay in place.stays if stay.member is not place.creator)
        return conversation | {"user": other.id, "is_user_deleted": False, "priority": 0}
    shared = place.kind == "shared"
    return conversation | {
        "name": place.name,
        "name_normalized": place.name,
        "is_channel": place.kind not in {"group", "mpim"},
        "is_group": place.kind in {"group", "mpim"},
        "is_mpim": place.kind == "mpim",
        "is_private": place.kind not in {"public", "shared"},
        "is_general": place.key == "general",
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "shared_team_ids": [team_id, partner_id] if shared else [team_id],
        "internal_team_ids": [],
        "conversation_host_id": team_id,
        "unlinked": 0,
        "is_frozen": False,
        "topic": _said_of(place, place.heading),
        "purpose": _said_of(place, place.purpose),
        "previous_names": [place.former_name] if place.former_name else [],
        "num_members": len(place.remaining()),
    }


def _said_of(place: Place, value: str) -> Raw:
    return {
        "value": value,
        "creator": place.creator.id if value else "",
        "last_set": int(place.opened) if value else 0,
    }


def _open(premise: Premise, wish: Table, members: list[Member]) -> Place:
    language: str | None = wish.get("language")
    speakers = [m for m in members if m.language == language and m.standing not in OUTSIDERS]
    if language is None or not speakers:
        speakers = members[:4]
    creator = premise.rng.choice(speakers[:4])
    opened = premise.instant(wish.get("opened", 0.0))
    kind: Kind = wish.get("kind", "public")
    return Place(
        id=premise.ids.fresh("G" if kind == "group" else "C"),
        key=wish["key"],
        topic=wish.get("talk", wish["key"]),
        kind=kind,
        creator=creator,
        opened=max(opened, creator.joined) + premise.rng.uniform(1, 60),
        name=wish["name"],
        share=wish["share"],
        purpose=wish["purpose"],
        heading=wish["topic"],
        archived=premise.instant(wish["archived"]) if "archived" in wish else None,
        former_name=wish.get("was"),
        renamed=premise.instant(wish["renamed"]) if "renamed" in wish else None,
        language=language,
    )


def _guests_channels(
    rng: random.Random, community: Table, members: list[Member]
) -> dict[str, set[str]]:
    """The keys of the channels that each guest was invited to, by member id."""
    keys = [c["key"] for c in community["channels"] if c.get("kind", "public") == "public"]
    keys = [key for key in keys if key not in {"general", "introductions", "korean", "japanese"}]
    count = {"guest": 3, "single_channel_guest": 1}
    return {
        member.id: set(rng.sample(keys, count[member.standing]))
        for member in members
        if member.standing in count
    }


def _those_let_in(
    rng: random.Random,
    place: Place,
    reach: float,
    members: list[Member],
    guests_channels: dict[str, set[str]],
) -> list[Member]:
    if place.kind in {"private", "group"}:
        insiders = [m for m in members if m.standing not in OUTSIDERS and m.left is None]
        return insiders[: max(2, round(len(members) * reach))]
    entering: list[Member] = []
    for member in members:
        if member.id in guests_channels:
            willing = place.key in guests_channels[member.id]
        elif member.standing == "stranger":
            willing = place.kind == "shared"
        elif place.language and member.language != place.language:
            willing = False
        else:
            at_home = member.language == "english" or place.language or reach >= 0.9
            willing = rng.random() < reach * (1.0 if at_home else 0.5)
        if willing or member is place.creator:
            entering.append(member)
    return entering


def _stays(rng: random.Random, place: Place, entering: list[Member], until: float) -> list[Stay]:
    """Everyone enters the two front rooms at once, the others when they come across them."""
    front_room = place.key in {"general", "introductions"}
    closing = place.archived or until
    stays: list[Stay] = []
    for member in entering:
        delay = rng.uniform(1, 90) if front_room else 60 + rng.expovariate(1 / (5 * DAY))
        since = max(member.joined, place.opened) + (0 if member is place.creator else delay)
        end = member.left
        if not front_room and member is not place.creator and rng.random() < 0.06:
            end = min(end or until, since + rng.expovariate(1 / (40 * DAY)) + DAY)
        if since < min(closing, end or until):
            stays.append(Stay(member, since, end if end and end < closing else None))
    return stays
