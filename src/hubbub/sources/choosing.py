"""What is to be collected of a workspace: which channels, and what of each in one run."""

from collections.abc import Callable
from fnmatch import fnmatch

from msgspec import Struct

from hubbub.core.progress import BEGINNING, Coverage, is_before, stamp
from hubbub.core.unshown import Unshown
from hubbub.slack.directory import kind_of
from hubbub.slack.values import Json, count, flag, text

DAY = 86_400.0


class Choice(Struct, frozen=True):
    """What is to be collected, and how far back."""

    admits: Callable[[str, str, str], bool]
    """Whether the policy admits a channel, by id, name and kind."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    """Patterns of channel names or ids; without `include` all."""
    since: str = BEGINNING
    until: str | None = None
    look_back: float = 30 * DAY
    full_every: float = 7 * DAY
    full_refresh: bool = False
    join: bool = False
    """Whether the bot enters public channels that it is not in."""
    is_bot: bool = True

    def takes(self, channel_id: str, name: str, kind: str) -> bool:
        """Whether a channel is to be collected."""
        if not self.admits(channel_id, name, kind):
            return False
        names = (name, channel_id)
        if any(fnmatch(name, pattern) for name in names for pattern in self.exclude):
            return False
        return not self.include or any(
            fnmatch(name, pattern) for name in names for pattern in self.include
        )


class Conversation(Unshown, frozen=True):
    """A conversation as the list shows it."""

    id: str
    name: str
    kind: str
    is_archived: bool
    is_member: bool
    members: int | None
    created: float
    updated: int
    """When it was last changed, in microseconds; 0 if that is not said."""
    listed: Json

    @classmethod
    def of(cls, listed: Json) -> "Conversation":
        """A conversation of conversations.list."""
        channel_id = text(listed.get("id")) or ""
        return cls(
            channel_id,
            text(listed.get("name")) or channel_id,
            kind_of(listed, None),
            flag(listed.get("is_archived")),
            flag(listed.get("is_member")) or flag(listed.get("is_im")),
            count(listed.get("num_members")),
            float(count(listed.get("created")) or 0),
            (count(listed.get("updated")) or 0) * 1000,
            listed,
        )


class Sweep(Struct, frozen=True):
    """A channel's messages from `oldest` on, as of `until`; `position` is how far down it is."""

    oldest: str
    until: str
    position: str | None
    is_full: bool


def sweep_of(channel: Conversation, known: Coverage, choice: Choice, now: float, series: str) -> (
    Sweep | None
):  # fmt: skip
    """What to sweep of a channel in a run; none if nothing can have changed.

    A sweep that did not end is taken up where it stands. A channel that the run's series has swept
    already is only topped up.
    """
    floor, until = choice.since, choice.until or stamp(now)
    if known.sweep_oldest is not None and known.sweep_until and not choice.full_refresh:
        return Sweep(known.sweep_oldest, known.sweep_until, known.sweep_position,
                     known.sweep_oldest == BEGINNING)  # fmt: skip
    if known.since is None or known.until is None or choice.full_refresh:
        return Sweep(floor, until, None, floor == BEGINNING)
    has_floor = known.hidden_before is not None or not is_before(floor, known.since)
    if known.series == series and has_floor:
        return Sweep(known.until, until, None, is_full=False)
    full_at = (known.full_at or 0) / 1e6
    if not has_floor or now - full_at >= choice.full_every:
        return Sweep(floor, until, None, floor == BEGINNING)
    if channel.is_archived and known.was_archived and channel.updated <= (known.swept_at or 0):
        return None
    windowed = stamp(now - choice.look_back)
    oldest = known.until if is_before(known.until, windowed) else windowed
    return Sweep(floor if is_before(oldest, floor) else oldest, until, None, is_full=False)
