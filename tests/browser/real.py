"""What `hubbub serve` puts together, before a simulated Slack that tests steer."""

import socket
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from hubbub.flows.collecting import collect
from hubbub.server.running import Running, Sources
from hubbub.settings import Serving, Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace
from hubbub.slack.api import Slack, Token
from hubbub.stores import duckdb as store
from tests.looking import looking

_HOUR = 3_600.0
PEOPLE = {"U1": "olive", "U2": "bram"}
FIRST = ("who brings seeds?", "the kettle is on", "see you at low tide")


@dataclass
class Town:
    """A small community, and the workspace that Hubbub keeps of it."""

    simulator: Simulator
    settings: Settings
    bot: Token
    app: Token

    def say(self, text: str, user_id: str = "U2", channel_id: str = "C1") -> Raw:
        """Let somebody say something now; the message."""
        return self.simulator.acts.post(channel_id, user_id, text)

    def said_by(self) -> dict[str, int]:
        """How many messages each person has written, as Slack has them."""
        authors = [
            message["user"]
            for messages in self.simulator.workspace.messages.values()
            for message in messages
            if "subtype" not in message
        ]
        return {name: authors.count(user_id) for user_id, name in PEOPLE.items()}

    def wait_for_messages(self, count: int) -> None:
        """Until so many messages of people are in the store."""
        for _ in range(300):
            with looking(self.settings.store) as connection:
                query = "SELECT count(*) FROM messages WHERE kind <> 'system'"
                if store.first_row(connection, query)[0] == count:
                    return
            time.sleep(0.1)
        raise AssertionError(f"there are never {count} messages")

    @contextmanager
    def served(self, *, by: str = "socket") -> Generator[Running]:
        """The dashboard with all that is beside it, until the end of the context.

        Events come by Socket Mode, or by the Events API (`http`).
        """
        slack = (Slack(self.bot, self.simulator.url), self.bot)
        secret = self.simulator.events.signing_secret()
        app, secret = (self.app, None) if by == "socket" else (None, secret)
        with Running(self.settings, Sources(app, secret, slack, self.simulator.url)) as running:
            thread = Thread(target=running.run)
            thread.start()
            try:
                with self._delivering(running, secret):
                    yield running
            finally:
                running.end()
                thread.join(60)
                assert not thread.is_alive()

    def _delivering(self, running: Running, secret: str | None) -> AbstractContextManager[Any]:
        if secret is None:
            return nullcontext()
        return self.simulator.subscribe(f"{running.url}slack/events", signing_secret=secret)


@contextmanager
def town(home: Path, *, privacy: dict[str, Any], **serving: Any) -> Generator[Town]:
    """Olive and Bram in a garden and a kitchen; what they have said was collected an hour ago."""
    began = time.time() - _HOUR
    clock = Clock.manual(began)
    simulator = Simulator(
        Workspace({"id": "T1", "name": "Grove", "domain": "grove"}, "UTC"), clock=clock
    )
    for user_id, name in PEOPLE.items():
        simulator.acts.add_user(name, id=user_id, is_primary_owner=user_id == "U1")
    for channel_id, name in (("C1", "garden"), ("C2", "kitchen")):
        simulator.acts.create_channel(name, "U1", id=channel_id)
        simulator.acts.join(channel_id, "U2")
    for text in FIRST:
        clock.advance(60)
        simulator.acts.post("C1", "U1", text)
    bot = Token("bot", "the test", simulator.add_token("bot", channels=["C1", "C2"]))
    app = Token("app", "the test", simulator.add_token("app"))
    listens = Serving(port=_free_port(), **serving)
    settings = Settings(home, "grove", privacy=privacy, serve=listens)
    with ExitStack() as stack:
        stack.enter_context(simulator.serve())
        connection = (Slack(bot, simulator.url), bot)
        assert collect(settings, connection=connection, clock=clock).outcome == "done"
        clock.move_to(time.time())
        clock.run(1.0)
        yield Town(simulator, settings, bot, app)


@contextmanager
def unmerged(running: Running) -> Generator[None]:
    """Let what comes in wait before it is merged, for as long as the context lasts."""
    merge, may = running.loader.load, Event()

    def late() -> Any:
        may.wait(60)
        return merge()

    running.loader.load = late  # type: ignore[method-assign]
    try:
        yield
    finally:
        may.set()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
