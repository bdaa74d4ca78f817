"""The town's bots: a modern app with an account, and two classic integrations without."""

import math
from datetime import date

from msgspec import Struct

from hubbub.simulator.corpus import Table
from hubbub.simulator.directory import SLACKBOT, Robot
from hubbub.simulator.ids import Ids
from hubbub.simulator.people import DAY
from hubbub.simulator.rhythm import local_date, local_instant
from hubbub.simulator.state import Raw
from hubbub.simulator.town import Town

DIGITS = ("one", "two", "three", "four")


class Robots(Struct, frozen=True):
    """The bots that the workspace has."""

    clerk: Robot
    vane: Robot
    lamp: Robot

    @property
    def all(self) -> list[Robot]:
        """Every bot, in the order in which they were added."""
        return [self.clerk, self.vane, self.lamp]


def build(ids: Ids, since: float) -> Robots:
    """Add the bots on the first day."""

    def robot(name: str, after: float, *, account: bool = False) -> Robot:
        user_id = ids.fresh("U") if account else None
        return Robot(ids.fresh("B"), ids.fresh("A"), user_id, name, since + after)

    return Robots(
        clerk=robot("Tide Clerk", 7200, account=True),
        vane=robot("weather-vane", 7300),
        lamp=robot("build-lantern", 7400),
    )


def integration_log(robot: Robot, installer_id: str, installer_name: str) -> Raw:
    """How an export's integration_logs.json tells that a bot was added; its date is text."""
    return {
        "user_id": installer_id,
        "user_name": installer_name,
        "date": str(int(robot.added)),
        "change_type": "added",
        "app_type": robot.name,
        "app_id": robot.app_id,
        "scope": "chat:write,channels:history" if robot.user_id else "incoming-webhook",
    }


def report(town: Town, robots: Robots) -> None:
    """Let the bots do their rounds: tides and weather daily, builds at odd times, polls, pairs."""
    zone = town.workspace.zone
    for number in range(math.ceil((town.until - town.since) / DAY)):
        day = local_date(zone, town.since + number * DAY)
        for hour, post in ((7, _tides), (8, _weather), (11, _builds), (10, _monday), (12, _poll)):
            at = local_instant(zone, day, hour) + town.rng.random() * 40
            if robots.clerk.added + DAY < at < town.until:
                post(town, robots, day, at)


def _tides(town: Town, robots: Robots, day: date, at: float) -> None:
    """A tide table that wanders through the day as tides do, fifty minutes later every day."""
    first = (day.toordinal() * 50) % 720
    times = {"t1": f"{first // 60:02d}:{first % 60:02d}"}
    low = first + 373
    times["t2"] = f"{low // 60:02d}:{low % 60:02d}"
    height = 1.6 + 0.5 * math.sin(day.toordinal() * math.tau / 14.77)
    text: str = town.rng.choice(town.rituals["robots"]["tides"])
    text = text.format(**times, h1=f"{height:.2f}", h2=f"{2.1 - height:.2f}")
    town.robot_speaks(town.places["feeds"], robots.clerk, at, text)


def _weather(town: Town, robots: Robots, day: date, at: float) -> None:
    if day.toordinal() % 3:
        text = town.rng.choice(town.rituals["robots"]["weather"])
        icons = {"emoji": ":partly_sunny:"}
        town.robot_speaks(town.places["feeds"], robots.vane, at, text, icons=icons)


def _builds(town: Town, robots: Robots, day: date, at: float) -> None:
    """Build notices have an empty text: all that they say is in the attachment."""
    if day.weekday() >= 5 or town.rng.random() > 0.5:
        return
    project = town.rng.choice(town.rituals["robots"]["builds"])
    passed = town.rng.random() < 0.85
    outcome = "passed" if passed else "failed"
    attachment: Raw = {
        "id": 1,
        "color": "2eb886" if passed else "a30200",
        "fallback": f"{project}: build {outcome}",
        "title": f"{project}: build {outcome}",
        "title_link": f"https://builds.example.org/{project}",
        "text": f"{town.rng.randrange(20, 200)} tests in {town.rng.randrange(4, 90)} s",
    }
    at += town.rng.random() * 6 * 3600
    if at < town.until:
        town.robot_speaks(town.places["feeds"], robots.lamp, at, "", attachments=[attachment])


def _monday(town: Town, robots: Robots, day: date, at: float) -> None:
    """Pairs two people for tea on Mondays; once a month Slackbot answers about the wifi."""
    porch = town.places["porch"]
    there = porch.present(at)
    if day.weekday() != 0 or len(there) < 2:
        return
    first, second = town.rng.sample(there, 2)
    text: str = town.rng.choice(town.rituals["robots"]["pairings"])
    text = text.format(pair=f"<@{first.id}> and <@{second.id}>")
    message = town.robot_speaks(porch, robots.clerk, at, text)
    town.react(porch, message, ["tea", "heart", "kelp-wave"], at, mean=2.0)
    if day.day <= 7 and at + 310 < town.until:
        town.speak(porch, first, at + 300, "Quick one: what was the wifi word again?")
        hint = town.rng.choice(town.rituals["robots"]["slackbot"])
        town.notice(porch, SLACKBOT, at + 301, "slackbot_response", hint)


def _poll(town: Town, robots: Robots, day: date, at: float) -> None:
    """Every second Thursday a poll: Block Kit with buttons, answered by reactions."""
    if day.weekday() != 3 or day.isocalendar().week % 2:
        return
    polls: list[list[str]] = town.rituals["robots"]["polls"]
    question, *options = polls[day.isocalendar().week // 2 % len(polls)]
    lines = [f":{DIGITS[n]}: {option}" for n, option in enumerate(options)]
    general = town.places["general"]
    text = f"*Poll:* {question}\n" + "\n".join(lines)
    fields: Table = {"blocks": _poll_blocks(town, question, options)}
    poll = town.robot_speaks(general, robots.clerk, at, text, **fields)
    town.react(general, poll, list(DIGITS[: len(options)]), at + DAY, mean=7.0)


def _poll_blocks(town: Town, question: str, options: list[str]) -> list[Raw]:
    header: Raw = {
        "type": "section",
        "block_id": town.ids.block(),
        "text": {"type": "mrkdwn", "text": f"*Poll:* {question}", "verbatim": False},
    }
    buttons: list[Raw] = [
        {
            "type": "button",
            "action_id": f"vote-{number}",
            "text": {"type": "plain_text", "text": option, "emoji": True},
            "value": str(number),
        }
        for number, option in enumerate(options)
    ]
    return [header, {"type": "actions", "block_id": town.ids.block(), "elements": buttons}]
