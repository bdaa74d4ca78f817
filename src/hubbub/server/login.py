"""Logging in and out: forms, cookies, and where one goes from there."""

import hashlib
import hmac
import re
import secrets
from math import ceil
from urllib.parse import parse_qs, quote, unquote

from starlette.responses import RedirectResponse, Response
from starlette.types import Receive

from hubbub.server.desk import Desk, Visitor, Wait
from hubbub.server.pages import Pages
from hubbub.server.sessions import LIFETIME, key_of
from hubbub.server.visits import Visit

LOGIN, LOGOUT = "/login", "/logout"
"""Paths, behind the prefix."""

_LARGEST = 8_192
"""Bytes of a form."""
_FORM = "application/x-www-form-urlencoded"
_COOKIE = re.compile(r"[\w-]{32}", re.ASCII)
_INSIDE = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""A path on this server as browsers see it: no second slash, no backslash, nothing that they drop
(tabs, line ends)."""

_WRONG = "This is neither the password nor a token."
_EXPIRED = "This form has expired. Please try again."
_OTHER_SITE = (
    "This form was not sent by this page. If a proxy stands before it, that has to hand on the "
    "Host header."
)


class Login:
    """The login of a server behind one prefix. `mark` keeps its cookies apart from those of other
    workspaces on the same machine."""

    def __init__(self, desk: Desk, pages: Pages, prefix: str, mark: str) -> None:
        self._desk = desk
        self._pages = pages
        self._prefix = prefix
        self._session_cookie, self._form_cookie = f"hubbub_{mark}", f"hubbub_form_{mark}"

    def visitor(self, visit: Visit) -> Visitor | None:
        """Who has the session whose cookie a visit brings."""
        cookie = visit.cookie(self._session_cookie)
        return self._desk.by_cookie(cookie) if cookie else None

    def form_of(self, visit: Visit) -> str:
        """What forms of a session have to hold; empty for a visit without one."""
        cookie = visit.cookie(self._session_cookie)
        return _form_token(cookie) if cookie else ""

    async def log_in(self, visit: Visit, receive: Receive, *, is_in: bool) -> Response:
        """The form; or what comes of it."""
        asked = parse_qs(visit.query).get("next", ["/"])[0]
        if visit.method in {"GET", "HEAD"}:
            return self._onwards(asked) if is_in else self._form(visit, asked)
        if visit.method != "POST":
            return Response(status_code=405, headers={"allow": "GET, HEAD, POST"})
        fields = await _fields(visit, receive)
        if fields is None:
            return self._form(visit, asked, _EXPIRED, 400)
        asked = fields.get("next", "/")
        if not visit.is_same_origin:
            return self._form(visit, asked, _OTHER_SITE, 403)
        if not _is_of(visit.cookie(self._form_cookie), fields.get("form", "")):
            return self._form(visit, asked, _EXPIRED, 403)
        before = visit.cookie(self._session_cookie)
        found = await self._desk.log_in(fields.get("password", ""), visit.address, before)
        if found is None:
            answer = self._form(visit, asked, _WRONG, 401)
            answer.headers["www-authenticate"] = 'Bearer realm="hubbub"'
            return answer
        if isinstance(found, Wait):
            seconds = ceil(found.seconds)
            complaint = f"Too many attempts. Please wait {_in_words(seconds)}, then try again."
            answer = self._form(visit, asked, complaint, 429)
            answer.headers["retry-after"] = str(seconds)
            return answer
        answer = self._onwards(asked)
        self._set(answer, self._session_cookie, found, LIFETIME, visit)
        self._set(answer, self._form_cookie, "", 0, visit)
        return answer

    async def log_out(self, visit: Visit, receive: Receive, visitor: Visitor) -> Response:
        """The button; or what comes of it."""
        if visit.method in {"GET", "HEAD"}:
            return self._pages.logout(self.form_of(visit))
        if visit.method != "POST":
            return Response(status_code=405, headers={"allow": "GET, HEAD, POST"})
        fields = await _fields(visit, receive) or {}
        if not visit.is_same_origin or not self.is_form_of(visit, fields.get("form", "")):
            return self._pages.refused(403, "Not logged out", _EXPIRED, "")
        await self._desk.log_out(visitor)
        answer = RedirectResponse(self._prefix + LOGIN, 303)
        self._set(answer, self._session_cookie, "", 0, visit)
        return answer

    def is_form_of(self, visit: Visit, token: str) -> bool:
        """Whether something was sent by a page that the session's own browser was given."""
        return _is_of(visit.cookie(self._session_cookie), token)

    def way_in(self, visit: Visit) -> Response:
        """To the login, and from there to where the visit wanted to go."""
        asked = quote(visit.path) + (f"?{visit.query}" if visit.query else "")
        following = "" if asked == "/" else f"?next={quote(asked, safe='/')}"
        return RedirectResponse(f"{self._prefix}{LOGIN}{following}", 303)

    def _form(self, visit: Visit, asked: str, complaint: str = "", status: int = 200) -> Response:
        """The form, for a browser that is known by a cookie from here on."""
        cookie = visit.cookie(self._form_cookie) or ""
        if not _COOKIE.fullmatch(cookie):
            cookie = secrets.token_urlsafe(24)
        answer = self._pages.login(_form_token(cookie), place_inside(asked), complaint, status)
        self._set(answer, self._form_cookie, cookie, None, visit)
        return answer

    def _onwards(self, asked: str) -> Response:
        return RedirectResponse(self._prefix + place_inside(asked), 303)

    def _set(
        self, answer: Response, name: str, value: str, seconds: int | None, visit: Visit
    ) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=seconds,
            path=self._prefix or "/",
            secure=visit.is_secure,
            httponly=True,
            samesite="lax",
        )


def mark_of(place: str) -> str:
    """A few letters that tell places apart."""
    return key_of(place)[:8]


def place_inside(text: str) -> str:
    """A path with its query on this server, behind the prefix: the one that is asked for, or the
    dashboard if that leads elsewhere."""
    path = unquote(text.partition("?")[0].partition("#")[0])
    if _INSIDE.fullmatch(text) and not {"..", "."} & set(re.split(r"[/\\]", path)):
        return text
    return "/"


def _form_token(cookie: str) -> str:
    """What the forms of a browser hold beside the cookie that it has: other sites' pages can make
    it send the cookie, but cannot know this."""
    return hashlib.sha256(b"form\0" + cookie.encode()).hexdigest()


def _is_of(cookie: str | None, token: str) -> bool:
    return cookie is not None and hmac.compare_digest(
        _form_token(cookie).encode(), token.encode(errors="replace")
    )


async def _fields(visit: Visit, receive: Receive) -> dict[str, str] | None:
    """The fields of a form that was sent; None for what is no form, or too large for one."""
    if visit.headers.get(b"content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    body, is_whole = b"", False
    while not is_whole:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or len(body) > _LARGEST:
            return None
        is_whole = not message.get("more_body", False)
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _in_words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{ceil(seconds / 60)} minutes"
