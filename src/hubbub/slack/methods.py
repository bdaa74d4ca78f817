"""The methods of the Web API that Hubbub calls: how often each may be, and what it needs.

Source: slack-platform §1.2 and §2. Limits are counted for each method and workspace.
"""

from typing import Literal

from msgspec import Struct

Type = Literal["public_channel", "private_channel", "mpim", "im"]


class Method(Struct, frozen=True):
    """A method: calls that Slack allows in any minute, and objects a page."""

    name: str
    calls_a_minute: int
    page: int = 0
    capped: bool = False
    """Whether apps of the capped class get a call a minute and 15 objects of it."""


METHODS = {
    method.name: method
    for method in (
        Method("auth.test", 100),
        Method("users.list", 20, page=200),  # Slack's own advice; more times out in large teams
        Method("usergroups.list", 20),  # all in one answer
        Method("conversations.list", 20, page=999),
        Method("conversations.members", 100, page=999),
        Method("conversations.history", 50, page=999, capped=True),
        Method("conversations.replies", 50, page=999, capped=True),
        Method("conversations.join", 50),
        Method("reactions.get", 50),
        Method("files.info", 100),
        Method("conversations.open", 50),
        Method("chat.postMessage", 60),  # in all channels together; Slack says so of each
        Method("files.getUploadURLExternal", 100),
        Method("files.completeUploadExternal", 60),  # posts a message, too
    )
}
"""By name."""

FILE = "a file's bytes"
"""What stands in a method's place for a download, which is no method of the Web API."""

CAPPED_PAGE = 15
"""Objects a page for apps that are distributed commercially but not listed by Slack."""
CAPPED_CALLS_A_MINUTE = 1

READ_SCOPE: dict[Type, str] = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "mpim": "mpim:read",
    "im": "im:read",
}
"""What a token needs to see that a conversation exists."""

HISTORY_SCOPE: dict[Type, str] = {
    "public_channel": "channels:history",
    "private_channel": "groups:history",
    "mpim": "mpim:history",
    "im": "im:history",
}
"""What a token needs to read what was said in it."""


def type_of_kind(kind: str) -> Type:
    """Slack's name for a kind of conversation."""
    names: dict[str, Type] = {"private": "private_channel", "group_dm": "mpim", "dm": "im"}
    return names.get(kind, "public_channel")
