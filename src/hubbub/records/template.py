"""A record template, as its TOML file says."""

from dataclasses import dataclass
from typing import Literal

from hubbub.content import ContentFile

Type = Literal["members", "date", "count", "channel", "text", "link", "list", "choice"]


@dataclass(frozen=True)
class Field:
    """A field of a record."""

    name: str
    type: Type
    labels: tuple[str, ...] = ()
    required: bool = False

    @property
    def is_many(self) -> bool:
        """Whether it can have several values: then it fills a table of its own."""
        return self.type in {"members", "list"}


@dataclass(frozen=True)
class Message:
    """What an author is told: a text of its own (Jinja), or the name of a message of a pack."""

    text: str = ""
    file: str = ""


@dataclass(frozen=True)
class Template:
    """A kind of structured post: how it is recognised, and what it says."""

    file: ContentFile
    name: str
    title: str
    doc: str
    fields: dict[str, Field]
    table: str | None = None
    """The views of its records are named by it: this, and `<table>_<field>` for lists."""
    example: str = ""
    """A post as it should be written, for authors whose post could not be read."""
    imported: Message | None = None
    """What its author is told when it was read; None: nothing."""
    updated: Message | None = None
    wrong: Message | None = None
