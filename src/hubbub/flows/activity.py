"""What people have just said, as the dashboard shows it before the store knows of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from hubbub.destinations.files import plain_value
from hubbub.flows.names import Names
from hubbub.privacy.policy import Policy
from hubbub.slack.markup import plain

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 280
"""Characters of a text that are shown."""

_COLUMNS = (
    "channel_id", "ts", "thread_ts", "posted_at", "user_id", "bot_id", "kind", "subtype", "text",
    "deleted_at", "version",
)  # fmt: skip

Item = dict[str, Any]
"""A message in the list of recent activity."""


def activity(tables: Mapping[str, pa.Table], names: Names, policy: Policy) -> list[Item]:
    """The new posts, replies and broadcasts of people in some admitted rows, oldest first.

    A copy that is younger than its message is an edit, a notice of a reply or a deletion, and
    nothing new. Nothing is told where small groups are suppressed.
    """
    if policy.smallest_group > 1 or "messages" not in tables:
        return []
    # casts the instants to microseconds, as the versions are
    messages: Any = tables["messages"]
    rows = messages.select(list(_COLUMNS))
    for name in ("posted_at", "deleted_at"):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, rows[name].cast(pa.int64()))
    said = {
        f"{row['channel_id']}/{row['ts']}": _item(row, names, policy)
        for row in rows.to_pylist()
        if _is_new(row, names)
    }
    return sorted(said.values(), key=lambda item: (item["at"], item["key"]))


def _is_new(row: Mapping[str, Any], names: Names) -> bool:
    return (
        row["kind"] in {"post", "reply", "broadcast"}
        and row["user_id"] is not None
        and row["bot_id"] is None
        and row["subtype"] != "bot_message"
        and row["user_id"] not in names.bots
        and row["deleted_at"] is None
        and row["version"] == row["posted_at"]
    )


def _item(row: Mapping[str, Any], names: Names, policy: Policy) -> Item:
    channel_id, member_id, ts = row["channel_id"], row["user_id"], row["ts"]
    text = row["text"]
    if text is not None:
        text = plain(text, names.members, names.channels, names.groups)
        text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    has_profile = names.url and not policy.pseudonyms
    return {
        "key": f"{channel_id}/{ts}",
        "at": plain_value(_EPOCH + timedelta(microseconds=row["posted_at"])),
        "channel": names.channels.get(channel_id, channel_id),
        "channel_id": channel_id,
        "member": names.members.get(member_id, member_id),
        "member_id": member_id,
        "kind": row["kind"],
        "text": text,
        "message_url": _permalink(names.url, channel_id, ts, row["thread_ts"]),
        "member_url": f"{names.url}team/{member_id}" if has_profile else None,
    }


def _permalink(url: str, channel_id: str, ts: str, thread_ts: str | None) -> str | None:
    """Where a message is found in Slack; as the view `permalinks` builds it."""
    if not url:
        return None
    place = f"{url}archives/{channel_id}/p{ts.replace('.', '')}"
    in_thread = thread_ts is not None and thread_ts != ts
    return f"{place}?thread_ts={thread_ts}&cid={channel_id}" if in_thread else place
