"""Where people show what they have: a password, a token, the cookie of a session."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TypeVar

from msgspec import Struct

from hubbub.errors import HubbubError
from hubbub.flows.auditing import audited
from hubbub.privacy.audit import Detail, Plain
from hubbub.privacy.credentials import CredentialFile, Credentials
from hubbub.server.sessions import Sessions, key_of, stamp_of
from hubbub.server.throttle import Throttle
from hubbub.settings import Settings

_AT_ONCE = 8
"""Logins at a time: one is looked at, the others wait."""
_SUMMED_FOR = 600
"""Seconds for which failures are summed to one entry of the audit log, so that nobody fills it."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Visitor(Struct, frozen=True):
    """Somebody who may look."""

    token: str | None = None
    """The id of the token that they show with each request."""
    session: str | None = None
    """The key of the session that they have else."""


class Wait(Struct, frozen=True):
    """A login that was not looked at, and may be tried again after some seconds."""

    seconds: float


class Desk:
    """Knows who may look. What takes time is done in one other thread, a thing at a time, so that
    a flood of logins costs one core and stops no event."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = CredentialFile(settings.access)
        self._credentials = Credentials()
        self._stamp: object = None
        self._sessions = Sessions(settings.sessions)
        self._throttle = Throttle()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="access")
        self._waiting = 0
        self._failures = 0
        self._summing: asyncio.Task[None] | None = None
        self._noted: dict[str, date] = {}
        """Tokens, and the day on which their use was noted last."""
        self._noting: asyncio.Task[None] | None = None
        """Writes down when sessions were used."""

    def credentials(self) -> Credentials:
        """What opens the dashboard now. Raises `HubbubError` if that cannot be told."""
        stamp = stamp_of(self._file.path)
        if stamp != self._stamp:
            self._credentials, self._stamp = self._file.read(), stamp
        return self._credentials

    async def by_token(self, text: str, address: str) -> Visitor | None:
        """Who shows a token with a request. Its use is noted once a day."""
        token = self.credentials().token(text)
        if token is None:
            await self._failed()
            return None
        today = datetime.now(UTC).date()
        if self._noted.get(token.id) != today:
            await self._elsewhere(lambda: self._entered("token", address, token.name))
            self._noted[token.id] = today
        return Visitor(token=token.id)

    def by_cookie(self, cookie: str) -> Visitor | None:
        """Who has a session."""
        visitor = Visitor(session=key_of(cookie))
        return visitor if self.lasts(visitor) else None

    def lasts(self, visitor: Visitor) -> bool:
        """Whether a visitor may go on looking; to look on is to use the session."""
        ids = self.credentials().ids
        if visitor.session is None:
            return visitor.token in ids
        lasts = self._sessions.use(visitor.session, ids)
        if lasts and self._sessions.is_to_be_noted(visitor.session) and self._noting is None:
            self._noting = asyncio.create_task(self._note_use())
        return lasts

    async def log_in(self, text: str, address: str, instead_of: str | None) -> str | Wait | None:
        """The cookie of a new session, None if the text opens nothing, or how long to wait before
        it is looked at. Raises `HubbubError` if the login cannot be noted."""
        if self._waiting >= _AT_ONCE:
            return Wait(1)
        wait = self._throttle.begin(address)
        if wait > 0:
            return Wait(wait)
        credentials = self.credentials()
        self._waiting += 1
        try:
            credential = await self._elsewhere(lambda: credentials.opened_by(text))
        finally:
            self._waiting -= 1
        if credential is None:
            await self._failed()
            return None
        self._throttle.succeed(address)
        token = next((each.name for each in credentials.tokens if each.id == credential), None)
        by = "password" if token is None else "token"
        await self._elsewhere(lambda: self._entered(by, address, token))
        return await self._elsewhere(lambda: self._sessions.begin(credential, instead_of))

    async def log_out(self, visitor: Visitor) -> None:
        """End a visitor's session."""
        if visitor.session is not None:
            key = visitor.session
            await self._elsewhere(lambda: self._sessions.end(key))

    async def close(self) -> None:
        """Note the failures that were not noted yet, and stop."""
        if self._summing is not None:
            self._summing.cancel()
        if self._noting is not None:
            await self._noting
        await self._note_failures()
        self._thread.shutdown()

    def _entered(self, by: str, address: str, token: str | None) -> None:
        named = {} if token is None else {"token": token}
        told = {"outcome": "done", "by": Plain(by), "address": address, **named}
        audited(self._settings, "login", "dashboard", **told)

    async def _failed(self) -> None:
        """Count a failure. The first is noted at once, and then the sum of each ten minutes."""
        self._failures += 1
        if self._summing is None:
            self._summing = asyncio.create_task(self._sum_up())
            await self._note_failures()

    async def _sum_up(self) -> None:
        while True:
            await asyncio.sleep(_SUMMED_FOR)
            if not self._failures:
                break
            await self._note_failures()
        self._summing = None

    async def _note_failures(self) -> None:
        count, self._failures = self._failures, 0
        if not count:
            return
        try:
            told: dict[str, Detail] = {"outcome": "failed", "failures": count}
            await self._elsewhere(lambda: audited(self._settings, "login", "dashboard", **told))
        except HubbubError as error:
            self._failures += count
            _log.error("%d failed logins could not be noted: %s", count, error.reason)

    async def _elsewhere(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _note_use(self) -> None:
        try:
            await self._elsewhere(self._sessions.note)
        except (HubbubError, OSError) as error:
            _log.error("The sessions cannot be written: %s", error)
        finally:
            self._noting = None
