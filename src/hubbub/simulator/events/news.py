"""Slack's inner events, made of what happens in the workspace while somebody listens.

Shapes: slack-platform.md §4.3 and §4.4. Everything here is called by acts, which hold the lock.
"""

from collections.abc import Callable, Iterable
from typing import Any

from hubbub.simulator.clock import Clock
from hubbub.simulator.events.happening import (
    CHANNEL_TYPES,
    Happening,
    Stamps,
    about_channel,
    in_channel,
    on_message,
)
from hubbub.simulator.state import Raw, Workspace, permalink
from hubbub.simulator.visibility import type_of

FILES_HOST = "https://files.slack.com"
_BY_LOOKING = frozenset({"reactions"})
"""What a message shows in history, and its events do not say."""

_OF_CREATED = frozenset({"topic", "purpose", "num_members", "is_frozen", "conversation_host_id"})
"""What channel_created leaves out: nobody said anything of the channel yet."""


class News:
    """Tells a listener what happened; with none, nothing is made.

    `origin` is where files are served, as the Web API tells it.
    """

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self._workspace = workspace
        self._clock = clock
        self._stamps = Stamps()
        self.listener: Callable[[Happening], None] | None = None
        self.origin = ""

    def copy(self, message: Raw) -> Raw:
        """A message as it is before it changes; itself if nobody listens."""
        return message if self.listener is None else dict(message)

    def posted(self, channel: Raw, message: Raw) -> None:
        """A message, reply, broadcast, file share or notice."""
        if self.listener is None:
            return
        self._stamps.skip(message["ts"])
        event = self._shown(message) | _place(channel) | {"event_ts": message["ts"]}
        self.listener(in_channel(channel, event))

    def changed(self, channel: Raw, message: Raw, previous: Raw) -> None:
        """A message that was edited, or that Slack changed by itself."""
        if self.listener is None:
            return
        shown = self._shown(message)
        if team := message.get("team"):
            shown |= {"source_team": team, "user_team": team}
        said: Raw = {"message": shown, "previous_message": self._shown(previous)}
        self.listener(in_channel(channel, self._hidden("message_changed", channel) | said))

    def deleted(self, channel: Raw, message: Raw) -> None:
        """A message that is no more."""
        if self.listener is None:
            return
        said: Raw = {"deleted_ts": message["ts"], "previous_message": self._shown(message)}
        self.listener(in_channel(channel, self._hidden("message_deleted", channel) | said))

    def reacted(self, channel: Raw, message: Raw, user_id: str, emoji: str, *, added: bool) -> None:
        """A reaction that was added or taken back; bots without an account are not named."""
        if self.listener is None:
            return
        event: Raw = {
            "type": "reaction_added" if added else "reaction_removed",
            "user": user_id,
            "reaction": emoji,
            "item": {"type": "message", "channel": channel["id"], "ts": message["ts"]},
        }
        if message.get("user"):
            event["item_user"] = message["user"]
        self.listener(on_message(channel, event | self._now(), "reactions:read"))

    def pinned(
        self, channel: Raw, message: Raw, user_id: str, pins: list[Raw], *, pin: Raw, added: bool
    ) -> None:
        """A pin that was set or taken off; `pins` are those left in the channel."""
        if self.listener is None:
            return
        channel_id = channel["id"]
        item: Raw = {"type": "message", "channel": channel_id, "created": pin["created"]}
        address = permalink(self._workspace.team, channel_id, message)
        item |= {"created_by": pin["user"]}
        item |= {"message": self._shown(message) | {"permalink": address}}
        event: Raw = {
            "type": "pin_added" if added else "pin_removed",
            "user": user_id,
            "channel_id": channel_id,
            "item": item,
            "item_user": message.get("user", ""),
            "pin_count": len(pins),
            "pinned_info": {
                "channel": channel_id,
                "pinned_by": pin["user"],
                "pinned_ts": pin["created"],
            },
        }
        event |= {} if added else {"has_pins": bool(pins)}
        self.listener(on_message(channel, event | self._now(), "pins:read"))

    def joined(self, channel: Raw, user: Raw, inviter: str | None) -> None:
        """A member who entered a channel."""
        fields: Raw = {"inviter": inviter} if inviter else {}
        self._moved("member_joined_channel", channel, user, fields, (channel["id"],))

    def left(self, channel: Raw, user: Raw) -> None:
        """A member who walked out: the others hear of the member, its own app of the channel."""
        self._moved("member_left_channel", channel, user, {}, (channel["id"],))
        if self.listener is not None:
            said: Raw = {"channel": channel["id"], "actor_id": user["id"]}
            told = about_channel(channel, {"type": _named(channel, "left"), **said, **self._now()})
            self.listener(
                Happening(told.event, told.subscription, told.scopes, None, channel, user["id"])
            )

    def created(self, channel: Raw) -> None:
        """A public channel that was opened; of private ones nobody hears."""
        if self.listener is None or type_of(channel) != "public_channel":
            return
        shown = {name: value for name, value in channel.items() if name not in _OF_CREATED}
        event: Raw = {"type": "channel_created", "channel": shown, **self._now()}
        self.listener(about_channel(channel, event, wide=True))

    def renamed(self, channel: Raw) -> None:
        """A channel with another name."""
        shown: Raw = {
            "id": channel["id"],
            "is_channel": bool(channel.get("is_channel")),
            "is_mpim": False,
            "name": channel["name"],
            "name_normalized": channel["name"],
            "created": channel["created"],
        }
        self.became(channel, "rename", {"channel": shown})

    def became(self, channel: Raw, what: str, fields: Raw) -> None:
        """Something else that happened to a channel: archive, unarchive, deleted, shared…"""
        if self.listener is None:
            return
        event: Raw = {"type": _named(channel, what), "channel": channel["id"]}
        self.listener(about_channel(channel, event | fields | self._now(), wide=True))

    def shared(self, channel: Raw, what: str, **fields: Any) -> None:
        """A channel that another workspace shares from now on, or no more."""
        if self.listener is not None:
            event: Raw = {"type": f"channel_{what}", "channel": channel["id"], **fields}
            self.listener(about_channel(channel, event | self._now(), wide=True))

    def rewritten(self, channel: Raw, latest: str) -> None:
        """A channel of which much was removed at once, up to `latest`."""
        if self.listener is None:
            return
        prefix = CHANNEL_TYPES[type_of(channel)].replace("mpim", "group")
        event: Raw = {"type": f"{prefix}_history_changed", "latest": latest, **self._now()}
        event["ts"] = event["event_ts"]
        told = in_channel(channel, event)
        self.listener(Happening(event, event["type"], told.scopes, told.within, channel))

    def person(self, user: Raw, *types: str) -> None:
        """An account that is new or changed, by an event of each of the types."""
        for kind in types:
            cached = int(self._clock.now())
            self.workspace(kind, "users:read", user=user, cache_ts=cached)

    def file(
        self, kind: str, file: Raw, places: Iterable[str], channel: Raw | None = None, **fields: Any
    ) -> None:
        """A file that came or went, in the conversations `places`."""
        if self.listener is None:
            return
        event: Raw = {"type": kind, "file_id": file["id"], **fields, **self._now()}
        if kind != "file_deleted":
            event |= {"user_id": file.get("user", ""), "file": {"id": file["id"]}}
        self.listener(Happening(event, kind, ("files:read",), tuple(places), channel))

    def workspace(self, kind: str, scope: str, **fields: Any) -> None:
        """What concerns the whole workspace."""
        if self.listener is not None:
            event: Raw = {"type": kind, **fields, **self._now()}
            self.listener(Happening(event, kind, (scope,) if scope else ()))

    def _moved(
        self, kind: str, channel: Raw, user: Raw, fields: Raw, within: tuple[str, ...]
    ) -> None:
        if self.listener is None or channel.get("is_im") or channel.get("is_mpim"):
            return
        event: Raw = {"type": kind, "user": user["id"], "channel": channel["id"]}
        event |= {"channel_type": "G" if channel.get("is_private") else "C"}
        event |= {"team": user.get("team_id", ""), **fields, **self._now()}
        told = about_channel(channel, event)
        self.listener(Happening(event, kind, told.scopes, within, channel))

    def _hidden(self, subtype: str, channel: Raw) -> Raw:
        now = self._now()
        event: Raw = {"type": "message", "subtype": subtype, "hidden": True, **_place(channel)}
        return event | now | {"ts": now["event_ts"]}

    def _shown(self, message: Raw) -> Raw:
        """A message as events tell it: they name a file share by its subtype."""
        shown = {name: value for name, value in message.items() if name not in _BY_LOOKING}
        if shown.get("files"):
            shown["files"] = [self._file(file) for file in shown["files"]]
            shown.setdefault("subtype", "file_share")
            shown |= {"upload": shown.get("upload", False), "display_as_bot": False}
        if isinstance(shown.get("root"), dict):
            shown["root"] = self._shown(shown["root"])
        return shown

    def _file(self, file: Raw) -> Raw:
        """A file with addresses that lead here."""
        return {
            name: self.origin + value.removeprefix(FILES_HOST)
            if isinstance(value, str) and value.startswith(FILES_HOST) and self.origin
            else value
            for name, value in file.items()
        }

    def _now(self) -> Raw:
        return {"event_ts": self._stamps.next(self._clock.now())}


def _place(channel: Raw) -> Raw:
    return {"channel": channel["id"], "channel_type": CHANNEL_TYPES[type_of(channel)]}


def _named(channel: Raw, what: str) -> str:
    """Private channels' events are called group events."""
    return f"{'group' if channel.get('is_private') else 'channel'}_{what}"
