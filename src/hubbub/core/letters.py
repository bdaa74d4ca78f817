"""Letters: what is brought to one member or channel by Slack, once."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

LONGEST_TEXT = 4_000
"""Characters that a letter's text may have, by Slack's advice for `chat.postMessage`."""
MOST_BLOCKS = 50


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
