"""What structured posts are read into: a record a report, a reading a field, a value a thing named.

Names are kept as they were written: whom they mean is looked up where a record is looked at
(`records/directory.py`, and the view `record_people`), so that a post is read alike whatever else
is known when it arrives.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Json = dict[str, Any]


class Post(NamedTuple):
    """One message as templates see it."""

    text: str
    """Slack's markup as it is stored: entities escaped, tokens in angle brackets."""
    posted_at: int
    """Microseconds since 1970."""
    zone: ZoneInfo
    """The workspace's: it decides on which day the post was written."""
    channel_id: str
    channel_name: str | None = None
    author_id: str | None = None
    is_bot: bool = False
    kind: str = "post"
    """post, reply or broadcast; system rows and deleted ones are never read."""
    blocks: Sequence[Json] = ()
    """Block Kit, for polls."""


class Value(NamedTuple):
    """One value of a field; its kind says which of the others is there."""

    kind: str
    """member, name, channel, date, count, text or choice."""
    member_id: str | None = None
    name: str | None = None
    """A person, or a channel, that is named and not tagged."""
    channel_id: str | None = None
    day: date | None = None
    number: int | None = None
    text: str | None = None
    """Free text, a link, or the name of a choice."""


class Reading(NamedTuple):
    """A field of a record, as it was read."""

    field: str
    values: tuple[Value, ...]
    source: str
    """The text that it came from; empty where it was taken from elsewhere, such as a default."""
    confidence: int
    """0 to 100; 100 is written out plainly, below 50 is hardly more than a guess."""
    doubt: str | None = None
    """A code of `records/doubts.py`; None if it is sure."""


class Record(NamedTuple):
    """What a template read in a post."""

    template: str
    place: int
    """0 for the first record of the post."""
    readings: tuple[Reading, ...]
    """In the order of the template's fields; a field without value and doubt has none."""
    status: str
    """good; doubtful: kept, and asked about; refused: a required field is missing, so that it is
    kept but in no figure."""

    def reading(self, field: str) -> Reading | None:
        """How a field was read; None if the post says nothing of it."""
        return next((each for each in self.readings if each.field == field), None)
