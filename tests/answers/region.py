"""A small region whose leaders post backblasts into a local Slack, and the workspace that Hubbub
keeps of it."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hubbub.flows.answering_authors import Answers, answer_authors
from hubbub.flows.collecting import Wish, collect
from hubbub.settings import Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace
from hubbub.slack.api import Slack, Token

DAY = 86_400.0
NOON = 1_795_003_200.0
"""Wednesday 18 November 2026, 12:00 UTC."""

GOOD = """Backblast! Legs for days
Date: 11/18/2026
AO: <#C1>
Q: <@U1>
PAX: <@U1> <@U2> <@U3>
Count: 3
The Thang: burpees"""
DOUBTFUL = GOOD.replace("Count: 3", "Count: 7")
REFUSED = GOOD.replace("Q: <@U1>\n", "")


@dataclass
class Region:
    """What tests do in it, and see."""

    simulator: Simulator
    settings: Settings
    connection: tuple[Slack, Token]

    def post(self, text: str, user_id: str = "U1", channel_id: str = "C1") -> Raw:
        """A member posts now; the message."""
        return self.simulator.acts.post(channel_id, user_id, text)

    def wait(self, days: float) -> None:
        """Let time pass."""
        self.simulator.clock.advance(days * DAY)

    def collected(self) -> None:
        """Have Hubbub read what is new, and what has changed of late."""
        self.simulator.clock.advance(60)
        done = collect(
            self.settings, Wish(), connection=self.connection, clock=self.simulator.clock
        )
        assert done.outcome == "done"

    def answered(self, template: str | None = "backblast", **choices: Any) -> Answers:
        """Have authors answered, as a new process would."""
        now = datetime.fromtimestamp(self.simulator.clock.now(), UTC)
        return answer_authors(
            self.settings, template, now=now, connection=self.connection,
            clock=self.simulator.clock, **choices,
        )  # fmt: skip

    def run(self, **choices: Any) -> Answers:
        """Read, then answer."""
        self.collected()
        return self.answered(**choices)

    def letters(self, user_id: str = "U1") -> list[str]:
        """What the app has written to a member."""
        members = self.simulator.workspace.members
        direct = [each for each in members if each.startswith("D") and user_id in members[each]]
        return [said["text"] for each in direct for said in self.simulator.sent(each)]


@contextmanager
def region(
    home: Path,
    *,
    privacy: Iterable[tuple[str, Any]] = (("preset", "open"),),
    members: int = 4,
    begun: bool = True,
    **chosen: Any,
) -> Generator[Region]:
    """Members U1, U2 … in the AO C1 and the log C2; with `begun`, authors are answered from now
    on."""
    team: Raw = {"id": "T1", "name": "F3 Grove", "domain": "grove"}
    simulator = Simulator(Workspace(team, "UTC"), clock=Clock.manual(NOON))
    for number in range(1, members + 1):
        simulator.acts.add_user(f"pax{number}", id=f"U{number}", is_primary_owner=number == 1)
    for channel_id, name in (("C1", "ao-the-mine"), ("C2", "backblast-log")):
        simulator.acts.create_channel(name, "U1", id=channel_id)
    bot = Token("bot", "the test", simulator.add_token("bot", channels=["C1", "C2"]))
    settings = replace(Settings(home, "grove", privacy=dict(privacy)), **chosen)
    with simulator.serve():
        found = Region(simulator, settings, (Slack(bot, simulator.url), bot))
        if begun:
            assert found.run().letters == []
            simulator.clock.advance(60)
        yield found
