"""Folders of raw `conversations.history` and `conversations.replies` responses, a file a page.

The bodies do not say their channel, so it is taken from the file's name, or from its folder's:
`20200401_general-2.json` is page 2 of "general"; `C0123ABC/1.json` lies in C0123ABC.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from hubbub.core.batch import Envelope
from hubbub.core.ports import Archive, Part
from hubbub.sources.containers import Container

_PAGE_OF_CHANNEL = re.compile(r"(?:[\d.\-T]{4,}[_\-. ]+)?(?P<channel>.*?)(?:[_\-. ]+\d+)?")
_ID = re.compile(r"[CDG][A-Z0-9]{7,}")
_OPENING = 4096
_RESPONSE = re.compile(rb'^\s*\{.*"(?:messages|ok)"\s*:', re.DOTALL)


def recognise(container: Container) -> Archive | None:
    """Pages, if most JSON files open as responses with messages."""
    names = [name for name in container.sizes if name.endswith(".json")]
    pages = [name for name in names if _is_page(container, name)]
    if not pages or len(pages) * 2 < len(names):
        return None
    return Pages(container, tuple(pages))


def _is_page(container: Container, name: str) -> bool:
    content = container.read(name)
    return (
        bool(_RESPONSE.match(content[:_OPENING]))
        and b'"messages"' in content
        and (b'"channel_id"' not in content[:_OPENING])
    )


class Pages(Struct, frozen=True):
    """Responses, their channels told by the names of the files."""

    container: Container
    pages: tuple[str, ...]
    title: str = "history responses"
    lists_channels: bool = False

    def directory(self) -> Iterator[Envelope]:
        """The channels that the file names tell of."""
        found = sorted({channel_of(name) for name in self.pages})
        payload = msgspec.json.encode([{"id": channel, "name": channel} for channel in found])
        yield Envelope("channels", "file names", payload)

    def parts(self) -> Sequence[Part]:
        """A part a page; a file that is none is one too, so that it is quarantined."""
        return [
            Part(name, size, channel_of(name))
            for name, size in self.container.sizes.items()
            if name.endswith(".json") and not name.startswith(".")
        ]

    def read(self, part: Part) -> Iterator[Envelope]:
        """The page."""
        yield Envelope("messages", part.name, self.container.read(part.name), part.channel_id)


def channel_of(name: str) -> str:
    """The channel of a page, by the names of its file and folder; an id wins over a name."""
    *folders, file = name.removesuffix(".json").split("/")
    for place in (file, *reversed(folders)):
        if found := _ID.search(place):
            return found[0]
    match = _PAGE_OF_CHANNEL.fullmatch(file)
    stem = match["channel"] if match else ""
    return stem or (folders[-1] if folders else file)
