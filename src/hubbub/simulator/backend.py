"""Slack's side of the simulator: all that the methods share."""

from threading import RLock
from typing import Literal

from msgspec import Struct

from hubbub.simulator.acts import Acts
from hubbub.simulator.clock import Clock
from hubbub.simulator.events.events import Events
from hubbub.simulator.paging import Cursors
from hubbub.simulator.state import Raw, Workspace, team_url
from hubbub.simulator.tokens import Tokens

Plan = Literal["paid", "free"]
AppClass = Literal["internal", "unlisted"]


class Upload(Struct):
    """A file on its way: the address was given out, the bytes may have come."""

    file_id: str
    name: str
    length: int
    user_id: str
    alt_text: str
    content: bytes | None = None


class Backend(Struct):
    """One workspace as Slack serves it.

    `contents` are the bytes of uploaded files by id, `uploads` those not completed by the ticket
    in their address. `sent` are the messages that apps posted, with their channels. Whoever reads
    or changes any of this holds the lock.
    """

    workspace: Workspace
    clock: Clock
    plan: Plan
    app_class: AppClass
    listed_reactors: int
    cursors: Cursors
    lock: RLock
    acts: Acts
    tokens: Tokens
    events: Events
    contents: dict[str, bytes] = {}
    uploads: dict[str, Upload] = {}
    sent: list[tuple[str, Raw]] = []

    @property
    def url(self) -> str:
        """The workspace's address, with the slash at its end."""
        return team_url(self.workspace.team)

    def user(self, user_id: str) -> Raw | None:
        """A user by id."""
        return next((user for user in self.workspace.users if user["id"] == user_id), None)

    def channel(self, channel_id: str) -> Raw | None:
        """A conversation by id."""
        return next((each for each in self.workspace.channels if each["id"] == channel_id), None)

    def bot(self, bot_id: str) -> Raw | None:
        """A bot by id."""
        return next((bot for bot in self.workspace.bots if bot["id"] == bot_id), None)
