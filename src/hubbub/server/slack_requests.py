"""Requests of Slack's by HTTP: read, looked at whether Slack has signed them, answered.

They stand outside of what guards the dashboard: whoever holds the signing secret may post here, and
nobody else. Nothing of a request's content is logged.
"""

import asyncio
import logging
import re
import time
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier
from starlette.types import ASGIApp, Receive, Scope, Send

from hubbub.flows.vitals import Vitals

BODY_LIMIT = 1_000_000
"""Bytes. Slack's largest messages are some 100,000."""
FORM = b"application/x-www-form-urlencoded"
NO_RETRY = (b"x-slack-no-retry", b"1")
_BODY_SECONDS = 10.0
"""For the rest of a body, once its first part has come."""
_LOG_SECONDS = 10.0
"""Between two lines of the log about one reason."""
_is_timestamp = re.compile(rb"[0-9]{1,12}").fullmatch
_is_signature = re.compile(rb"v0=[0-9a-f]{64}").fullmatch
_log = logging.getLogger("hubbub.server")
Headers = tuple[tuple[bytes, bytes], ...]


class Refusal(Exception):
    """Why a request is not taken; the reason is a label and says nothing of its content."""

    def __init__(self, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


class _NobodyThere(Exception):
    """The connection ended before the request did."""


class SlackRequests:
    """An ASGI endpoint for requests that Slack signs with an app's secret. What is made of it says
    in `taken` what it answers to a body."""

    path: str
    media_type: bytes
    """Of the bodies that are taken."""

    def __init__(self, signing_secret: str, vitals: Vitals) -> None:
        self._is_signed = SignatureVerifier(signing_secret).is_valid
        self.refused = Refused(vitals, self.path)

    async def taken(self, body: bytes) -> tuple[Headers, bytes]:
        """What is answered to a signed body, after headers of its own. Raises `Refusal`."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            headers, answer = await self._answered(scope, receive)
        except Refusal as refusal:
            self.refused.note(refusal.reason)
            await _send(send, refusal.status, refusal.reason.encode(), refusal.headers)
        except _NobodyThere:
            self.refused.note("truncated")
        else:
            await _send(send, 200, answer, headers)

    async def _answered(self, scope: Scope, receive: Receive) -> tuple[Headers, bytes]:
        if scope["method"] != "POST":
            raise Refusal(405, "method", (b"allow", b"POST"))
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = await _body(headers, receive)
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind == FORM and _is_ssl_check(body):
            return (), b""
        self._check_signature(headers, body)
        if kind != self.media_type:
            raise Refusal(400, "content_type", NO_RETRY)
        return await self.taken(body)

    def _check_signature(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        sent_at = headers.get(b"x-slack-request-timestamp")
        signature = headers.get(b"x-slack-signature")
        if sent_at is None or signature is None:
            raise Refusal(401, "unsigned")
        if not (_is_timestamp(sent_at) and _is_signature(signature)):
            raise Refusal(400, "garbled")
        try:
            if self._is_signed(body, sent_at.decode(), signature.decode()):
                return
        except UnicodeDecodeError:
            raise Refusal(400, "json", NO_RETRY) from None
        is_stale = abs(time.time() - int(sent_at)) > 300
        raise Refusal(401, "stale" if is_stale else "signature")


def slack_first(app: ASGIApp, endpoints: Iterable[SlackRequests], prefix: str = "") -> ASGIApp:
    """An application where what Slack sends is taken before anything else looks at a request."""
    taken = {place + each.path: each for each in endpoints for place in ("", prefix)}

    async def first(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = taken.get(scope["path"], app) if scope["type"] == "http" else app
        await chosen(scope, receive, send)

    return first


class Refused:
    """Counts what is refused, and logs a line for each, but not without end."""

    def __init__(self, vitals: Vitals, path: str) -> None:
        self._vitals = vitals
        self._path = path
        self._logged_at: dict[str, float] = {}
        self._unlogged: dict[str, int] = {}

    def count(self, reason: str) -> None:
        """Count it."""
        self._vitals.rejected.labels(reason=reason).inc()

    def note(self, reason: str) -> None:
        """Count it, and log it unless that was just done."""
        self.count(reason)
        now = time.monotonic()
        if now - self._logged_at.get(reason, -_LOG_SECONDS) < _LOG_SECONDS:
            self._unlogged[reason] = self._unlogged.get(reason, 0) + 1
            return
        self._logged_at[reason] = now
        more = self._unlogged.pop(reason, 0)
        since = f", and {more} more since the last line about it" if more else ""
        _log.warning("Refused a request to %s: %s%s.", self._path, reason, since)


async def _body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body. Raises `Refusal` if it is too large or too slow."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > BODY_LIMIT:
        raise Refusal(413, "size", NO_RETRY)
    body, is_whole = await _part(receive)
    if is_whole:
        return body
    parts, size = [body], len(body)
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while not is_whole:
                if size > BODY_LIMIT:
                    raise Refusal(413, "size", NO_RETRY)
                body, is_whole = await _part(receive)
                parts.append(body)
                size += len(body)
    except TimeoutError:
        raise Refusal(408, "slow") from None
    if size > BODY_LIMIT:
        raise Refusal(413, "size", NO_RETRY)
    return b"".join(parts)


async def _part(receive: Receive) -> tuple[bytes, bool]:
    """The next part of the body, and whether it is the last."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _NobodyThere
    return message.get("body", b""), not message.get("more_body", False)


def _is_ssl_check(body: bytes) -> bool:
    """Whether Slack only tries whether the certificate is good; that is not signed."""
    return len(body) < 1_000 and parse_qs(body.decode("latin-1")).get("ssl_check") == ["1"]


async def _send(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})
