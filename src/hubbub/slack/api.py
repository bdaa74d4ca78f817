"""Slack's Web API: one call, one answer, and what went wrong by what can be done about it."""

import socket
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from hubbub.core.unshown import Unshown
from hubbub.errors import HubbubError, TryAgain
from hubbub.slack.methods import FILE
from hubbub.slack.normalize import Malformed, decoded
from hubbub.slack.values import Json, is_record, record, records, text

SLACK = "https://slack.com/api/"
_USER_AGENT = f"Hubbub/{version('hubbub')} (community analytics)"
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_CONNECTIONS = 8
"""Kept open: as many as calls may be under way."""

_FILE_HOSTS = (".slack.com", ".slack-edge.com", ".slack-files.com")

_STOPS = {
    "not_authed": "no token was sent",
    "invalid_auth": "Slack does not know this token",
    "token_revoked": "the token was revoked",
    "token_expired": "the token has expired",
    "account_inactive": "the token's account, or its app, was removed",
    "not_allowed_token_type": "this is no bot token and no user token",
    "org_login_required": "the workspace is moving to another organisation",
    "team_access_not_granted": "the app is not installed in this workspace",
    "access_denied": "the workspace does not let this app in",
    "accesslimited": "the workspace does not let this app in",
    "two_factor_setup_required": "the token's account has to set up two-factor login",
}
"""Codes after which no call can succeed, with what they mean."""

_LATER = frozenset({
    "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org",
    "fetch_members_failed",
})  # fmt: skip
"""Codes of trouble at Slack, which passes."""


class SlackError(Exception):
    """A call that did not succeed; `code` is Slack's, or says in Slack's way what happened."""

    def __init__(self, code: str, **told: str) -> None:
        super().__init__(code)
        self.code = code
        self.told = told


class Limited(SlackError):
    """Asked too often: nothing of the method before `seconds` have passed."""

    def __init__(self, seconds: float) -> None:
        super().__init__("ratelimited")
        self.seconds = seconds


class Unavailable(SlackError):
    """Trouble at Slack or on the way to it; the same call may succeed later."""


class Refused(SlackError):
    """Slack will not answer this call, whenever it is made."""


class Stopped(HubbubError):
    """Slack will answer no call at all: the token is wrong, revoked or expired."""

    def __init__(self, code: str, token: str) -> None:
        super().__init__(
            f"Slack refuses the token in {token} ({code}): {_STOPS[code]}.",
            f"Install the app again, put its new token into {token}, and run this again. "
            "What was fetched is kept.",
        )
        self.code = code


class NoNetwork(TryAgain):
    """Slack cannot be reached."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"{host} cannot be reached: {reason}.",
            "Check the network, the proxy (HTTPS_PROXY) and SLACK_API_URL, then run this again. "
            "What was fetched is kept.",
        )


class Answer(Unshown, frozen=True):
    """What Slack answered."""

    method: str
    arguments: Mapping[str, str]
    body: Json
    payload: bytes
    """The body as it came."""
    observed_at: float
    """When it was asked for, by the caller's clock: what it tells is no older."""
    scopes: str = ""
    """What the token may do."""
    date: float | None = None
    """Slack's own time, in whole seconds."""

    @property
    def cursor(self) -> str:
        """Where the next page begins; empty if there is none."""
        return text(record(self.body.get("response_metadata")).get("next_cursor")) or ""

    def records(self, name: str) -> list[Json]:
        """The objects of one of its lists."""
        return records(self.body.get(name))


class Token(Unshown, frozen=True):
    """A token, and where it came from for people to find it."""

    kind: str
    """`bot`, `user` or `app`."""
    place: str
    value: str


class Slack:
    """A workspace's Web API, asked with a token. Safe to use from several threads.

    The token goes to the API's own host, and for files to hosts of Slack's; nowhere else.
    """

    def __init__(self, token: Token, url: str = SLACK) -> None:
        self._token = token
        self.url = url if url.endswith("/") else f"{url}/"
        self._pool = _pool(self.url)

    @property
    def host(self) -> str:
        """The API's host."""
        return urlsplit(self.url).netloc

    def call(self, method: str, arguments: Mapping[str, str], now: float) -> Answer:
        """Make one call; no second try. Raises `SlackError`, `Stopped`, `NoNetwork`.

        For `FILE` it is a download, of the `url` and `type` that a file object says.
        """
        if method == FILE:
            asked = arguments["url"], int(arguments["most"]), arguments["type"]
            return Answer(method, arguments, {}, self.download(*asked), now)
        status, headers, payload = self._post(method, arguments)
        if status == 429:
            raise Limited(_seconds(headers.get("retry-after")))
        if status >= 500:
            raise Unavailable(f"http_{status}")
        try:
            body = decoded(payload)
        except Malformed as error:
            raise Unavailable("answer_is_no_json") from error
        if not is_record(body) or not isinstance(body.get("ok"), bool):
            raise Unavailable("answer_is_none_of_slacks")
        if not body["ok"]:
            raise self._refusal(body)
        return Answer(
            method,
            arguments,
            body,
            payload,
            now,
            headers.get("x-oauth-scopes", ""),
            _date(headers.get("date")),
        )

    def download(self, url: str, most: int, media_type: str) -> bytes:
        """A file's bytes, if there are at most so many. Raises `SlackError`.

        Who may not have it gets a page to sign in, with status 200.
        """
        if not self._keeps_files(url):
            raise Refused("file_is_not_at_slack")
        try:
            response = self._pool.request(
                "GET", url, headers=self._headers(), redirect=False, preload_content=False
            )
            try:
                if response.status >= 500 or response.status == 429:
                    raise Unavailable(f"http_{response.status}")
                is_page = "text/html" in response.headers.get("content-type", "")
                if response.status != 200 or (is_page and media_type != "text/html"):
                    raise Refused("file_needs_login")
                content = response.read(most + 1, decode_content=True)
            finally:
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("connection_failed") from error
        if len(content) > most:
            raise Refused("file_is_too_large")
        return content

    def upload(self, url: str, content: bytes) -> None:
        """Send a file's bytes to the address that `files.getUploadURLExternal` gave for them: it
        alone says whose they are, the token stays here. Nobody sees the file by that. Raises
        `SlackError`, `NoNetwork`."""
        if not self._keeps_files(url):
            raise Refused("upload_is_not_to_slack")
        headers = {"Content-Type": "application/octet-stream", "User-Agent": _USER_AGENT}
        try:
            response = self._pool.request(
                "POST", url, body=content, headers=headers, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            if _never_connected(error):
                raise NoNetwork(urlsplit(url).netloc, _why(error)) from None
            raise Unavailable("connection_failed") from None
        if response.status != 200:
            raise Unavailable(f"http_{response.status}")

    def _keeps_files(self, url: str) -> bool:
        """Whether files' bytes may be fetched from an address, or sent there."""
        host = urlsplit(url).hostname or ""
        return host in {urlsplit(self.url).hostname, "slack.com"} or host.endswith(_FILE_HOSTS)

    def _post(
        self, method: str, arguments: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            response = self._pool.request(
                "POST",
                f"{self.url}{method}",
                body=urlencode(arguments),
                headers=self._headers() | {"Content-Type": "application/x-www-form-urlencoded"},
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            if _never_connected(error):
                raise NoNetwork(self.host, _why(error)) from None
            raise Unavailable("connection_failed") from None
        return response.status, response.headers, response.data

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token.value}",
            "User-Agent": _USER_AGENT,
            "Accept-Encoding": "gzip",
        }

    def _refusal(self, body: Json) -> Exception:
        code = str(body.get("error") or "unknown_error")
        if code in {"ratelimited", "rate_limited"}:
            return Limited(30.0)
        if code in _LATER:
            return Unavailable(code)
        if code in _STOPS:
            return Stopped(code, self._token.place)
        told = {name: str(body[name]) for name in ("needed", "provided") if name in body}
        return Refused(code, **told)


def _pool(url: str) -> urllib3.PoolManager:
    parts = urlsplit(url)
    timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy, timeout=timeout, retries=False, maxsize=_CONNECTIONS)
    return urllib3.PoolManager(timeout=timeout, retries=False, maxsize=_CONNECTIONS)


def _never_connected(error: Exception) -> bool:
    """Whether not even a connection came about: then Slack has not counted the call."""
    kinds = (
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.NameResolutionError,
        urllib3.exceptions.SSLError,
        urllib3.exceptions.ProxyError,
    )
    return isinstance(error, kinds)


def _why(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.NameResolutionError | socket.gaierror):
        return "its name is not known here"
    if isinstance(error, urllib3.exceptions.SSLError):
        return "its certificate is not accepted; is this machine's clock right?"
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "the connection was refused"
    return "no answer"


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 30.0


def _date(header: str | None) -> float | None:
    if not header:
        return None
    try:
        return parsedate_to_datetime(header).timestamp()
    except ValueError:
        return None


def clock_error(answer: Answer, asked_at: float) -> float:
    """How many seconds this machine's clock is ahead of Slack's, about; `asked_at` by `time`."""
    if answer.date is None:
        return 0.0
    middle = (asked_at + time.time()) / 2
    return middle - (answer.date + 0.5)  # Slack says whole seconds
