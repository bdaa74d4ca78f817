"""Members of whom nothing is kept: those who opted out, and those who were forgotten.

A file in the workspace's folder, without any id: a member is recognised by a keyed token, so that
the list itself says nothing about anyone. Every flow into the store heeds it: neither an older
archive nor a new collection brings a member back.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import asdict

from hubbub.core.unshown import Unshown
from hubbub.errors import HubbubError
from hubbub.privacy.closed import in_turn, write_closed
from hubbub.privacy.keys import Keys
from hubbub.slack.redaction import standing_alone

Why = Literal["opted out", "forgotten"]


class Refusals(Unshown, frozen=True):
    """The refused members of a workspace, as keyed tokens of their ids and handles."""

    tokens: frozenset[str] = frozenset()
    keys: Keys | None = None
    names: re.Pattern[str] | None = None
    """How texts name those of them whom a directory still knows."""
    called: frozenset[str] = frozenset()
    """How these are called, as `folded` writes it."""
    called_tokens: frozenset[str] = frozenset()
    """The same of all who were called anything when they were refused, as keyed tokens."""
    _met: dict[str, bool] = field(default_factory=dict[str, bool])

    def __bool__(self) -> bool:
        return bool(self.tokens)

    def __contains__(self, member: object) -> bool:
        """Whether a member, named by id or handle, is refused."""
        if not self.tokens or not isinstance(member, str):
            return False
        found = self._met.get(member)
        if found is None:
            assert self.keys is not None, "tokens are made with keys"
            found = self._met[member] = self.keys.refusal(member) in self.tokens
        return found

    def calls(self, name: str) -> bool:
        """Whether a name that stands alone is one that a refused member bears."""
        if not self.tokens:
            return False
        assert self.keys is not None, "tokens are made with keys"
        told = folded(name)
        return told in self.called or self.keys.refusal(f"name\0{told}") in self.called_tokens


def folded(name: str) -> str:
    """A name as names are compared: without blanks around it or an @, in no particular case."""
    return " ".join(name.split()).removeprefix("@").casefold()


class Entry(Struct, frozen=True):
    """A refused member."""

    token: str
    why: Why
    since: str
    """ISO 8601, UTC."""
    handle: str | None = None
    """Token of the handle, where it was known: old archives name authors by it."""
    pseudonym: str | None = None
    """Of the member, where ids are pseudonyms: to find rows of an import that was under way."""
    names: tuple[str, ...] = ()
    """Tokens of handle and names, where they were known: records name people by them."""


class RefusalFile:
    """The file that holds them. Raises `HubbubError` if it is damaged: without it, members who
    asked to be left out would be stored."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Whether anyone was ever refused."""
        return self._path.exists()

    def entries(self) -> list[Entry]:
        """All refused members, the oldest first."""
        try:
            content: Any = json.loads(self._path.read_text(encoding="utf-8"))
            return [
                Entry(names=tuple(each.pop("names", ())), **each) for each in content["refused"]
            ]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise HubbubError(
                f"The list of members who are left out, {self._path}, is damaged.",
                "Restore it from your backup. Without it nothing is stored.",
            ) from error

    def refusals(self, keys: Keys | None) -> Refusals:
        """What the gate needs of them."""
        entries = self.entries()
        tokens = {each.token for each in entries} | {each.handle for each in entries if each.handle}
        called = frozenset(token for each in entries for token in each.names)
        return Refusals(frozenset(tokens), keys, called_tokens=called)

    def add(self, entry: Entry) -> None:
        """Remember a member from now on."""
        self.change(
            lambda entries: [each for each in entries if each.token != entry.token] + [entry]
        )

    def remove(self, token: str) -> Entry | None:
        """Let a member in again; returns the entry, None if there was none."""
        found = next((each for each in self.entries() if each.token == token), None)
        if found:
            self.change(lambda entries: [each for each in entries if each.token != token])
        return found

    def change(self, changed: Callable[[list[Entry]], list[Entry]]) -> None:
        """Replace the entries, as a whole or not at all; they are on the disk when this returns.
        Whoever else changes them waits."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with in_turn(self._path):
            content = {"refused": [_told(each) for each in changed(self.entries())]}
            write_closed(self._path, json.dumps(content, indent=1))


def names_in_texts(told: Iterable[tuple[str | None, ...]]) -> re.Pattern[str] | None:
    """What tells members in others' texts, of their handle, full name, e-mail and telephone number:
    full names, handles behind an @, addresses. A name of one word is too often another's, or a
    word. None if nothing is known."""
    found: set[str] = set()
    for handle, real_name, email, phone in told:
        found |= {each for each in (email, phone) if each}
        found |= {real_name} if real_name and " " in real_name.strip() else set()
        found |= {f"@{handle}"} if handle else set()
    if not found:
        return None
    return standing_alone(found)


def now() -> str:
    """The present, as entries note it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _told(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if value not in (None, ())}
