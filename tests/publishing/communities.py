"""An invented community whose store changes, and what a destination has to hold of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hubbub.core.tables import PUBLISHED, Table, Type
from hubbub.flows.importing import import_archive
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from hubbub.stores.writes import updating
from tests.invented import message, write_export
from tests.looking import looking

AT = 1772442000  # 2026-03-02 09:00:00 UTC


def ts(number: int) -> str:
    return f"{AT + number}.000100"


def later(number: int) -> str:
    """A `ts` of the next day."""
    return f"{AT + 86_400 + number}.000200"


# U1 asks, U2 answers and is reacted to, U3 is a bot; the next day U1 writes again
FIRST = {
    "general/2026-03-02.json": [
        message(ts(1), "U1", "who brings <https://example.org/seeds|seeds>?", thread_ts=ts(1),
                reactions=[{"name": "wave", "users": ["U2", "U3"], "count": 2}]),
        message(ts(2), "U2", "me, <@U1> \\ 'quoted' \t 씨앗 🌱", thread_ts=ts(1),
                reactions=[{"name": "+1::skin-tone-3", "users": ["U1"], "count": 1}]),
        message(ts(3), "U3", "beep", bot_id="B1"),
    ],
    "garden/2026-03-03.json": [message(later(1), "U1", "soil")],
}  # fmt: skip


def community(
    folder: Path, days: Mapping[str, list[dict[str, Any]]] = FIRST, name: str = "grove"
) -> Settings:
    """A workspace into which that was imported."""
    settings = Settings(folder / "home", name, privacy={"preset": "open"})
    bring(settings, folder, days)
    return settings


def bring(settings: Settings, folder: Path, days: Mapping[str, list[dict[str, Any]]]) -> None:
    """Import days of messages."""
    number = len([*folder.glob("export-*")])
    import_archive(settings, write_export(folder / f"export-{number}", days=dict(days)))


def change(settings: Settings, *statements: str) -> None:
    """Change the store itself: what an event or a sweep would do to it."""
    with store.writing(settings.store) as connection:
        for statement in statements:
            update = re.fullmatch(r"UPDATE store\.(\w+) SET (.*?)((?: WHERE .*)?)", statement)
            connection.execute(updating(*update.groups()) if update else statement)


def stored(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """The rows of all published tables, as the store has them; instants as microseconds."""
    found: dict[str, list[dict[str, Any]]] = {}
    with looking(settings.store) as connection:
        for table in PUBLISHED:
            shown = [f"epoch_us({each.name})" if each.type is Type.INSTANT else each.name
                     for each in table.public]  # fmt: skip
            rows = connection.execute(f"SELECT {', '.join(shown)} FROM {table.name}").fetchall()
            names = [each.name for each in table.public]
            found[table.name] = [dict(zip(names, row, strict=True)) for row in rows]
    return found


def as_stored(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a destination with instants as microseconds, as `stored` has them."""
    instants = {each.name for each in table.public if each.type is Type.INSTANT}
    return [{name: _micros(value) if name in instants else value for name, value in row.items()}
            for row in rows]  # fmt: skip


def _micros(value: Any) -> int | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert moment.tzinfo is not None
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def sorted_rows(rows: list[dict[str, Any]]) -> list[str]:
    """Rows in an order of their own, so that lists of them can be compared."""
    return sorted(str(sorted(row.items())) for row in rows)


NAMES = tuple(table.name for table in PUBLISHED)
