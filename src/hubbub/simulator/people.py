"""The members of the invented community: who they are, how they talk, when they come and go."""

import random
from datetime import timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from hubbub.simulator.corpus import Table
from hubbub.simulator.premise import Premise
from hubbub.simulator.rhythm import RHYTHMS, Rhythm, local_date

DAY = 86_400.0

Standing = Literal["owner", "admin", "member", "guest", "single_channel_guest", "stranger"]


class Persona(Struct, frozen=True):
    """A way of taking part; figures are relative to a regular's, `half_life` is in days."""

    share: int
    talk: float
    help: float
    react: float
    half_life: float | None
    rhythms: tuple[str, ...]


PERSONAS = {
    "lurker": Persona(30, 0.12, 0.15, 0.9, None, ("office", "evening", "early")),
    "regular": Persona(27, 1.0, 1.0, 1.0, None, ("office", "office", "evening", "early")),
    "helper": Persona(9, 0.8, 4.5, 1.4, None, ("office", "evening", "early")),
    "newcomer": Persona(18, 1.6, 0.4, 0.8, 16.0, ("office", "evening")),
    "storyteller": Persona(6, 2.6, 1.2, 1.2, None, ("evening", "early")),
    "night owl": Persona(8, 1.3, 1.0, 0.8, None, ("owl",)),
    "visitor": Persona(2, 0.4, 0.3, 0.4, 40.0, ("office", "evening")),
}


class Name(NamedTuple):
    """What a member is called, in the own script, and the handle in Latin letters."""

    language: str
    full: str
    handle: str


class Member(Struct):
    """A human account. Times are seconds since 1970; `left` is when the account was deactivated."""

    id: str
    handle: str
    name: str
    display_name: str
    zone: str
    language: str
    persona: Persona
    rhythm: Rhythm
    activity: float
    joined: float
    left: float | None = None
    skin_tone: int | None = None
    standing: Standing = "member"

    def energy(self, instant: float) -> float:
        """How much the member takes part at an instant; newcomers glow, then some of them fade."""
        if instant < self.joined or (self.left is not None and instant >= self.left):
            return 0.0
        age = (instant - self.joined) / DAY
        faded = 0.5 ** (age / self.persona.half_life) if self.persona.half_life else 1.0
        return self.activity * faded * (1.4 if age < 7 else 1.0)

    def presence(self, instant: float) -> float:
        """How likely the member is at the keyboard at an instant."""
        return self.rhythm.presence(self.zone, instant)


def populate(premise: Premise, size: int) -> list[Member]:
    """Invent so many members, the longest-standing first."""
    names = _names(premise.rng, premise.community, size)
    joined = sorted(_arrival(premise, place, size) for place in range(size))
    members = [
        _invent(premise, index, arrived, name)
        for index, (arrived, name) in enumerate(zip(joined, names, strict=True))
    ]
    members.sort(key=lambda member: member.joined)
    _choose_display_names(premise, members)
    _assign_standings(members)
    _choose_leavers(premise.rng, members, premise.until)
    return members


def _names(rng: random.Random, community: Table, size: int) -> list[Name]:
    """The name of every member, in random order, handles unique."""
    names = community["names"]
    drawn: list[Name] = []
    for language, share in (("korean", 0.08), ("japanese", 0.065)):
        count = round(size * share)
        drawn += [Name(language, full, handle) for full, handle in _cycled(names[language], count)]
    firsts = rng.sample(names["first"], len(names["first"]))
    lasts = rng.sample(names["last"], len(names["last"]))
    # Each round through the first names meets the last names one further on, so pairs differ long.
    pairs = [
        (first, lasts[(place + turn) % len(lasts)])
        for turn in range(len(lasts))
        for place, first in enumerate(firsts)
    ]
    english = [[f"{first} {last}", _handle(first, last)] for first, last in dict.fromkeys(pairs)]
    drawn += [Name("english", *named) for named in _cycled(english, size - len(drawn))]
    rng.shuffle(drawn)
    return drawn


def _handle(first: str, last: str) -> str:
    return f"{first}.{last.partition('-')[0]}".lower()


def _cycled(known: list[list[str]], count: int) -> list[tuple[str, str]]:
    """So many (name, handle) pairs; when all were given away, they come again with a number."""
    numbered: list[tuple[str, str]] = []
    for place in range(count):
        turn, index = divmod(place, len(known))
        full, handle = known[index]
        numbered.append((f"{full} {turn + 1}", f"{handle}{turn + 1}") if turn else (full, handle))
    return numbered


def _arrival(premise: Premise, place: int, size: int) -> float:
    """When a member joined: a third founded the place, the others came over the months."""
    chance = premise.rng.random()
    if place < max(3, size * 0.3):
        return min(premise.instant(0.1 * chance), premise.since + 2 * DAY * chance)
    return premise.instant(0.97 * chance**0.9)


def _invent(premise: Premise, index: int, arrived: float, name: Name) -> Member:
    rng, community = premise.rng, premise.community
    names = list(PERSONAS)
    kind = rng.choices(names, [PERSONAS[persona].share for persona in names])[0]
    if index < 3:
        kind = ("helper", "storyteller", "regular")[index]  # who founds a place talks and stays
    persona = PERSONAS[kind]
    zones: dict[str, int] = community["zones"]
    zone = {"korean": "Asia/Seoul", "japanese": "Asia/Tokyo"}.get(name.language)
    zone = zone or rng.choices(list(zones), list(zones.values()))[0]
    rhythm = RHYTHMS[rng.choice(persona.rhythms)]
    if index >= 3:
        day = local_date(zone, arrived)
        arrived = min(max(arrived, rhythm.moment(rng, zone, day)), premise.instant(0.99))
    return Member(
        id=premise.ids.fresh("U"),
        handle=name.handle,
        name=name.full,
        display_name=name.full,
        zone=zone,
        language=name.language,
        persona=persona,
        rhythm=rhythm,
        activity=min(persona.talk * 0.45 * rng.paretovariate(1.5), 9.0),
        joined=arrived,
        skin_tone=rng.choice((None, None, None, 2, 3, 4, 5, 6)),
    )


def _choose_display_names(premise: Premise, members: list[Member]) -> None:
    """First names, with an initial where there are two; some go by a byname, each its own."""
    bynames: list[str] = premise.community["names"]["bynames"]
    free = premise.rng.sample(bynames, len(bynames))
    taken: set[str] = set()
    for member in members:
        first, _, last = member.name.partition(" ")
        if free and premise.rng.random() < 0.12:
            member.display_name = free.pop()
        elif last:
            member.display_name = f"{first} {last[0]}." if first in taken else first
        taken.add(member.display_name)


def _assign_standings(members: list[Member]) -> None:
    for member, standing in zip(members, ("owner", "admin", "admin", "admin"), strict=False):
        member.standing = standing
    for member in members[9::23]:
        member.standing = "guest"
    for member in members[15::41]:
        member.standing = "single_channel_guest"


def _choose_leavers(rng: random.Random, members: list[Member], until: float) -> None:
    """One ordinary member in eighteen has the account closed, some weeks after joining."""
    for member in members[4:]:
        if member.standing == "member" and rng.random() < 1 / 18:
            left = member.joined + timedelta(days=rng.uniform(15, 80)).total_seconds()
            member.left = left if left < until else None
