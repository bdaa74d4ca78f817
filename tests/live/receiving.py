"""A simulator whose events go all the way: by HTTP to the receiver, into log and store."""

import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from tests.collecting.collected import Tables, stored

from hubbub.flows.collecting import collect
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


@dataclass
class Live:
    """A workspace that hears a simulator."""

    simulator: Simulator
    settings: Settings
    bot: Token
    gates: Gates
    loader: Loader
    vitals: Vitals
    gaps: Gaps

    @property
    def own(self) -> str:
        """The id of the app's own user."""
        return self.simulator.tokens.find(self.bot.value).user_id

    def collect(self, home: Path | None = None) -> Settings:
        """Collect, into this workspace's store or another."""
        settings = replace(self.settings, home=home) if home else self.settings
        slack = Slack(self.bot, self.simulator.url)
        report = collect(settings, connection=(slack, self.bot), clock=self.simulator.clock)
        assert report.outcome == "done", report.troubles
        self.gates.refresh()
        return settings

    def heard(self) -> Tables:
        """The tables once all that has happened is delivered and merged."""
        self.simulator.events.pump()
        self.simulator.events.drain(20)
        while self.loader.load():
            pass
        return stored(self.settings)


@contextmanager
def live(simulator: Simulator, home: Path, *, preset: str = "open") -> Generator[Live]:
    """A workspace that has collected a simulator once, and hears it from then on."""
    bot = simulator.add_token("bot", channels=[each["id"] for each in simulator.workspace.channels])
    token = Token("bot", "the test", bot)
    settings = Settings(home, "grove", privacy={"preset": preset})
    vitals, gaps = Vitals(), Gaps()
    gates = Gates(settings, list)
    with ExitStack() as stack:
        stack.enter_context(simulator.serve())
        log = stack.enter_context(closing(EventLog(made(settings.event_log))))
        own = simulator.tokens.find(bot).user_id
        receiver = Receiver(log, gates, vitals, team_id="T1", own_user_id=own, listener=gaps)
        loader = Loader(settings, log, gates, vitals)
        living = Live(simulator, settings, token, gates, loader, vitals, gaps)
        living.collect()
        gates.prepare()
        receiver.start()
        stack.callback(receiver.stop)
        url = stack.enter_context(served(SlackEvents(receiver, SECRET, vitals)))
        stack.enter_context(simulator.subscribe(url, signing_secret=SECRET))
        yield living


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
