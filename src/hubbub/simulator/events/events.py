"""The simulator's events: who is told, by which way, and when."""

import hashlib
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Self

import msgspec

from hubbub.simulator.clock import Clock
from hubbub.simulator.events.apps import App
from hubbub.simulator.events.commands import command, form, shown
from hubbub.simulator.events.dispatcher import IN_FLIGHT, Dispatcher
from hubbub.simulator.events.faults import DeliveryFaults
from hubbub.simulator.events.happening import Happening
from hubbub.simulator.events.ledger import Ledger
from hubbub.simulator.events.news import News
from hubbub.simulator.events.requests import Requests
from hubbub.simulator.events.sockets import Sockets
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw, Workspace
from hubbub.simulator.tokens import APP_ID, Tokens

TIMEOUT = 3.0
"""Real seconds in which a delivery has to be acknowledged."""


class Subscription:
    """A request URL to which an app's events go until it is closed."""

    def __init__(self, app: App, way: Requests, close: Callable[[], None]) -> None:
        self.app = app
        self._way = way
        self._close = close

    @property
    def ledger(self) -> Ledger:
        """What became of each event."""
        return self.app.ledger

    def close(self) -> None:
        """End it; what was not delivered is not delivered any more."""
        if self.app.way is self._way:
            self._close()

    def __enter__(self) -> Self:
        """Go on until the context ends."""
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        self.close()


class Events:
    """Tells apps what happens: by a request URL where one is subscribed, else by Socket Mode.

    Nothing is made of what happens until an app subscribes or asks for a connection.
    """

    def __init__(
        self, workspace: Workspace, tokens: Tokens, clock: Clock, news: News, lock: RLock
    ) -> None:
        self.faults = DeliveryFaults()
        self._workspace = workspace
        self._tokens = tokens
        self._clock = clock
        self._news = news
        self._lock = lock
        self._dispatcher = Dispatcher(clock)
        self._apps: dict[str, App] = {}
        self._sockets: dict[str, Sockets] = {}
        self.cut: Callable[[], None] | None = None

    def app(self, app_id: str = APP_ID) -> App:
        """An app, for its ledger and limits."""
        if app_id not in self._apps:
            self._apps[app_id] = App(
                app_id, self._workspace, self._tokens, self._clock, self._dispatcher, self.faults
            )
        return self._apps[app_id]

    def apps(self) -> list[App]:
        """All apps that were ever told of anything, or asked for."""
        return list(self._apps.values())

    @property
    def ledger(self) -> Ledger:
        """What became of each event for the usual app."""
        return self.app().ledger

    def signing_secret(self, app_id: str = APP_ID) -> str:
        """The secret with which requests to an app are signed if it named no other."""
        return hashlib.sha256(f"{self._workspace.team['id']} {app_id}".encode()).hexdigest()[:32]

    def subscribe(
        self,
        url: str,
        signing_secret: str,
        app_id: str,
        names: Iterable[str] | None,
        timeout: float,
    ) -> Subscription:
        """Deliver an app's events to a URL from now on, if it answers Slack's challenge."""
        app = self.app(app_id)
        if app.bot is None:
            raise ValueError(f"no bot of {app_id} is there to hear events: add_token() first")
        way = Requests(url, signing_secret or self.signing_secret(app_id), timeout)
        try:
            way.verify()
        except BaseException:
            way.close()
            raise
        if sockets := self._sockets.get(app_id):
            sockets.disconnect("link_disabled")
        self._listen(app, way, names)

        def close() -> None:
            if sockets:
                sockets.is_enabled = True
            self._fall_silent(app)
            way.close()

        return Subscription(app, way, close)

    def connect(self, app_id: str) -> str:
        """Let an app open a connection of Socket Mode; returns the ticket for it."""
        app, sockets = self.app(app_id), self.sockets(app_id)
        if isinstance(app.way, Requests) or not sockets.is_enabled:
            complaint = "[ERROR] Socket Mode is switched off for this app"
            raise Refusal("access_denied", response_metadata={"messages": [complaint]})
        if app.way is None:
            self._listen(app, sockets, app.names)
        return sockets.ticket()

    def sockets(self, app_id: str) -> Sockets:
        """The connections of an app."""
        if app_id not in self._sockets:
            self._sockets[app_id] = Sockets(app_id, self._clock, TIMEOUT)
        return self._sockets[app_id]

    def command(
        self,
        user_id: str,
        text: str,
        *,
        channel_id: str,
        url: str = "",
        name: str = "/hubbub",
        app_id: str = APP_ID,
    ) -> Raw:
        """Let a member give a slash command; what the app wants to be shown, `response_type` and
        `text` mostly.

        It goes to `url`, or by Socket Mode where that is how the app hears. Refuses with what Slack
        tells the member if the app does not answer in 3 seconds.
        """
        with self._lock:
            app, workspace = self.app(app_id), self._workspace
            user = next((each for each in workspace.users if each["id"] == user_id), None)
            channel = next((each for each in workspace.channels if each["id"] == channel_id), None)
            if user is None or channel is None:
                raise Refusal("user_not_found" if user is None else "channel_not_found")
            if app.bot is None or not app.bot.allows("commands"):
                raise Refusal("dispatch_unknown_error")
            fields = command(workspace, app_id, user, name, text, channel)
            way = app.way
        if isinstance(way, Sockets):
            return way.command(msgspec.json.encode(fields))
        if isinstance(way, Requests) and url:
            return shown(way.command(url, form(fields)))
        raise Refusal("dispatch_failed")

    def lose_connections(self, reason: str = "") -> None:
        """Let all connections end: for `warning`, `refresh_requested`, `too_many_websockets` or
        `link_disabled` (none can be opened until `enable`), or without a word."""
        if reason:
            for sockets in list(self._sockets.values()):
                sockets.disconnect(reason)
        elif self.cut is not None:
            self.cut()

    def enable(self, app_id: str = APP_ID) -> None:
        """Switch an app's deliveries on again, after Slack or `link_disabled` ended them."""
        self.app(app_id).enable(is_enabled=True)
        self.sockets(app_id).is_enabled = True

    def pump(self, in_flight: int = IN_FLIGHT) -> int:
        """Deliver all that is due now, with a clock that stands still; how many tries that took.

        With one `in_flight` at a time they arrive in their order, and equal seeds give equal runs.
        """
        return self._dispatcher.pump(in_flight)

    def drain(self, timeout: float = 30.0) -> None:
        """Wait until all that is due was acknowledged, dropped, or is to be tried again later.

        With a clock that stands still, that is what `pump` does. Raises `TimeoutError` after so
        many real seconds.
        """
        self._dispatcher.drain(timeout)

    def exhaust(self, in_flight: int = IN_FLIGHT) -> None:
        """Deliver all that waits, with all its retries: moves a clock that stands still."""
        self.release()
        self.pump(in_flight)
        while (due := self._dispatcher.next_at) is not None:
            self._clock.move_to(due)
            self.pump(in_flight)

    def hold(self) -> None:
        """Let events pile up."""
        self._dispatcher.hold(held=True)

    def release(self) -> None:
        """Let all that piled up go at once."""
        self._dispatcher.hold(held=False)

    def uninstall(self, app_id: str = APP_ID) -> None:
        """Remove an app from the workspace: its tokens end, and it is told."""
        tokens = [token for token in self._tokens.all() if token.app_id == app_id]
        self._part(app_id, [token.text for token in tokens], uninstalled=True)

    def revoke(self, token: str) -> None:
        """Take a token back; its app is told."""
        self._part(self._tokens.find(token).app_id, [token], uninstalled=False)

    def close(self) -> None:
        """End Socket Mode, since nothing serves it any more."""
        for app_id, sockets in self._sockets.items():
            sockets.close()
            if self.app(app_id).way is sockets:
                self._fall_silent(self.app(app_id))

    def status(self) -> Raw:
        """How the deliveries of all apps go."""
        return {
            "waiting": self._dispatcher.waiting,
            "apps": [
                {
                    "app_id": app.app_id,
                    "way": "http" if isinstance(app.way, Requests) else "socket" if app.way else "",
                    "is_enabled": app.is_enabled,
                    "connections": self.sockets(app.app_id).lasting,
                    **app.ledger.counts(),
                }
                for app in self.apps()
            ],
        }

    def _listen(self, app: App, way: Requests | Sockets, names: Iterable[str] | None) -> None:
        with self._lock:
            app.way = way
            app.names = None if names is None else frozenset(names)
            app.enable(is_enabled=True)
            self._dispatcher.start()
            self._news.listener = self._hear

    def _fall_silent(self, app: App) -> None:
        """Tell an app nothing more; with the last one, everything ends."""
        with self._lock:
            app.way = None
            is_last = all(each.way is None for each in self._apps.values())
            if is_last:
                self._news.listener = None
        if is_last:
            self._dispatcher.stop()
        for entry in app.ledger.entries("waiting"):
            app.ledger.drop(entry, "disabled")

    def _hear(self, happening: Happening) -> None:
        for app in self.apps():
            app.hear(happening)

    def _part(self, app_id: str, texts: list[str], *, uninstalled: bool) -> None:
        with self._lock:
            app = self.app(app_id)
            bot = app.bot
            ending = [t for t in self._tokens.all() if t.text in texts and t.kind != "app"]
            for token in ending:
                token.standing = "revoked"
            if bot is None or app.way is None:
                return
            users: dict[str, list[str]] = {"oauth": [], "bot": []}
            for token in ending:
                users["bot" if token.kind == "bot" else "oauth"].append(token.user_id)
            revoked: Raw = {"type": "tokens_revoked", "tokens": users}
            app.tell(Happening(revoked, "tokens_revoked"), bot)
            if uninstalled:
                app.tell(Happening({"type": "app_uninstalled"}, "app_uninstalled"), bot)
