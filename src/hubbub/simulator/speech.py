"""What people and apps say: the part of `Acts` that concerns talk."""

import random
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

from hubbub.simulator.accidents import TOMBSTONE
from hubbub.simulator.clock import Clock
from hubbub.simulator.directory import SLACKBOT
from hubbub.simulator.events.news import News
from hubbub.simulator.ids import Ids
from hubbub.simulator.markup import rich_text
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import (
    Raw,
    Workspace,
    count_thread,
    is_reply,
    places_of,
    replies_of,
)

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Speech")


def alone(act: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let an act happen while nobody else reads or changes the workspace."""

    @wraps(act)
    def locked(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return act(self, *args, **kwargs)

    return locked


class Speech:
    """Messages posted, changed and removed, by the clock, with the counts that Slack keeps."""

    def __init__(self, workspace: Workspace, clock: Clock, lock: RLock) -> None:
        self.workspace = workspace
        self.clock = clock
        self.lock = lock
        self.news = News(workspace, clock)
        written = sum(map(len, workspace.messages.values())) + len(workspace.files)
        self.ids = Ids(random.Random(f"{workspace.team['id']} {written}"))

    @alone
    def post(
        self, channel_id: str, user_id: str, text: str, *, at: float | None = None, **fields: Any
    ) -> Raw:
        """Post what a member typed; `fields` are added to the message or replace parts of it."""
        message: Raw = {
            "user": user_id,
            "text": text,
            "client_msg_id": self.ids.client_message(),
            "team": self.workspace.team["id"],
            "blocks": rich_text(self.ids.block(), text),
            **fields,
        }
        return self.put(channel_id, message, at=at)

    @alone
    def reply(
        self,
        channel_id: str,
        root_ts: str,
        user_id: str,
        text: str,
        *,
        broadcast: bool = False,
        at: float | None = None,
        **fields: Any,
    ) -> Raw:
        """Answer in a thread, with `broadcast` shown to the whole channel too."""
        return self.post(
            channel_id,
            user_id,
            text,
            at=at,
            **self.in_thread(channel_id, root_ts, broadcast),
            **fields,
        )

    def in_thread(self, channel_id: str, root_ts: str, broadcast: bool = False) -> Raw:
        """The fields that put a message into the thread of another one."""
        root = self._root(channel_id, root_ts)
        fields: Raw = {"thread_ts": root["ts"], "parent_user_id": root.get("user")}
        return fields | ({"subtype": "thread_broadcast"} if broadcast else {})

    @alone
    def put(self, channel_id: str, message: Raw, *, at: float | None = None) -> Raw:
        """Put a message of any kind into a channel, as the clock says or at an instant."""
        channel = self.channel(channel_id)
        posted = self.workspace.post(channel_id, self.clock.now() if at is None else at, message)
        if is_reply(posted):
            self._recount(channel_id, self._root(channel_id, posted["thread_ts"]), posted["ts"])
        self.news.posted(channel, posted)
        return posted

    @alone
    def edit(self, channel_id: str, ts: str, text: str, **fields: Any) -> Raw:
        """Change a message's text; Slack keeps the last one only."""
        message = self.message(channel_id, ts)
        previous = self.news.copy(message)
        message |= {"text": text, "blocks": rich_text(self.ids.block(), text), **fields}
        editor = message.get("user") or message.get("bot_id", "")
        message["edited"] = {"user": editor, "ts": f"{int(self.clock.now())}.000000"}
        self._refresh(channel_id, message)
        self.news.changed(self.channel(channel_id), message, previous)
        return message

    @alone
    def unfurl(self, channel_id: str, ts: str, url: str, title: str) -> None:
        """Let Slack show what a link in a message leads to: a change that is nobody's edit."""
        message = self.message(channel_id, ts)
        previous = self.news.copy(message)
        shown: list[Raw] = message.get("attachments", [])
        preview: Raw = {"id": len(shown) + 1, "fallback": title, "title": title}
        preview |= {"from_url": url, "original_url": url, "title_link": url}
        message["attachments"] = [*shown, preview]
        self._refresh(channel_id, message)
        self.news.changed(self.channel(channel_id), message, previous)

    @alone
    def touch(self, channel_id: str, ts: str) -> None:
        """Let Slack tell of a message as changed in which nothing has changed, as it does when a
        thread grows or an attachment is looked at again."""
        message = self.message(channel_id, ts)
        self.news.changed(self.channel(channel_id), message, message)

    @alone
    def delete(self, channel_id: str, ts: str) -> None:
        """Delete a message and its files; a root with replies stays as a tombstone."""
        message = self.message(channel_id, ts)
        channel, previous = self.channel(channel_id), self.news.copy(message)
        files: list[Raw] = message.get("files", [])
        said = self.workspace.messages[channel_id]
        replies = [] if is_reply(message) else replies_of(said, message)
        if replies:
            message.clear()
            message |= {"type": "message", "ts": ts, "subtype": "tombstone", "hidden": True}
            message |= {"user": SLACKBOT, "text": TOMBSTONE}
            count_thread(message, replies)
            for reply in replies:
                reply["parent_user_id"] = SLACKBOT
            self.news.changed(channel, message, previous)
        else:
            said.remove(message)
            self.news.deleted(channel, message)
        for file in files:
            if gone := self.workspace.files.pop(file["id"], None):
                places = places_of(gone) or [channel_id]
                self.news.file("file_deleted", gone, places, channel_ids=places)
        if is_reply(message):
            self._recount(channel_id, self._root(channel_id, message["thread_ts"]), "")

    def message(self, channel_id: str, ts: str) -> Raw:
        """A message by its ts."""
        message = self.workspace.find(channel_id, ts)
        if message is None:
            raise Refusal("message_not_found")
        return message

    def channel(self, channel_id: str) -> Raw:
        """A conversation by its id."""
        for channel in self.workspace.channels:
            if channel["id"] == channel_id:
                return channel
        raise Refusal("channel_not_found")

    def _root(self, channel_id: str, ts: str) -> Raw:
        """The root of the thread in which a message stands."""
        message = self.message(channel_id, ts)
        return self.message(channel_id, message["thread_ts"]) if is_reply(message) else message

    def _recount(self, channel_id: str, root: Raw, last: str) -> None:
        """Renew the thread's figures; a tombstone goes with its last reply."""
        said = self.workspace.messages[channel_id]
        replies = replies_of(said, root, last)
        if replies or root.get("subtype") != "tombstone":
            count_thread(root, replies)
        else:
            said.remove(root)
            self.news.deleted(self.channel(channel_id), root)

    def _refresh(self, channel_id: str, message: Raw) -> None:
        """Renew the copies of a root that its broadcasts carry."""
        if message.get("reply_count"):
            for reply in replies_of(self.workspace.messages[channel_id], message):
                if reply.get("subtype") == "thread_broadcast":
                    reply["root"] = dict(message)
