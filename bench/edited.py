"""Exports of edited messages: what a sweep or events would bring, on the way of all messages."""

import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb

CHANGES = ("the newest 1 % changed", "1 % changed, all over the days")
"""Which messages are edited; most changes are of the first kind."""


def change(home: Path, archive: Path, which: str, number: int) -> None:
    """Edit a hundredth of the messages of an archive that a home has imported."""
    from bench.__main__ import hubbub

    store = home / "default/store.duckdb"
    with closing(duckdb.connect(str(store), read_only=True)) as session:
        query = "SELECT quantile_disc(ts, 0.99) FROM messages"
        newest: str = session.execute(query).fetchall()[0][0]
    edited = archive.with_name(f"edited-{number}.zip")
    write_edited(
        archive, edited, number,
        (lambda ts: ts >= newest) if which == CHANGES[0] else (lambda ts: ts.endswith("00")),
    )  # fmt: skip
    hubbub(home, "import", edited)


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
