"""Conversations: which there are, who is in them, entering and opening them."""

from hubbub.simulator.call import Call, Method
from hubbub.simulator.directory import SLACKBOT
from hubbub.simulator.limits import Tier
from hubbub.simulator.paging import cut
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import NO_REPLY, Raw
from hubbub.simulator.views import channel_view
from hubbub.simulator.visibility import READ, is_member, seen_channel, sees, type_of

MOST = 999
"""Objects a page, at most."""

MOST_IN_GROUP = 8
"""Users that a group message can be opened with."""

UNREAD: Raw = {
    "last_read": NO_REPLY,
    "latest": None,
    "unread_count": 0,
    "unread_count_display": 0,
    "is_open": True,
}
"""What is said of a direct message that was just opened."""


def conversations_list(call: Call) -> Raw:
    """The conversations that the token sees.

    As in Slack, pages are cut before they are filtered, so one may be empty and have a successor.
    """
    types = _types(call)
    limit = call.strict_limit(100, MOST)
    shown, metadata = cut(call, call.backend.workspace.channels, limit, "team")
    found = [
        channel_view(call, channel, counted=True)
        for channel in shown
        if _is_asked_for(call, channel, types) and sees(call, channel)
    ]
    return {"channels": found, "response_metadata": metadata}


def users_conversations(call: Call) -> Raw:
    """The conversations that a user is in, and the token sees."""
    types = _types(call)
    user_id = call.text("user") or call.token.user_id
    members = call.backend.workspace.members
    found = [
        channel
        for channel in call.backend.workspace.channels
        if user_id in members.get(channel["id"], [])
        and _is_asked_for(call, channel, types)
        and sees(call, channel)
    ]
    shown, metadata = cut(call, found, call.strict_limit(100, MOST), "team")
    views = [channel_view(call, channel, counted=False) for channel in shown]
    for view in views:
        view.pop("is_member", None)
    return {"channels": views, "response_metadata": metadata}


def conversations_info(call: Call) -> Raw:
    """One conversation."""
    channel = seen_channel(call, READ)
    view = channel_view(call, channel, counted=call.flag("include_num_members"))
    if call.flag("include_locale"):
        view["locale"] = "en-US"
    return {"channel": view}


def conversations_members(call: Call) -> Raw:
    """The ids of those who are in a conversation."""
    channel = seen_channel(call, READ)
    members = call.backend.workspace.members.get(channel["id"], [])
    limit = call.strict_limit(100, 1000)
    shown, metadata = cut(call, members, limit, "user", channel["id"])
    return {"members": shown, "response_metadata": metadata}


def conversations_join(call: Call) -> Raw:
    """Enter a public channel; everybody there sees it."""
    call.token.demand("channels:join" if call.token.kind == "bot" else "channels:write")
    channel = call.backend.channel(call.required("channel"))
    if channel is None or not sees(call, channel):
        raise Refusal("channel_not_found")
    if type_of(channel) != "public_channel":
        raise Refusal("method_not_supported_for_channel_type")
    if is_member(call, channel):
        call.warnings.append("already_in_channel")
    elif channel.get("is_archived"):
        raise Refusal("is_archived")
    else:
        call.backend.acts.join(channel["id"], call.token.user_id)
    return {"channel": channel_view(call, channel, counted=False)}


def conversations_open(call: Call) -> Raw:
    """Open a direct message with a user, or a group message with several."""
    if asked := call.text("channel"):
        channel = call.backend.channel(asked)
        if channel is None or not is_member(call, channel):
            raise Refusal("channel_not_found")
        if not (channel.get("is_im") or channel.get("is_mpim")):
            raise Refusal("method_not_supported_for_channel_type")
        is_old = True
    else:
        users = _users_to_open(call)
        channel, is_old = call.backend.acts.open_conversation([call.token.user_id, *users])
    answer: Raw = {"no_op": True, "already_open": True} if is_old else {}
    shown: Raw = {"id": channel["id"]}
    if call.flag("return_im"):
        shown = channel_view(call, channel, counted=False) | UNREAD
    return {**answer, "channel": shown}


def _users_to_open(call: Call) -> list[str]:
    users = [user_id for user_id in call.names("users") if user_id != call.token.user_id]
    if not call.names("users"):
        raise Refusal("users_list_not_supplied")
    if len(users) > MOST_IN_GROUP:
        raise Refusal("too_many_users")
    call.token.demand("im:write" if len(users) <= 1 else "mpim:write")
    for user_id in users:
        user = call.backend.user(user_id)
        if user is None:
            raise Refusal("user_not_found")
        if user.get("deleted"):
            raise Refusal("user_disabled")
        if user.get("is_bot") or user_id == SLACKBOT:
            raise Refusal("cannot_dm_bot")
    return users


def _types(call: Call) -> set[str]:
    """The types asked for. Refuses unknown ones and those that the token may not see."""
    types = set(call.names("types")) or {"public_channel"}
    if not types <= READ.keys():
        raise Refusal("invalid_types")
    missing = sorted(READ[each] for each in types if not call.token.allows(READ[each]))
    if missing:
        needed = ",".join(missing)
        raise Refusal("missing_scope", needed=needed, provided=call.token.provided)
    return types


def _is_asked_for(call: Call, channel: Raw, types: set[str]) -> bool:
    is_left_out = call.flag("exclude_archived") and channel.get("is_archived")
    return type_of(channel) in types and not is_left_out


_READ = tuple(READ.values())

METHODS = (
    Method("conversations.list", conversations_list, Tier.TWO, _READ),
    Method("users.conversations", users_conversations, Tier.THREE, _READ),
    Method("conversations.info", conversations_info, Tier.THREE, _READ),
    Method("conversations.members", conversations_members, Tier.FOUR, _READ),
    Method(
        "conversations.join",
        conversations_join,
        Tier.THREE,
        ("channels:join", "channels:write"),
        takes_json=True,
    ),
    Method(
        "conversations.open",
        conversations_open,
        Tier.THREE,
        ("im:write", "mpim:write", "groups:write", "channels:manage", "channels:write"),
        takes_json=True,
    ),
)
