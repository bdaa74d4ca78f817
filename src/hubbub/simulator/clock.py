"""The simulator's time: real, faster than real, or moved by hand."""

import time
from threading import Lock


class Clock:
    """Tells the simulator's time in seconds since 1970. Safe to use from several threads."""

    def __init__(self, now: float, speed: float) -> None:
        self._lock = Lock()
        self._set_at = time.monotonic()
        self._set_to = now
        self._speed = speed

    @classmethod
    def real(cls) -> "Clock":
        """The time of the machine."""
        return cls(time.time(), 1.0)

    @classmethod
    def scaled(cls, speed: float, now: float | None = None) -> "Clock":
        """A clock that goes so many times faster than real time, from `now` on."""
        return cls(time.time() if now is None else now, speed)

    @classmethod
    def manual(cls, now: float) -> "Clock":
        """A clock that stands still until it is moved."""
        return cls(now, 0.0)

    @property
    def speed(self) -> float:
        """How many seconds pass in a real one; 0 if the clock is moved by hand."""
        return self._speed

    def now(self) -> float:
        """The instant."""
        with self._lock:
            return self._now()

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        if seconds < 0:
            raise ValueError("a clock does not go back")
        with self._lock:
            self._put(self._now() + seconds)

    def move_to(self, instant: float) -> None:
        """Move the clock on to an instant; one that has passed changes nothing."""
        with self._lock:
            self._put(max(instant, self._now()))

    def run(self, speed: float) -> None:
        """Let the clock go at another speed from now on."""
        if speed < 0:
            raise ValueError("a clock does not go back")
        with self._lock:
            self._put(self._now())
            self._speed = speed

    def sleep(self, seconds: float) -> None:
        """Wait until so many of the simulator's seconds have passed; moves a manual clock."""
        if self._speed:
            time.sleep(seconds / self._speed)
        else:
            self.advance(seconds)

    def _now(self) -> float:
        return self._set_to + (time.monotonic() - self._set_at) * self._speed

    def _put(self, instant: float) -> None:
        self._set_at = time.monotonic()
        self._set_to = instant
