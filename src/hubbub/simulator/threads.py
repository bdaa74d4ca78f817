"""The town's daily talk: who opens a conversation when, who answers, how soon, and how late."""

import math

from hubbub.simulator.attachments import attach
from hubbub.simulator.people import DAY, Member
from hubbub.simulator.places import Place, Stay
from hubbub.simulator.rhythm import local_date
from hubbub.simulator.state import Raw
from hubbub.simulator.talk import Conversation
from hubbub.simulator.town import Town

ROOTS_PER_MEMBER_DAY = 0.17
"""Conversations opened in a day by a member of average energy; 120 members make about 2,600."""

MINUTE = 60.0
ANSWERED = 0.86
"""The share of questions that get any answer."""


def converse(town: Town) -> None:
    """Let members open conversations on every day of the story, each in the own rhythm."""
    openings = sorted(_openings(town), key=lambda opening: opening[0])
    for at, member, place in openings:
        open_conversation(town, place, member, at)


def welcome(town: Town) -> None:
    """Let newcomers introduce themselves, most of them on the first day."""
    front = town.places["introductions"]
    for stay in front.stays:
        at = stay.since + town.rng.lognormvariate(math.log(40 * MINUTE), 1.2)
        if at < min(town.until, stay.until or town.until) and town.rng.random() < 0.8:
            open_conversation(town, front, stay.member, at)


def whisper(town: Town) -> None:
    """Let those in direct messages say something to each other now and then."""
    for place in town.places.values():
        if place.topic != "direct":
            continue
        days = (town.until - place.opened) / DAY
        for _ in range(2 + int(town.rng.expovariate(1 / 8) * days / 90)):
            posting = town.someone(place)
            if posting:
                open_conversation(town, place, posting[1], posting[0])


def open_conversation(town: Town, place: Place, member: Member, at: float) -> None:
    """Play one conversation from its root to its last late reply; all of it before the end."""
    conversation, opening = town.open_talk(place, member, at)
    root = town.speak(place, member, at, opening)
    if conversation.attachment and town.rng.random() < 0.3:
        attach(town, place, member, root, conversation.attachment)
    town.react(place, root, conversation.emoji, at, mean=1.7)
    end = _play(town, place, root, member, conversation)
    if end is not None and town.rng.random() < 0.055:
        _come_back(town, place, root, end, conversation)


def cheer(town: Town, place: Place, root: Raw, lines: list[str]) -> None:
    """Let others say friendly words, one line each, under a post that is no part of a scene."""
    at = float(root["ts"])
    for line in lines:
        at += town.rng.lognormvariate(math.log(35 * MINUTE), 1.0)
        speaker, at = _next_speaker(town, place, at, root, set())
        if speaker is None or at >= town.until:
            return
        town.answer(place, root, speaker, at, line)


def _openings(town: Town) -> list[tuple[float, Member, Place]]:
    channels = [place for place in town.places.values() if place.share > 0]
    homes: dict[str, list[tuple[Place, Stay]]] = {member.id: [] for member in town.members}
    for place in channels:
        for stay in place.stays:
            homes[stay.member.id].append((place, stay))
    count = math.ceil((town.until - town.since) / DAY)
    middays = [town.since + DAY * (number + 0.5) for number in range(count)]
    energies = [member.energy(midday) for member in town.members for midday in middays]
    average = sum(energies) / max(1, sum(energy > 0 for energy in energies))
    pace = ROOTS_PER_MEMBER_DAY / average
    openings: list[tuple[float, Member, Place]] = []
    for member in town.members:
        for midday in middays:
            expected = pace * member.energy(midday)
            if not expected:
                continue
            day = local_date(member.zone, midday)
            expected *= member.rhythm.weekday(day)
            for _ in range(int(expected) + (town.rng.random() < expected % 1)):
                at = member.rhythm.moment(town.rng, member.zone, day)
                place = _choose_place(town, homes[member.id], member, at)
                if place and town.since <= at < town.until:
                    openings.append((at, member, place))
    return openings


def _choose_place(
    town: Town, homes: list[tuple[Place, Stay]], member: Member, at: float
) -> Place | None:
    """Where a member speaks: by the channel's weight, the own language, and the hour."""
    there = [place for place, stay in homes if place.is_open(at) and stay.covers(at)]
    if not there:
        return None
    weights = [place.share * _liking(place, member) for place in there]
    return town.rng.choices(there, weights)[0]


def _liking(place: Place, member: Member) -> float:
    if place.language == member.language:
        return 8.0
    if place.key == "owls":
        return 4.0 if member.persona.rhythms == ("owl",) else 0.6
    return 1.0


def _thread_length(town: Town, place: Place, conversation: Conversation) -> int:
    chance, mean = (ANSWERED, 2.4) if conversation.is_question else (0.42, 1.6)
    if place.key == "introductions":
        chance, mean = 0.93, 2.6
    elif place.topic == "direct":
        chance, mean = 0.3, 1.0
    if town.rng.random() > chance:
        return 0
    return 1 + min(int(town.rng.expovariate(1 / mean)), 24)


def _play(
    town: Town, place: Place, root: Raw, author: Member, conversation: Conversation
) -> float | None:
    """Post the thread; when its last reply came, none if there is no thread or the end cut it."""
    at = float(root["ts"])
    length = _thread_length(town, place, conversation)
    taking_part: set[str] = set()
    wait = 22 * MINUTE
    for turn in range(length):
        at += town.rng.lognormvariate(math.log(wait), 1.5 if turn == 0 else 1.1)
        wait = 9 * MINUTE
        if turn and town.rng.random() < 0.28 and _is_there(place, author, at):
            speaker, text = author, conversation.follow_up(author.id)
        else:
            speaker, at = _next_speaker(town, place, at, root, taking_part)
            text = _addressed(town, conversation, author, speaker)
        if speaker is None or at >= town.until or not place.is_open(at):
            return None
        if text is None:
            break
        taking_part.add(speaker.id)
        reply = town.answer(place, root, speaker, at, text)
        town.react(place, reply, conversation.emoji, at, mean=0.8)
    return at if length else None


def _come_back(town: Town, place: Place, root: Raw, at: float, conversation: Conversation) -> None:
    """A late reply to an old root, five days to three months after the rest."""
    at += DAY * min(5 + town.rng.expovariate(1 / 22), 95)
    speaker, at = _next_speaker(town, place, at, root, set())
    if speaker and at < town.until and place.is_open(at):
        town.answer(place, root, speaker, at, conversation.afterthought(speaker.id))


def _addressed(
    town: Town, conversation: Conversation, author: Member, speaker: Member | None
) -> str | None:
    """The next reply by a member, now and then with the opener's name before it."""
    text = conversation.reply(speaker.id) if speaker else None
    return f"<@{author.id}> {text}" if text and town.rng.random() < 0.07 else text


def _is_there(place: Place, member: Member, at: float) -> bool:
    return member in place.present(at)


def _next_speaker(
    town: Town, place: Place, at: float, root: Raw, taking_part: set[str]
) -> tuple[Member | None, float]:
    """Who answers, and when: if all who could are asleep, the thread waits for the morning."""
    for patience in reversed(range(10)):
        others = town.onlookers(place, root, at)
        weights = [_readiness(member, at, member.id in taking_part) for member in others]
        if sum(weights) > (0.25 if patience else 0):
            return town.rng.choices(others, weights)[0], at
        at += town.rng.uniform(0.5, 2.0) * 60 * MINUTE
    return None, at


def _readiness(member: Member, at: float, taking_part: bool) -> float:
    eager = member.energy(at) ** 0.6 * member.persona.help * member.presence(at)
    return eager * (3.0 if taking_part else 1.0)
