"""What stands on messages and channels: reactions, pins, bookmarks, emoji."""

from hubbub.simulator.call import Call, Method
from hubbub.simulator.limits import Tier
from hubbub.simulator.paging import cut, leaf
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw
from hubbub.simulator.views import file_view, found_message
from hubbub.simulator.visibility import (
    horizon,
    is_member,
    seen_message,
    sees,
    sees_file,
    type_of,
)


def reactions_get(call: Call) -> Raw:
    """The reactions to one message or file; all users with `full`."""
    if file_id := call.text("file"):
        file = call.backend.workspace.files.get(file_id)
        if file is None or not sees_file(call, file):
            raise Refusal("file_not_found")
        return {"type": "file", "file": file_view(call, file)}
    if not call.text("channel") or not call.text("timestamp"):
        raise Refusal("no_item_specified")
    channel_id = _place(call, "channel")["id"]
    ts = call.text("timestamp")
    if not ts.replace(".", "", 1).isdecimal():
        raise Refusal("bad_timestamp")
    message = seen_message(call, channel_id, ts)
    shown = found_message(call, channel_id, message, whole=call.flag("full"))
    return {"type": "message", "channel": channel_id, "message": shown}


def reactions_list(call: Call) -> Raw:
    """The messages that a user reacted to, the newest first."""
    user_id = call.text("user") or call.token.user_id
    if call.backend.user(user_id) is None:
        raise Refusal("user_not_found")
    found = _reacted_to(call, user_id)
    answer: Raw = {}
    if call.text("cursor") or call.text("limit"):
        page, answer["response_metadata"] = cut(call, found, call.limit(100, 1000), "team")
    else:
        page, answer["paging"] = leaf(call, found)
    whole = call.flag("full")
    items = [
        {
            "type": "message",
            "channel": channel_id,
            "message": found_message(call, channel_id, message, whole=whole),
        }
        for channel_id, message in page
    ]
    return {"items": items, **answer}


def _reacted_to(call: Call, user_id: str) -> list[tuple[str, Raw]]:
    hidden_before = horizon(call)
    found = [
        (channel["id"], message)
        for channel in call.backend.workspace.channels
        if _reads(call, channel)
        for message in call.backend.workspace.messages.get(channel["id"], [])
        if message["ts"] >= hidden_before
        and any(user_id in reaction.get("users", ()) for reaction in message.get("reactions", []))
    ]
    found.sort(key=lambda each: each[1]["ts"], reverse=True)
    return found


def pins_list(call: Call) -> Raw:
    """What is pinned to a channel."""
    channel_id = _place(call, "channel")["id"]
    hidden_before = horizon(call)
    items: list[Raw] = []
    for pin in call.backend.workspace.pins.get(channel_id, []):
        message = call.backend.workspace.find(channel_id, pin["id"])
        if message is not None and message["ts"] >= hidden_before:
            item: Raw = {"type": "message", "channel": channel_id, "created": pin["created"]}
            item["created_by"] = pin["user"]
            item["message"] = found_message(call, channel_id, message)
            items.append(item)
    return {"items": items}


def bookmarks_list(call: Call) -> Raw:
    """The bookmarks of a channel."""
    channel = _place(call, "channel_id")
    return {"bookmarks": call.backend.workspace.bookmarks.get(channel["id"], [])}


def emoji_list(call: Call) -> Raw:
    """The workspace's own emoji; the standard ones are nowhere listed."""
    answer: Raw = {
        "emoji": call.backend.workspace.emoji,
        "cache_ts": f"{call.backend.clock.now():.6f}",
    }
    if call.flag("include_categories"):
        answer |= {"categories_version": "1", "categories": []}
    return answer


def _place(call: Call, name: str) -> Raw:
    """The conversation that an argument names, if the token may read it."""
    channel = call.backend.channel(call.required(name))
    if channel is None or not _reads(call, channel):
        raise Refusal("channel_not_found")
    return channel


def _reads(call: Call, channel: Raw) -> bool:
    """Whether the token may look at what stands in a conversation."""
    if is_member(call, channel):
        return True
    is_public = type_of(channel) == "public_channel"
    return is_public and call.token.kind == "user" and sees(call, channel)


METHODS = (
    Method("reactions.get", reactions_get, Tier.THREE, ("reactions:read",)),
    Method("reactions.list", reactions_list, Tier.TWO, ("reactions:read",)),
    Method("pins.list", pins_list, Tier.TWO, ("pins:read",)),
    Method("bookmarks.list", bookmarks_list, Tier.THREE, ("bookmarks:read",), takes_json=True),
    Method("emoji.list", emoji_list, Tier.TWO, ("emoji:read",)),
)
