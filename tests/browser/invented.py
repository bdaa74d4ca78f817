"""An invented community as the API tells of it: layout, figures, states."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from hubbub.charts.catalog import Charts
from hubbub.charts.render import page_drawable

NOW = datetime(2026, 11, 21, 13, 3, tzinfo=UTC)
ZONE = "Europe/Berlin"
ADDRESS = "https://tidepool-commons.slack.com"

PEOPLE = (
    "Saoirse Lindqvist", "Lior", "김하늘", "Jolene", "Ximena Ortega", "山田 あおい", "Mireille",
    "يوسف الكتبي", "Tobias Ferdinand Graf von Hohenlohe-Ingelfingen", "Nkechi", "Priya R.",
    "Old Tom 🦀", "Ada", "Wren", "Bartosz", "Imani", "Fen", "Noor", "Kit", "Marisol", "דנה לוי",
    "Ottoline", "Rui", "Svea", "Teodor", "Uli", "Vashti", "Willa", "Yara", "Zeno",
)  # fmt: skip
CHANNELS = (
    "general", "porch", "garden", "tide-sensors", "workbench", "swap-shelf", "잡담", "code-cove",
    "a-channel-whose-name-nobody-ever-thought-of-shortening",
)  # fmt: skip
SAID = (
    "The new sensor boards came in, four of them still need their headers.",
    "물때표를 다시 올려 주실 수 있나요?",
    "Thanks, that was it!",
    "Low tide on Sunday is at 7:40. Who is in? I can bring two spare pairs of boots and the long "
    "net, and we could look at the mussel beds behind the jetty on our way back.",
    "السلام عليكم، هل لدى أحدكم المفتاح؟",
    "🦀🦀🦀",
    "明日の集まりは十時からです。",
    "https://wiki.example.org/boards/calibration",
)
_KINDS = ("post", "reply", "reply", "reply", "broadcast")


def column(name: str, kind: str = "integer", unit: str = "", doc: str = "") -> dict[str, str]:
    """A column of a metric."""
    return {"name": name, "type": kind, "unit": unit, "doc": doc or f"what {name} says"}


_MESSAGES = column("messages", unit="messages", doc="posts, replies and broadcasts by people")
_MEMBER = column("member", "text", doc="their name")
_CHANNEL = column("channel", "text", doc="its name")

COLUMNS: dict[str, list[dict[str, str]]] = {
    "total_messages": [
        _MESSAGES,
        column("members", unit="members"),
        column("channels", unit="channels"),
    ],
    "messages_30_days": [_MESSAGES, column("messages_change", "number", "%"), column("replies")],
    "new_members": [
        column("new_members", unit="members"), column("new_members_change", "number", "%"),
    ],
    "active_now": [column("members", unit="members"), column("messages", unit="messages")],
    "health": [
        column("score", "number", "points"), column("points_messages", "number", "points"),
        column("points_new_members", "number", "points"),
        column("points_silence", "number", "points"),
    ],
    "recent_activity": [
        column("posted_at", "instant"), column("channel_id", "id"), _CHANNEL, column("ts", "id"),
        column("user_id", "id"), _MEMBER, column("kind", "text"), column("text", "markup"),
        column("permalink", "text"), column("profile", "text"),
    ],
    "leaderboard": [
        column("rank"), column("user_id", "id"), _MEMBER, _MESSAGES,
        column("reactions_received", unit="reactions"),
    ],
    "channels_trend": [
        column("channel_id", "id"), _CHANNEL, _MESSAGES,
        column("messages_before", unit="messages"), column("change", unit="messages"),
    ],
    "unanswered": [
        column("channel_id", "id"), _CHANNEL, column("ts", "id"), column("user_id", "id"), _MEMBER,
        column("asked_at", "instant"), column("hours", "number", "hours"),
        column("permalink", "text"),
    ],
    "network_30_days": [
        column("source_id", "id"), column("source", "text"), column("target_id", "id"),
        column("target", "text"), column("weight", unit="times"),
    ],
    "messages_per_day": [column("day", "date"), _MESSAGES, column("members", unit="members")],
    "busiest_hours": [column("weekday"), column("hour"), _MESSAGES, column("members")],
}  # fmt: skip


def _panel(
    name: str, title: str, kind: str, width: int, height: int, **more: Any
) -> dict[str, Any]:
    metric = more.pop("metric", name)
    question = f"What about {title.lower()}?"
    note = "Messages of people: bots and notices of Slack are left out."
    layout: dict[str, Any] = {
        "name": name, "title": title, "kind": kind, "width": width, "height": height,
        "metric": metric, "chart": None, "value": None, "parts": [], "colours": None,
        "columns": [], "limit": None, "filters": [],
        "explain": {"question": question, "note": note, "columns": COLUMNS.get(name, [])},
    }  # fmt: skip
    return layout | more


_FILTERS = {"filters": ["period", "channel"]}
PANELS = [
    _panel("health", "Health", "card", 4, 2, value="score",
        parts=["points_messages", "points_new_members", "points_silence"],
        colours={"column": "score", "red": 100, "yellow": 150}),
    _panel("total_messages", "Messages in all", "card", 4, 1, value="messages",
        parts=["members", "channels"]),
    _panel("active_now", "Active now", "card", 4, 1, value="members", parts=["messages"]),
    _panel("messages_30_days", "Messages, 30 days", "card", 4, 1, value="messages",
        parts=["messages_change", "replies"]),
    _panel("new_members", "New members, 30 days", "card", 4, 1, value="new_members",
        parts=["new_members_change"]),
    _panel("messages_per_day", "Messages per day", "chart", 8, 3, chart="messages_per_day",
        **_FILTERS),
    _panel("recent_activity", "Recent activity", "list", 4, 3, limit=20, filters=["channel"]),
    _panel("leaderboard", "Who writes the most", "table", 4, 3, limit=10,
        columns=["rank", "member", "messages"], **_FILTERS),
    _panel("busiest_hours", "Busiest hours", "chart", 8, 3, chart="busiest_hours", **_FILTERS),
    _panel("channels_trend", "Channels rising and falling", "table", 4, 3, limit=10,
        columns=["channel", "messages", "change"], filters=["period"]),
    _panel("unanswered", "Questions without an answer", "list", 4, 3, limit=10, **_FILTERS),
    _panel("state", "How the server fares", "status", 4, 3, metric=None),
    _panel("network_30_days", "Who talks with whom", "network", 12, 4, **_FILTERS),
]  # fmt: skip

STATUS = {
    "slack": ("connected", "Socket Mode, 2 connections"),
    "log": ("ok", "0 events wait"),
    "loader": ("ok", "merged 41 events at 14:02"),
    "broker": ("off", ""),
    "collector": ("idle", "next run at 03:00"),
}


def status(**parts: tuple[str, str]) -> dict[str, Any]:
    """All is well, but for some parts."""
    since = datetime.now(UTC).timestamp() - 4000
    told: dict[str, Any] = {"lag_seconds": 0.2}
    for part, (state, sentence) in STATUS.items():
        told[part] = {"state": state, "told": sentence, "since": since}
    for part, (state, sentence) in parts.items():
        told[part] = {"state": state, "told": sentence, "since": since + 3900}
    return told | {"last_event_at": datetime.now(UTC).timestamp() - 25}


def dashboard(**changes: Any) -> dict[str, Any]:
    """What `/api/v1/dashboard` answers."""
    return {
        "title": "Community", "workspace": "demo", "community": "Tidepool Commons",
        "timezone": ZONE, "policy": "standard", "smallest_group": 1, "shows_names": True,
        "shows_text": True,
        "channels": [{"id": f"C{place:02}", "name": name} for place, name in enumerate(CHANNELS)],
        "periods": [
            {"value": "7 days", "title": "7 days"}, {"value": "30 days", "title": "30 days"},
            {"value": "365 days", "title": "A year"}, {"value": "all", "title": "All time"},
        ],
        "panels": PANELS,
    } | changes  # fmt: skip


def frame(version: int = 1, channel: str = "", **panels: dict[str, Any]) -> dict[str, Any]:
    """The whole frame; `channel` makes all figures those of a part."""
    told = {name: panel(name, rows) for name, rows in _rows(0.2 if channel else 1.0).items()}
    return {"version": version, "status": status(), "panels": told | panels}


def empty_frame(said: str) -> dict[str, Any]:
    """A frame in which no panel has anything to show."""
    told = {name: panel(name, [], empty=said, subtitle="") for name in COLUMNS}
    return {"version": 1, "status": status(), "panels": told}


def panel(name: str, rows: list[list[Any]], **changes: Any) -> dict[str, Any]:
    """A panel's data."""
    chart = next(each["chart"] for each in PANELS if each["name"] == name)
    return {
        "name": name, "version": 1, "as_of": NOW.isoformat(), "since": None,
        "subtitle": "22 Oct – 21 Nov 2026" if name not in _ALWAYS else "", "columns": COLUMNS[name],
        "rows": rows, "total_rows": len(rows), "empty": None, "error": None, "note": None,
        "spec": _spec(chart, name, rows) if chart and rows else None,
    } | changes  # fmt: skip


_ALWAYS = {"active_now", "recent_activity"}


def said(place: int, at: datetime | None = None) -> dict[str, Any]:
    """A message as the `activity` event tells of it."""
    moment = at or datetime.now(UTC)
    channel, member = place % len(CHANNELS), place * 7 % len(PEOPLE)
    ts = f"{moment.timestamp():.6f}"
    return {
        "key": f"C{channel:02}/{ts}", "at": moment.isoformat(), "channel": CHANNELS[channel],
        "channel_id": f"C{channel:02}", "member": PEOPLE[member], "member_id": f"U{member:02}",
        "kind": _KINDS[place % len(_KINDS)], "text": SAID[place % len(SAID)],
        "message_url": f"{ADDRESS}/archives/C{channel:02}/p{ts.replace('.', '')}",
        "member_url": f"{ADDRESS}/team/U{member:02}",
    }  # fmt: skip


def as_row(item: dict[str, Any]) -> list[Any]:
    """A message of an `activity` event as a row of `recent_activity`."""
    ts = item["key"].split("/")[1]
    return [
        item["at"], item["channel_id"], item["channel"], ts, item["member_id"], item["member"],
        item["kind"], item["text"], item["message_url"], item["member_url"],
    ]  # fmt: skip


def _rows(share: float) -> dict[str, list[list[Any]]]:
    chance = random.Random(7)
    return {
        "total_messages": [[round(128_431 * share), 1_204, 38]],
        "messages_30_days": [[round(6_482 * share), 12.4, round(4_120 * share)]],
        "new_members": [[37, -8.0]],
        "active_now": [[23, 71]],
        "health": [[168.5, 62.5, 37.0, -31.0]],
        "recent_activity": [
            as_row(said(place, datetime.now(UTC) - timedelta(seconds=25 + place**2 * 40)))
            for place in range(14)
        ],
        "leaderboard": [
            [place + 1, f"U{place:02}", PEOPLE[place], round(412 * share / (1 + place * 0.28)), 40]
            for place in range(10)
        ],
        "channels_trend": [
            [f"C{place:02}", CHANNELS[place], 690 - place * 71, 690 - place * 71 - change, change]
            for place, change in enumerate([140, 96, 41, 12, 0, -7, -33, -58, -120])
        ],
        "unanswered": [
            [
                f"C{place:02}", CHANNELS[place], f"17951{place}.000", f"U{place:02}", PEOPLE[place],
                (datetime.now(UTC) - timedelta(hours=26 + 31 * place)).isoformat(),
                26.0 + 31 * place, f"{ADDRESS}/archives/C{place:02}/p17951",
            ]
            for place in range(6)
        ],
        "network_30_days": _ties(chance),
        "messages_per_day": [
            [
                (NOW - timedelta(days=29 - day)).date().isoformat(),
                round(share * (120 + 8 * day + chance.randint(0, 90))
                    * (0.45 if (NOW - timedelta(days=29 - day)).weekday() > 4 else 1)),
                round(40 * share) + day,
            ]
            for day in range(30)
        ],
        "busiest_hours": [
            [weekday, hour,
                round(share * max(0, 60 - abs(hour - 15) ** 2 * 0.9) * (0.5 if weekday > 5 else 1)
                    + chance.randint(0, 6)), 9]
            for weekday in range(1, 8) for hour in range(24)
        ],
    }  # fmt: skip


def _ties(chance: random.Random) -> list[list[Any]]:
    """Three circles of friends, and a few between them."""
    ties: dict[tuple[int, int], int] = {}
    for _ in range(420):
        a = chance.randrange(len(PEOPLE))
        b = (a + 3 * chance.randint(1, 3)) % len(PEOPLE)
        if chance.random() < 0.12:
            b = chance.randrange(len(PEOPLE))
        if a != b:
            ties[a, b] = ties.get((a, b), 0) + chance.randint(1, 3)
    return [
        [f"U{a:02}", PEOPLE[a], f"U{b:02}", PEOPLE[b], weight] for (a, b), weight in ties.items()
    ]


def _spec(chart: str, name: str, rows: list[list[Any]]) -> dict[str, Any] | None:
    columns = [each["name"] for each in COLUMNS[name]]
    _pa: Any = pa
    table = _pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))
    if "day" in columns:
        days = table["day"].cast(pa.date32())
        table = table.set_column(columns.index("day"), "day", days)
    own = Path(__file__).parent / "no-pack"
    return page_drawable(Charts(own).chart(chart), table, timezone=ZONE)
