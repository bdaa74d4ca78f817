"""What a local Slack holds: the objects of one workspace, in the shapes of Slack's Web API."""

from bisect import bisect_left, bisect_right
from typing import Any, TypeAlias

from msgspec import Struct

Raw: TypeAlias = dict[str, Any]
"""One object as Slack's JSON has it."""

LISTED_REPLIERS = 5
"""Slack names at most so many of a thread's members in `reply_users`."""

NO_REPLY = "0000000000.000000"
"""The `latest_reply` of a root whose replies were all deleted."""


class Workspace(Struct):
    """One Slack workspace, whole, but for what depends on who asks (`is_member`, `last_read`).

    `zone` is the IANA zone in which exports cut days. `members` and `messages` are by channel id;
    messages lie in ascending order of their unique ts, replies among them. `pins` are by channel id
    in the shape of an export's channels.json, `bookmarks` in that of bookmarks.list.
    """

    team: Raw
    zone: str
    users: list[Raw] = []
    bots: list[Raw] = []
    channels: list[Raw] = []
    members: dict[str, list[str]] = {}
    messages: dict[str, list[Raw]] = {}
    pins: dict[str, list[Raw]] = {}
    files: dict[str, Raw] = {}
    emoji: dict[str, str] = {}
    usergroups: list[Raw] = []
    bookmarks: dict[str, list[Raw]] = {}
    integration_logs: list[Raw] = []

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

    def find(self, channel_id: str, ts: str) -> Raw | None:
        """The message with that ts."""
        posted = self.messages.get(channel_id, [])
        place = bisect_left(posted, ts, key=ts_of)
        return posted[place] if place < len(posted) and posted[place]["ts"] == ts else None


def stamp(micros: int) -> str:
    """Slack's ts of an instant given in microseconds since 1970."""
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def ts_of(message: Raw) -> str:
    """The key that orders a channel: seconds have ten digits until 2286, so text compares."""
    return message["ts"]


def is_reply(message: Raw) -> bool:
    """Whether a message stands in a thread that another one opened."""
    return message.get("thread_ts", message["ts"]) != message["ts"]


def replies_of(messages: list[Raw], root: Raw, until: str | None = None) -> list[Raw]:
    """The replies to a root in a channel, oldest first; `until` is the last one's ts if the root
    does not say it yet."""
    end = max(until or "", root.get("latest_reply") or "")
    first = bisect_right(messages, root["ts"], key=ts_of)
    after = bisect_right(messages, end, first, key=ts_of) if end > root["ts"] else first
    return [each for each in messages[first:after] if each.get("thread_ts") == root["ts"]]


def count_replies(messages: list[Raw]) -> None:
    """Write on each root of a channel what Slack says of its thread, from the replies there are."""
    roots = {message["ts"]: message for message in messages if not is_reply(message)}
    threads: dict[str, list[Raw]] = {}
    for message in messages:
        if is_reply(message):
            threads.setdefault(message["thread_ts"], []).append(message)
    for root_ts, replies in threads.items():
        count_thread(roots[root_ts], replies)


def count_thread(root: Raw, replies: list[Raw]) -> None:
    """Write on a root what Slack says of its thread; it stays a root when all replies are gone.

    A broadcast carries a copy of its root, made here too, since it shows the final counts.
    """
    repliers = list(
        dict.fromkeys(reply.get("user") or reply.get("bot_id", "") for reply in replies)
    )
    root["thread_ts"] = root["ts"]
    root["reply_count"] = len(replies)
    root["reply_users_count"] = len(repliers)
    root["latest_reply"] = replies[-1]["ts"] if replies else NO_REPLY
    root["reply_users"] = repliers[:LISTED_REPLIERS]
    root["is_locked"] = False
    root["subscribed"] = False
    for reply in replies:
        if reply.get("subtype") == "thread_broadcast":
            reply["root"] = dict(root)


def places_of(file: Raw) -> list[str]:
    """The ids of the conversations in which a file was shared."""
    return [place for listed in ("channels", "groups", "ims") for place in file.get(listed, [])]


def fresh_channel(team_id: str) -> Raw:
    """What a channel says of itself before anything was done to it."""
    unsaid: Raw = {"value": "", "creator": "", "last_set": 0}
    return {
        "is_general": False,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "shared_team_ids": [team_id],
        "unlinked": 0,
        "topic": unsaid,
        "purpose": dict(unsaid),
        "previous_names": [],
    }


def team_url(team: Raw) -> str:
    """A workspace's address, with the slash at its end."""
    return team.get("url") or f"https://{team['domain']}.slack.com/"


def permalink(team: Raw, channel_id: str, message: Raw) -> str:
    """The address of a message in Slack's web client."""
    place = f"{team_url(team)}archives/{channel_id}/p{message['ts'].replace('.', '')}"
    if is_reply(message):
        return f"{place}?thread_ts={message['thread_ts']}&cid={channel_id}"
    return place
