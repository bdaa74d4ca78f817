"""A record template, as its TOML file says: see `template_files.py` for how it is read."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Literal

from msgspec import Struct

from hubbub.content import ContentFile
from hubbub.records.labels import Labels
from hubbub.records.writing import cleaned, key

Type = Literal["members", "date", "count", "channel", "text", "link", "list", "choice"]
Origin = Literal["label", "opening", "rest", "anywhere"]


class Field(Struct, frozen=True):
    """A field of a record."""

    name: str
    type: Type
    labels: tuple[str, ...] = ()
    origin: Origin = "label"
    """label: only where a label stands; opening: the line of the opening too; rest: all that no
    other field takes; anywhere: also without a label."""
    required: bool = False
    multi_line: bool = False
    """Text that goes on to the next label; other types know by themselves where they end."""
    remarks: bool = False
    """Members: beside each name stands more, such as a full name or where they are from."""
    default: str | int | None = None
    """What it is where the post says nothing: no reason to ask."""
    assume: str | None = None
    """The same, but the author is asked."""
    range: tuple[int, int] | None = None
    """Count: the least and the most. Date: days from the post, such as -30 to 2."""
    counts: tuple[str, ...] = ()
    """Count: the fields of members whose people it is the number of."""
    may_count: tuple[str, ...] = ()
    """Fields of members who may be in that number or not, such as children."""
    includes: tuple[str, ...] = ()
    """Members: other fields whose people belong here too, as leaders attend."""
    rest_to: str | None = None
    """Members: the first is meant; further ones belong to that field."""
    choices: Mapping[str, tuple[str, ...]] = {}
    """Choice: what can be chosen, each with the words for it."""

    @property
    def is_many(self) -> bool:
        """Whether it can have several values: then it fills a table of its own."""
        return self.type in {"members", "list"}


class Message(Struct, frozen=True):
    """What an author is told: a text of its own (Jinja), or the name of a message of a pack."""

    text: str = ""
    file: str = ""


class Template(Struct, frozen=True, dict=True):
    """A kind of structured post: how it is recognised, and what it says."""

    file: ContentFile
    name: str
    title: str
    doc: str
    fields: dict[str, Field]
    openings: tuple[str, ...] = ()
    other_openings: tuple[str, ...] = ()
    """What opens other kinds of posts: what stands below is not read."""
    talk: tuple[str, ...] = ()
    """Words beside the opening where people talk about records: its line opens none."""
    talk_before: tuple[str, ...] = ()
    """The same, but only before the opening: behind it they can be a title."""
    instructions: tuple[str, ...] = ()
    """Words beside the opening or above it where people are told how to write one: what stands
    below is an example."""
    channels: tuple[str, ...] = ()
    """Patterns of names, or ids, of the channels in which it is looked for; everywhere if empty."""
    without_opening: tuple[str, ...] = ()
    """Channels in which no opening is needed."""
    authors: tuple[str, ...] = ()
    """people, apps, or ids of members; everybody if empty."""
    needs: int = 2
    """How many fields a post must fill to be one."""
    any_of: tuple[str, ...] = ()
    """Fields of which one at least must be there."""
    month_first: bool | None = None
    """Whether 11/12 is the 12th of November; None: as is usual in the workspace's time zone."""
    reader: str = "text"
    """text, or poll: Block Kit of an app."""
    table: str | None = None
    """The views of its records are named by it: this, and `<table>_<field>` for lists."""
    example: str = ""
    """A post as it should be written, for authors whose post could not be read."""
    imported: Message | None = None
    """What its author is told when it was read; None: nothing."""
    updated: Message | None = None
    wrong: Message | None = None

    @cached_property
    def opening(self) -> re.Pattern[str] | None:
        """Finds an opening in a cleaned text."""
        return _any_of(self.openings)

    @cached_property
    def other_opening(self) -> re.Pattern[str] | None:
        """Finds what opens other posts."""
        return _any_of(self.other_openings)

    @cached_property
    def talking(self) -> re.Pattern[str] | None:
        """Finds words of talk."""
        return _any_of(self.talk)

    @cached_property
    def talking_before(self) -> re.Pattern[str] | None:
        """Finds words of talk before an opening."""
        return _any_of(self.talk_before)

    @cached_property
    def instructing(self) -> re.Pattern[str] | None:
        """Finds words of instructions."""
        return _any_of(self.instructions)

    @cached_property
    def needles(self) -> tuple[str, ...]:
        """The last words of the openings, case-folded: one of them is in every post of it."""
        words = {key(opening).split()[-1] for opening in self.openings if key(opening)}
        return tuple(sorted(each for each in words if not any(o in each for o in words - {each})))

    @cached_property
    def labels(self) -> Labels:
        """The labels of its fields."""
        named = {key(label): each.name for each in self.fields.values() for label in each.labels}
        return Labels(named, {name: each.type for name, each in self.fields.items()})

    def speaks_of(self, text: str) -> bool:
        """Whether a text has an opening anywhere, even if it is no record."""
        return self.opening is not None and self.opening.search(cleaned(text)) is not None

    def is_read_in(self, channel_id: str, channel_name: str | None) -> bool:
        """Whether records of it are looked for in a channel."""
        return not self.channels or matches(self.channels, channel_id, channel_name)

    def is_open_in(self, channel_id: str, channel_name: str | None) -> bool:
        """Whether no opening is needed in a channel."""
        return matches(self.without_opening, channel_id, channel_name)


@lru_cache(maxsize=4_096)  # the same channels are asked about with each batch of messages
def matches(patterns: tuple[str, ...], channel_id: str, name: str | None) -> bool:
    """Whether a channel is one of those that a template names, by id or by patterns of names."""
    return any(
        pattern == channel_id or (name is not None and fnmatchcase(name, pattern.lstrip("#")))
        for pattern in patterns
    )


def _any_of(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """A pattern of phrases, whatever blanks, marks or hyphens stand between their words."""
    if not words:
        return None
    phrases = [
        r"[\s_*~`\-–—]{0,3}".join(map(re.escape, re.split(r"[\s\-]+", word.strip())))
        + (_WORD_ENDS if word[-1].isascii() else "")
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(phrases)})", re.IGNORECASE)


_WORD_ENDS = r"(?![^\W_]|['’]s\b)"
"""Scripts other than ours join endings to words."""
