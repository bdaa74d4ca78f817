"""No sums and differences of what is shown under k tell of fewer than k members.

Invented communities, all metrics about messages, all windows, and an attacker who knows how they
are made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hubbub.core.tables import TABLES
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from tests.privacy.attacker import Attacker, Sum

pytestmark = pytest.mark.long

K = 3
CATALOG = Catalog(Path("no-pack-of-its-own"))
FIRST = date(2026, 1, 19)
"""A Monday. The week of 26 January ends with 1 February."""
DAYS = [FIRST + timedelta(days=number) for number in range(24)]
CHANNELS = ("C1", "C2", "C3")
HOURS = (9, 20)
MONTHS = {date(2026, 1, 1): "2026-01-31", date(2026, 2, 1): "2026-02-28"}
"""The months and how a window is told to be one."""
OF_A_MONTH = (
    "totals", "pulse", "growth", "messages_by_channel", "posters_by_channel", "busiest_hours",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A day, an hour of it and a channel."""

    day: date
    hour: int
    channel: str

    @property
    def week(self) -> date:
        return self.day - timedelta(days=self.day.weekday())

    @property
    def month(self) -> date:
        return self.day.replace(day=1)


GRID = [Cell(day, hour, channel) for day in DAYS for hour in HOURS for channel in CHANNELS]
Talk = dict[Cell, list[int]]
"""Who wrote in a cell, once a message."""


def talks() -> st.SearchStrategy[Talk]:
    """Communities of up to eight members; on some days many write, on some one."""
    cell = st.builds(Cell, st.sampled_from(DAYS), st.sampled_from(HOURS), st.sampled_from(CHANNELS))
    authors = st.lists(st.integers(1, 8), min_size=1, max_size=9)
    return st.dictionaries(cell, authors, min_size=1, max_size=24)


def spoken(text: dict[str, str]) -> Talk:
    """`{"01-26 general": "11223"}` in short: day, hour and channel, and the authors."""
    return {
        Cell(date.fromisoformat(f"2026-{place[:5]}"), int(place[6:8]), place[9:]): [*map(int, said)]
        for place, said in text.items()
    }


class Told:
    """What Hubbub shows of a community."""

    def __init__(self, talk: Talk) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        for table in TABLES.values():
            columns = ", ".join(f"{each.name} {each.type.value}" for each in table.public)
            self._connection.execute(
                f"CREATE TABLE stored_{table.name} ({columns}); "
                f"CREATE VIEW {table.name} AS FROM stored_{table.name}"
            )
        said = [
            (cell.channel, f"{number}.{place}", f"U{author}", "post",
             datetime(cell.day.year, cell.day.month, cell.day.day, cell.hour, place, tzinfo=UTC))
            for number, (cell, authors) in enumerate(talk.items())
            for place, author in enumerate(authors)
        ]  # fmt: skip
        self._connection.executemany(
            "INSERT INTO stored_messages (channel_id, ts, user_id, kind, posted_at) "
            "VALUES (?, ?, ?, ?, ?)",
            said,
        )
        self._runner = Runner(self._connection, CATALOG, "UTC", smallest_group=K)

    def close(self) -> None:
        self._connection.close()

    def rows(self, name: str, **window: str) -> list[dict[str, Any]]:
        """The rows of a metric that are not suppressed."""
        query = self._runner.prepare(CATALOG.metric(name), window)
        return [row for row in self._runner.run(query).to_pylist() if row["suppressed"] != "yes"]


def counted(talk: Talk) -> set[Cell]:
    """The cells that are in figures: those of parts in which enough members wrote."""
    members: dict[tuple[date, date], set[int]] = {}
    for cell, authors in talk.items():
        members.setdefault((cell.week, cell.month), set()).update(authors)
    return {cell for cell in GRID if len(members.get((cell.week, cell.month), ())) >= K}


def sums(told: Told, inside: set[Cell]) -> Iterator[Sum]:
    """All sums of messages that are shown, with the cells that they are sums of."""
    for unit in ("day", "week", "month"):
        for row in told.rows(f"messages_per_{unit}"):
            begin = row[unit]
            yield (
                frozenset(cell for cell in inside if getattr(cell, unit) == begin),
                row["messages"],
            )
    days = {row["day"] for row in told.rows("messages_per_day")}
    for month, as_of in MONTHS.items():
        here = {cell for cell in inside if cell.month == month}
        for name in ("totals", "pulse"):
            for row in told.rows(name, as_of=as_of):
                yield frozenset(here), row["messages"]
        for row in told.rows("messages_by_channel", as_of=as_of):
            of_channel = {cell for cell in here if cell.channel == row["channel_id"]}
            yield frozenset(of_channel), row["messages"]
        for row in told.rows("busiest_hours", as_of=as_of):
            at = (row["weekday"], row["hour"])
            yield (
                frozenset(c for c in here if c.day in days and (c.day.isoweekday(), c.hour) == at),
                row["messages"],
            )


def targets(inside: set[Cell]) -> set[frozenset[Cell]]:
    """Groups that an attacker would like to know of: days, channels, hours, what they share, and
    what two of them are together."""
    places: tuple[Callable[[Cell], Any], ...] = (
        lambda cell: cell,
        lambda cell: cell.day,
        lambda cell: (cell.day, cell.hour),
        lambda cell: (cell.day, cell.channel),
        lambda cell: (cell.week, cell.month),
        lambda cell: (cell.week, cell.month, cell.channel),
        lambda cell: (cell.week, cell.channel),
        lambda cell: (cell.month, cell.channel),
        lambda cell: (cell.month, cell.channel, cell.hour),
        lambda cell: (cell.month, cell.day.weekday(), cell.hour),
        lambda cell: (cell.month, cell.day.weekday(), cell.hour, cell.channel),
    )
    found: set[frozenset[Cell]] = set()
    for place in places:
        groups: dict[Any, set[Cell]] = {}
        for cell in inside:
            groups.setdefault(place(cell), set()).add(cell)
        found |= {frozenset(group) for group in groups.values()}
    days = {frozenset(c for c in inside if c.day == day) for day in {c.day for c in inside}}
    return found | {one | other for one, other in combinations(days, 2)}


def leaks(published: list[Sum], talk: Talk, inside: set[Cell]) -> list[frozenset[Cell]]:
    """The groups of one to k - 1 members whose messages an attacker can work out."""
    attacker = Attacker(published)
    small = (
        group for group in targets(inside)
        if 0 < len({author for cell in group for author in talk.get(cell, ())}) < K
    )  # fmt: skip
    return [group for group in small if attacker.can_work_out(group)]


@given(talks())
# a day of one member in a week of many; a part of one day at the month's begin
@example(spoken({"01-26 09 C1": "123456", "01-27 09 C1": "12345", "01-28 20 C2": "8"}))
@example(spoken({"01-26 09 C1": "1234", "02-01 09 C1": "12", "02-03 09 C2": "345"}))
# two weeks of a month, each with a day of one member
@example(spoken({"01-19 09 C1": "12345", "01-20 09 C1": "8",
                 "01-26 09 C1": "12345", "01-27 09 C1": "7"}))  # fmt: skip
# one channel of one member; all of a month on one day
@example(spoken({"01-20 09 C1": "12345", "01-20 20 C2": "8", "01-21 09 C3": "1234"}))
@example(spoken({"01-20 09 C1": "12345", "01-20 20 C1": "1", "01-20 20 C2": "2345"}))
# a Monday of two members, while all hours of Mondays are shown
@example(spoken({"01-19 09 C1": "12345", "01-26 09 C1": "67", "01-27 09 C1": "1234",
                 "01-28 09 C1": "12345"}))  # fmt: skip
def test_no_difference_tells_of_few_members(talk: Talk) -> None:
    told = Told(talk)
    inside = counted(talk)
    published = [*sums(told, inside)]
    told.close()
    for cells, count in published:
        assert sum(len(talk.get(cell, ())) for cell in cells) == count
        authors = {author for cell in cells for author in talk.get(cell, ())}
        assert not 0 < len(authors) < K
    assert not leaks(published, talk, inside)


@settings(max_examples=max(3, settings().max_examples // 3))
@given(talks(), st.sampled_from(DAYS), st.sampled_from(DAYS), st.integers(0, 23))
def test_neighbouring_windows_show_the_same_rows(
    talk: Talk, since: date, as_of: date, hour: int
) -> None:
    told = Told(talk)
    window = {"since": f"{since}T{hour:02}:30:00Z", "as_of": f"{as_of}T{hour:02}:10:00Z"}
    for unit in ("day", "week", "month"):
        for name in (f"messages_per_{unit}", f"active_members_per_{unit}"):
            every = told.rows(name)
            assert all(row in every for row in told.rows(name, **window))
    month = MONTHS[as_of.replace(day=1)]
    for name in OF_A_MONTH:
        assert told.rows(name, as_of=window["as_of"]) == told.rows(name, as_of=month)
    told.close()


@settings(max_examples=max(3, settings().max_examples // 3))
@given(talks())
def test_counts_of_members_differ_by_whole_groups(talk: Talk) -> None:
    told = Told(talk)
    shown = [row["members"] for unit in ("day", "week", "month")
             for row in told.rows(f"active_members_per_{unit}")]  # fmt: skip
    for as_of in MONTHS.values():
        shown += [row["members"] for row in told.rows("posters_by_channel", as_of=as_of)]
        shown += [row["active_members"] for row in told.rows("totals", as_of=as_of)]
        shown += [row["members"] for row in told.rows("pulse", as_of=as_of)]
        shown += [row["new_members"] for row in told.rows("growth", as_of=as_of)]
    told.close()
    assert all(count % K == 0 for count in shown)


@pytest.mark.parametrize(("tables", "leaked"), [
    # the week and all its days but the one of member 8
    ([{"01-26 09 C1", "01-28 20 C2"}, {"01-26 09 C1"}], True),
    # neither of two days, and their sum
    ([{"01-26 09 C1", "01-28 20 C2"}], False),
    # two channels and two hours: the margins of a table tell none of its cells
    ([{"01-26 09 C1", "01-26 20 C1"}, {"01-26 09 C2", "01-26 20 C2"},
      {"01-26 09 C1", "01-26 09 C2"}, {"01-26 20 C1", "01-26 20 C2"}], False),
])  # fmt: skip
def test_the_attacker_finds_what_can_be_found(tables: list[set[str]], leaked: bool) -> None:
    talk = spoken({"01-26 09 C1": "12345", "01-28 20 C2": "8", "01-26 20 C2": "234",
                   "01-26 20 C1": "1", "01-26 09 C2": "7"})  # fmt: skip
    published: list[Sum] = []
    for places in tables:
        cells = frozenset(spoken(dict.fromkeys(places, "")))
        published.append((cells, sum(len(talk[cell]) for cell in cells)))
    assert (
        bool(leaks(published, talk, {cell for cells, _ in published for cell in cells})) == leaked
    )
