"""An invented region of workouts: what happened, as Python has it, and as Hubbub's tables do.

The truth is a list of `Beatdown`s. `stored` brings it into the tables that a store has, row by row
as the record of a post would; what metrics must say, `test_figures.py` works out from the list.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from hubbub.core.tables import TABLES, Type

MEMBERS = {
    f"U{number:02}": name
    for number, name in enumerate(
        ["otter", "김민준", "Ann-Kathrin von und zu Württemberg", "👩🏽‍💻 Ada", "Beaker", "Dory",
         "Tin Cup", "さくら", "Zed", "Moss", "Gull", "Heron", "Ibex", "Jolt", "Kelp", "Loon"]
    )
}  # fmt: skip
LEFT = "U15"
"""A member whose account is closed."""
BOT = "U90"
AOS = {"C01": "ao-lighthouse", "C02": "ao-mudflats", "C03": "ao-과수원"}
OTHERS = {"C09": "general"}
STRANGERS = ("Jim Beam", "Sea Biscuit", "tumble")


@dataclass(frozen=True)
class Beatdown:
    """A workout: who was there, and how it was reported."""

    day: date
    ao: str
    """The AO's channel."""
    q: str
    coqs: tuple[str, ...] = ()
    pax: tuple[str, ...] = ()
    """Members that the backblast tags, the leaders perhaps among them."""
    strangers: tuple[str, ...] = ()
    """Names that are no member's."""
    fngs: tuple[str, ...] = ()
    count: int | None = None
    """As reported; None where the backblast does not say it."""

    @property
    def members(self) -> list[str]:
        """All members who were there, each once."""
        return list(dict.fromkeys([self.q, *self.coqs, *self.pax]))

    @property
    def people(self) -> list[str]:
        """All who were there, each once: ids of members, names of others."""
        return [
            *self.members,
            *(name.lower() for name in dict.fromkeys([*self.strangers, *self.fngs])),
        ]

    @property
    def size(self) -> int:
        """How many were there, as reported, else as named."""
        return len(self.people) if self.count is None else self.count

    def role(self, person: str) -> str:
        """What somebody was there."""
        if person == self.q:
            return "q"
        if person in self.coqs:
            return "coq"
        return "fng" if person in {name.lower() for name in self.fngs} else "pax"


def invented(seed: int = 7) -> list[Beatdown]:
    """A year and a half of workouts at three AOs: members come and go, strangers and first-timers
    appear, some counts are not reported or are greater than the names."""
    random = Random(seed)
    weekdays = {"C01": (0, 3), "C02": (2,), "C03": (5,)}
    keenness = {member: random.uniform(0.05, 0.7) for member in MEMBERS}
    spans = {
        member: (date(2025, 1, 1) + timedelta(random.randrange(300)), random.choice((90, 250, 900)))
        for member in MEMBERS
    }
    found: list[Beatdown] = []
    for number in range(560):
        day = date(2025, 2, 3) + timedelta(number)
        for ao, days in weekdays.items():
            if day.weekday() not in days or random.random() < 0.1:
                continue
            able = [
                m
                for m, (first, length) in spans.items()
                if first <= day <= first + timedelta(length)
            ]
            there = [member for member in able if random.random() < keenness[member]]
            random.shuffle(there)
            if not there:
                continue
            q, *others = there
            coqs = tuple(others[: random.choice((0, 0, 0, 1, 2))])
            pax = tuple(others if random.random() < 0.5 else there)  # the leader is listed, or not
            strangers = tuple(random.sample(STRANGERS, random.choice((0, 0, 0, 1, 2))))
            fngs = (f"Guest {number}",) if random.random() < 0.1 else ()
            held = Beatdown(day, ao, q, coqs, pax, strangers, fngs)
            more = random.choice((None, 0, 0, 2))
            found.append(held if more is None else Beatdown(
                day, ao, q, coqs, pax, strangers, fngs, len(held.people) + more
            ))  # fmt: skip
    return found


@dataclass(frozen=True)
class Post:
    """A backblast in Slack: what it reports, where and when it was posted, and its fate."""

    beatdown: Beatdown
    channel: str = ""
    """Else the AO's."""
    hours: float = 3
    """After six in the morning, UTC."""
    status: str = "good"
    is_deleted: bool = False
    ao_as: dict[str, Any] = field(default_factory=dict[str, Any])
    """How the post names the AO: columns of its value; none where it does not."""
    place: int = 0

    @property
    def posted_at(self) -> datetime:
        return datetime.combine(self.beatdown.day, time(6), UTC) + timedelta(hours=self.hours)

    @property
    def key(self) -> dict[str, Any]:
        ts = f"{int(self.posted_at.timestamp())}.{int(self.beatdown.ao[1:]):06}"
        return {"channel_id": self.channel or self.beatdown.ao, "ts": ts}


def values(post: Post) -> list[dict[str, Any]]:
    """The rows of `record_values` that a post makes."""
    held = post.beatdown
    told: dict[str, list[dict[str, Any]]] = {
        "date": [{"kind": "date", "day": held.day.isoformat()}],
        "ao": [{"kind": "channel", **post.ao_as}] if post.ao_as else [],
        "q": [_person(held.q)],
        "coq": [_person(member) for member in held.coqs],
        "pax": [_person(who) for who in (*held.pax, *held.strangers)],
        "fngs": [_person(who) for who in held.fngs],
        "fng_count": [{"kind": "count", "number": len(held.fngs)}],
        "count": [] if held.count is None else [{"kind": "count", "number": held.count}],
    }
    return [
        {**post.key, "place": post.place, "field": name, "position": position, **value}
        for name, each in told.items()
        for position, value in enumerate(each)
    ]


def _person(who: str) -> dict[str, Any]:
    return {"kind": "member", "member_id": who} if who in MEMBERS or who == BOT else {
        "kind": "name", "name": who
    }  # fmt: skip


def stored(posts: Iterable[Post]) -> duckdb.DuckDBPyConnection:
    """A session on tables as a store has them, with these posts in it."""
    connection = duckdb.connect()
    types = {Type.TEXT: "VARCHAR", Type.INTEGER: "BIGINT", Type.FLAG: "BOOLEAN",
             Type.INSTANT: "TIMESTAMP WITH TIME ZONE"}  # fmt: skip
    for table in TABLES.values():
        columns = ", ".join(f"{c.name} {types.get(c.type, 'BLOB')}" for c in table.columns)
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
    kept = list(posts)
    _fill(connection, "users", [
        {"user_id": member, "name": f"handle-{member}".lower(), "display_name": name,
         "is_bot": False, "is_deleted": member == LEFT}
        for member, name in MEMBERS.items()
    ] + [{"user_id": BOT, "name": "helper", "is_bot": True, "is_deleted": False}])  # fmt: skip
    _fill(connection, "channels", [
        {"channel_id": channel, "name": name} for channel, name in (AOS | OTHERS).items()
    ])  # fmt: skip
    messages = {(*post.key.values(),): post for post in kept}
    _fill(connection, "messages", [
        {**post.key, "kind": "post", "user_id": post.beatdown.q, "posted_at": post.posted_at,
         "deleted_at": post.posted_at if post.is_deleted else None}
        for post in messages.values()
    ])  # fmt: skip
    _fill(connection, "records", [
        {**post.key, "place": post.place, "template": "backblast", "status": post.status}
        for post in kept
    ])  # fmt: skip
    _fill(connection, "record_values", [row for post in kept for row in values(post)])
    return connection


def _fill(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]
) -> None:
    by_columns: dict[tuple[str, ...], list[list[Any]]] = {}
    for row in rows:
        by_columns.setdefault((*row,), []).append([*row.values()])
    for columns, cells in by_columns.items():
        marks = ", ".join("?" * len(columns))
        rows_of = ", ".join([f"({marks})"] * len(cells))
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES {rows_of}",
            [cell for row in cells for cell in row],
        )


def written(folder: Path, told: Iterable[Beatdown]) -> Path:
    """The region as an export of Slack: its members, channels, and a backblast a beatdown."""
    folder.mkdir(parents=True)
    users = [
        {"id": member, "name": f"handle-{member}".lower(), "deleted": member == LEFT,
         "profile": {"display_name": name}}
        for member, name in MEMBERS.items()
    ]  # fmt: skip
    channels = [
        {"id": channel, "name": name, "is_general": name == "general"}
        for channel, name in (AOS | OTHERS).items()
    ]
    (folder / "users.json").write_text(json.dumps(users), encoding="utf-8")
    (folder / "channels.json").write_text(json.dumps(channels), encoding="utf-8")
    for held in told:
        post = Post(held)
        place = folder / AOS[held.ao] / f"{held.day}.json"
        place.parent.mkdir(exist_ok=True)
        said = {"type": "message", "user": held.q, "ts": post.key["ts"], "text": backblast(held)}
        place.write_text(json.dumps([said]), encoding="utf-8")
    return folder


def backblast(held: Beatdown) -> str:
    """The report of a beatdown, as its leader would write it."""
    there = [*(f"<@{member}>" for member in held.pax or [held.q]), *held.strangers]
    lines = [
        "Backblast! Up before the gulls",
        f"Date: {held.day:%m/%d/%Y}",
        f"AO: <#{held.ao}|>",
        f"Q: <@{held.q}>",
        *([f"Co-Q: {' '.join(f'<@{member}>' for member in held.coqs)}"] if held.coqs else []),
        f"PAX: {', '.join(there)}",
        f"FNGs: {', '.join(held.fngs) or 'None'}",
        *([] if held.count is None else [f"Count: {held.count}"]),
        "The Thang: burpees along the shore",
    ]
    return "\n".join(lines)
