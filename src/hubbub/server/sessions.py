"""Who is logged in: sessions on the server, which outlive it."""

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import msgspec

from hubbub.privacy.closed import in_turn, write_closed

LIFETIME = 90 * 86_400
"""Seconds that a session lasts at most."""
IDLE = 7 * 86_400
"""Seconds after which a session that nobody uses ends."""
_NOTED_EVERY = 3_600
"""Seconds after which its use is written down again."""
_MOST = 1_000
"""Sessions at a time; those that were not used for longest end first."""

_log = logging.getLogger(__name__)


class Session(msgspec.Struct, frozen=True):
    """Of a browser that logged in."""

    credential: str
    """The id of the password or token that began it."""
    begun_at: float
    used_at: float


class _Written(msgspec.Struct):
    sessions: dict[str, Session] = {}
    """By the digest of what the browser's cookie holds."""


class Sessions:
    """The sessions of a workspace's dashboard. Methods that say so wait for the disk, and are for
    other threads than that of the event loop."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._known: dict[str, Session] = {}
        self._used: dict[str, float] = {}
        """When sessions were used last; written down once in a while."""
        self._stamp: object = None
        self._lock = Lock()

    def use(self, key: str, credentials: frozenset[str]) -> bool:
        """Whether a session lasts that one of some credentials began; to ask is to use it."""
        self._refresh()
        session, now = self._known.get(key), self._clock()
        if session is None or session.credential not in credentials:
            return False
        used_at = max(session.used_at, self._used.get(key, 0))
        if _is_over(msgspec.structs.replace(session, used_at=used_at), now):
            return False
        self._used[key] = now
        return True

    def is_to_be_noted(self, key: str) -> bool:
        """Whether its use is to be written down: by `note`."""
        session = self._known.get(key)
        return session is not None and self._used.get(key, 0) - session.used_at > _NOTED_EVERY

    def begin(self, credential: str, instead_of: str | None = None) -> str:
        """A new session; what the browser's cookie holds. Waits for the disk."""
        cookie, now = secrets.token_urlsafe(32), self._clock()

        def begun(sessions: dict[str, Session]) -> None:
            if instead_of is not None:
                sessions.pop(key_of(instead_of), None)
            sessions[key_of(cookie)] = Session(credential, now, now)

        self._change(begun)
        return cookie

    def end(self, key: str) -> None:
        """End a session. Waits for the disk."""
        self._change(lambda sessions: sessions.pop(key, None))

    def note(self) -> None:
        """Write down when sessions were used. Waits for the disk."""
        self._change(lambda _: None)

    def _change(self, change: Callable[[dict[str, Session]], object]) -> None:
        with self._lock, in_turn(self._path):
            sessions, now = self._read(), self._clock()
            used = self._used.copy()  # the event loop goes on adding
            for key in sessions.keys() & used.keys():
                used_at = max(used[key], sessions[key].used_at)
                sessions[key] = msgspec.structs.replace(sessions[key], used_at=used_at)
            change(sessions)
            lasting = [key for key, each in sessions.items() if not _is_over(each, now)]
            lasting.sort(key=lambda key: sessions[key].used_at)
            kept = {key: sessions[key] for key in lasting[-_MOST:]}
            write_closed(self._path, msgspec.json.encode(_Written(kept)).decode())
            self._known, self._stamp = kept, self._stamp_now()
            for key in used.keys() - kept.keys():
                self._used.pop(key, None)

    def _refresh(self) -> None:
        """Heed what another process has written."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            self._known, self._stamp = self._read(), stamp

    def _read(self) -> dict[str, Session]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Written).sessions
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError:
            _log.warning("%s is damaged: all have to log in again", self._path)
            return {}

    def _stamp_now(self) -> object:
        return stamp_of(self._path)


def stamp_of(path: Path) -> object:
    """What is another one when a file was written anew."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode


def _is_over(session: Session, now: float) -> bool:
    return now - session.used_at > IDLE or now - session.begun_at > LIFETIME


def key_of(cookie: str) -> str:
    """What the server keeps of a cookie: nobody can make the cookie of it."""
    return hashlib.sha256(cookie.encode()).hexdigest()
