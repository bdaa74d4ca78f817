"""Posting: messages of apps, their changes and their removal; permalinks."""

from typing import Any, cast

from hubbub.simulator.call import Call, Method
from hubbub.simulator.limits import Tier
from hubbub.simulator.markup import rich_text
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw, permalink
from hubbub.simulator.views import message_view
from hubbub.simulator.visibility import is_member, seen_message, sees, type_of

LONGEST_TEXT = 40_000
LONGEST_MARKDOWN = 12_000
MOST_BLOCKS = 50
LONGEST_BLOCKS = 13_000
MOST_ATTACHMENTS = 100


def post_message(call: Call) -> Raw:
    """Post as the token's bot or user."""
    channel = writable_channel(call, call.required("channel"))
    message = author(call) | _content(call)
    if thread_ts := call.text("thread_ts"):
        if call.backend.workspace.find(channel["id"], thread_ts) is None:
            raise Refusal("cannot_reply_to_message")
        broadcast = call.flag("reply_broadcast")
        message |= call.backend.acts.in_thread(channel["id"], thread_ts, broadcast)
    posted = call.backend.acts.put(channel["id"], message)
    call.backend.sent.append((channel["id"], posted))
    shown = message_view(call, posted, metadata=True)
    return {"channel": channel["id"], "ts": posted["ts"], "message": shown}


def update(call: Call) -> Raw:
    """Change a message of one's own."""
    channel_id, message = _own_message(call, "cant_update_message")
    content = _content(call)
    text = content.pop("text")
    changed = call.backend.acts.edit(channel_id, message["ts"], text, **content)
    shown = message_view(call, changed, metadata=True)
    return {"channel": channel_id, "ts": message["ts"], "text": text, "message": shown}


def delete(call: Call) -> Raw:
    """Delete a message of one's own."""
    channel_id, message = _own_message(call, "cant_delete_message")
    call.backend.acts.delete(channel_id, message["ts"])
    return {"channel": channel_id, "ts": message["ts"]}


def get_permalink(call: Call) -> Raw:
    """The address of a message in Slack's web client."""
    channel = call.backend.channel(call.required("channel"))
    if channel is None or not sees(call, channel):
        raise Refusal("channel_not_found")
    message = seen_message(call, channel["id"], call.required("message_ts"))
    return {
        "permalink": permalink(call.backend.workspace.team, channel["id"], message),
        "channel": channel["id"],
    }


def writable_channel(call: Call, named: str) -> Raw:
    """The conversation to post to: by id, by name, or a user's direct message, opened if need be.

    Refuses where the token may not post.
    """
    channel = _named(call, named)
    if channel is None or not sees(call, channel):
        raise Refusal("channel_not_found")
    if channel.get("is_archived"):
        raise Refusal("is_archived")
    if channel.get("is_im") and (call.backend.user(channel.get("user", "")) or {}).get("deleted"):
        raise Refusal("user_disabled")
    may_stay_outside = type_of(channel) == "public_channel" and (
        call.token.kind == "user" or call.token.allows("chat:write.public")
    )
    if not may_stay_outside and not is_member(call, channel):
        raise Refusal("not_in_channel")
    return channel


def author(call: Call) -> Raw:
    """What a message says of who sent it: apps' bots have a user and a bot id, and no subtype."""
    backend, token = call.backend, call.token
    team_id = backend.workspace.team["id"]
    said: Raw = {"user": token.user_id, "team": team_id, "app_id": token.app_id}
    bot = backend.bot(token.bot_id) if token.bot_id else None
    if bot is not None:
        profile = {name: value for name, value in bot.items() if name != "user_id"}
        said |= {"bot_id": bot["id"], "bot_profile": profile | {"team_id": team_id}}
    for name in ("username", "icon_url", "icon_emoji"):
        if call.text(name) and token.allows("chat:write.customize"):
            icon = name.replace("icon_url", "image_64").removeprefix("icon_")
            given: Raw = {icon: call.text(name)}
            said |= given if name == "username" else {"icons": given}
    return said


def _content(call: Call) -> Raw:
    """What a message says, checked as Slack checks it."""
    text, markdown = call.text("text"), call.text("markdown_text")
    blocks = _listed(call, "blocks", "invalid_blocks_format")
    attachments = _listed(call, "attachments", "invalid_arguments")
    if markdown and (text or blocks):
        raise Refusal("markdown_text_conflict")
    if not (text or markdown or blocks or attachments):
        raise Refusal("no_text")
    if len(markdown) > LONGEST_MARKDOWN:
        raise Refusal("msg_too_long")
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT]
        call.warnings.append("message_truncated")
    if len(blocks) > MOST_BLOCKS or not all(each.get("type") for each in blocks):
        raise Refusal("invalid_blocks")
    if sum(len(str(block)) for block in blocks) > LONGEST_BLOCKS:
        raise Refusal("msg_blocks_too_long")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refusal("too_many_attachments")
    content: Raw = {"text": text or markdown}
    content["blocks"] = [
        {"block_id": call.backend.acts.ids.block(), **block} for block in blocks
    ] or rich_text(call.backend.acts.ids.block(), content["text"])
    if attachments:
        content["attachments"] = [
            {"id": number, "fallback": each.get("text", "[no preview available]"), **each}
            for number, each in enumerate(attachments, 1)
        ]
    metadata = call.json("metadata", "invalid_metadata_format")
    return content | ({"metadata": metadata} if metadata else {})


def _listed(call: Call, name: str, code: str) -> list[Raw]:
    """An argument that is a list of objects, in JSON."""
    listed = call.json(name, code) or list[Any]()
    if not isinstance(listed, list):
        raise Refusal(code)
    if not all(isinstance(each, dict) for each in cast("list[Any]", listed)):
        raise Refusal(code)
    return cast("list[Raw]", listed)


def _named(call: Call, named: str) -> Raw | None:
    if call.backend.user(named) is not None:
        return call.backend.acts.open_conversation([call.token.user_id, named])[0]
    by_name = named.removeprefix("#")
    for channel in call.backend.workspace.channels:
        if named == channel["id"] or by_name == channel.get("name"):
            return channel
    return None


def _own_message(call: Call, refusal: str) -> tuple[str, Raw]:
    channel = call.backend.channel(call.required("channel"))
    if channel is None or not sees(call, channel):
        raise Refusal("channel_not_found")
    message = seen_message(call, channel["id"], call.required("ts"))
    if message.get("user") != call.token.user_id:
        raise Refusal(refusal)
    return channel["id"], message


METHODS = (
    Method("chat.postMessage", post_message, Tier.POSTING, ("chat:write",), takes_json=True),
    Method("chat.update", update, Tier.THREE, ("chat:write",), takes_json=True),
    Method("chat.delete", delete, Tier.THREE, ("chat:write",), takes_json=True),
    Method("chat.getPermalink", get_permalink, Tier.SPECIAL),
)
