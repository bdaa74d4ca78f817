"""Who may look: the door in front of all that the server shows."""

import asyncio
import logging
import re
from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubbub.errors import HubbubError, UsageError
from hubbub.flows.granting import is_loopback, login_is_wanted, settled_environment
from hubbub.server.desk import Desk, Visitor
from hubbub.server.headers import protected
from hubbub.server.login import LOGIN, LOGOUT, Login, mark_of
from hubbub.server.pages import Pages
from hubbub.server.visits import Trust, Visit
from hubbub.settings import Settings

SESSION = "/session"
"""Where the dashboard's page asks whether there is a login."""
STYLE = "/static/login.css"
OPEN = frozenset({"/slack/events", "/slack/commands", "/healthz", "/readyz"})
"""Paths that ask nobody who they are: Slack signs what it sends, and the others tell nothing."""
_PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_ANYONE = Visitor()
"""Whoever sits at this machine, where there is no login."""
_FOREIGN = ("Not for other sites", "The page of another site has asked for this.", "")
_FORGED = ("Not from this page", "This was not sent by a page of this dashboard.", "")
_UNKNOWN = (
    "Not logged in",
    "This is for those who have logged in.",
    "Log in at `login`, or send a token: `Authorization: Bearer TOKEN`.",
)
_EXPOSED = (
    "This dashboard has no password yet",
    "Until it has one, it is there for the machine that it runs on and nobody else. This request "
    "came through a proxy, or by another name than `localhost`.",
    "Whoever runs it can set a password, which holds at once: `hubbub access password`",
)
_UNAVAILABLE = (
    "Not now",
    "It cannot be told who may look.",
    "Whoever runs the server finds the reason in its log.",
)
"""Titles, reasons and fixes of refusals."""

_log = logging.getLogger(__name__)


class Access:
    """Who may look at the dashboard of a workspace."""

    def __init__(
        self, settings: Settings, trust: Trust, prefix: str, *, is_wanted: bool, is_loopback: bool
    ) -> None:
        self._desk = Desk(settings)
        self._trust = trust
        self._prefix = prefix
        self._is_wanted = is_wanted
        self._is_loopback = is_loopback
        self._pages = Pages(prefix)
        mark = mark_of(str(settings.folder.resolve()))
        self._login = Login(self._desk, self._pages, prefix, mark)
        self._complaint = ""
        self.looked_at_every = 60.0
        """Seconds after which it is looked again whether a stream's session lasts."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        host: str,
        *,
        prefix: str = "",
        trusted_proxies: Sequence[str] = (),
    ) -> "Access":
        """Who may look at what is served at an address of this machine, behind a path.

        `trusted_proxies` are addresses or networks whose X-Forwarded headers are believed. Raises
        `HubbubError` if the dashboard must not be served there: that would be without a login.
        """
        placed = prefix.rstrip("/")
        if not _PREFIX.fullmatch(placed):
            raise UsageError(f"{prefix!r} is no path.", "Write it as in --prefix /hubbub")
        is_own = is_loopback(host)
        trust = Trust(host if is_own else "", trusted_proxies)
        settled_environment(settings)
        is_wanted = login_is_wanted(settings, host)
        return cls(settings, trust, placed, is_wanted=is_wanted, is_loopback=is_own)

    @property
    def login_is_wanted(self) -> bool:
        """Whether people have to log in: where there is a password or token, or was one since the
        server started. Raises `HubbubError` if that cannot be told."""
        self._is_wanted = self._is_wanted or bool(self._desk.credentials().ids)
        return self._is_wanted

    def told(self, *, is_secure: bool) -> str:
        """Who may look, for whoever starts the server."""
        if not self.login_is_wanted:
            return "Only this machine may look, without a login."
        told = "Whoever has the password or a token may look."
        if is_secure or self._trust.is_behind_proxy or self._is_loopback:
            return told
        return f"{told} Without TLS, others on the way can read what they send and see."

    def around(self, app: ASGIApp) -> ASGIApp:
        """An ASGI application that lets in only who may look."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._serve(app, scope, receive, send)
            elif scope["type"] == "lifespan":
                await app(scope, receive, self._closing(send))
            else:
                await send({"type": "websocket.close", "code": 1008})

        return guarded

    def _closing(self, send: Send) -> Send:
        async def closing(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await self._desk.close()
            await send(message)

        return closing

    async def _serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if self._prefix:
            if path == self._prefix or path.startswith(f"{self._prefix}/"):
                path = path[len(self._prefix) :]  # else a proxy has taken it away already
            whole = self._prefix + path
            scope = {**scope, "path": whole, "root_path": self._prefix}
            scope["raw_path"] = quote(whole).encode()
        if path in OPEN:
            is_secure = scope["scheme"] == "https"
            await app(scope, receive, protected(send, is_secure=is_secure, is_near=True))
            return
        visit = self._trust.visit(scope, path)
        send = protected(send, is_secure=visit.is_secure, is_near=visit.is_near)
        try:
            let_in = await self._let_in(visit, receive)
            self._complaint = ""
        except (HubbubError, OSError) as error:
            let_in = self._unavailable(visit, error)
        if isinstance(let_in, Response):
            await let_in(scope, receive, send)
            return
        scheme = "https" if visit.is_secure else "http"
        scope = {**scope, "scheme": scheme, "client": (visit.address, 0)}
        await self._while_it_lasts(let_in, app)(scope, receive, send)

    async def _let_in(self, visit: Visit, receive: Receive) -> Visitor | Response:
        """Who a visit is by, if they may look, or the answer that they get instead."""
        if visit.is_foreign:
            return self._refused(visit, 403, *_FOREIGN)
        if visit.path == STYLE:
            return self._pages.style()
        if not visit.path:
            query = f"?{visit.query}" if visit.query else ""
            return RedirectResponse(f"{self._prefix}/{query}", 308)
        if not self.login_is_wanted:
            return self._locally(visit)
        visitor = self._login.visitor(visit)
        if visit.path == LOGIN:
            return await self._login.log_in(visit, receive, is_in=visitor is not None)
        if visit.bearer is not None:
            visitor = await self._desk.by_token(visit.bearer, visit.address)
        if visitor is None:
            return self._unknown(visit)
        form = self._login.form_of(visit) if visitor.session else ""
        if visit.path == SESSION:
            return JSONResponse({"login": True, "form": form})
        if visit.path == LOGOUT:
            return await self._login.log_out(visit, receive, visitor)
        if visit.changes and visitor.session and not self._is_own_page(visit):
            return self._refused(visit, 403, *_FORGED)
        return visitor

    def _is_own_page(self, visit: Visit) -> bool:
        token = visit.headers.get(b"x-form-token", "")
        return visit.is_same_origin and self._login.is_form_of(visit, token)

    def _locally(self, visit: Visit) -> Visitor | Response:
        """Where there is no login: only for browsers and programs of this machine."""
        if not visit.is_local:
            return self._refused(visit, 403, *_EXPOSED)
        if visit.path in {LOGIN, LOGOUT}:
            return RedirectResponse(f"{self._prefix}/", 303)
        if visit.path == SESSION:
            return JSONResponse({"login": False, "form": ""})
        if visit.changes and not visit.is_same_origin:
            return self._refused(visit, 403, *_FORGED)
        return _ANYONE

    def _unknown(self, visit: Visit) -> Response:
        """The answer to whoever has not shown who they are."""
        if visit.wants_page and visit.bearer is None:
            return self._login.way_in(visit)
        answer = self._refused(visit, 401, *_UNKNOWN)
        error = "" if visit.bearer is None else ', error="invalid_token"'
        answer.headers["www-authenticate"] = f'Bearer realm="hubbub"{error}'
        return answer

    def _unavailable(self, visit: Visit, error: Exception) -> Response:
        """The answer while it cannot be told who may look. Why stands in the log, once."""
        complaint = str(error)
        if complaint != self._complaint:
            self._complaint = complaint
            _log.error("Nobody can look at the dashboard: %s", complaint)
        return self._refused(visit, 503, *_UNAVAILABLE)

    def _refused(self, visit: Visit, status: int, title: str, reason: str, fix: str) -> Response:
        if visit.wants_page and visit.bearer is None:
            return self._pages.refused(status, title, reason, fix)
        plain = {"reason": reason.replace("`", ""), "fix": fix.replace("`", "")}
        return JSONResponse({"error": plain}, status)

    def _lasts(self, visitor: Visitor) -> bool:
        try:
            return not self.login_is_wanted if visitor is _ANYONE else self._desk.lasts(visitor)
        except (HubbubError, OSError) as error:
            _log.error("A stream ends: %s", error)
            return False

    def _while_it_lasts(self, visitor: Visitor, app: ASGIApp) -> ASGIApp:
        """The application, whose streams end with the session that opened them."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            loop = asyncio.get_running_loop()
            timer: asyncio.TimerHandle | None = None

            def look_again() -> None:
                nonlocal timer
                if self._lasts(visitor):
                    timer = loop.call_later(self.looked_at_every, look_again)
                else:
                    limit.reschedule(loop.time())

            async def watching(message: Message) -> None:
                nonlocal timer
                if message["type"] == "http.response.start" and _is_stream(message):
                    timer = loop.call_later(self.looked_at_every, look_again)
                await send(message)

            limit = asyncio.timeout(None)
            try:
                async with limit:
                    await app(scope, receive, watching)
            except TimeoutError:
                if not limit.expired():
                    raise
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            finally:
                if timer is not None:
                    timer.cancel()

        return watched


def _is_stream(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message.get("headers", ())
    )
