"""Slack's official exports, and those that slackdump writes in their form.

Source: slack-platform §6.1. `users.json` and the lists of channels lie at the top, messages in a
folder a channel and a file a day. The day is cut in some time zone: only `ts` is trusted.
"""

from collections.abc import Iterator, Sequence

from hubbub.core.batch import Envelope
from hubbub.core.ports import Archive, Part
from hubbub.core.unshown import Unshown
from hubbub.errors import Unreadable
from hubbub.slack.normalize import channel_ids
from hubbub.sources.containers import Container

_LISTS = {
    "channels.json": "public",
    "groups.json": "private",
    "mpims.json": "group_dm",
    "dms.json": "dm",
}
_USERS = ("users.json", "org_users.json")
_NOT_MESSAGES = frozenset({"canvas_in_the_conversation.json", "file_conversations.json"})


def recognise(container: Container) -> Archive | None:
    """An export, if the container has its lists at the top. Raises `Unreadable` for half ones."""
    names = container.sizes
    lists = [name for name in _LISTS if name in names]
    users = [name for name in _USERS if name in names]
    has_days = any(name.count("/") == 1 and name.endswith(".json") for name in names)
    if not (lists or users) or not (has_days or (lists and users)):
        return None
    if not users:
        raise Unreadable(f"{container.path} has no users.json.", _WHOLE)
    if not lists:
        raise Unreadable(f"{container.path} has no channels.json.", _WHOLE)
    return Export(container, {
        name: channel_id
        for listed in lists
        for channel_id, name in _folders(container, listed)
    })  # fmt: skip


_WHOLE = "Import the export as Slack gave it, with users.json and channels.json at its top."


def _folders(container: Container, listed: str) -> Iterator[tuple[str, str]]:
    """Channel id and folder name, for the channels of a list: the name, or the id of a DM."""
    envelope = Envelope("channels", listed, container.read(listed), channel_kind=_LISTS[listed])
    for channel_id, name, _ in channel_ids(envelope):
        yield channel_id, channel_id
        yield channel_id, name


class Export(Unshown, frozen=True):
    """An export, its folders resolved to channel ids."""

    container: Container
    channels: dict[str, str]
    title: str = "Slack export"
    lists_channels: bool = True

    def directory(self) -> Iterator[Envelope]:
        """The lists at the top."""
        for name in _USERS:
            if name in self.container.sizes:
                yield Envelope("users", name, self.container.read(name))
        for name, kind in _LISTS.items():
            if name in self.container.sizes:
                payload = self.container.read(name)
                yield Envelope("channels", name, payload, channel_kind=kind)

    def parts(self) -> Sequence[Part]:
        """A part a day file. A folder in no list keeps its name as id, of unknown kind."""
        return [
            Part(name, size, self.channels.get(folder := name.partition("/")[0], folder))
            for name, size in self.container.sizes.items()
            if name.count("/") == 1
            and name.endswith(".json")
            and not name.startswith((".", "__"))
            and name.partition("/")[2] not in _NOT_MESSAGES
        ]

    def read(self, part: Part) -> Iterator[Envelope]:
        """The day file."""
        yield Envelope("messages", part.name, self.container.read(part.name), part.channel_id)
