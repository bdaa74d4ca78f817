"""The fitness group: outdoor workouts at three spots, each reported by a structured backblast."""

import math
from datetime import date

from msgspec import Struct

from hubbub.simulator.corpus import Table
from hubbub.simulator.people import DAY, Member
from hubbub.simulator.places import Place
from hubbub.simulator.rhythm import local_date, local_instant
from hubbub.simulator.state import Raw
from hubbub.simulator.threads import cheer
from hubbub.simulator.town import Town

SCHEDULE = {"ao_lighthouse": (0, 3), "ao_mudflats": (2,), "ao_orchard": (5,)}
"""Weekdays (Monday is 0) on which the striders meet, by the key of the spot's channel."""


class Workout(Struct, frozen=True):
    """One morning: who led, who came, who came for the first time without being a member."""

    place: Place
    day: date
    leader: Member
    second: Member | None
    others: list[Member]
    guests: list[str]

    @property
    def count(self) -> int:
        """Everybody there, the leaders included."""
        return 1 + (self.second is not None) + len(self.others) + len(self.guests)


def train(town: Town) -> None:
    """Hold the workouts of the whole story, and let the leaders report them."""
    zone = town.workspace.zone
    days = math.ceil((town.until - town.since) / DAY)
    for number in range(days):
        day = local_date(zone, town.since + number * DAY)
        for key, weekdays in SCHEDULE.items():
            if day.weekday() in weekdays:
                _hold(town, town.places[key], day)


def _hold(town: Town, place: Place, day: date) -> None:
    start = local_instant(town.workspace.zone, day, 6)
    workout = _gather(town, place, day, start)
    if workout is None:
        return
    reported = start + town.rng.lognormvariate(math.log(3 * 3600), 0.6)
    if reported >= town.until or workout.leader not in place.present(reported):
        return
    text = _report(town, workout)
    post = town.speak(place, workout.leader, reported, text)
    if town.rng.random() < 0.08:
        _correct(post, workout)
    town.react(place, post, ["muscle", "fire", "clap", "soggy-but-happy"], reported, mean=3.0)
    lines: list[str] = town.rituals["workouts"]["cheers"]
    cheer(town, place, post, town.rng.sample(lines, town.rng.choice((0, 0, 1, 2, 3))))


def _gather(town: Town, place: Place, day: date, start: float) -> Workout | None:
    """Those who come: locals of the spot's channel, the keen more often."""
    zone = town.workspace.zone
    able = [m for m in place.present(start) if m.zone == zone or town.rng.random() < 0.3]
    there = [m for m in able if town.rng.random() < min(0.85, 0.25 + m.energy(start) * 0.4)]
    if len(there) < 2:
        return None
    town.rng.shuffle(there)
    leader, *others = there
    second = others.pop() if len(others) > 2 and town.rng.random() < 0.15 else None
    bynames: list[str] = town.rituals["workouts"]["bynames"]
    guests = town.rng.sample(bynames, town.rng.choice((0, 0, 0, 0, 1, 2)))
    return Workout(place, day, leader, second, others, guests)


def _report(town: Town, workout: Workout) -> str:
    """The backblast's text: most as the template says, some with people's own habits."""
    texts: Table = town.rituals["workouts"]
    rng = town.rng
    leader, second = f"<@{workout.leader.id}>", workout.second
    pax = [leader, *([f"<@{second.id}>"] if second else [])]
    pax += [f"<@{member.id}>" for member in workout.others]
    habit = rng.random()
    day = workout.day.isoformat() if habit < 0.3 else workout.day.strftime("%m/%d/%Y")
    named = " and ".join(f"{byname} (first time)" for byname in workout.guests)
    count = str(workout.count)
    if workout.guests and habit > 0.8:
        count = f"{len(pax)} + {len(workout.guests)} = {workout.count}"
    lines = [
        f"{'*Backblast!*' if habit > 0.7 else 'Backblast!'} {rng.choice(texts['titles'])}",
        f"Date: {day}",
        f"AO: <#{workout.place.id}>",
        *_led_by(leader, second, split=habit < 0.5),
        "\n• ".join(["PAX:", *pax]) if habit > 0.93 else " ".join(["PAX:", *pax]),
        f"FNGs: {named or 'None'}",
        *([] if 0.60 < habit < 0.63 else [f"Count: {count}"]),
        f"Conditions: {rng.choice(texts['conditions'])}",
        f"The Thang: {rng.choice(texts['thangs'])}",
        rng.choice(texts["closings"]),
    ]
    return "\n".join(lines)


def _led_by(leader: str, second: Member | None, *, split: bool) -> list[str]:
    if second is None:
        return [f"Q: {leader}"]
    if split:
        return [f"Q: {leader}", f"Co-Q: <@{second.id}>"]
    return [f"Qs: {leader} <@{second.id}>"]


def _correct(post: Raw, workout: Workout) -> None:
    """The leader adds a forgotten closing line an hour later; the attendance stays."""
    post["text"] = f"{post['text']}\nLost and found: one glove."
    edited = int(post["ts"].partition(".")[0]) + 3600
    post["edited"] = {"user": workout.leader.id, "ts": f"{edited}.000000"}
