"""An invented community of makers, gardeners and programmers, with months of believable talk."""

import random
from datetime import UTC, datetime, timedelta

from hubbub.simulator import accidents, comings, robots, rounds, threads, workouts
from hubbub.simulator.corpus import Table, load
from hubbub.simulator.directory import (
    robot_object,
    robot_user,
    slackbot,
    user_group,
    user_object,
)
from hubbub.simulator.ids import Ids
from hubbub.simulator.people import PERSONAS, Member, populate
from hubbub.simulator.places import (
    OUTSIDERS,
    conversation_object,
    found_channels,
    found_circles,
)
from hubbub.simulator.premise import Premise
from hubbub.simulator.rhythm import RHYTHMS
from hubbub.simulator.state import Raw, Workspace, count_replies
from hubbub.simulator.talk import Talk
from hubbub.simulator.town import Town

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
"""When the story ends unless told otherwise: fixed, so that a seed always tells the same."""


def invent(
    seed: int = 1,
    members: int = 120,
    days: int = 180,
    until: datetime | None = None,
    team: str = "Tidepool Commons",
) -> Workspace:
    """Invent a workspace named `team` in which so many members talked for so many days.

    The same arguments give the same workspace, byte for byte. The last message is before `until`
    (aware; a fixed day if none). At least 5 members and 1 day.
    """
    if members < 5 or days < 1:
        raise ValueError("a community needs at least 5 members and 1 day")
    if until is not None and until.tzinfo is None:
        raise ValueError("until needs a time zone, else each machine would tell another story")
    end = (until or UNTIL).timestamp()
    rng = random.Random(seed)
    since = end - timedelta(days=days).total_seconds()
    premise = Premise(rng, Ids(rng), load("community"), since, end)
    town = _found(premise, members, team)
    bots = robots.build(town.ids, town.since)
    _tell(town, bots)
    _register(town, bots, premise.community)
    return town.workspace


def _found(premise: Premise, size: int, team: str) -> Town:
    """The town before anybody has spoken."""
    rng, ids, community = premise.rng, premise.ids, premise.community
    members = populate(premise, size) + _strangers(premise)
    channels = found_channels(premise, members)
    circles = {circle.key: circle for circle in found_circles(premise, members)}
    town = Town(
        rng=rng,
        ids=ids,
        talk=Talk(rng, load("talk")),
        rituals=load("rituals"),
        workspace=Workspace(_team(ids, team), community["town"]["zone"]),
        members=members,
        places=channels | circles,
        since=premise.since,
        until=premise.until,
        partner_id=ids.fresh("T"),
    )
    town.talk.references |= {f"#{key}": f"<#{place.id}>" for key, place in channels.items()}
    _found_groups(town, community)
    return town


def _found_groups(town: Town, community: Table) -> None:
    """The user groups: the stewards are the elders, the others anybody."""
    insiders = [m for m in town.members if m.standing not in OUTSIDERS and m.left is None]
    for handle, name in community["groups"].items():
        elders = handle == "stewards"
        chosen = insiders[:4] if elders else town.rng.sample(insiders, min(5, len(insiders)))
        group = user_group(
            town.ids,
            town.team_id,
            handle=handle,
            name=name,
            members=[member.id for member in chosen],
            created=town.since,
        )
        town.workspace.usergroups.append(group)
        town.talk.references[f"group:{handle}"] = f"<!subteam^{group['id']}>"


def _tell(town: Town, bots: robots.Robots) -> None:
    """Everything that is said, then what happens to it."""
    threads.welcome(town)
    threads.converse(town)
    threads.whisper(town)
    workouts.train(town)
    rounds.write(town)
    robots.report(town, bots)
    accidents.slip(town)
    accidents.murmur(town)
    for place in town.places.values():
        comings.announce(town, place)
    accidents.befall(town)
    for messages in town.workspace.messages.values():
        count_replies(messages)


def _register(town: Town, bots: robots.Robots, community: Table) -> None:
    """Write the directory as it stands when the story ends."""
    workspace, team_id = town.workspace, town.team_id
    for member in town.members:
        home = town.team_of(member)
        workspace.users.append(user_object(town.rng, community, home, member, town.until))
    workspace.users += [robot_user(team_id, bot) for bot in bots.all if bot.user_id]
    workspace.users.append(slackbot(team_id))
    workspace.bots += [robot_object(bot) for bot in bots.all]
    owner = town.members[0]
    workspace.integration_logs += [
        robots.integration_log(bot, owner.id, owner.handle) for bot in bots.all
    ]
    for place in town.places.values():
        workspace.channels.append(conversation_object(place, team_id, town.partner_id, town.until))
        workspace.members[place.id] = [member.id for member in place.remaining()]
        workspace.messages.setdefault(place.id, [])
    for name, value in community["emoji"].items():
        picture = f"https://emoji.example.org/{team_id}/{name}.png"
        workspace.emoji[name] = picture if value == "picture" else value


def _team(ids: Ids, name: str) -> Raw:
    domain = "-".join(name.lower().split())
    return {
        "id": ids.fresh("T"),
        "name": name,
        "domain": domain,
        "url": f"https://{domain}.slack.com/",
        "email_domain": "",
        "icon": {"image_default": True, "image_68": "https://avatars.example.org/team-68.png"},
        "is_verified": False,
    }


def _strangers(premise: Premise) -> list[Member]:
    """Members of the partner community, seen in the shared channel only."""
    return [
        Member(
            id=premise.ids.fresh("U"),
            handle=name.lower().replace(" ", "."),
            name=name,
            display_name=name.split()[0],
            zone=zone,
            language="english",
            persona=PERSONAS["regular"],
            rhythm=RHYTHMS["office"],
            activity=premise.rng.uniform(0.3, 0.9),
            joined=premise.instant(0.3),
            standing="stranger",
        )
        for name, zone in premise.community["partner"]["members"]
    ]
