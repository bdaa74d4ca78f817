"""Files that their owner alone may read: keys, the list of refused members, who may look."""

import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from hubbub.errors import HubbubError

KEY_BYTES = 32
"""Of every key."""


def write_closed(path: Path, content: str) -> None:
    """Write a file as a whole or not at all; it is on the disk when this returns."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise HubbubError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make room on the disk, check the folder's permissions, and run this again.",
        ) from error
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def in_turn(path: Path) -> Generator[None]:
    """Let one process at a time read a file and write it anew, or what one of them adds is lost."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_closed(path: Path) -> None:
    """Raise `HubbubError` if others than its owner can read a file."""
    if path.stat().st_mode & 0o077:
        raise HubbubError(
            f"Other users of this machine can read {path}.",
            f"Close it: chmod 600 {path}",
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
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
    check_closed(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise HubbubError(
            f"The {name} {path} is damaged: {len(key)} bytes instead of {KEY_BYTES}.", fix
        )
    return key
