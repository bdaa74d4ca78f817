"""A local Slack: one workspace behind the Web API, for collectors to be developed against."""

import socket
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from threading import RLock, Thread

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hubbub.errors import HubbubError
from hubbub.simulator.acts import Acts
from hubbub.simulator.answering import Answering, all_methods
from hubbub.simulator.backend import AppClass, Backend, Plan
from hubbub.simulator.calls import Calls
from hubbub.simulator.clock import Clock
from hubbub.simulator.directory import SLACKBOT, Robot, robot_object, robot_user
from hubbub.simulator.events.events import TIMEOUT, Events, Subscription
from hubbub.simulator.faults import Faults
from hubbub.simulator.limits import Limits
from hubbub.simulator.paging import Cursors
from hubbub.simulator.saving import Saved
from hubbub.simulator.server import build_app
from hubbub.simulator.state import Raw, Workspace
from hubbub.simulator.tokens import APP_ID, TokenKind, Tokens

HOST = "127.0.0.1"


class Simulator:
    """One workspace as Slack serves it.

    `plan`: `free` hides what is older than 90 days. `app_class`: `unlisted` caps history at 15
    objects a page and one call a minute. `limits` counts calls by the clock; without, none is
    turned away. Cursors live for `cursor_lifetime` seconds of the clock. Messages name at most
    `listed_reactors` users for each reaction.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        clock: Clock | None = None,
        plan: Plan = "paid",
        app_class: AppClass = "internal",
        limits: bool = True,
        cursor_lifetime: float = 3600.0,
        listed_reactors: int = 50,
    ) -> None:
        self.workspace = workspace
        self.clock = clock or Clock.real()
        lock = RLock()
        self.acts = Acts(workspace, self.clock, lock)
        self.tokens = Tokens(workspace.team["id"])
        self.cursors = Cursors(cursor_lifetime)
        self.faults = Faults()
        self.calls = Calls()
        self.events = Events(workspace, self.tokens, self.clock, self.acts.news, lock)
        self.backend = Backend(
            workspace=workspace,
            clock=self.clock,
            plan=plan,
            app_class=app_class,
            listed_reactors=listed_reactors,
            cursors=self.cursors,
            lock=lock,
            acts=self.acts,
            tokens=self.tokens,
            events=self.events,
        )
        counted = Limits() if limits else None
        self.answering = Answering(self.backend, all_methods(), counted, self.faults, self.calls)
        self.app: Starlette = build_app(self)
        self.origin = ""

    @property
    def url(self) -> str:
        """The base URL of the Web API while it is served, as slack_sdk's `base_url` wants it."""
        return f"{self.origin}/api/"

    def add_token(
        self,
        kind: TokenKind = "bot",
        user: str = "",
        scopes: Iterable[str] | None = None,
        *,
        app_id: str = APP_ID,
        channels: Iterable[str] = (),
    ) -> str:
        """Make a token and return its text.

        A bot token without `user` (an id) is for the bot of the app, which is added to the
        workspace; a user token without one is for its owner, or for somebody new where nobody is.
        The bot is put into `channels` (ids) as if it had always been there. Without `scopes` the
        token may do all that is simulated.
        """
        bot_id: str | None = None
        with self.backend.lock:
            if kind == "bot":
                user, bot_id = self._bot_account(app_id, user)
                for channel_id in channels:
                    members = self.workspace.members.setdefault(channel_id, [])
                    members.extend({user} - set(members))
            elif kind == "user":
                user = user or self._owner()
            given = self.tokens.add(kind, app_id=app_id, user_id=user, bot_id=bot_id, scopes=scopes)
        return given.text

    def subscribe(
        self,
        url: str,
        *,
        signing_secret: str = "",
        app_id: str = APP_ID,
        names: Iterable[str] | None = None,
        timeout: float = TIMEOUT,
    ) -> Subscription:
        """Deliver the app's events to a request URL until the subscription is closed.

        The app hears as its bot may, so it needs a bot token. Without a secret, that of
        `events.signing_secret()` signs. `names` are the events that it subscribes to, as
        `bot_events` of a manifest names them; all if none. Each has to be acknowledged within
        `timeout` real seconds. Raises `HubbubError` if the URL does not answer Slack's challenge.
        """
        return self.events.subscribe(url, signing_secret, app_id, names, timeout)

    def restore(self, saved: Saved) -> None:
        """Take over tokens and uploaded files from the saved state that the workspace is of."""
        self.tokens.restore(saved.tokens)
        self.backend.contents |= saved.contents

    def sent(self, channel_id: str = "") -> list[Raw]:
        """The messages that apps posted, to all conversations or to one."""
        return [message for where, message in self.backend.sent if channel_id in {"", where}]

    @contextmanager
    def serve(self, port: int = 0) -> Generator["Simulator"]:
        """Serve by HTTP on this machine alone while the context lasts, on any port if 0."""
        listening = _listen(port)
        config = uvicorn.Config(
            self.app,
            access_log=False,
            date_header=False,  # answers carry the time of the simulator's clock
            lifespan="off",
            log_config=None,
            log_level="critical",
            timeout_graceful_shutdown=1,
            ws="websockets-sansio",
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, args=([listening],), daemon=True)
        self.origin = f"http://{HOST}:{listening.getsockname()[1]}"
        self.acts.news.origin = self.origin
        self.events.cut = lambda: _cut(server)
        thread.start()
        try:
            yield self
        finally:
            self.events.close()
            self.events.cut = None
            server.should_exit = True
            thread.join()
            listening.close()

    def _bot_account(self, app_id: str, user_id: str) -> tuple[str, str]:
        """The user and bot ids of an app's bot; made if the workspace does not have it."""
        for user in self.workspace.users:
            profile: Raw = user.get("profile") or {}
            is_asked_for = user["id"] == user_id if user_id else profile.get("api_app_id") == app_id
            if is_asked_for and profile.get("bot_id"):
                return user["id"], profile["bot_id"]
        ids = self.acts.ids
        name = "Hubbub" if app_id == APP_ID else f"App {app_id}"
        made = user_id or ids.fresh("U")
        robot = Robot(ids.fresh("B"), app_id, made, name, self.clock.now())
        self.workspace.users.append(robot_user(self.workspace.team["id"], robot))
        self.workspace.bots.append(robot_object(robot))
        return made, robot.bot_id

    def _owner(self) -> str:
        people = [
            user
            for user in self.workspace.users
            if not (user.get("deleted") or user.get("is_bot") or user["id"] == SLACKBOT)
        ]
        if not people:  # an archive without users
            return self.acts.add_user("owner", is_primary_owner=True)["id"]
        return max(people, key=lambda user: bool(user.get("is_primary_owner")))["id"]


def _cut(server: uvicorn.Server) -> None:
    """Break the web sockets off, as a network does that fails."""
    for connection in list(server.server_state.connections):
        if isinstance(connection, WebSocketsSansIOProtocol):
            connection.loop.call_soon_threadsafe(connection.transport.abort)


def _listen(port: int) -> socket.socket:
    """A socket that names its protocol: only then does asyncio send small answers at once."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        reason = f"Port {port} of {HOST} cannot be opened: {error.strerror}."
        raise HubbubError(reason, "Choose another port.") from error
    return listening
