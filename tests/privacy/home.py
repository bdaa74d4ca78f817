"""What the tests of privacy share: an invented community, and a look at every byte of a home."""

from pathlib import Path
from typing import Any

from hubbub.flows.importing import Report, import_archive
from hubbub.settings import Settings
from tests.invented import DAYS, message, write_export
from tests.looking import looking

ALL = ["general", "garden"]


def settings_of(folder: Path, preset: str = "open", **choices: Any) -> Settings:
    """A workspace's settings; under strict both public channels are allowed."""
    allowed = {"only_channels": ALL} if preset == "strict" else {}
    return Settings(folder / "home", "default", privacy={"preset": preset, **allowed, **choices})


def imported(settings: Settings, folder: Path, **more: list[dict[str, Any]]) -> Report:
    """Import the invented export, with more messages of some days of #general."""
    days = DAYS | {f"general/{day.replace('_', '-')}.json": said for day, said in more.items()}
    return import_archive(settings, write_export(folder / "export", days=days))


def ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with looking(settings.store) as connection:
        rows = connection.sql(query).to_arrow_table()
        return [tuple(row.values()) for row in rows.to_pylist()]


def column(settings: Settings, query: str) -> list[Any]:
    """The first column of a query."""
    return [row[0] for row in ask(settings, query)]


def holding(root: Path, *words: str) -> list[tuple[str, str]]:
    """The files of a folder whose name or bytes hold one of some words."""
    found: list[tuple[str, str]] = []
    for path in sorted(root.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found += [
            (path.relative_to(root).as_posix(), word)
            for word in words
            if word.encode() in content or word in path.name
        ]
    return found


def said(text: str, user: str = "U2", ts: str = "1772618400.000100") -> list[dict[str, Any]]:
    """A day with one message."""
    return [message(ts, user, text)]
