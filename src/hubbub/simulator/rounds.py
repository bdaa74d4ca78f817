"""The writers' circle: two-week rounds with a prompt, submissions, passes, and silence."""

from datetime import date, timedelta

from hubbub.simulator.corpus import Table
from hubbub.simulator.people import DAY, Member
from hubbub.simulator.places import Place
from hubbub.simulator.rhythm import local_date, local_instant
from hubbub.simulator.threads import cheer
from hubbub.simulator.town import Town

ROUND = timedelta(days=14)
LATE = 0.07
"""The share of submissions that come after the due date."""


def write(town: Town) -> None:
    """Hold a round every second Monday of the story."""
    place = town.places["writers"]
    begins = local_date(town.workspace.zone, place.opened)
    begins += timedelta(days=-begins.weekday() % 7)
    number = 1
    while (opened := local_instant(town.workspace.zone, begins, 9)) < town.until:
        _open_round(town, place, number, begins, opened)
        for member in place.present(opened + DAY):
            _take_part(town, place, number, opened, member)
        begins += ROUND
        number += 1


def _open_round(town: Town, place: Place, number: int, begins: date, opened: float) -> None:
    prompts: list[str] = town.rituals["rounds"]["prompts"]
    due = begins + ROUND - timedelta(days=1)
    town.speak(
        place,
        place.creator,
        opened + town.rng.uniform(0, 2400),
        f"*Round {number}* is open! Prompt, if you want one: _{prompts[number % len(prompts)]}_.\n"
        f"Due: {due.isoformat()}, end of day. Hand in with `Submission`, or say `Pass`.",
    )


def _take_part(town: Town, place: Place, number: int, opened: float, member: Member) -> None:
    roll = town.rng.random()
    diligence = min(0.9, 0.35 + member.activity * 0.3)
    # Most hand in on the last days: squeeze the draw towards the end of the round.
    at = opened + ROUND.total_seconds() * (0.15 + 0.8 * town.rng.random() ** 0.45)
    if town.rng.random() < LATE:
        at = opened + ROUND.total_seconds() + town.rng.uniform(0.1, 2) * DAY
    at = member.rhythm.moment(town.rng, member.zone, local_date(member.zone, at))
    if at >= town.until or member not in place.present(at):
        return
    if roll < diligence:
        post = town.speak(place, member, at, _submission(town, number, member))
        town.react(place, post, ["pencil2", "heart", "clap", "sparkles"], at, mean=3.0)
        lines: list[str] = town.rituals["rounds"]["cheers"]
        cheer(town, place, post, town.rng.sample(lines, town.rng.choice((0, 1, 1, 2, 3, 4))))
    elif roll < diligence + 0.12:
        town.speak(place, member, at, town.rng.choice(town.rituals["rounds"]["passes"]))


def _submission(town: Town, number: int, member: Member) -> str:
    texts: Table = town.rituals["rounds"]
    rng = town.rng
    link = f"<https://drafts.example.org/{member.handle}/round-{number}>"
    words = rng.randrange(180, 2400)
    if member.language == "korean":
        title = rng.choice(texts["korean_titles"])
        return f"*제출* {number}회차\n제목: {title}\n글자 수: {words * 3}\n링크: {link}"
    title = rng.choice(texts["titles"])
    return f"*Submission* round {number}\nTitle: {title}\nWords: {words}\nLink: {link}"
