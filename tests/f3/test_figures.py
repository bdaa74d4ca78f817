"""Every metric of the pack over an invented region, against plain Python over what happened there.

Nothing here reads what Hubbub says: the reference walks the list of beatdowns.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from tests.f3.region import AOS, LEFT, MEMBERS, Beatdown, Post, invented, stored

Row = dict[str, Any]
HERE = Path(__file__).parent
CATALOG = Catalog(HERE / "no-pack")
ZONE = ZoneInfo("America/Chicago")
TOLD = invented()
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Window:
    """The days that a metric is about: those whose first instant lies in the window."""

    def __init__(self, given: Mapping[str, str], since: str) -> None:
        self.last = date.fromisoformat(given["as_of"])
        since = given.get("since", since)
        end = datetime.combine(self.last, time.max, ZONE)
        number, _, unit = since.partition(" ")
        if unit == "days":
            begin = end - timedelta(int(number))
            self.first = begin.date() + timedelta(1)  # a window of whole days ends with its last
        elif since == "year":
            self.first = self.last.replace(month=1, day=1)
        else:
            self.first = date.fromisoformat(since) if since else date(1970, 1, 1)
        self.channel, self.member = given.get("channel"), given.get("member")

    @property
    def held(self) -> list[Beatdown]:
        """The beatdowns of the window, at the AO that was asked for, in the order of their days."""
        found = [
            b for b in TOLD if self.first <= b.day <= self.last and self.channel in {None, b.ao}
        ]
        return sorted(found, key=lambda b: b.day)

    def wants(self, person: str) -> bool:
        """Whether a person is the member who was asked for."""
        return self.member in {None, person}


def called(person: str) -> str:
    """The name of a member, else as the first backblast with this name writes it."""
    if person in MEMBERS:
        return MEMBERS[person]
    return next(name for b in TOLD for name in (*b.strangers, *b.fngs) if name.lower() == person)


def who(person: str) -> Row:
    """The columns that say who somebody is."""
    return {"user_id": person if person in MEMBERS else None, "member": called(person)}


def where(ao: str) -> Row:
    """The columns that say where something was."""
    return {"ao_id": ao, "ao": AOS[ao]}


def ts(held: Beatdown) -> str:
    """The backblast of a beatdown."""
    return Post(held).key["ts"]


def ranks(amounts: Mapping[str, int]) -> dict[str, int]:
    """1 + the number of those with more."""
    return {key: 1 + sum(other > own for other in amounts.values()) for key, own in amounts.items()}


def posts_by_person(held: list[Beatdown]) -> dict[str, list[Beatdown]]:
    """The beatdowns that each person was at."""
    found: dict[str, list[Beatdown]] = defaultdict(list)
    for b in held:
        for person in b.people:
            found[person].append(b)
    return found


def favourite(held: list[Beatdown]) -> str:
    """The AO with the most beatdowns, of equals the one with the newest, then the first id."""
    counted, newest = Counter(b.ao for b in held), {b.ao: b.day for b in held}
    return min(counted, key=lambda ao: (-counted[ao], -newest[ao].toordinal(), ao))


def month(day: date) -> date:
    """The first of a day's month."""
    return day.replace(day=1)


def months(first: date, last: date) -> list[date]:
    """The firsts of all months between two days."""
    found = [month(first)]
    while found[-1] < month(last):
        found.append(month(found[-1] + timedelta(31)))
    return found


def mean(sizes: list[int]) -> Any:
    """The average, as close as floating point has it."""
    return pytest.approx(sum(sizes) / len(sizes)) if sizes else None


def attendance(given: Mapping[str, str]) -> list[Row]:
    window = Window(given, "")
    rows = [
        {"day": b.day, **where(b.ao), **who(person), "role": b.role(person),
         "is_registered": person in MEMBERS, "leader": called(b.q), "count": b.size,
         "channel_id": b.ao, "ts": ts(b), "permalink": None}
        for b in window.held for person in b.people if window.wants(person)
    ]  # fmt: skip
    order = ["q", "coq", "pax", "fng"].index
    return sorted(
        rows,
        key=lambda r: (-r["day"].toordinal(), r["ao"], r["ts"], order(r["role"]), r["member"]),
    )


def beatdowns(given: Mapping[str, str]) -> list[Row]:
    window = Window(given, "30 days")
    rows = [
        {"day": b.day, **where(b.ao), "user_id": b.q, "leader": called(b.q),
         "co_leaders": ", ".join(sorted(map(called, b.coqs))) or None, "count": b.size,
         "fngs": len(b.fngs), "is_doubtful": False, "channel_id": b.ao, "ts": ts(b),
         "permalink": None}
        for b in window.held if window.wants(b.q)
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (-r["day"].toordinal(), r["ao"]))


def member_posts(given: Mapping[str, str]) -> list[Row]:
    window = Window({**given, "since": ""}, "")
    monday = window.last - timedelta(window.last.weekday())
    rows: list[tuple[str, Row]] = []
    for person, held in posts_by_person(window.held).items():
        year = [b for b in held if b.day.year == window.last.year]
        best = favourite(year) if year else None
        if window.wants(person):
            rows.append((person, {
                **who(person),
                "this_week": sum(b.day >= monday for b in held),
                "this_month": sum(b.day >= month(window.last) for b in held),
                "this_year": len(year),
                "all_time": len(held),
                "led": sum(b.q == person for b in year),
                **(where(best) if best else {"ao_id": None, "ao": None}),
                "ao_posts": sum(b.ao == best for b in year) or None,
                "first_day": held[0].day,
                "last_day": held[-1].day,
            }))  # fmt: skip
    rows.sort(key=lambda r: (-r[1]["this_year"], -r[1]["all_time"], r[1]["member"], r[0]))
    return [row for _, row in rows]


def member_aos(given: Mapping[str, str]) -> list[Row]:
    window = Window({**given, "channel": ""} if "channel" in given else given, "year")
    window.channel = None  # the share is of all posts, wherever
    rows: list[tuple[int, str, Row]] = []
    for person, held in posts_by_person(window.held).items():
        counted = Counter(b.ao for b in held)
        for ao, place in ranks(counted).items():
            if window.wants(person) and given.get("channel") in {None, ao}:
                rows.append((-len(held), person, {
                    **who(person), "place": place, **where(ao), "posts": counted[ao],
                    "percent": pytest.approx(100 * counted[ao] / len(held)),
                    "last_day": max(b.day for b in held if b.ao == ao),
                }))  # fmt: skip
    rows.sort(key=lambda r: (r[0], r[2]["member"], r[1], r[2]["place"], r[2]["ao"]))
    return [row for *_, row in rows]


def member_months(given: Mapping[str, str]) -> list[Row]:
    window = Window(given, "year")
    if not window.held:
        return []
    calendar = months(window.held[0].day, window.last)
    rows: list[tuple[int, str, Row]] = []
    for person, held in posts_by_person(window.held).items():
        if not window.wants(person):
            continue
        for first in calendar:
            counted = Counter(b.ao for b in held if month(b.day) == first)
            named = [(where(ao), posts) for ao, posts in counted.items()]
            for place, posts in named or [({"ao_id": None, "ao": None}, 0)]:
                row = {**who(person), "month": first, **place, "posts": posts}
                rows.append((-len(held), person, row))
    rows.sort(
        key=lambda r: (r[0], r[2]["member"], r[1], r[2]["month"], -r[2]["posts"], r[2]["ao"] or "")
    )
    return [row for *_, row in rows]


def weekday_attendance(given: Mapping[str, str]) -> list[Row]:
    held = Window(given, "365 days").held
    sizes = [[b.size for b in held if b.day.weekday() == number] for number in range(7)]
    return [
        {"weekday": number + 1, "name": WEEKDAYS[number], "beatdowns": len(each),
         "posts": sum(each), "average": mean(each), "largest": max(each, default=None)}
        for number, each in enumerate(sizes) if held
    ]  # fmt: skip


def leaders(given: Mapping[str, str]) -> list[Row]:
    window = Window(given, "365 days")
    held = window.held
    people = {person for b in held for person in (b.q, *b.coqs)}
    led = {person: [b for b in held if b.q == person] for person in people}
    placed = ranks({person: len(own) for person, own in led.items()})
    rows: list[Row] = []
    for person in filter(window.wants, people):
        own, beside = led[person], [b for b in held if person in b.coqs]
        compared = [  # each own beatdown against the average that others have at its AO
            b.size - sum(others) / len(others)
            for b in own
            if (others := [o.size for o in held if o.ao == b.ao and o.q != person])
        ]
        rows.append({
            "rank": placed[person], **who(person), "led": len(own), "co_led": len(beside),
            "average": mean([b.size for b in own]),
            "largest": max((b.size for b in own), default=None),
            "difference": pytest.approx(sum(compared) / len(compared)) if compared else None,
            "aos": len({b.ao for b in own + beside}),
            "last_day": max(b.day for b in own + beside),
        })  # fmt: skip
    return sorted(rows, key=lambda r: (r["rank"], -r["co_led"], r["member"]))


def leader_months(given: Mapping[str, str]) -> list[Row]:
    window = Window(given, "year")
    counted = Counter((b.q, month(b.day), b.ao) for b in window.held if window.wants(b.q))
    total = Counter(b.q for b in window.held)
    rows = [
        (-total[person], {**who(person), **where(ao), "month": first, "led": led})
        for (person, first, ao), led in counted.items()
    ]
    rows.sort(key=lambda r: (r[0], r[1]["member"], r[1]["month"], r[1]["ao"]))
    return [row for _, row in rows]


def _board(given: Mapping[str, str], amount: Callable[[list[Beatdown]], int]) -> list[Row]:
    found = posts_by_person(Window(given, "year").held)
    placed = ranks({person: amount(held) for person, held in found.items()})
    rows = [
        (person, {
            "rank": placed[person], **who(person), "posts": len(held),
            "aos": len({b.ao for b in held}), "led": sum(b.q == person for b in held),
            "is_registered": person in MEMBERS,
        })
        for person, held in found.items()
    ]  # fmt: skip
    rows.sort(key=lambda r: (r[1]["rank"], -r[1]["posts"], r[1]["member"], r[0]))
    return [row for _, row in rows]


def posts_leaderboard(given: Mapping[str, str]) -> list[Row]:
    return _board(given, len)


def distinct_aos_leaderboard(given: Mapping[str, str]) -> list[Row]:
    return _board(given, lambda held: len({b.ao for b in held}))


def posts_leaderboard_by_ao(given: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for ao in sorted(AOS, key=AOS.__getitem__):
        if given.get("channel") in {None, ao}:
            rows += [
                {**where(ao), **{name: row[name] for name in row if name != "aos"}}
                for row in posts_leaderboard({**given, "channel": ao})
            ]
    return rows


def unique_pax(given: Mapping[str, str]) -> list[Row]:
    held = Window(given, "year").held
    if not held:
        return []
    return [
        {"month": first, "pax": len({person for b in own for person in b.people}),
         "posts": sum(b.size for b in own), "beatdowns": len(own),
         "fngs": sum(len(b.fngs) for b in own)}
        for first in months(held[0].day, held[-1].day)
        for own in [[b for b in held if month(b.day) == first]]
    ]  # fmt: skip


def aos(given: Mapping[str, str]) -> list[Row]:
    held = Window(given, "year").held
    rows = [
        {**where(ao), "beatdowns": len(own), "posts": sum(b.size for b in own),
         "pax": len({person for b in own for person in b.people}),
         "average": mean([b.size for b in own]), "leaders": len({b.q for b in own}),
         "fngs": sum(len(b.fngs) for b in own), "last_day": own[-1].day}
        for ao in AOS for own in [[b for b in held if b.ao == ao]] if own
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (-r["posts"], r["ao"]))


def first_timers(given: Mapping[str, str]) -> list[Row]:
    window = Window(given, "30 days")
    known = sorted((b for b in TOLD if b.day <= window.last), key=lambda b: (b.day, ts(b)))
    rows: list[Row] = []
    seen: set[str] = set()
    for b in known:
        for person in b.people:
            is_fng = b.role(person) == "fng"
            if not is_fng and (person in seen or person not in MEMBERS):
                continue
            seen.add(person)
            if b.day < window.first or window.channel not in {None, b.ao}:
                continue
            later = [o.day for o in known if o.day > b.day and person in o.people]
            rows.append({
                "day": b.day, **where(b.ao), **who(person), "is_fng": is_fng,
                "leader": called(b.q), "posts_since": len(later),
                "last_day": later[-1] if later else b.day,
            })  # fmt: skip
    return sorted(rows, key=lambda r: (-r["day"].toordinal(), r["ao"], r["member"]))


def kotters(given: Mapping[str, str]) -> list[Row]:
    last = date.fromisoformat(given["as_of"])
    absent = timedelta(weeks=int(given.get("absent_weeks", "3")))
    active = timedelta(weeks=int(given.get("active_weeks", "8")))
    rows: list[Row] = []
    for person in MEMBERS:
        own = [b for b in TOLD if person in b.people and b.day <= last]
        before = [b for b in own if last - absent - active < b.day <= last - absent]
        if (
            person == LEFT
            or len(before) < int(given.get("at_least", "3"))
            or any(b.day > last - absent for b in own)
            or given.get("channel") not in {None, favourite(before)}
        ):
            continue
        newest = max(before, key=lambda b: (b.day, ts(b)))
        rows.append({
            **who(person), "last_day": newest.day, "weeks_absent": (last - newest.day).days // 7,
            "posts": len(before), **where(favourite(before)), "last_leader": called(newest.q),
        })  # fmt: skip
    return sorted(rows, key=lambda r: (-r["posts"], -r["last_day"].toordinal(), r["member"]))


def site_capacity(given: Mapping[str, str]) -> list[Row]:
    window = Window(given, "56 days")
    limit = int(given.get("full_at", "20"))
    length = window.last - window.first + timedelta(1)
    rows: list[Row] = []
    for ao in AOS:
        at = [b for b in TOLD if b.ao == ao and window.channel in {None, ao}]
        own = [b.size for b in at if window.first <= b.day <= window.last]
        before = [b.size for b in at if window.first - length <= b.day < window.first]
        if not own:
            continue
        average = sum(own) / len(own)
        rows.append({
            **where(ao), "beatdowns": len(own), "average": pytest.approx(average),
            "largest": max(own), "at_limit": sum(size >= limit for size in own),
            "capacity": limit, "percent": pytest.approx(100 * average / limit),
            "average_before": mean(before),
            "trend": pytest.approx(average - sum(before) / len(before)) if before else None,
            "is_full": average >= limit,
        })  # fmt: skip
    return sorted(rows, key=lambda r: (-r["average"].expected, r["ao"]))


def unregistered(given: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for person, held in posts_by_person(Window(given, "365 days").held).items():
        if person in MEMBERS:
            continue
        newest = max(held, key=lambda b: (b.day, ts(b)))
        rows.append({
            "member": called(person), "posts": len(held), "aos": len({b.ao for b in held}),
            "ao": AOS[newest.ao], "leader": called(newest.q),
            "is_fng": any(b.role(person) == "fng" for b in held),
            "first_day": held[0].day, "last_day": newest.day,
        })  # fmt: skip
    return sorted(rows, key=lambda r: (-r["posts"], -r["last_day"].toordinal(), r["member"]))


REFERENCE: dict[str, Callable[[Mapping[str, str]], list[Row]]] = {
    each.__name__: each
    for each in (
        aos, attendance, beatdowns, distinct_aos_leaderboard, first_timers, kotters,
        leader_months, leaders, member_aos, member_months, member_posts, posts_leaderboard,
        posts_leaderboard_by_ao, site_capacity, unique_pax, unregistered, weekday_attendance,
    )
}  # fmt: skip

WINDOWS: list[dict[str, str]] = [
    {"as_of": "2026-07-31"},
    {"as_of": "2026-01-01"},
    {"as_of": "2025-12-14", "since": "2025-11-03"},
    {"as_of": "2025-09-30", "since": "90 days", "channel": "C03"},
    {"as_of": "2026-03-31", "since": "", "member": "U13"},
    {"as_of": "2026-05-31", "member": "U07", "channel": "C01"},
    {"as_of": "2025-10-10", "absent_weeks": "2", "active_weeks": "12", "at_least": "1"},
    {"as_of": "2026-02-20", "full_at": "4"},
    {"as_of": "2024-12-31"},
]


@pytest.fixture(scope="module")
def region() -> Iterator[duckdb.DuckDBPyConnection]:
    with stored(Post(held) for held in reversed(TOLD)) as connection:
        yield connection


@pytest.mark.parametrize("name", REFERENCE)
def test_a_metric_says_what_happened(name: str, region: duckdb.DuckDBPyConnection) -> None:
    metric = CATALOG.metric(name)
    runner = Runner(region.cursor(), CATALOG, ZONE.key, smallest_group=1)
    compared = 0
    for window in WINDOWS:
        known = {*metric.parameters, "as_of"}
        given = {key: value for key, value in window.items() if key in known}
        rows = runner.run(runner.prepare(metric, given)).to_pylist()
        assert rows == REFERENCE[name](given), window
        compared += len(rows)
    assert compared, "no window has anything to compare"


def test_every_metric_of_the_pack_has_a_reference() -> None:
    assert {name for name, file in CATALOG.files.items() if file.pack == "f3"} == set(REFERENCE)
