"""Where Slack delivers events by HTTP: signed requests, answered once their event is safe.

It stands outside of what guards the dashboard: whoever holds the signing secret may post here, and
nobody else. Nothing of a request's content is logged.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier
from starlette.types import Receive, Scope, Send

from hubbub.core.ports import Outcome
from hubbub.flows.receiving import Receiver
from hubbub.flows.vitals import Vitals
from hubbub.slack.events import NoDelivery, read_delivery, read_notice

PATH = "/slack/events"
BODY_LIMIT = 1_000_000
"""Bytes. Slack's largest messages are some 100,000."""
_BODY_SECONDS = 10.0
"""For the rest of a body, once its first part has come."""
_RETRY_AFTER = (b"retry-after", b"30")
_NO_RETRY = (b"x-slack-no-retry", b"1")
_LOG_SECONDS = 10.0
"""Between two lines of the log about one reason."""
_is_timestamp = re.compile(rb"[0-9]{1,12}").fullmatch
_is_signature = re.compile(rb"v0=[0-9a-f]{64}").fullmatch
_log = logging.getLogger("hubbub.server")


class _Refusal(Exception):
    """Why a request is not taken; the reason is a label and says nothing of its content."""

    def __init__(self, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


class _NobodyThere(Exception):
    """The connection ended before the request did."""


_UNSETTLED = {
    Outcome.BUSY: (503, "busy", _RETRY_AFTER),
    Outcome.DISK_FULL: (503, "disk_full", _RETRY_AFTER),
    Outcome.FAILED: (503, "log_failed", _RETRY_AFTER),
    Outcome.NOT_READY: (503, "not_ready", _RETRY_AFTER),
    Outcome.WRONG_WORKSPACE: (403, "team", _NO_RETRY),
}


class SlackEvents:
    """The ASGI endpoint. `signing_secret` is the app's; `app_id`, where given, is the only app that
    is heard."""

    def __init__(
        self, receiver: Receiver, signing_secret: str, vitals: Vitals, *, app_id: str | None = None
    ) -> None:
        self._receiver = receiver
        self._is_signed = SignatureVerifier(signing_secret).is_valid
        self._app_id = app_id
        self._received = vitals.received.labels(source="http")
        self._refused = _Refused(vitals)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            content_type, answer = await self._taken(scope, receive)
        except _Refusal as refusal:
            self._refused.note(refusal.reason)
            await _send(send, refusal.status, refusal.reason.encode(), refusal.headers)
        except _NobodyThere:
            self._refused.note("truncated")
        else:
            await _send(send, 200, answer, content_type)

    async def _taken(self, scope: Scope, receive: Receive) -> tuple[tuple[Any, ...], bytes]:
        """What is answered to a request that is taken, after its type."""
        if scope["method"] != "POST":
            raise _Refusal(405, "method", (b"allow", b"POST"))
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = await _body(headers, receive)
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind == b"application/x-www-form-urlencoded" and _is_ssl_check(body):
            return (), b""
        self._check_signature(headers, body)
        if kind != b"application/json":
            raise _Refusal(400, "content_type", _NO_RETRY)
        try:
            delivery = read_delivery(body)
        except NoDelivery:
            return self._notice(body)
        if self._app_id is not None and delivery.app_id != self._app_id:
            raise _Refusal(403, "app", _NO_RETRY)
        self._received.inc()
        outcome = await self._receiver.receive(delivery)
        if not outcome.is_settled:
            raise _Refusal(*_UNSETTLED[outcome])
        return (), b""

    def _check_signature(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        sent_at = headers.get(b"x-slack-request-timestamp")
        signature = headers.get(b"x-slack-signature")
        if sent_at is None or signature is None:
            raise _Refusal(401, "unsigned")
        if not (_is_timestamp(sent_at) and _is_signature(signature)):
            raise _Refusal(400, "garbled")
        try:
            if self._is_signed(body, sent_at.decode(), signature.decode()):
                return
        except UnicodeDecodeError:
            raise _Refusal(400, "json", _NO_RETRY) from None
        is_stale = abs(time.time() - int(sent_at)) > 300
        raise _Refusal(401, "stale" if is_stale else "signature")

    def _notice(self, body: bytes) -> tuple[tuple[Any, ...], bytes]:
        """Answer what is no event: Slack's question whether this address is the app's, and its word
        that it holds events back."""
        notice = read_notice(body)
        if notice is None:
            raise _Refusal(400, "json", _NO_RETRY)
        if notice.type == "url_verification":
            return ((b"content-type", b"text/plain"),), notice.challenge.encode()
        self._refused.count("rate_limited")
        self._receiver.held_back(notice.team_id)
        return (), b""


class _Refused:
    """Counts what is refused, and logs a line for each, but not without end."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals
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
        _log.warning("Refused a request to %s: %s%s.", PATH, reason, since)


async def _body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    """The whole body. Raises `_Refusal` if it is too large or too slow."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > BODY_LIMIT:
        raise _Refusal(413, "size", _NO_RETRY)
    body, is_whole = await _part(receive)
    if is_whole:
        return body
    parts, size = [body], len(body)
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while not is_whole:
                if size > BODY_LIMIT:
                    raise _Refusal(413, "size", _NO_RETRY)
                body, is_whole = await _part(receive)
                parts.append(body)
                size += len(body)
    except TimeoutError:
        raise _Refusal(408, "slow") from None
    if size > BODY_LIMIT:
        raise _Refusal(413, "size", _NO_RETRY)
    return b"".join(parts)


async def _part(receive: Receive) -> tuple[bytes, bool]:
    """The next part of the body, and whether it is the last."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _NobodyThere
    return message.get("body", b""), not message.get("more_body", False)


def _is_ssl_check(body: bytes) -> bool:
    """Whether Slack only tries whether the certificate is good; that is not signed."""
    return len(body) < 1_000 and parse_qs(body).get(b"ssl_check") == [b"1"]


async def _send(
    send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})
