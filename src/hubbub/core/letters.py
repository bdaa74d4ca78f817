"""Letters: what is brought to one member or channel by Slack, once."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from hubbub.errors import Exit

LONGEST_TEXT = 4_000
"""Characters that a letter's text may have, by Slack's advice for `chat.postMessage`."""
MOST_BLOCKS = 50
MANY = 20
"""More recipients than these get nothing unless it was said twice."""


class Recipient(NamedTuple):
    """Whom a letter is for. The id is Slack's own: it is never stored where the policy keys ids."""

    kind: Literal["member", "channel"]
    id: str
    name: str
    """For people, without @ or #."""


class Picture(NamedTuple):
    """A picture of a letter, drawn only when the letter is sent."""

    name: str
    """A file name: `month.png`."""
    title: str
    alt: str
    """What it shows, for those who cannot see it."""
    draw: Callable[[], bytes]
    """Makes the PNG."""


class Letter(NamedTuple):
    """A message to one recipient. (report, period, recipient, variant) is sent at most once."""

    report: str
    period: str
    """`2026-10`, `2026-W47`, `round-7`, `once`."""
    to: Recipient
    text: str
    """Slack's mrkdwn, at most `LONGEST_TEXT` characters; with blocks what notifications show."""
    blocks: tuple[dict[str, Any], ...] = ()
    """Block Kit, at most `MOST_BLOCKS`; none beside pictures: the upload takes a text alone."""
    pictures: tuple[Picture, ...] = ()
    """Posted with the text in one message."""
    variant: str = ""
    """What else tells two letters of one report, period and recipient apart."""


class Setback(Struct, frozen=True):
    """A letter that was not sent, or of which that is not known."""

    to: Recipient
    state: Literal["skipped", "failed", "unknown"]
    code: str
    """Slack's, or a word of Hubbub's."""
    why: str
    fix: str
    is_theirs: bool = False
    """Whether it lies with the recipient alone: then nothing is amiss."""
    is_passing: bool = False


class Delivered(Struct, frozen=True):
    """What became of letters."""

    sent: int
    already: int
    """Sent by an earlier run."""
    setbacks: list[Setback]
    left: int
    """Not come to: the run was interrupted."""

    def count(self, state: str) -> Counter[str]:
        """How many letters were `skipped` or `failed`, or are `unknown`, by why."""
        return Counter(each.why for each in self.setbacks if each.state == state)

    @property
    def outcome(self) -> Literal["done", "partly", "interrupted"]:
        """How it went, in a word."""
        if self.left:
            return "interrupted"
        return "done" if all(each.is_theirs for each in self.setbacks) else "partly"

    @property
    def exit(self) -> Exit:
        """The exit code that says how it went."""
        if self.left:
            return Exit.INTERRUPTED
        amiss = [each for each in self.setbacks if not each.is_theirs]
        if not amiss:
            return Exit.DONE
        if all(each.is_passing for each in amiss):
            return Exit.TRY_AGAIN
        return Exit.FINDINGS if all(each.state == "skipped" for each in amiss) else Exit.FAILED


class Status(Struct, frozen=True):
    """How far a run has come."""

    done: int
    """Letters that are dealt with: sent, sent before, or not to be sent."""
    total: int
    sent: int
    seconds_left: float
    """About, at Slack's limits."""
