"""Slack's responses as `hubbub collect` keeps them: a file each, with the request to each."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from hubbub.core.batch import Envelope
from hubbub.core.ports import Archive, Part
from hubbub.sources.containers import Container

_MARK = b'{"kept_by":"hubbub"'
_DIRECTORY = frozenset({"users", "channels", "user_groups"})


class Kept(msgspec.Struct, kw_only=True):
    """A response in its file."""

    kept_by: str = "hubbub"
    kind: str
    origin: str
    channel_id: str | None = None
    observed_at: int | None = None
    """When it was asked for, in microseconds since 1970."""
    method: str = ""
    arguments: dict[str, str] = {}
    response: msgspec.Raw


_decode = msgspec.json.Decoder(Kept).decode


def recognise(container: Container) -> Archive | None:
    """Responses, if the first JSON file is one."""
    names = [name for name in container.sizes if name.endswith(".json")]
    if not names or not container.read(names[0]).startswith(_MARK):
        return None
    return Responses(container)


class Responses(Struct, frozen=True):
    """A run's responses, or those of several runs in folders."""

    container: Container
    title: str = "responses kept by Hubbub"
    lists_channels: bool = True

    def directory(self) -> Iterator[Envelope]:
        """Users and channels."""
        for part in self._files():
            if _kind(part.name) in _DIRECTORY:
                yield from self.read(part)

    def parts(self) -> Sequence[Part]:
        """A part a response with messages."""
        return [part for part in self._files() if _kind(part.name) not in _DIRECTORY]

    def read(self, part: Part) -> Iterator[Envelope]:
        """The response."""
        content = self.container.read(part.name)
        try:
            kept = _decode(content)
        except msgspec.MsgspecError:
            yield Envelope("messages", part.name, content)  # the quarantine takes it
            return
        payload = bytes(kept.response)
        yield Envelope(kept.kind, part.name, payload, kept.channel_id, observed_at=kept.observed_at)

    def _files(self) -> list[Part]:
        return [
            Part(name, size)
            for name, size in self.container.sizes.items()
            if name.endswith(".json") and not name.startswith(".")
        ]


def _kind(name: str) -> str:
    """The kind of what a file holds, by its name: 000012-messages-C0123ABC.json."""
    return name.rpartition("/")[2].removesuffix(".json").split("-")[1:2][0] if "-" in name else ""
