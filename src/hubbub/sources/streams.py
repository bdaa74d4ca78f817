"""Runs streams of calls side by side, each method at its own pace.

A stream is a generator: it yields the call that it wants next and is sent the answer. It is written
as if it were alone; waiting, trying again and giving up are done here. Calls are made in threads,
at most one of a method at a time; all else happens in the caller's thread.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from msgspec import Struct

from hubbub.slack.api import (
    Answer,
    Limited,
    NoNetwork,
    Refused,
    SlackError,
    Unavailable,
)
from hubbub.slack.methods import METHODS
from hubbub.slack.pace import Clock, Pace

_TRIES = 6
_RESTARTS = 20
"""How often a list is begun again whose cursor Slack has forgotten."""
_FIRST_PAUSE = 1.0
"""Seconds before the second try; doubled for each further one."""


class Ask(Struct, frozen=True):
    """A call that a stream wants; `channel_id` is what it is about, for the record."""

    method: str
    arguments: Mapping[str, str] = {}
    channel_id: str = ""


Stream = Generator[Ask, Answer, None]


class Asked(Protocol):
    """Slack, as far as streams need it."""

    def call(self, method: str, arguments: Mapping[str, str], now: float) -> Answer:
        """Make one call."""
        ...


class Tally(Struct):
    """What was asked for a method and channel."""

    calls: int = 0
    retries: int = 0
    limited: int = 0
    bytes: int = 0
    rows: int = 0
    """Messages, users or channels in the answers that were kept."""
    waited: float = 0.0
    """Seconds that calls waited for their turn, once their streams had begun."""
    error: str = ""


class _Running(Struct):
    """A stream with the call that it waits for."""

    stream: Stream
    ask: Ask
    wanted_at: float
    tries: int = 0
    not_before: float = 0.0


_Waiting = _Running | Callable[[], Stream]


class Streams:
    """Streams that run until all have ended.

    `counted` is told the times of a method's calls in the last minute whenever one ends; `stopped`
    is asked whether to end early: then calls under way are brought to their end, and no others
    made. `seen` is called after every answer.
    """

    def __init__(
        self,
        slack: Asked,
        pace: Pace,
        clock: Clock,
        *,
        counted: Callable[[str, list[float]], None],
        stopped: Callable[[], bool],
        seen: Callable[[], None],
    ) -> None:
        self._slack, self._clock, self.pace = slack, clock, pace
        self._counted, self._stopped, self._seen = counted, stopped, seen
        self._waiting: defaultdict[str, deque[_Waiting]] = defaultdict(deque)
        self._under_way: dict[Future[Answer], _Running] = {}
        self.tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
        self.waited = 0.0
        """Seconds in which nothing could be asked."""
        self._has_reached = False
        self._asked_at = 0.0

    def add(self, method: str, begin: Callable[[], Stream]) -> None:
        """Let a stream begin, when its turn comes, whose first call is of that method."""
        self._waiting[method].append(begin)

    def waiting(self) -> dict[str, int]:
        """How many streams wait for each method."""
        return {method: len(queue) for method, queue in self._waiting.items() if queue}

    def run(self) -> None:
        """Run all streams, and those that they add, to their ends. Raises what stops them all."""
        with ThreadPoolExecutor(8, "slack") as threads:
            while (ready := self._ready()) or self._under_way or self._has_waiting():
                if self._stopped():
                    self._finish()
                    return
                if ready:
                    self._start(ready, threads)
                    continue
                self._rest()

    def _has_waiting(self) -> bool:
        return any(self._waiting.values())

    def _ready(self) -> str | None:
        """A method that may be called now and is wanted."""
        now = self._clock.now()
        busy = {running.ask.method for running in self._under_way.values()}
        for method, queue in self._waiting.items():
            if queue and method not in busy and self._due(method) <= now:
                return method
        return None

    def _due(self, method: str) -> float:
        first = self._waiting[method][0]
        own = first.not_before if isinstance(first, _Running) else 0.0
        return max(self.pace.due(method), own)

    def _start(self, method: str, threads: ThreadPoolExecutor) -> None:
        """Make the next call of a method; a stream that begins may want another first, or none."""
        first = self._waiting[method].popleft()
        if not isinstance(first, _Running):
            stream = first()
            try:
                first = _Running(stream, next(stream), self._clock.now())
            except StopIteration:
                return
            if first.ask.method != method:
                self._waiting[first.ask.method].appendleft(first)
                return
        ask = first.ask
        self._tally(ask).waited += max(0.0, self._clock.now() - first.wanted_at)
        # Of two answers the later has to look later, also by a clock that has not moved.
        self._asked_at = max(self._clock.now(), self._asked_at + 1e-6)
        future = threads.submit(self._slack.call, ask.method, ask.arguments, self._asked_at)
        self._under_way[future] = first

    def _rest(self) -> None:
        """Wait for an answer, or until something may be asked."""
        busy = {running.ask.method for running in self._under_way.values()}
        dues = [
            self._due(name) for name, queue in self._waiting.items() if queue and name not in busy
        ]
        pause = max(0.0, min(dues) - self._clock.now()) if dues else None
        if self._under_way:
            speed = self._clock.speed
            limit = None if pause is None or not speed else pause / speed
            done, _ = wait(self._under_way, limit, FIRST_COMPLETED)
            for future in done:
                self._take(future)
        elif pause:
            self.waited += pause
            self._clock.sleep(pause)

    def _finish(self) -> None:
        """Bring the calls under way to their end; what they answer still counts."""
        wait(self._under_way)
        for future in [*self._under_way]:
            self._take(future)

    def _take(self, future: "Future[Answer]") -> None:
        """Hand an answer to its stream, or see to what went wrong."""
        running = self._under_way.pop(future)
        method, tally = running.ask.method, self._tally(running.ask)
        tally.calls += 1
        error = future.exception()
        if not isinstance(error, NoNetwork):
            self._counted(method, self.pace.count(method, self._clock.now()))
        if error is None:
            self._has_reached = True
            answer = future.result()
            tally.bytes += len(answer.payload)
            self._go_on(running, lambda: running.stream.send(answer))
            self._seen()
            return
        tally.error = getattr(error, "code", "") or type(error).__name__
        if isinstance(error, Limited):
            tally.limited += 1
            tally.retries += 1
            running.wanted_at = self._clock.now()
            self.pace.refuse(method, error.seconds, self._clock.now())
            self._waiting[method].appendleft(running)
        elif isinstance(error, Unavailable) or (isinstance(error, NoNetwork) and self._has_reached):
            self._try_again(running, error)
        elif isinstance(error, Refused):
            refused = error
            self._go_on(running, lambda: running.stream.throw(refused))
        else:
            raise error
        self._seen()

    def _try_again(self, running: _Running, error: Exception) -> None:
        running.tries += 1
        if running.tries < _TRIES:
            self._tally(running.ask).retries += 1
            running.wanted_at = self._clock.now()
            running.not_before = self._clock.now() + _FIRST_PAUSE * 2 ** (running.tries - 1)
            self._waiting[running.ask.method].appendleft(running)
        elif isinstance(error, SlackError):
            self._go_on(running, lambda: running.stream.throw(error))
        else:
            raise error

    def _go_on(self, running: _Running, step: Callable[[], Ask]) -> None:
        """Let a stream take its answer; what it asks next comes before streams not yet begun."""
        try:
            ask = step()
        except StopIteration:
            return
        self._waiting[ask.method].appendleft(_Running(running.stream, ask, self._clock.now()))

    def _tally(self, ask: Ask) -> Tally:
        return self.tallies[ask.method, ask.channel_id]


def listing(
    method: str,
    arguments: dict[str, str],
    take: Callable[[Answer], None],
    channel_id: str = "",
) -> Stream:
    """All pages of a list; from its begin again if Slack has forgotten the cursor."""
    cursor, restarts = "", 0
    limit = {"limit": str(METHODS[method].page)}
    while True:
        asked = arguments | limit | ({"cursor": cursor} if cursor else {})
        try:
            answer = yield Ask(method, asked, channel_id)
        except Refused as error:
            if error.code != "invalid_cursor" or not cursor or restarts == _RESTARTS:
                raise
            cursor, restarts = "", restarts + 1
            continue
        take(answer)
        cursor = answer.cursor
        if not cursor:
            return
