"""Rate limits: so many calls in any minute, for each method, workspace and app.

Slack documents windows of one minute and leaves open how they lie. Here the window slides, the
strictest of the readings: who stays within it stays within windows that stand and within buckets.
A call that is turned away does not count.
"""

import math
from collections import deque
from collections.abc import Hashable
from enum import Enum

from msgspec import Struct

MINUTE = 60.0
_SLACK = 0.001
"""Seconds by which clocks in floating point may be wrong."""


class Allowance(Struct, frozen=True):
    """So many calls in so many seconds, counted for each channel or for all together."""

    calls: int
    seconds: float = MINUTE
    per_channel: bool = False


class Tier(Enum):
    """Slack's classes of methods. Posting may go on at a message a second in each channel."""

    ONE = (Allowance(1),)
    TWO = (Allowance(20),)
    THREE = (Allowance(50),)
    FOUR = (Allowance(100),)
    SPECIAL = (Allowance(600),)
    POSTING = (Allowance(1, 1.0, per_channel=True), Allowance(300))


class Limits:
    """What was used of each allowance, by the simulator's time."""

    def __init__(self) -> None:
        self._used: dict[Hashable, deque[float]] = {}

    def take(self, app_id: str, method: str, channel_id: str, tier: Tier, now: float) -> int:
        """Count a call, or say after how many seconds it may come again; 0 if it is let through."""
        used = [
            (allowance, self._window(app_id, method, channel_id, allowance, now))
            for allowance in tier.value
        ]
        wait = max(
            (
                math.ceil(window[0] + allowance.seconds - now - _SLACK)
                for allowance, window in used
                if len(window) >= allowance.calls
            ),
            default=0,
        )
        if not wait:
            for _, window in used:
                window.append(now)
        return wait

    def _window(
        self, app_id: str, method: str, channel_id: str, allowance: Allowance, now: float
    ) -> deque[float]:
        counted_for = channel_id if allowance.per_channel else None
        window = self._used.setdefault((app_id, method, allowance, counted_for), deque())
        while window and now - window[0] > allowance.seconds - _SLACK:
            window.popleft()
        return window
