"""A workspace whose own pack has a template of standups."""

from pathlib import Path
from typing import Any

from hubbub.flows.importing import Report, import_archive
from hubbub.settings import Settings
from tests.invented import message, write_export
from tests.privacy.home import settings_of

STANDUP = """
title = "Standup"
doc = "What somebody has done, and with whom."
openings = ["standup"]
table = "standups"
needs = 1

[fields.day]
type = "date"
labels = ["date"]

[fields.crew]
type = "members"
labels = ["with"]

[fields.hours]
type = "count"
labels = ["hours"]

[fields.done]
type = "text"
labels = ["done"]
"""

POST = """Standup
Date: 2026-03-02
With: <@U2>, Beaker
Hours: 3
Done: pruned the roses"""
TS = "1772452800.000100"
"""2026-03-02 12:00 UTC."""


def workspace(folder: Path, preset: str = "open", **choices: Any) -> Settings:
    """Its settings, with the template in place."""
    settings = settings_of(folder, preset, **choices)
    settings.folder.mkdir(parents=True, mode=0o700)
    write_template(settings, STANDUP)
    return settings


def write_template(settings: Settings, text: str) -> None:
    """Write the template of standups anew."""
    path = settings.pack / "records" / "standup.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def said(text: str = POST, ts: str = TS, user: str = "U1", **fields: Any) -> dict[str, Any]:
    """A standup as an export has it."""
    return message(ts, user, text, **fields)


def imported(settings: Settings, folder: Path, *messages: dict[str, Any]) -> Report:
    """Import an export that has nothing but some messages of #general."""
    days = {"general/2026-03-02.json": [*messages]}
    return import_archive(settings, write_export(folder, days=days))
