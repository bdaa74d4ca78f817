"""A workspace's keys: they make pseudonyms, recognise refused members, and settle between copies.

They lie outside the store, so that a copy of the store says nothing without them: in a file that
its owner alone may read, or in the environment.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from hubbub.core.unshown import Unshown
from hubbub.errors import HubbubError
from hubbub.privacy.closed import KEY_BYTES, check_closed, write_closed

_TITLE = "hubbub keys 1"
ENVIRONMENT = "HUBBUB_KEYS"
"""The variable that the keys are taken from where it is set; then there is no file."""

Label = Literal["member", "email"]


class Keys(Unshown, frozen=True):
    """The keys in use. A rotation adds one to the chain: the pseudonym of a version is made of that
    of the version before, so that a store can be renewed without knowing any real id."""

    chain: tuple[bytes, ...]
    """Keys of pseudonyms, oldest first."""
    version: int
    """Of the newest pseudonyms."""
    steady: bytes
    """The key of what outlives rotations: refusals, and outlines of copies."""

    @classmethod
    def new(cls) -> "Keys":
        """Keys that nobody has seen."""
        return cls((secrets.token_bytes(KEY_BYTES),), 1, secrets.token_bytes(KEY_BYTES))

    @property
    def mark(self) -> str:
        """What a store remembers to know these keys again; it tells nothing of them."""
        return _digest(self.steady, "mark\0")[:16]

    def pseudonym(self, label: Label, value: str) -> str:
        """A value's keyed pseudonym, as `m1_` and 24 hex digits: label, version, token."""
        token = value
        for version, key in enumerate(self.chain, self.first):
            token = keyed_token(key, version, label, token)
        return token

    @property
    def first(self) -> int:
        """The oldest version whose key is there: pseudonyms of versions before are cut off."""
        return self.version - len(self.chain) + 1

    def renewed(self, label: Label, token: str, version: int) -> str:
        """The pseudonym of the next version for one of `version`."""
        return keyed_token(self.chain[version + 1 - self.first], version + 1, label, token)

    def refusal(self, member_id: str) -> str:
        """What a refused member is remembered by."""
        return _digest(self.steady, f"refusal\0{member_id}")[:32]

    def choice(self, member_id: str) -> str:
        """What a member's choice about letters is remembered by."""
        return _digest(self.steady, f"letters\0{member_id}")[:32]

    def delivery(self, *what: str) -> str:
        """The mark of a letter, of all that tells it from others: Slack and the ledger know it by
        that alone, and nobody learns from it whom it is for."""
        return _digest(self.steady, "\0".join(("delivery", *what)))[:32]

    def outline(self, outline: bytes) -> str:
        """What is left of a copy's outline: enough to tell copies apart and to order them.

        A trace of a deleted message begins with the number of facts that it knows; it leads, so
        that the trace that knows more is still the greater.
        """
        facts = outline[1:3].partition(b",")[0]
        leading = f"{int(facts):02}" if outline[:1] == b"[" and facts.isdigit() else "00"
        digest = hashlib.blake2b(outline, key=self.steady, digest_size=16).hexdigest()
        return f"o{leading}_{digest}"

    def rotated(self) -> "Keys":
        """These keys and a new one for pseudonyms."""
        chain = (*self.chain, secrets.token_bytes(KEY_BYTES))
        return replace(self, chain=chain, version=self.version + 1)

    def without_past(self) -> "Keys":
        """Keys that begin anew: nothing ties their pseudonyms to those of any version before."""
        chain = (secrets.token_bytes(KEY_BYTES),)
        return replace(self, chain=chain, version=self.version + 1)

    def written(self) -> str:
        """The keys as a file holds them."""
        lines = [f"{version} {key.hex()}" for version, key in enumerate(self.chain, self.first)]
        return "\n".join([_TITLE, f"steady {self.steady.hex()}", *lines, ""])


def from_environment() -> Keys | None:
    """The keys of the environment, if it has any. Raises `HubbubError` if they are damaged."""
    written = os.environ.get(ENVIRONMENT)
    if not written:
        return None
    return _parsed(written.replace(",", "\n").encode(), f"The variable {ENVIRONMENT}")


def read_keys(path: Path) -> Keys:
    """The keys of a file. Raises `HubbubError` if others can read it or it is damaged: a leaked key
    undoes every pseudonym, and a new one would part the history in two."""
    check_closed(path)
    return _parsed(path.read_bytes(), f"The key file {path}")


def write_keys(path: Path, keys: Keys) -> None:
    """Write keys as a whole or not at all, for their owner alone."""
    write_closed(path, keys.written())


def made_keys(path: Path) -> Keys:
    """New keys in a new file; those of whoever was first, if two processes make them at once."""
    keys = Keys.new()
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    write_keys(scratch, keys)
    try:
        os.link(scratch, path)
    except FileExistsError:
        return read_keys(path)
    finally:
        scratch.unlink()
    return keys


def _parsed(content: bytes, where: str) -> Keys:
    if len(content) == KEY_BYTES:  # as it was before keys could be rotated
        return Keys((content,), 1, hashlib.sha256(b"steady\0" + content).digest())
    try:
        title, *lines = [line for line in content.decode("ascii").splitlines() if line.strip()]
        named = dict(line.split() for line in lines)
        found = {name: bytes.fromhex(value) for name, value in named.items()}
        steady = found.pop("steady")
        versions = sorted(map(int, found))
        chain = tuple(found[str(version)] for version in versions)
        is_whole = (
            title == _TITLE
            and versions == [*range(versions[0], versions[-1] + 1)]
            and {len(key) for key in (steady, *chain)} == {KEY_BYTES}
        )
    except (ValueError, KeyError, IndexError):
        is_whole, versions, chain, steady = False, [], (), b""
    if not is_whole:
        raise HubbubError(
            f"{where} is damaged: {len(content)} bytes that are no keys.",
            "Restore it from your backup; with other keys the history falls into two halves.",
        )
    return Keys(chain, versions[-1], steady)


def keyed_token(key: bytes, version: int, label: str, value: str) -> str:
    """HMAC-SHA256 of a labelled value, as the label's initial, the version, and 24 hex digits."""
    digest = _digest(key, f"{label}\0{value}")
    return f"{label[0]}{version}_{digest[:24]}"


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
