"""A real export: the Slack of Houston's data visualisation meetup, 2015 and 2016.

What is expected is worked out here from the raw JSON with plain Python, not with Hubbub's readers.
"""

import json
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from hubbub.core.tables import TABLES
from hubbub.flows.importing import Report, import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.run import Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

Json = dict[str, Any]
Rows = list[dict[str, Any]]

CHICAGO = ZoneInfo("America/Chicago")
SAYS_SOMETHING = {None, "file_share", "file_comment"}
"""Those of this archive's subtypes that are speech; the others are notices."""


@dataclass(frozen=True)
class Said:
    """A message by a person: in this archive all are, that are no notice."""

    channel_id: str
    ts: str
    user_id: str
    raw: Json

    @property
    def at(self) -> datetime:
        """When it was posted, to the microsecond: a float would round it."""
        seconds, _, fraction = self.ts.partition(".")
        return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(fraction))


def load(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def import_into(home: Path, archive: Path) -> tuple[Settings, Report]:
    """The archive in a fresh workspace that keeps everything, or once more in the same."""
    settings = Settings(home, "houston", privacy={"preset": "open"})
    return settings, import_archive(settings, archive, lambda _what, _done, _all: None)


def tables(settings: Settings) -> dict[str, pa.Table]:
    """All rows of the store but the record of its runs and keys."""
    with store.reading(settings.store) as connection:
        return {
            name: connection.sql(f"SELECT * FROM {name} ORDER BY ALL").to_arrow_table()
            for name in TABLES
            if name not in {"runs", "keys"}
        }


def zipped(folder: Path, target: Path, top: str) -> Path:
    """A folder as a zip, inside a folder `top` or, if that is empty, at the zip's top."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, Path(top) / path.relative_to(folder))
    return target


@pytest.fixture(scope="module")
def export(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("export-houstondatavis")


@pytest.fixture(scope="module")
def houston(export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Report]:
    return import_into(tmp_path_factory.mktemp("home"), export)


@pytest.fixture(scope="module")
def said(export: Path) -> list[Said]:
    """All messages by people, in order of (ts, channel)."""
    ids: dict[str, str] = {each["name"]: each["id"] for each in load(export / "channels.json")}
    found = [
        Said(
            ids[day.parent.name],
            message["ts"],
            message.get("user") or message["comment"]["user"],
            message,
        )
        for day in export.glob("*/*.json")
        for message in load(day)
        if message.get("subtype") in SAYS_SOMETHING
    ]
    return sorted(found, key=lambda each: (each.at, each.channel_id))


@pytest.fixture(scope="module")
def names(export: Path) -> dict[str, str]:
    """What members are called: nobody has chosen a name yet, and stubs of the deleted have none."""
    users: list[Json] = load(export / "users.json")
    return {user["id"]: user["profile"].get("real_name") or user["name"] for user in users}


@pytest.fixture(scope="module")
def run(houston: tuple[Settings, Report]) -> Iterator[Callable[..., Rows]]:
    """Runs a metric up to the newest message, hours and days in Chicago's time."""
    settings, _ = houston
    catalog = Catalog(settings.pack)
    with store.reading(settings.store) as connection:
        runner = Runner(connection, catalog, CHICAGO.key, smallest_group=1)

        def rows(metric: str, **given: str) -> Rows:
            query = runner.prepare(catalog.metric(metric), {"as_of": "latest", **given})
            return runner.run(query).to_pylist()

        yield rows


def ranked(counts: Counter[str]) -> list[tuple[int, str, int]]:
    """Rank, name and count: 1 + the number of those with more, ties by name."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [
        (1 + sum(other > count for other in counts.values()), name, count)
        for name, count in ordered
    ]


def test_nothing_of_the_archive_is_missing(houston: tuple[Settings, Report]) -> None:
    settings, report = houston
    counted = {name: report.rows[name] for name in ("users", "channels", "messages", "links")}
    assert counted == {"users": 71, "channels": 16, "messages": 1382, "links": 335}
    assert (report.rows["reactions"], report.rows["files"]) == (199, 61)
    assert (report.added, report.updated, report.quarantined, report.left_out) == (1382, 0, 0, 0)
    with store.reading(settings.store) as connection:
        edited = "SELECT count(*) FROM messages WHERE edited_at IS NOT NULL"
        assert connection.execute(edited).fetchall() == [(37,)]
        kinds = "SELECT kind, count(*) FROM mentions GROUP BY kind"
        mentions = dict(connection.execute(kinds).fetchall())
    assert (mentions["user"], mentions["broadcast"]) == (575, 5)


@pytest.mark.parametrize("top", ["", "houstondatavis Slack export"], ids=["bare", "in a folder"])
def test_a_zip_gives_the_same_tables_as_the_folder(
    top: str, export: Path, houston: tuple[Settings, Report], tmp_path: Path
) -> None:
    archive = zipped(export, tmp_path / "export.zip", top)
    settings, report = import_into(tmp_path / "home", archive)
    assert tables(settings) == tables(houston[0])
    assert report.rows == houston[1].rows


def test_a_second_import_changes_nothing(export: Path, tmp_path: Path) -> None:
    settings, _ = import_into(tmp_path, export)
    before = tables(settings)
    _, report = import_into(tmp_path, export)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 1382)
    assert tables(settings) == before


def test_messages_per_month(run: Callable[..., Rows], said: list[Said]) -> None:
    months = Counter(each.at.astimezone(CHICAGO).strftime("%Y-%m-01") for each in said)
    found = {str(row["month"]): row["messages"] for row in run("messages_per_month")}
    assert {month: count for month, count in found.items() if count} == months


def test_leaderboard(run: Callable[..., Rows], said: list[Said], names: dict[str, str]) -> None:
    since = datetime(2015, 8, 1, tzinfo=CHICAGO)
    recent = [each for each in said if each.at >= since]
    counts = Counter(each.user_id for each in recent)
    received = Counter[str]()
    for each in recent:
        received[each.user_id] += sum(len(r["users"]) for r in each.raw.get("reactions", []))
    expected = [
        (1 + sum(other > count for other in counts.values()), user_id, names[user_id], count)
        for user_id, count in sorted(
            counts.items(), key=lambda each: (-each[1], names[each[0]], each[0])
        )
    ]
    rows = run("leaderboard", since="2015-08-01")
    assert [tuple(row.values())[:4] for row in rows] == expected
    assert Counter({row["user_id"]: row["reactions_received"] for row in rows}) == received


def test_busiest_hours_in_chicago(run: Callable[..., Rows], said: list[Said]) -> None:
    local = [(each.at.astimezone(CHICAGO), each.user_id) for each in said]
    hours = Counter((at.isoweekday(), at.hour) for at, _ in local)
    members: dict[tuple[int, int], set[str]] = defaultdict(set)
    for at, user_id in local:
        members[at.isoweekday(), at.hour].add(user_id)
    expected = [
        (day, hour, hours[day, hour], len(members[day, hour]))
        for day in range(1, 8)
        for hour in range(24)
    ]
    assert [tuple(row.values()) for row in run("busiest_hours")] == expected


def test_link_domains(run: Callable[..., Rows], said: list[Said]) -> None:
    hosts = [
        (host.lower(), each.user_id)
        for each in said
        for host in re.findall(r"<[a-z]+://([^/:?#|>]+)[^>]*>", each.raw["text"])
    ]
    counts = Counter(host for host, _ in hosts)
    members = Counter(host for host, _ in set(hosts))
    expected = [(*ranks, members[ranks[1]]) for ranks in ranked(counts)]
    assert [tuple(row.values()) for row in run("link_domains")] == expected


def test_emoji_ranking(run: Callable[..., Rows], export: Path) -> None:
    given = [
        (reaction["name"].partition("::")[0], user)
        for day in export.glob("*/*.json")
        for message in load(day)
        for reaction in message.get("reactions", [])
        for user in reaction["users"]
    ]
    members = Counter(name for name, _ in set(given))
    expected = [(*ranks, members[ranks[1]]) for ranks in ranked(Counter(n for n, _ in given))]
    assert [tuple(row.values()) for row in run("emoji_ranking")] == expected


@pytest.mark.parametrize(
    ("metric", "of"),
    [("channel_gaps", "channel_id"), ("member_gaps", "user_id")],
    ids=["channels", "members"],
)
def test_gaps(metric: str, of: str, run: Callable[..., Rows], said: list[Said]) -> None:
    groups: dict[str, list[Said]] = defaultdict(list)
    for each in said:
        groups[getattr(each, of)].append(each)
    expected = [
        (
            each.channel_id,
            each.ts,
            None if before is None else (each.at - before.at).total_seconds(),
        )
        for group in sorted(groups)
        for before, each in pairwise([None, *groups[group]])
        if each is not None
    ]
    found = [(row["channel_id"], row["ts"], row["seconds"]) for row in run(metric)]
    assert found == [(channel, ts, pytest.approx(gap)) for channel, ts, gap in expected]
