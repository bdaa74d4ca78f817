"""An invented circle of writers in Seoul, with rounds of two weeks from Monday, March 2, 2026.

Round 1 is March 2 to 15, round 2 March 16 to 29, round 3 March 30 to April 12. What each member
does in them stands beside their posts.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")

_NAMES = {
    "U0MINA0": "미나",
    "U0TOM00": "Tom Reed",
    "U0JUN00": "준호",
    "U0SORA0": "소라",
    "U0NEW00": "새봄",
    "U0EVE00": "Eve",
    "U0GONE0": "Gone",
}
USERS: list[dict[str, Any]] = [
    {"id": user, "name": name.split()[0].lower(), "is_bot": False, "tz": "Asia/Seoul",
     "deleted": name == "Gone", "profile": {"display_name": name, "real_name": name}}
    for user, name in _NAMES.items()
]  # fmt: skip
USERS.append(
    {"id": "U0BOT00", "name": "herald", "is_bot": True, "profile": {"real_name": "Herald"}}
)

CHANNELS: list[dict[str, Any]] = [
    {"id": "C0WRITE", "name": "글쓰기", "members": [*_NAMES, "U0BOT00"]},
    {"id": "C0TALK0", "name": "general", "members": ["U0MINA0", "U0TOM00", "U0EVE00"]},
    {"id": "C0STAFF", "name": "organisers", "members": ["U0EVE00", "U0BOT00"]},
]


def ts(seoul: str) -> str:
    """A time of Seoul, `03-15 23:59` or with seconds, as Slack's `ts`."""
    written = f"2026-{seoul}"
    moment = datetime.fromisoformat(written).replace(tzinfo=SEOUL).astimezone(UTC)
    return f"{int(moment.timestamp())}.{moment.microsecond:06}"


def said(seoul: str, user: str, text: str, **more: Any) -> dict[str, Any]:
    """A message as an export has it."""
    return {"type": "message", "ts": ts(seoul), "user": user, "text": text, **more}


def handed_in(seoul: str, user: str, number: int | None = None, **more: Any) -> dict[str, Any]:
    """A submission, with a link that tells its author and time; it can name a round."""
    link = f"<https://drafts.example.org/{user}/{seoul.replace(' ', 'T')}>"
    named = f"회차: {number}\n" if number else ""
    return said(seoul, user, f"*제출합니다*\n{named}제목: 어느 페이지\n링크: {link}", **more)


def reacted(name: str, *users: str) -> dict[str, Any]:
    return {"name": name, "users": list(users), "count": len(users)}


PASS = "패스 사용\n다음 회차에 만나요"
CLAPS = [reacted("clap", "U0MINA0", "U0TOM00", "U0EVE00")]
WRITING: list[dict[str, Any]] = [
    # Staff, who is not expected, hands in all the same.
    handed_in("03-05 09:00", "U0EVE00", reactions=CLAPS),
    said("03-10 20:00", "U0JUN00", "패스합니다. 이번에는 아기가 이겼어요."),
    said("03-12 08:00", "U0SORA0", "Submission is hard this week, is it not?"),
    # The last second of round 1, and the first of round 2, which names round 1.
    handed_in("03-15 23:59:59.999999", "U0MINA0", reactions=[reacted("heart", "U0SORA0")]),
    handed_in("03-16 00:00:00", "U0TOM00", 1),
    # Twice in round 2: one member, two submissions.
    handed_in("03-17 10:00", "U0MINA0"),
    handed_in("03-28 10:00", "U0MINA0"),
    # A pass, then a submission after all.
    said("03-20 10:00", "U0SORA0", PASS),
    handed_in("03-25 10:00", "U0SORA0"),
    # Came in the midst of round 2, hands in at once: not expected before round 3.
    said("03-20 12:00", "U0NEW00", "<@U0NEW00> has joined the channel", subtype="channel_join"),
    handed_in("03-25 12:00", "U0NEW00"),
    # Late for round 2.
    handed_in("03-30 08:00", "U0JUN00", 2),
    # Names a round that is neither this nor one beside it.
    handed_in("04-02 10:00", "U0SORA0", 7),
    # Says what submissions look like; is no person.
    handed_in("04-02 11:00", "U0BOT00"),
]  # fmt: skip

DELETED = handed_in("04-01 10:00", "U0TOM00")
WRITING.append(
    {"type": "message", "subtype": "message_deleted", "ts": ts("04-01 11:00"), "hidden": True,
     "deleted_ts": DELETED["ts"], "previous_message": DELETED}
)  # fmt: skip

TALK: list[dict[str, Any]] = [
    said("03-02 09:00", "U0MINA0", "Good morning", thread_ts=ts("03-02 09:00"), reply_count=2),
    said("03-02 09:05", "U0TOM00", "Morning!", thread_ts=ts("03-02 09:00")),
    said("03-02 09:06", "U0EVE00", "Welcome, all", thread_ts=ts("03-02 09:00"),
         reactions=[reacted("wave", "U0MINA0", "U0BOT00")]),
]  # fmt: skip


def write_circle(folder: Path) -> Path:
    """Write the circle as an export."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {"users": USERS, "channels": CHANNELS}
    for name, records in lists.items():
        (folder / f"{name}.json").write_text(json.dumps(records), encoding="utf-8")
    for channel, messages in (("글쓰기", WRITING), ("general", TALK)):
        days: dict[str, list[dict[str, Any]]] = {}
        for each in messages:
            day = datetime.fromtimestamp(float(each["ts"]), UTC).date().isoformat()
            days.setdefault(day, []).append(each)
        for day, records in days.items():
            path = folder / channel / f"{day}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    return folder
