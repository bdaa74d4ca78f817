"""How far a collection has come: what is kept of it between runs, and after a crash."""

from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from hubbub.core.batch import Row
from hubbub.core.tables import COVERAGE, READINGS

BEGINNING = "0"
"""The `ts` before everything."""

NO_REPLY = "0000000000.000000"
"""Slack's `latest_reply` of a root whose replies were all deleted."""


class Coverage(Struct, frozen=True):
    """How far a channel's history has been read; the fields are the columns of `coverage`.

    All from `since` to `until` was read once. A sweep reads from `sweep_until` down to
    `sweep_oldest` and has come to `sweep_position`; the three are empty while none is unfinished.
    """

    channel_id: str
    since: str | None = None
    until: str | None = None
    hidden_before: str | None = None
    swept_at: int | None = None
    swept_from: str | None = None
    full_at: int | None = None
    series: str | None = None
    sweep_oldest: str | None = None
    sweep_until: str | None = None
    sweep_position: str | None = None
    was_archived: bool = False
    members_read: int | None = None
    error: str | None = None
    noted_at: int = 0

    def row(self) -> Row:
        """The row of the table."""
        return tuple(getattr(self, name) for name in COVERAGE.names)

    def swept(self) -> "Coverage":
        """The same with the sweep's range added, where it touches what was read before."""
        oldest, until = self.sweep_oldest, self.sweep_until
        assert oldest is not None, "no sweep is under way"
        assert until is not None, "no sweep is under way"
        since, before = self.since, self.until
        if since is None or before is None or is_before(before, oldest):
            since, before = oldest, until
        elif not is_before(until, since):
            since = oldest if is_before(oldest, since) else since
            before = until if is_before(before, until) else before
        return replace(
            self, since=since, until=before, sweep_oldest=None, sweep_until=None,
            sweep_position=None, error=None,
        )  # fmt: skip


class Reading(Struct, frozen=True):
    """What is asked for of one message; the fields are the columns of `readings`."""

    channel_id: str
    ts: str
    kind: str
    """`thread` or `reactions`."""
    wanted: str
    got: str | None = None
    position: str | None = None
    got_at: int | None = None
    noted_at: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """What is read."""
        return self.channel_id, self.ts, self.kind

    def row(self) -> Row:
        """The row of the table."""
        return tuple(getattr(self, name) for name in READINGS.names)


class Known(Struct, frozen=True):
    """What the store knows of a stretch of a channel."""

    top_level: tuple[str, ...] = ()
    """`ts` of what stands in the channel itself and is not deleted."""
    replies: dict[str, tuple[str, ...]] | None = None
    """`ts` of replies that are not deleted, by root; also where the root is deleted."""
    threads: dict[str, Reading] | None = None
    reactions: dict[str, Reading] | None = None


class Memory(Protocol):
    """What was collected before."""

    def coverage(self) -> dict[str, Coverage]:
        """By channel."""
        ...

    def pending(self) -> list[Reading]:
        """What was wanted and not got."""
        ...

    def stretch(self, channel_id: str, after: str, before: str, others: list[str]) -> Known:
        """What is known of a channel between two `ts`, both left out, and of the messages in
        `others`."""
        ...

    def stalest_threads(self, channel_id: str, share: float, before: int) -> list[Reading]:
        """That share of a channel's threads which was read longest ago, if before an instant in
        microseconds."""
        ...


def is_before(ts: str, other: str) -> bool:
    """Whether a `ts` is older than another."""
    return instant(ts) < instant(other)


def instant(ts: str) -> tuple[int, str]:
    """What a `ts` is sorted by: digits.digits is too long for a float."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds or 0), fraction.ljust(6, "0")


def stamp(seconds: float) -> str:
    """An instant as a `ts`."""
    micros = round(seconds * 1e6)
    return f"{micros // 1_000_000:010d}.{micros % 1_000_000:06d}"
