"""A simulator whose events go all the way: by HTTP to the receiver, into log and store."""

import socket
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import uvicorn
from msgspec.structs import replace
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tests.collecting.collected import Tables, stored, without_deleted

from hubbub.core.batch import Envelope
from hubbub.flows.asking_members import directory
from hubbub.flows.collecting import Wish, collect
from hubbub.flows.gates import Gates
from hubbub.flows.loading import Loader
from hubbub.flows.receiving import Receiver
from hubbub.flows.vitals import Vitals
from hubbub.flows.workspace import made
from hubbub.server.slack_events import SlackEvents
from hubbub.settings import Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace
from hubbub.slack.api import Slack, Token
from hubbub.stores.eventlog import EventLog

SECRET = "a secret of tests"


def grove(**options: Any) -> Simulator:
    """Olive (U1), who owns it, and Bram (U2), in the public channels C1 and C2, now."""
    team: Raw = {"id": "T1", "name": "Grove", "domain": "grove"}
    simulator = Simulator(Workspace(team, "UTC"), clock=Clock.manual(time.time()), **options)
    for user_id, name in (("U1", "olive"), ("U2", "bram")):
        simulator.acts.add_user(name, id=user_id, is_primary_owner=user_id == "U1")
    for channel_id in ("C1", "C2"):
        simulator.acts.create_channel(channel_id.lower(), "U1", id=channel_id)
        simulator.acts.join(channel_id, "U2")
    return simulator


@dataclass
class Gaps:
    """A listener that remembers what it was told."""

    told: list[tuple[str | None, str]] = field(default_factory=list[tuple[str | None, str]])

    def gap(self, channel_id: str | None, why: str) -> None:
        """Remember a gap."""
        self.told.append((channel_id, why))

    def gone(self, why: str) -> None:
        """Remember the end."""
        self.told.append(("", why))


class Door:
    """Where deliveries arrive: nobody takes them while the receiving side is down."""

    inside: SlackEvents | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a delivery in."""
        if self.inside is None:
            await Response(status_code=503)(scope, receive, send)
        else:
            await self.inside(scope, receive, send)


@dataclass
class Live:
    """A workspace that hears a simulator, once `begin` was called and until `end`."""

    simulator: Simulator
    settings: Settings
    bot: Token
    door: Door = field(default_factory=Door)
    gaps: Gaps = field(default_factory=Gaps)

    @property
    def own(self) -> str:
        """The id of the app's own user."""
        return self.simulator.tokens.find(self.bot.value).user_id

    def begin(self) -> None:
        """Take events, from where the last time ended."""
        self.vitals = Vitals()
        self.gates = Gates(self.settings, self._directory)
        self.gates.prepare()
        self.log = EventLog(made(self.settings.event_log))
        self.receiver = Receiver(
            self.log,
            self.gates,
            self.vitals,
            team_id="T1",
            own_user_id=self.own,
            listener=self.gaps,
        )
        self.loader = Loader(self.settings, self.log, self.gates, self.vitals)
        self.receiver.start()
        self.door.inside = SlackEvents(self.receiver, SECRET, self.vitals)

    def end(self) -> None:
        """Take no more events; what the store has not merged yet stays in the log."""
        self.door.inside = None
        self.receiver.stop()
        self.log.close()

    def collect(self, home: Path | None = None, **wish: Any) -> Settings:
        """Collect, into this workspace's store or another."""
        settings = replace(self.settings, home=home) if home else self.settings
        slack = Slack(self.bot, self.simulator.url)
        connection = (slack, self.bot)
        report = collect(settings, Wish(**wish), connection=connection, clock=self.simulator.clock)
        assert report.outcome == "done", report.troubles
        if self.door.inside is not None:
            self.gates.refresh()
        return settings

    def load(self) -> None:
        """Merge all that waits."""
        while self.loader.load():
            pass

    def heard(self) -> Tables:
        """The tables once all that has happened is delivered and merged."""
        self.simulator.events.pump()
        self.simulator.events.drain(20)
        self.load()
        return stored(self.settings)

    def _directory(self) -> Iterable[Envelope]:
        return directory(Slack(self.bot, self.simulator.url), Event())


@contextmanager
def live(
    simulator: Simulator, home: Path, *, preset: str = "open", **privacy: Any
) -> Generator[Live]:
    """A workspace that has collected a simulator once, and hears it from then on."""
    bot = simulator.add_token("bot", channels=[each["id"] for each in simulator.workspace.channels])
    settings = Settings(home, "grove", privacy={"preset": preset, **privacy})
    living = Live(simulator, settings, Token("bot", "the test", bot))
    with simulator.serve(), served(living.door) as url:
        living.collect()
        living.begin()
        try:
            with simulator.subscribe(url, signing_secret=SECRET):
                yield living
        finally:
            living.end()


def alive(tables: Tables) -> Tables:
    """The tables without what was deleted: who came later cannot know what it was."""
    files = {key: row for key, row in tables["files"].items() if not row["is_gone"]}
    return without_deleted(tables | {"files": files})


def differences(found: Tables, expected: Tables) -> list[str]:
    """What is not the same: a line a row, of the columns that differ."""
    told: list[str] = []
    for name in expected:
        one, other = found[name], expected[name]
        for key in {*one, *other}:
            here, there = one.get(key, {}), other.get(key, {})
            columns = [each for each in {*here, *there} if here.get(each) != there.get(each)]
            told += [f"{name} {key} {c}: {here.get(c)!r}, not {there.get(c)!r}" for c in columns]
    return sorted(told)


@contextmanager
def served(app: Any) -> Generator[str]:
    """An application served by uvicorn on any port; yields its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    thread = Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/slack/events"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
