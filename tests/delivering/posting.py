"""What the tests of sending share: a workspace to send for, letters, and what the simulator says
has arrived."""

import os
import sqlite3
import struct
import zlib
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hubbub.core.letters import Delivered, Letter, Picture, Recipient
from hubbub.flows.connecting import connect_bot
from hubbub.flows.delivering import deliver
from hubbub.flows.ledger import open_ledger
from hubbub.flows.workspace import keys_of
from hubbub.settings import Settings
from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import Raw, Workspace
from hubbub.stores import duckdb as store
from hubbub.stores.deliveries import Delivery

NOW = 1_790_000_000.0
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + b"".join(
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(b"\0" + b"\x80" * 8) * 1),
            (b"IEND", b""),
        )
    )
)  # fmt: skip
"""A small picture; nobody looks at it."""


def grove(members: int = 3, **options: Any) -> Simulator:
    """Members U001, U002 … and the public channel C1, in which nothing is said yet; by a clock that
    is moved by hand."""
    team: Raw = {"id": "T1", "name": "Grove", "domain": "grove"}
    simulator = Simulator(Workspace(team, "UTC"), clock=Clock.manual(NOW), **options)
    for number in range(1, members + 1):
        user_id = f"U{number:03}"
        simulator.acts.add_user(f"member{number}", id=user_id, is_primary_owner=number == 1)
    simulator.acts.create_channel("general", "U001", id="C1")
    simulator.workspace.messages["C1"].clear()
    return simulator


def picture(name: str = "month.png") -> Picture:
    """A picture that costs nothing to draw."""
    return Picture(name, "Your month", "A bar a week: 3, 4, 2 and 5 posts.", lambda: PNG)


def letter(to: str, *, pictures: int = 0, report: str = "month", **fields: Any) -> Letter:
    """A letter to a member, or to a channel if its id begins with C."""
    kind = "channel" if to.startswith("C") else "member"
    recipient = Recipient(kind, to, to.lower())
    drawn = tuple(picture(f"{number}.png") for number in range(pictures))
    text = fields.pop("text", f"Your month, {to}")
    return Letter(
        report, fields.pop("period", "2026-08"), recipient, text, pictures=drawn, **fields
    )


@dataclass
class Office:
    """A workspace of Hubbub's that letters are sent for."""

    simulator: Simulator
    settings: Settings
    results: list[Delivered] = field(default_factory=list[Delivered])

    def send(self, letters: Iterable[Letter], **options: Any) -> Delivered:
        """Send letters by a new process, as it were."""
        connection = connect_bot(self.settings)
        result = deliver(self.settings, letters, connection, clock=self.simulator.clock, **options)
        self.results.append(result)
        return result

    def arrived(self) -> Counter[tuple[str, str]]:
        """How often which text stands in whose conversation, by what the simulator holds: deleted
        messages are not there, and it does not count what was asked for but what is."""
        bot = next(user["id"] for user in self.simulator.workspace.users if user.get("is_bot"))
        members = self.simulator.workspace.members
        found: Counter[tuple[str, str]] = Counter()
        for channel_id, messages in self.simulator.workspace.messages.items():
            others = [each for each in members[channel_id] if each != bot]
            place = others[0] if channel_id.startswith("D") else channel_id
            found.update((place, each["text"]) for each in messages if each.get("user") == bot)
        return found

    def ledger(self) -> list[Delivery]:
        """What the ledger holds, by recipient."""
        with closing(sqlite3.connect(self.settings.ledger)) as database:
            keys = database.execute("SELECT key FROM deliveries").fetchall()
        with open_ledger(self.settings, keys_of(self.settings)) as ledger:
            found = [ledger.find(key) for (key,) in keys]
        return sorted(filter(None, found), key=lambda each: each.recipient)

    def states(self) -> dict[str, str]:
        """The state of each recipient's letter, by the ledger."""
        return {each.recipient: each.state for each in self.ledger()}

    def table(self, columns: str = "user_id, channel_id, state, reason") -> list[tuple[Any, ...]]:
        """What the store's table says."""
        with store.reading(self.settings.store) as connection:
            query = f"SELECT {columns} FROM deliveries ORDER BY report, period, user_id, channel_id"
            return connection.execute(query).fetchall()

    def asked(self, method: str) -> list[Raw]:
        """The arguments of all calls of a method."""
        return [call.arguments for call in self.simulator.calls.made(method)]


@contextmanager
def office(
    simulator: Simulator,
    home: Path,
    *,
    preset: str = "open",
    scopes: Iterable[str] | None = None,
    channels: Iterable[str] = ("C1",),
) -> Generator[Office]:
    """A served simulator, with a workspace to send for whose bot is in the channels."""
    token = simulator.add_token("bot", scopes=scopes, channels=channels)
    settings = Settings(home, "grove", privacy={"preset": preset})
    names = ("SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_USER_TOKEN")
    before = {name: os.environ.pop(name, None) for name in names}
    try:
        with simulator.serve():
            os.environ["SLACK_API_URL"] = simulator.url
            os.environ["SLACK_BOT_TOKEN"] = token
            yield Office(simulator, settings)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
