"""Tokens: who asks, through which app, and what that app may do."""

import hashlib
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from hubbub.simulator.refusal import Refusal

APP_ID = "A0HUBBUB001"
"""The app to which tokens belong if nothing else is said: they share its limits."""

TokenKind = Literal["bot", "user", "app"]
Standing = Literal["active", "expired", "revoked", "inactive"]

_PREFIX = {"bot": "xoxb", "user": "xoxp", "app": "xapp"}
_REFUSED = {
    "expired": "token_expired",
    "revoked": "token_revoked",
    "inactive": "account_inactive",
}

_READING = (
    "bookmarks:read",
    "channels:history",
    "channels:read",
    "emoji:read",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "mpim:history",
    "mpim:read",
    "pins:read",
    "reactions:read",
    "team:read",
    "usergroups:read",
    "users.profile:read",
    "users:read",
    "users:read.email",
)
_WRITING = ("chat:write", "files:write", "im:write", "mpim:write")

SCOPES: dict[str, tuple[str, ...]] = {
    "bot": (*_READING, *_WRITING, "app_mentions:read", "channels:join", "commands"),
    "user": (*_READING, *_WRITING, "channels:write"),
    "app": ("connections:write",),
}
"""What a token may do if nothing else is said, by its kind: all that the simulator offers."""


class Token(Struct):
    """One token of an app. An app-level token stands for nobody, so it has no `user_id`."""

    text: str
    kind: TokenKind
    app_id: str
    user_id: str
    bot_id: str | None
    scopes: tuple[str, ...]
    standing: Standing = "active"

    @property
    def provided(self) -> str:
        """The scopes as Slack lists them."""
        return ",".join(self.scopes)

    def allows(self, *scopes: str) -> bool:
        """Whether the token has one of the scopes."""
        return any(scope in self.scopes for scope in scopes)

    def demand(self, *scopes: str) -> None:
        """Refuse the call unless the token has one of the scopes."""
        if not self.allows(*scopes):
            raise Refusal("missing_scope", needed=scopes[0], provided=self.provided)


class Tokens:
    """All tokens of the workspace. The same tokens come out of the same calls."""

    def __init__(self, team_id: str) -> None:
        self._team_id = team_id
        self._by_text: dict[str, Token] = {}

    def add(
        self,
        kind: TokenKind,
        *,
        app_id: str,
        user_id: str = "",
        bot_id: str | None = None,
        scopes: Iterable[str] | None = None,
    ) -> Token:
        """Make a token."""
        seed = f"{self._team_id} {app_id} {user_id} {len(self._by_text)}"
        drawn = hashlib.sha256(seed.encode()).hexdigest()[:24]
        text = f"{_PREFIX[kind]}-simulated-{drawn}"
        given = SCOPES[kind] if scopes is None else tuple(scopes)
        self._by_text[text] = Token(text, kind, app_id, user_id, bot_id, given)
        return self._by_text[text]

    def restore(self, tokens: Iterable[Token]) -> None:
        """Take over tokens that a saved state holds."""
        self._by_text |= {token.text: token for token in tokens}

    def all(self) -> list[Token]:
        """The tokens, oldest first."""
        return list(self._by_text.values())

    def find(self, text: str) -> Token:
        """The token that a call carries. Refuses unknown ones and those no longer valid."""
        if not text:
            raise Refusal("not_authed")
        token = self._by_text.get(text)
        if token is None:
            raise Refusal("invalid_auth")
        if token.standing != "active":
            raise Refusal(_REFUSED[token.standing])
        return token

    def put(self, text: str, standing: Standing) -> None:
        """Let a token expire, be revoked, lose its account, or work again."""
        self._by_text[text].standing = standing
