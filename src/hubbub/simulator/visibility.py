"""Who sees which conversation, and what of it the plan still shows."""

from hubbub.simulator.call import Call
from hubbub.simulator.refusal import Refusal
from hubbub.simulator.state import Raw, places_of, stamp

READ = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "mpim": "mpim:read",
    "im": "im:read",
}
"""The scope to see that a conversation exists, by its type."""

HISTORY = {
    "public_channel": "channels:history",
    "private_channel": "groups:history",
    "mpim": "mpim:history",
    "im": "im:history",
}
"""The scope to read what was said in a conversation, by its type."""

FREE_DAYS = 90
"""Days that a free plan shows."""


def type_of(channel: Raw) -> str:
    """The type of a conversation, in the words of conversations.list."""
    if channel.get("is_im"):
        return "im"
    if channel.get("is_mpim"):
        return "mpim"
    return "private_channel" if channel.get("is_private") else "public_channel"


def is_member(call: Call, channel: Raw) -> bool:
    """Whether the token's user is in a conversation."""
    return call.token.user_id in call.backend.workspace.members.get(channel["id"], [])


def sees(call: Call, channel: Raw) -> bool:
    """Whether the token sees that a conversation exists; guests see their own only."""
    if is_member(call, channel):
        return True
    return type_of(channel) == "public_channel" and not is_guest(call)


def is_guest(call: Call) -> bool:
    """Whether the token is a guest's."""
    user = call.backend.user(call.token.user_id)
    return user is not None and bool(user.get("is_restricted"))


def seen_channel(call: Call, scopes: dict[str, str], name: str = "channel") -> Raw:
    """The conversation that an argument names, if the token sees it and has the scope."""
    if not call.token.allows(*scopes.values()):
        call.token.demand(scopes["public_channel"])
    channel = call.backend.channel(call.required(name))
    if channel is None or not sees(call, channel):
        raise Refusal("channel_not_found")
    call.token.demand(scopes[type_of(channel)])
    return channel


def read_channel(call: Call, scopes: dict[str, str], name: str = "channel") -> Raw:
    """The same, if the token may read what is said there: bots only where they are members."""
    channel = seen_channel(call, scopes, name)
    if call.token.kind == "bot" and not is_member(call, channel):
        raise Refusal("not_in_channel")
    return channel


def horizon(call: Call) -> str:
    """The ts before which the plan hides everything; empty if it hides nothing."""
    if call.backend.plan == "paid":
        return ""
    return stamp(max(0, round((call.backend.clock.now() - FREE_DAYS * 86_400) * 1e6)))


def seen_message(call: Call, channel_id: str, ts: str) -> Raw:
    """A message by its ts. Refuses what is not there or hidden."""
    message = call.backend.workspace.find(channel_id, ts)
    if message is None or message["ts"] < horizon(call):
        raise Refusal("message_not_found")
    return message


def sees_file(call: Call, file: Raw) -> bool:
    """Whether the token sees a file: its own, or one shared where it may read."""
    if file.get("user") == call.token.user_id:
        return True
    return any(
        channel is not None and (is_member(call, channel) or _reads_along(call, channel))
        for channel in map(call.backend.channel, places_of(file))
    )


def _reads_along(call: Call, channel: Raw) -> bool:
    """Users read public channels without being in them."""
    return call.token.kind == "user" and sees(call, channel)
