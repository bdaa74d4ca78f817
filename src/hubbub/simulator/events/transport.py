"""What a way to an app offers, and how a try ends."""

from typing import Protocol

from msgspec import Struct


class Outcome(Struct, frozen=True):
    """How a try ended: `failure` is Slack's retry reason, empty if it was acknowledged. With
    `is_final` the receiver asked not to be tried again."""

    failure: str = ""
    is_final: bool = False


class Transport(Protocol):
    """A way to an app. Tries wait for their outcome, in any thread.

    With `is_judged`, deliveries are switched off when nearly all fail.
    """

    is_judged: bool

    def deliver(self, body: bytes, attempt: int, reason: str) -> Outcome:
        """Deliver once; `attempt` counts from 0, `reason` is what the last one failed for."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...
