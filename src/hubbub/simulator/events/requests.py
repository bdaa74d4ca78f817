"""Events delivered by HTTP: one POST each to the app's request URL."""

import secrets
import time
from threading import Lock
from urllib.parse import parse_qs, urljoin

import msgspec
import urllib3
from urllib3.exceptions import (
    HTTPError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as TooSlow

from hubbub.errors import HubbubError
from hubbub.simulator.events.dispatcher import IN_FLIGHT
from hubbub.simulator.events.envelopes import LEGACY_TOKEN, signed
from hubbub.simulator.events.transport import Outcome
from hubbub.simulator.refusal import Refusal

REDIRECTS = 2
"""So many redirects are followed."""

IDLE = 2.0
"""Seconds after which a connection is not used again: the receiver may be about to close it."""


class Requests:
    """The way to a request URL. An answer may take `timeout` real seconds."""

    is_judged = True

    def __init__(self, url: str, secret: str, timeout: float) -> None:
        self._url = url
        self._secret = secret
        self._timeout = timeout
        self._http = urllib3.PoolManager(maxsize=IN_FLIGHT, retries=False)
        self._used_at = time.monotonic()
        self._lock = Lock()

    def deliver(self, body: bytes, attempt: int, reason: str) -> Outcome:
        """POST an envelope, signed anew."""
        headers = signed(self._secret, body)
        if attempt:
            headers |= {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason}
        try:
            response = self._post(body, headers)
        except (NewConnectionError, ProtocolError):  # the first is also one of the next
            return Outcome("connection_failed")
        except TooSlow:
            return Outcome("http_timeout")
        except SSLError:
            return Outcome("ssl_error")
        except HTTPError:
            return Outcome("unknown_error")
        if response is None:
            return Outcome("too_many_redirects")
        if 200 <= response.status < 300:
            return Outcome()
        return Outcome("http_error", is_final=response.headers.get("x-slack-no-retry") == "1")

    def command(self, url: str, body: bytes) -> bytes:
        """Send a slash command to its address; what the app answers. Refuses, as Slack says it to
        the member, what is not answered in time or with another status than 200."""
        headers = signed(self._secret, body, "application/x-www-form-urlencoded")
        try:
            response = self._post(body, headers, url)
        except TooSlow as error:
            raise Refusal("operation_timeout") from error
        except HTTPError as error:
            raise Refusal("dispatch_failed") from error
        if response is None or response.status != 200:
            raise Refusal("dispatch_failed")
        return response.data

    def verify(self) -> None:
        """Send a challenge, which the receiver has to return. Raises `HubbubError`."""
        challenge = secrets.token_urlsafe(39)
        asked = {"token": LEGACY_TOKEN, "challenge": challenge, "type": "url_verification"}
        body = msgspec.json.encode(asked)
        fix = "Start the receiver of events first; it signs with the same signing secret."
        try:
            response = self._post(body, signed(self._secret, body))
        except HTTPError as error:
            kind = type(error).__name__
            raise HubbubError(f"{self._url} cannot be reached ({kind}).", fix) from error
        status = 0 if response is None else response.status
        if response is None or status != 200 or _returned(response.data) != challenge:
            reason = f"{self._url} did not return Slack's challenge (HTTP status {status})."
            raise HubbubError(reason, fix)

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def _post(
        self, body: bytes, headers: dict[str, str], url: str = ""
    ) -> urllib3.BaseHTTPResponse | None:
        """The answer, none if it leads on too often. Raises urllib3's errors."""
        now, url = time.monotonic(), url or self._url
        with self._lock:
            if now - self._used_at > IDLE:
                self._http.clear()
            self._used_at = now
        for _ in range(1 + REDIRECTS):
            response = self._http.request(
                "POST",
                url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(total=self._timeout),
                redirect=False,
            )
            if time.monotonic() - now > self._timeout:
                raise TooSlow("the whole answer took too long")
            target = response.headers.get("location")
            if not (300 <= response.status < 400 and target):
                return response
            url = urljoin(url, target)
        return None


def _returned(answer: bytes) -> str:
    """The challenge out of an answer: as it is, in JSON, or in a form."""
    text = answer.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        try:
            return str(msgspec.json.decode(answer)["challenge"])
        except (msgspec.DecodeError, KeyError):
            return ""
    return parse_qs(text).get("challenge", [text])[0]
