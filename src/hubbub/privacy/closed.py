"""Files that their owner alone may read: keys, and the list of refused members."""

import os
from pathlib import Path

from hubbub.errors import HubbubError


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


def check_closed(path: Path) -> None:
    """Raise `HubbubError` if others than its owner can read a file."""
    if path.stat().st_mode & 0o077:
        raise HubbubError(
            f"Other users of this machine can read the key file {path}.",
            f"Close it: chmod 600 {path}",
        )
