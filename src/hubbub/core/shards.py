"""Spreads workspaces over machines: each workspace belongs to one shard, known from its name alone.

Rendezvous hashing: of all shards a workspace takes the one with the greatest digest of both their
names. A further shard takes only what it wins; nothing moves between the others.
"""

import hashlib
import re
import unicodedata
from functools import cache

from msgspec import Struct

from hubbub.errors import UsageError

MOST = 1_000
"""Shards at most: each workspace asks all of them."""
_WRITTEN = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


class Shard(Struct, frozen=True):
    """One of several parts of the workspaces: a machine's."""

    number: int
    """From 1 on."""
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, workspace: str) -> bool:
        """Whether a workspace belongs to it."""
        return number_of(workspace, self.of) == self.number


ALL = Shard(1, 1)
"""The only shard: it has every workspace."""


@cache
def number_of(workspace: str, shards: int) -> int:
    """The number, from 1 on, of the one shard among so many that a workspace belongs to.

    It is the number N whose SHA-256 of `workspace/N` is the greatest. This never changes: on each
    machine, in each version, it has to come to the same.
    """
    # the same name can be written in two ways, and some file systems choose one by themselves
    name = unicodedata.normalize("NFC", workspace)
    digests = (
        (hashlib.sha256(f"{name}/{number}".encode()).digest(), number)
        for number in range(1, shards + 1)
    )
    return max(digests)[1]


def read_shard(written: str) -> Shard:
    """The shard that `2/5` names. Raises `UsageError` if there is none."""
    found = _WRITTEN.fullmatch(written)
    if not found:
        raise UsageError(
            f"--shard wants a number and how many there are, not {written!r}.",
            "Write 2/5 for the second of five machines.",
        )
    shard = Shard(int(found[1]), int(found[2]))
    check_count(shard.of)
    if not 1 <= shard.number <= shard.of:
        raise UsageError(
            f"There is no shard {shard}.",
            f"Take 1/{shard.of} on the first machine, up to {shard.of}/{shard.of} on the last.",
        )
    return shard


def check_count(shards: int) -> None:
    """Raise `UsageError` unless there can be so many shards."""
    if not 1 <= shards <= MOST:
        raise UsageError(
            f"Workspaces cannot be spread over {shards} shards.", f"Take 1 to {MOST:,}."
        )
