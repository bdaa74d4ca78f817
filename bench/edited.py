"""Exports of edited messages: what a sweep or events would bring, on the way of all messages."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path


def write_edited(archive: Path, path: Path, number: int, is_edited: Callable[[str], bool]) -> None:
    """Write an export zip of those messages of an archive whose `ts` is one of those that are
    edited, each with a word more; a greater number is a later edit."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            if "/" not in name:
                new.writestr(name, old.read(name))
                continue
            edited = [
                message | {
                    "text": f"{message.get('text', '')} {number}",
                    "edited": {"user": message["user"], "ts": f"{4_000_000_000 + number}.000000"},
                }
                for message in json.loads(old.read(name))
                if "user" in message and is_edited(message["ts"])
            ]  # fmt: skip
            if edited:
                new.writestr(name, json.dumps(edited))
