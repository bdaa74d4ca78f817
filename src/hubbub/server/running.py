"""A running server: everything that `hubbub serve` puts together, from its start to its end."""

import asyncio
import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from types import FrameType, TracebackType

import uvicorn
from msgspec import Struct
from starlette.types import ASGIApp

from hubbub.core.batch import Envelope
from hubbub.core.broker import properties
from hubbub.destinations.topic import TopicWriter
from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows.asking_members import directory
from hubbub.flows.auditing import audited_run
from hubbub.flows.catching_up import CatchingUp
from hubbub.flows.collecting import Report, Wish, collect
from hubbub.flows.connecting import address, app_token, connect, signing_secret
from hubbub.flows.forwarding import Forwarder
from hubbub.flows.gates import Gates
from hubbub.flows.hearing_members import Hearing
from hubbub.flows.keeping_schedules import Keeper
from hubbub.flows.listening import socket_mode
from hubbub.flows.loading import Loaded, Loader, keep_to_policy, sole_loader
from hubbub.flows.panels import Panels
from hubbub.flows.receiving import Receiver
from hubbub.flows.scheduling import State, reloaded
from hubbub.flows.vitals import Vitals
from hubbub.flows.workspace import made, smallest_group, stored_team
from hubbub.server.access import Access
from hubbub.server.app import Parts, Server, build_app
from hubbub.server.listening import listening
from hubbub.server.page import page
from hubbub.server.slack_commands import SlackCommands
from hubbub.server.slack_events import SlackEvents
from hubbub.server.slack_requests import slack_first
from hubbub.server.stream import Hub
from hubbub.settings import Settings
from hubbub.slack.api import SLACK, Slack, SlackError, Token
from hubbub.slack.values import text
from hubbub.stores.eventlog import Entry, EventLog

_log = logging.getLogger("hubbub.server")
_WATCH_SECONDS = 2.0
_END_SECONDS = 30.0
"""How long a thread may take to come to its end."""


class Sources(Struct, frozen=True):
    """By what events come, and what history is asked with; None for what is not set."""

    app: Token | None
    secret: str | None
    slack: tuple[Slack, Token] | None
    address: str = SLACK
    """Where Slack's Web API is."""

    @classmethod
    def of(cls, settings: Settings) -> "Sources":
        """Those of a workspace. Raises `UsageError` for something else in a secret's place."""
        app, secret = app_token(settings), signing_secret(settings)
        try:
            slack = connect(settings)
        except UsageError:
            if app is not None or secret is not None:
                raise
            slack = None  # a dashboard over what was imported
        return cls(app, secret, slack, address())

    @property
    def told(self) -> str:
        """How events come, for whoever starts the server."""
        if self.app is not None:
            return "Events come by Socket Mode."
        if self.secret is not None:
            return "Slack delivers events to /slack/events."
        return "No events: set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET."


class Running:
    """A server of one workspace, and the threads beside it. Enter it to prepare, `run` to serve."""

    def __init__(self, settings: Settings, sources: Sources) -> None:
        self.settings = settings
        self.sources = sources
        self.vitals = Vitals(tells_events=smallest_group(settings) == 1)
        self.gates = Gates(settings, self._directory)
        self.panels = Panels(settings)
        self.hub = Hub(self.panels, self.vitals)
        self.catching_up = CatchingUp(
            settings,
            self.gates,
            self.vitals,
            self.hub.merged,
            self._collect if sources.slack else None,
        )
        self.schedule = Keeper(
            lambda: [settings.workspace], lambda _: reloaded(settings), news=self._scheduled
        )
        self._stop = Event()
        self._stack = ExitStack()

    def __enter__(self) -> "Running":
        """Take the workspace's turn, and open what is served. Raises `HubbubError` if it cannot
        be served."""
        with ExitStack() as stack:
            serving = self.settings.serve
            self.access = Access.of(
                self.settings,
                serving.host,
                prefix=serving.prefix,
                trusted_proxies=serving.trusted_proxies,
            )
            self._options = listening(serving)
            stack.enter_context(sole_loader(self.settings))
            team_id, own_user_id = self._meet_workspace()
            self.socket = stack.enter_context(_bound(serving.host, serving.port))
            stack.enter_context(audited_run(self.settings, "serve"))
            self.log = EventLog(made(self.settings.event_log))
            stack.callback(self.log.close)
            keep_to_policy(self.settings, self.log)
            self.hearing = stack.enter_context(Hearing(self.settings, team_id, self._bot))
            self.receiver = Receiver(
                self.log,
                self.gates,
                self.vitals,
                team_id=team_id,
                own_user_id=own_user_id,
                listener=self.catching_up,
                hearing=self.hearing,
            )
            self.loader = Loader(
                self.settings, self.log, self.gates, self.vitals, forwards=bool(serving.kafka)
            )
            self.receiver.listeners += [self.hub.activity, self.loader.wake]
            if serving.kafka:
                stack.enter_context(self._forwarding(team_id or ""))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the workspace."""
        self._stack.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """Where the dashboard is, for a browser on this machine."""
        host, port = self.socket.getsockname()[:2]
        shown = "localhost" if host in {"127.0.0.1", "::1", "0.0.0.0", "::"} else host  # noqa: S104
        scheme = "https" if self.settings.serve.tls_cert else "http"
        return f"{scheme}://{shown}:{port}{self.settings.serve.prefix.rstrip('/')}/"

    def run(self) -> None:
        """Serve until a signal, or `end`, and finish what has been taken."""
        self._server = Server(
            uvicorn.Config(
                self._app(),
                **self._options,
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=5,
                ws="none",
            ),
            self.hub,
        )
        threads = [
            Thread(target=work, name=name, daemon=True)
            for name, work in (
                ("loader", lambda: self.loader.run(self._stop, self._merged)),
                ("catching up", lambda: self.catching_up.run(self._stop)),
                ("watching", self._watch),
                ("schedule", lambda: self.schedule.run(self._stop)),
            )
        ]
        self.receiver.start()
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not look at it again
        self.catching_up.gap(None, "what happened while nobody listened")
        for thread in threads:
            thread.start()
        try:
            with _signals_are_heard():
                self._server.run(sockets=[self.socket])
        finally:
            self.receiver.stop()
            self._stop.set()
            self.loader.woken.set()
            for thread in threads:
                thread.join(timeout=_END_SECONDS)
            gc.unfreeze()

    def end(self) -> None:
        """Stop serving, from another thread."""
        self._server.should_exit = True

    def _app(self) -> ASGIApp:
        prefix = self.settings.serve.prefix.rstrip("/")
        app = build_app(
            Parts(
                vitals=self.vitals,
                panels=self.panels,
                hub=self.hub,
                page=page,
                access=self.access.around,
                prefix=prefix,
                gate_ready=lambda: self.gates.current() is not None,
                beside=self._beside,
            )
        )
        if self.sources.app is not None or self.sources.secret is None:
            return app
        self.vitals.set("slack", "waiting", "Slack delivers to /slack/events")
        self.receiver.listeners.append(self._heard)
        secret = self.sources.secret
        endpoints = [
            SlackEvents(self.receiver, secret, self.vitals),
            SlackCommands(self.hearing, secret, self.vitals),
        ]
        return slack_first(app, endpoints, prefix)

    @property
    def _bot(self) -> Slack | None:
        """Slack, asked with the app's own token; None where there is none."""
        slack, token = self.sources.slack or (None, None)
        return slack if token is not None and token.kind == "bot" else None

    @asynccontextmanager
    async def _beside(self) -> AsyncGenerator[None]:
        """What lives in the server's loop beside it: the connections of Socket Mode."""
        if self.sources.app is None:
            yield
            return
        connections = socket_mode(
            self.sources.app,
            self.sources.address,
            self.receiver,
            self.vitals,
            answers=self.hearing.answer,
        )
        task = asyncio.create_task(connections.run())
        task.add_done_callback(_tell_end)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @contextmanager
    def _forwarding(self, team_id: str) -> Generator[None]:
        """Hand events on to a topic for as long as the server runs."""
        serving = self.settings.serve
        writer = TopicWriter(properties(serving.kafka, os.environ), serving.topic)
        forwarder = Forwarder(self.settings, self.log, writer, self.vitals, team_id=team_id)
        self.receiver.listeners.append(forwarder.wake)
        forwarder.start()
        try:
            yield
        finally:
            forwarder.stop()

    def _heard(self, entry: Entry) -> None:
        """Slack has delivered something by HTTP."""
        del entry
        self.vitals.set("slack", "connected", "Slack delivers to /slack/events")

    def _merged(self, loaded: Loaded) -> None:
        del loaded
        self.hub.merged()

    def _scheduled(self, workspace: str, state: State, told: str) -> None:
        """The schedule runs something, has run it, or cannot."""
        _log.log(logging.WARNING if state == "failed" else logging.INFO, "%s: %s", workspace, told)
        self.vitals.set("schedule", state, told)

    def _watch(self) -> None:
        """Take over what others have put into the store: an import, or a collection."""
        known = 0
        while not self._stop.wait(_WATCH_SECONDS):
            if self.gates.current() is None:
                with suppress(HubbubError):  # catching up says why; but it may be busy for hours
                    self.gates.prepare()
            changed_at = _changed_at(self.settings.store)
            if changed_at != known and self.gates.current() is not None:
                known = changed_at
                with suppress(TryAgain):  # somebody has the store: the next look will do
                    self.gates.refresh()
                self.hub.merged()

    def _directory(self) -> Iterable[Envelope]:
        if self.sources.slack is None:
            raise UsageError(
                "The privacy policy takes members' names out of texts, and no token is there to "
                "ask Slack who they are: no text is kept.",
                "Set SLACK_BOT_TOKEN.",
            )
        return directory(self.sources.slack[0], self._stop)

    def _collect(self, settings: Settings, wish: Wish, *, stop: Event) -> Report:
        return collect(settings, wish, connection=self.sources.slack, stop=stop)

    def _meet_workspace(self) -> tuple[str | None, str | None]:
        """Whose events are taken: those of the token's workspace, else of the store's; and the id
        of the app's own user. Raises `HubbubError` if Slack refuses the token."""
        if self.sources.slack is not None:
            slack, _ = self.sources.slack
            try:
                answer = slack.call("auth.test", {}, time.time())
            except (SlackError, TryAgain) as error:
                _log.warning("Slack cannot be asked yet: %s", error)
            else:
                return text(answer.body.get("team_id")), text(answer.body.get("user_id"))
        return stored_team(self.settings), None


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `HubbubError` if the port cannot be had.

    It names its protocol: only then does asyncio send small answers at once.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening_socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening_socket.bind((host, port))
        listening_socket.listen(1024)
    except (OSError, OverflowError) as error:
        listening_socket.close()
        raise HubbubError(
            f"Port {port} of {host} cannot be opened: {error}.",
            "Choose another with --port, or end what listens there.",
        ) from error
    return listening_socket


@contextmanager
def _signals_are_heard() -> Generator[None]:
    """Let SIGINT and SIGTERM end the server and nothing else: uvicorn raises them once more when it
    has ended, which would end the process before it has finished what it took."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(signum: int, frame: FrameType | None) -> None:
        del signum, frame

    before = {each: signal.signal(each, heard) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens there yet."""
    try:
        with _bound(host, port):
            return True
    except HubbubError:
        return False


def _tell_end(task: "asyncio.Task[None]") -> None:
    """Socket Mode has ended: the state on the dashboard says why, and the log too."""
    if not task.cancelled() and (error := task.exception()):
        _log.error("Events do not come by Socket Mode any more: %s", error)


def _changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0
