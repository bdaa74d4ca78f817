"""Keyed pseudonyms: the same member is the same token everywhere, and no one else can make it."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from hubbub.errors import HubbubError

_KEY_BYTES = 32


def pseudonym(key: bytes, label: str, value: str) -> str:
    """HMAC-SHA256 of a labelled value, as `m1_` and 24 hex digits: label, key version, token."""
    digest = hmac.new(key, f"{label}\0{value}".encode(), hashlib.sha256).hexdigest()
    return f"{label[0]}1_{digest[:24]}"


def workspace_key(path: Path) -> bytes:
    """The key of a workspace's pseudonyms: a leaked one undoes every pseudonym, a new one would
    part the history in two. See `kept_key`."""
    return kept_key(
        path,
        "pseudonym key",
        "Restore it from your backup; with another key the history falls into two halves.",
    )


def kept_key(path: Path, name: str, fix: str) -> bytes:
    """A key of 32 bytes, made on first use and readable by its owner alone.

    Raises `HubbubError` if others can read it, or if it is damaged; `fix` is for the latter.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
    if path.stat().st_mode & 0o077:
        raise HubbubError(
            f"Other users of this machine can read the {name} {path}.",
            f"Close it: chmod 600 {path}",
        )
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise HubbubError(
            f"The {name} {path} is damaged: {len(key)} bytes instead of {_KEY_BYTES}.", fix
        )
    return key
