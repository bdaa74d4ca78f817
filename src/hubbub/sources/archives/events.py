"""Logs of Slack's events, a JSON object a line, as RTM and Events API bots kept them.

Only message events make rows; the channels are those that the lines name.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from hubbub.core.batch import Envelope
from hubbub.core.ports import Archive, Part
from hubbub.sources.containers import Container

_SUFFIXES = (".jsonl", ".ndjson", ".log", ".txt")
_KINDS = {"channel": "public", "group": "private", "im": "dm", "mpim": "group_dm"}


class _Line(msgspec.Struct):
    type: str
    channel: str | None = None
    channel_type: str | None = None


_decode_line = msgspec.json.Decoder(_Line).decode


def recognise(container: Container) -> Archive | None:
    """A log of events, if the first line of each text file is one."""
    names = [name for name in container.sizes if name.endswith(_SUFFIXES)]
    logs = tuple(name for name in names if _opens_as_event(container.read(name)))
    return EventLog(container, logs) if logs else None


def _opens_as_event(content: bytes) -> bool:
    try:
        return bool(_decode_line(content.lstrip().partition(b"\n")[0]).type)
    except msgspec.MsgspecError:
        return False


class EventLog(Struct, frozen=True):
    """Lines of events."""

    container: Container
    logs: tuple[str, ...]
    title: str = "log of events"
    lists_channels: bool = False

    def directory(self) -> Iterator[Envelope]:
        """The channels that the events name, of the kind that they say."""
        kinds: dict[str, str] = {}
        for name in self.logs:
            for line in self.container.read(name).splitlines():
                try:
                    event = _decode_line(line)
                except msgspec.MsgspecError:
                    continue  # read() brings it up again, and the quarantine takes it
                if event.channel:
                    kinds.setdefault(event.channel, "unknown")
                    if said := _KINDS.get(event.channel_type or ""):
                        kinds[event.channel] = said
        for kind in sorted(set(kinds.values())):
            found = [{"id": channel} for channel, each in kinds.items() if each == kind]
            payload = msgspec.json.encode(found)
            yield Envelope(
                "channels", "events", payload, channel_kind=None if kind == "unknown" else kind
            )

    def parts(self) -> Sequence[Part]:
        """A part a log."""
        return [Part(name, self.container.sizes[name]) for name in self.logs]

    def read(self, part: Part) -> Iterator[Envelope]:
        """The events of a log; a line that is no JSON is an envelope of its own."""
        whole: list[bytes] = []
        for number, line in enumerate(self.container.read(part.name).splitlines(), 1):
            if not line.strip():
                continue
            try:
                msgspec.json.decode(line, type=msgspec.Raw)
                whole.append(line)
            except msgspec.MsgspecError:
                yield Envelope("events", f"{part.name}:{number}", line)
        yield Envelope("events", part.name, b"[" + b",".join(whole) + b"]")
