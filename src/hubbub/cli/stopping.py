"""Ctrl-C and service managers, where a program has to end what it has begun."""

import signal
from collections.abc import Callable
from threading import Event
from types import FrameType

from hubbub.cli import console


def stopped_by_signals(
    told: str, *, verbosity: int, again: Callable[[], None] | None = None
) -> Event:
    """An event that the first SIGINT or SIGTERM sets. The second SIGINT calls `again`, or else
    raises KeyboardInterrupt."""
    stop = Event()

    def end(signum: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set() and signum == signal.SIGINT:
            if again is None:
                raise KeyboardInterrupt
            again()
            return
        stop.set()
        console.note(told, verbosity=verbosity)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    return stop
