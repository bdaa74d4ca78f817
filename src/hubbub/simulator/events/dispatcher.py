"""When what is delivered: by the simulator's clock, several deliveries at a time."""

import heapq
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Thread

from msgspec import Struct

from hubbub.simulator.clock import Clock

IN_FLIGHT = 20
"""So many deliveries are on their way at a time, at most."""

LOOK = 0.2
"""Real seconds after which the clock is looked at again, which others may have moved."""


class _Due(Struct):
    at: float
    order: float
    work: Callable[[], None]

    def __lt__(self, other: "_Due") -> bool:
        return (self.at, self.order) < (other.at, other.order)


class Dispatcher:
    """Does work when it is due.

    While the clock runs it does so by itself; one that stands still is moved by `pump`. What is due
    at once is done in its order, as far as several at a time have one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = Condition()
        self._heap: list[_Due] = []
        self._under_way = 0
        self._given = 0
        self._held = False
        self._errors: list[BaseException] = []
        self._pool: ThreadPoolExecutor | None = None
        self._thread: Thread | None = None

    def put(self, work: Callable[[], None], at: float, after: float = 0.0) -> None:
        """Do work at an instant of the clock; `after` so many others that are given later."""
        with self._changed:
            self._given += 1
            heapq.heappush(self._heap, _Due(at, self._given + after, work))
            self._changed.notify_all()

    def start(self) -> None:
        """Begin, if not begun."""
        with self._changed:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="events")
                self._thread = Thread(target=self._run, daemon=True, name="events")
                self._thread.start()

    def stop(self) -> None:
        """End; what was not done is forgotten, what is under way ends first."""
        with self._changed:
            pool, thread = self._pool, self._thread
            self._pool = self._thread = None
            self._heap.clear()
            self._changed.notify_all()
        if pool and thread:
            thread.join()
            pool.shutdown(cancel_futures=True)

    def hold(self, *, held: bool) -> None:
        """Let work pile up, or all of it go at once."""
        with self._changed:
            self._held = held
            self._changed.notify_all()

    @property
    def next_at(self) -> float | None:
        """When the next work is due; none if there is none."""
        with self._changed:
            return self._heap[0].at if self._heap else None

    @property
    def waiting(self) -> int:
        """How much work is to be done, with what is under way."""
        with self._changed:
            return len(self._heap) + self._under_way

    def pump(self, in_flight: int) -> int:
        """Do all that is due now, with what becomes due by it, so much at a time; returns how much
        that was."""
        done = 0
        while True:
            with self._changed:
                ready = self._take()
                for work in ready:
                    self._changed.wait_for(lambda: self._under_way < in_flight)
                    self._begin(work)
                done += len(ready)
                if not ready and not self._under_way:
                    self._raise()
                    return done
                self._changed.wait_for(lambda: not self._under_way)

    def drain(self, timeout: float) -> None:
        """Wait until nothing is due and nothing is under way. Raises `TimeoutError` after so many
        real seconds."""
        if not self._clock.speed:
            self.pump(IN_FLIGHT)
            return
        end = time.monotonic() + timeout
        with self._changed:
            while self._under_way or self._is_due():
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{self._under_way + len(self._heap)} deliveries wait still")
                self._changed.wait(min(left, LOOK))
            self._raise()

    def _run(self) -> None:
        with self._changed:
            while self._pool is not None:
                ready = self._take() if self._clock.speed else []
                for work in ready:
                    self._begin(work)
                if not ready:
                    self._changed.wait(self._pause())

    def _is_due(self) -> bool:
        return not self._held and bool(self._heap) and self._heap[0].at <= self._clock.now()

    def _take(self) -> list[Callable[[], None]]:
        """What is due, in its order."""
        ready: list[_Due] = []
        while self._is_due():
            ready.append(heapq.heappop(self._heap))
        ready.sort(key=lambda due: due.order)
        return [due.work for due in ready]

    def _begin(self, work: Callable[[], None]) -> None:
        if self._pool is not None:
            self._under_way += 1
            self._pool.submit(self._do, work)

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits
            self._errors.append(error)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _raise(self) -> None:
        """A bug in a delivery is told to those who wait for it."""
        if self._errors:
            raise self._errors.pop()

    def _pause(self) -> float:
        if self._held or not self._heap or not self._clock.speed:
            return LOOK
        return min(LOOK, max(0.0, (self._heap[0].at - self._clock.now()) / self._clock.speed))
