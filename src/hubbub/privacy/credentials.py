"""Who may look at the dashboard: its password and tokens, hashed, in a file that its owner alone
may read."""

import hashlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from hubbub.errors import HubbubError, UsageError
from hubbub.privacy.closed import check_closed, in_turn, write_closed

ENVIRONMENT = "HUBBUB_DASHBOARD_PASSWORD"
"""The variable that the password is taken from where it is set."""
SHORTEST = 12
"""Characters of a password."""
_LONGEST = 1_024
_TOKEN = "hubbub_"  # noqa: S105 -- what tokens begin with, so that a leaked one is known for what it is

_COST, _BLOCK, _LANES = 2**15, 8, 3
"""scrypt's N, r and p: 32 MB and some 0.2 s a guess, one of the choices that OWASP calls equal."""

_HEX = msgspec.Meta(pattern="^([0-9a-f]{2})+$")


class Password(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A password, hashed with scrypt; `id` is another one each time that it is set."""

    id: Annotated[str, _HEX]
    salt: Annotated[str, _HEX]
    digest: Annotated[str, _HEX]
    cost: int
    block: int
    lanes: int

    @classmethod
    def of(cls, text: str) -> "Password":
        """A new password. Raises `UsageError` if it is too short or too long."""
        if not SHORTEST <= len(text) <= _LONGEST:
            raise UsageError(
                f"The password has {len(text)} characters.",
                f"Take {SHORTEST} to {_LONGEST:,}; four or five words that do not belong together "
                "are easy to type.",
            )
        salt = secrets.token_hex(16)
        digest = _scrypt(text, salt, _COST, _BLOCK, _LANES)
        return cls(secrets.token_hex(8), salt, digest.hex(), _COST, _BLOCK, _LANES)

    def matches(self, text: str) -> bool:
        """Whether this is the password; takes 0.2 s of CPU, whatever the answer."""
        if len(text) > _LONGEST:
            return False
        found = _scrypt(text, self.salt, self.cost, self.block, self.lanes)
        return hmac.compare_digest(found, bytes.fromhex(self.digest))


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for scripts: 256 random bits, so that a plain digest of it says nothing."""

    id: Annotated[str, _HEX]
    name: str
    digest: Annotated[str, _HEX]
    created_at: str

    @classmethod
    def new(cls, name: str, created_at: str) -> tuple["Token", str]:
        """A new token, and its text, which is told this once."""
        text = _TOKEN + secrets.token_urlsafe(32)
        return cls(secrets.token_hex(8), name, _digest(text), created_at), text


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that open the dashboard."""

    password: Password | None = None
    environment: Password | None = None
    """The password that the environment had when a server started last: a server that finds
    another one there ends all sessions."""
    tokens: tuple[Token, ...] = ()

    @property
    def password_in_force(self) -> Password | None:
        """The environment's wins over the one that was set."""
        return self.environment or self.password

    @property
    def ids(self) -> frozenset[str]:
        """Of those that open the dashboard now."""
        password = self.password_in_force
        return frozenset([each.id for each in self.tokens] + ([password.id] if password else []))

    def opened_by(self, text: str) -> str | None:
        """The id of what a text is: a token, or the password, which takes 0.2 s of CPU."""
        token = self.token(text)
        password = self.password_in_force
        if token is not None:
            return token.id
        return password.id if password and password.matches(text) else None

    def token(self, text: str) -> Token | None:
        """The token that a text is."""
        digest = _digest(text)
        found = None
        for each in self.tokens:  # all of them: the time tells nothing of which
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found

    def with_token(self, token: Token) -> "Credentials":
        """With one more token."""
        if any(each.name == token.name for each in self.tokens):
            raise UsageError(
                f"There is a token {token.name!r} already.",
                "Take another name, or revoke it first: hubbub access token revoke NAME",
            )
        return msgspec.structs.replace(self, tokens=(*self.tokens, token))

    def without_token(self, name: str) -> "Credentials":
        """Without the token of that name."""
        left = tuple(each for each in self.tokens if each.name != name)
        if len(left) == len(self.tokens):
            raise UsageError(
                f"There is no token {name!r}.", "See which there are: hubbub access token list"
            )
        return msgspec.structs.replace(self, tokens=left)


def password_of_environment() -> str:
    """The password that the environment gives; empty if it gives none."""
    return os.environ.get(ENVIRONMENT, "").rstrip("\r\n")


class CredentialFile:
    """The file that holds them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Credentials:
        """What is there. Raises `HubbubError` if others can read the file, or it is damaged."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Credentials()
        check_closed(self.path)
        try:
            return msgspec.json.decode(content, type=Credentials)
        except msgspec.DecodeError as error:
            raise HubbubError(
                f"{self.path} is damaged: nobody can log in.",
                f"Restore it from your backup, or remove it and set all anew: rm {self.path}",
            ) from error

    def change(self, changed: Callable[[Credentials], Credentials]) -> None:
        """Replace them, as a whole or not at all. Whoever else changes them waits; the folder has
        to be there."""
        with in_turn(self.path):
            written = msgspec.json.format(msgspec.json.encode(changed(self.read())), indent=1)
            write_closed(self.path, written.decode())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _scrypt(text: str, salt: str, cost: int, block: int, lanes: int) -> bytes:
    """The same for each way to type the same characters. Other threads run meanwhile."""
    typed = unicodedata.normalize("NFKC", text).encode(errors="replace")
    return hashlib.scrypt(
        typed, salt=bytes.fromhex(salt), n=cost, r=block, p=lanes, maxmem=256 * cost * block
    )
