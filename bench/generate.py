"""A synthetic export of any size, for machines without the shared one: plain, but of the right
proportions of threads, reactions, mentions and links."""

import json
import random
import zipfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_WORDS = ("tide", "pool", "harbour", "lamp", "rope", "sail", "gull", "shore", "wave", "drift")
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
_YEAR = 365 * 86400


def write_export(
    path: Path,
    messages: int,
    members: int = 2000,
    channels: int = 100,
    *,
    end: float = _BEGIN + _YEAR,
) -> None:
    """Write an export zip of the year before `end`; the same size gives the same messages."""
    random_ = random.Random(messages)
    users = [f"U{number:08d}" for number in range(members)]
    days: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    root: dict[int, str] = {}
    for number in range(messages):
        at = end - _YEAR + _YEAR * number / messages
        channel = int(channels * random_.random() ** 2)
        user = users[int(members * random_.random() ** 3)]
        ts = f"{at:.0f}.{number % 1_000_000:06d}"
        message: dict[str, Any] = {
            "type": "message",
            "ts": ts,
            "user": user,
            "text": _text(random_, users),
        }
        if random_.random() < 0.4 and channel in root:
            message |= {"thread_ts": root[channel], "parent_user_id": user}
        elif random_.random() < 0.15:
            root[channel] = message["thread_ts"] = ts
        if random_.random() < 0.2:
            liked = sorted(random_.sample(users, 2))
            message["reactions"] = [{"name": "wave", "users": liked, "count": 2}]
        days[f"channel-{channel}/{datetime.fromtimestamp(at, UTC):%Y-%m-%d}.json"].append(message)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("users.json", json.dumps([{"id": user, "name": user} for user in users]))
        archive.writestr("channels.json", json.dumps([
            {"id": f"C{number:08d}", "name": f"channel-{number}", "is_channel": True}
            for number in range(channels)
        ]))  # fmt: skip
        for name, day in sorted(days.items()):
            archive.writestr(name, json.dumps(day))


def _text(random_: random.Random, users: list[str]) -> str:
    words: list[str] = random_.choices(_WORDS, k=1 + int(random_.expovariate(1 / 12)))
    roll = random_.random()
    if roll < 0.15:
        words.insert(0, f"<@{random_.choice(users)}>")
    elif roll < 0.25:
        words.append(f"<https://example.org/{random_.randrange(9999)}>")
    return " ".join(words)
