"""What a local Slack holds: the objects of one workspace, in the shapes of Slack's Web API."""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Raw: TypeAlias = dict[str, Any]
"""One object as Slack's JSON has it."""

LISTED_REPLIERS = 5
"""Slack names at most so many of a thread's members in `reply_users`."""


@dataclass(slots=True)
class Workspace:
    """One Slack workspace, whole, but for what depends on who asks (`is_member`, `last_read`).

    `zone` is the IANA zone in which exports cut days. `members` and `messages` are by channel id;
    messages lie in ascending order of their unique ts, replies among them. `pins` are by channel id
    in the shape of an export's channels.json.
    """

    team: Raw
    zone: str
    users: list[Raw] = field(default_factory=list[Raw])
    bots: list[Raw] = field(default_factory=list[Raw])
    channels: list[Raw] = field(default_factory=list[Raw])
    members: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    messages: dict[str, list[Raw]] = field(default_factory=dict[str, list[Raw]])
    pins: dict[str, list[Raw]] = field(default_factory=dict[str, list[Raw]])
    files: dict[str, Raw] = field(default_factory=dict[str, Raw])
    emoji: dict[str, str] = field(default_factory=dict[str, str])
    usergroups: list[Raw] = field(default_factory=list[Raw])
    integration_logs: list[Raw] = field(default_factory=list[Raw])

    def post(self, channel_id: str, at: float, fields: Raw) -> Raw:
        """Put a message in its place; its ts is the first free microsecond from `at` on."""
        posted = self.messages.setdefault(channel_id, [])
        micros = round(at * 1e6)
        while True:
            ts = stamp(micros)
            place = bisect_left(posted, ts, key=ts_of)
            if place == len(posted) or posted[place]["ts"] != ts:
                break
            micros += 1
        message = {"type": "message", "ts": ts, **fields}
        posted.insert(place, message)
        return message


def stamp(micros: int) -> str:
    """Slack's ts of an instant given in microseconds since 1970."""
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def ts_of(message: Raw) -> str:
    """The key that orders a channel: seconds have ten digits until 2286, so text compares."""
    return message["ts"]


def is_reply(message: Raw) -> bool:
    """Whether a message stands in a thread that another one opened."""
    return message.get("thread_ts", message["ts"]) != message["ts"]


def count_replies(messages: list[Raw]) -> None:
    """Write on each root of a channel what Slack says of its thread, from the replies there are.

    A broadcast carries a copy of its root, made here too, since it shows the final counts.
    """
    roots = {message["ts"]: message for message in messages if not is_reply(message)}
    threads: dict[str, list[Raw]] = {}
    for message in messages:
        if is_reply(message):
            threads.setdefault(message["thread_ts"], []).append(message)
    for root_ts, replies in threads.items():
        root = roots[root_ts]
        repliers = list(dict.fromkeys(reply.get("user") or reply["bot_id"] for reply in replies))
        root["thread_ts"] = root_ts
        root["reply_count"] = len(replies)
        root["reply_users_count"] = len(repliers)
        root["latest_reply"] = replies[-1]["ts"]
        root["reply_users"] = repliers[:LISTED_REPLIERS]
        root["is_locked"] = False
        root["subscribed"] = False
    for reply in (reply for replies in threads.values() for reply in replies):
        if reply.get("subtype") == "thread_broadcast":
            reply["root"] = dict(roots[reply["thread_ts"]])
