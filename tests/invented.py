"""A small invented export for tests that need some community, but not a particular one."""

import json
from pathlib import Path
from typing import Any

SECRETS = ("olive@example.org", "Olive Example", "+1 202 555 0123", "a private word")

USERS: list[dict[str, Any]] = [
    {"id": "U1", "name": "olive", "tz": "Europe/Lisbon", "is_bot": False,
     "profile": {"display_name": "olive", "real_name": "Olive Example",
                 "email": "olive@example.org", "phone": "+1 202 555 0123"}},
    {"id": "U2", "name": "bram", "tz": "Asia/Seoul", "is_bot": False,
     "profile": {"display_name": "브람", "real_name": "Bram Example"}},
    {"id": "U3", "name": "robot", "is_bot": True, "profile": {"real_name": "Robot"}},
]  # fmt: skip

CHANNELS: list[dict[str, Any]] = [
    {"id": "C1", "name": "general", "is_general": True, "members": ["U1", "U2"]},
    {"id": "C2", "name": "garden", "members": ["U1"]},
]
GROUPS: list[dict[str, Any]] = [{"id": "G1", "name": "council", "members": ["U1"]}]
DMS: list[dict[str, Any]] = [{"id": "D1", "members": ["U1", "U2"]}]


def message(ts: str, user: str, text: str, **fields: Any) -> dict[str, Any]:
    """A message as an export has it."""
    return {"type": "message", "ts": ts, "user": user, "text": text, **fields}


DAYS: dict[str, list[dict[str, Any]]] = {
    "general/2026-03-02.json": [
        message("1772442000.000100", "U1", "who brings <https://example.org/seeds?token=1|seeds>?",
                thread_ts="1772442000.000100", reply_count=1, latest_reply="1772445600.000200",
                reactions=[{"name": "seedling", "users": ["U2"], "count": 1}]),
        message("1772445600.000200", "U2", "me, <@U1>", thread_ts="1772442000.000100"),
        message("1772449200.000300", "U3", "beep", bot_id="B1"),
    ],
    "garden/2026-03-03.json": [message("1772528400.000100", "U1", "a private word")],
    "council/2026-03-03.json": [message("1772532000.000100", "U1", "closed doors")],
    "D1/2026-03-03.json": [message("1772535600.000100", "U2", "between us")],
}  # fmt: skip


def write_export(folder: Path, *, days: dict[str, list[dict[str, Any]]] | None = None) -> Path:
    """Write the export, with private channels and DMs, to a folder."""
    lists = {"users": USERS, "channels": CHANNELS, "groups": GROUPS, "dms": DMS}
    files: dict[str, Any] = {f"{name}.json": records for name, records in lists.items()}
    for name, records in (files | (DAYS if days is None else days)).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(records), encoding="utf-8")
    return folder
