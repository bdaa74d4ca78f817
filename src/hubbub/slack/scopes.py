"""The scopes that a token needs for what is collected and sent: these, and no others.

Source: slack-platform §2, the column of scopes.
"""

from collections.abc import Iterable

from hubbub.slack.methods import HISTORY_SCOPE, READ_SCOPE, Type

_CONVERSATIONS: dict[Type, str] = {
    "public_channel": "public channels",
    "private_channel": "private channels",
    "mpim": "group DMs",
    "im": "DMs",
}
_POSTING = {
    "chat:write": "post reports and letters",
    "files:write": "post the pictures in them",
    "im:write": "write to members",
    "im:history": "see whether a letter has arrived, and hear members write stop or start",
    "commands": "let members choose by /hubbub which letters they get",
}
GROUPS = "usergroups:read"
"""Without this one all else is collected all the same; only paid plans have user groups."""
_GIVEN_TO_ALL = frozenset({"identify"})
"""What Slack adds to tokens by itself."""


def scopes_needed(
    kind: str,
    types: Iterable[Type],
    *,
    emails: bool = False,
    join: bool = False,
    files: bool = False,
    letters: bool = False,
) -> dict[str, str]:
    """The scopes of a `bot` or `user` token by name, with what each is for.

    `types` are those of the conversations that are collected; `emails` are the members', `files`
    the bytes of shared files. With `join` the bot enters public channels by itself: a user's token
    reads them all. `letters` are what the bot posts; users' tokens post nothing.
    """
    needed: dict[str, str] = {}
    for each in types:
        needed[READ_SCOPE[each]] = f"see which {_CONVERSATIONS[each]} there are, and who is in them"
        needed[HISTORY_SCOPE[each]] = f"read what is said in {_CONVERSATIONS[each]}"
    if join and kind == "bot":
        needed["channels:join"] = "enter public channels"
    needed["users:read"] = "read the directory of members"
    if emails:
        needed["users:read.email"] = "read members' e-mail addresses"
    needed[GROUPS] = "know the user groups (@handle) that settings can name"
    needed["reactions:read"] = "count reactions that a page cuts short"
    if files:
        needed["files:read"] = "fetch the files that members share"
    if letters and kind == "bot":
        needed |= _POSTING
    return needed


_EVENTS: dict[Type, tuple[str, ...]] = {
    "public_channel": (
        "message.channels", "channel_created", "channel_rename", "channel_archive",
        "channel_unarchive", "channel_deleted", "channel_shared", "channel_unshared",
        "channel_history_changed",
    ),
    "private_channel": (
        "message.groups", "group_rename", "group_archive", "group_unarchive", "group_deleted",
        "group_history_changed",
    ),
    "mpim": ("message.mpim",),
    "im": ("message.im", "im_history_changed"),
}  # fmt: skip


def events_wanted(
    kind: str, types: Iterable[Type], *, files: bool = False, letters: bool = False
) -> list[str]:
    """The events that an app has to be subscribed to for what is collected with a `bot` or `user`
    token, and to hear what members choose: what they write to the bot. With a user's token all
    direct messages of that user would come. They need no scope beyond those of `scopes_needed`."""
    wanted = [event for each in types for event in _EVENTS[each]]
    wanted += ["message.im"] if letters and kind == "bot" and "message.im" not in wanted else []
    wanted += ["member_joined_channel", "member_left_channel", "channel_id_changed"]
    wanted += ["reaction_added", "reaction_removed", "team_join", "user_change"]
    wanted += ["subteam_created", "subteam_updated", "subteam_members_changed"]
    wanted += ["file_deleted"] if files else []
    return [*wanted, "app_uninstalled", "tokens_revoked"]


def scopes_told(header: str) -> list[str]:
    """The scopes that Slack says a token has, without those that every token has."""
    told = (scope.strip() for scope in header.split(","))
    return sorted({scope for scope in told if scope} - _GIVEN_TO_ALL)
