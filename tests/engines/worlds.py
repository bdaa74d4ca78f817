"""Communities to ask metrics of on several engines, and what is asked of each.

Between them every metric has rows. Tables are as a publication gives them: the public columns.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import pyarrow as pa
from bench.generate import write_export

from hubbub.content import EVERYBODYS
from hubbub.core.tables import TABLES, Table
from hubbub.flows.importing import import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import Metric
from hubbub.metrics.run import Query, Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.f3.region import BOT, Beatdown, Post, invented, stored
from tests.golden.test_golden import AS_OF, CASES, read_case
from tests.golden.test_golden import HERE as GOLDEN
from tests.parts import shared
from tests.writing.circle import write_circle
from tests.writing.conftest import SET, set_up

NO_PACK = GOLDEN / "no-pack"
_CATALOG = Catalog(NO_PACK)


@dataclass(frozen=True)
class World:
    """A community: its tables, its time zone, and the metrics that it has."""

    name: str
    zone: str
    tables: Mapping[str, pa.Table]
    catalog: Catalog = _CATALOG


@dataclass(frozen=True)
class Case:
    """A metric that is asked of a world."""

    world: str
    metric: str
    given: tuple[tuple[str, str], ...]
    zone: str | None = None
    """Another time zone than the world's."""

    @property
    def id(self) -> str:
        """For pytest."""
        values = [value for name, value in self.given if name != "as_of"]
        return " ".join([self.world, self.metric, *values, *([self.zone] if self.zone else [])])


@cache
def world(name: str) -> World:
    """A world by name; made when it is asked for."""
    return _WORLDS[name]()


@dataclass(frozen=True)
class Truth:
    """What DuckDB says of a case, by the metric as it is written."""

    world: World
    zone: str
    runner: Runner
    query: Query
    rows: list[dict[str, Any]]


@cache
def truth(case: Case) -> Truth:
    """What DuckDB says of a case."""
    here = world(case.world)
    zone = case.zone or here.zone
    runner = _runner(case.world, zone)
    query = runner.prepare(here.catalog.metric(case.metric), dict(case.given))
    return Truth(here, zone, runner, query, runner.run(query).to_pylist())


@cache
def _runner(name: str, zone: str) -> Runner:
    return Runner(_session(name).cursor(), world(name).catalog, zone, smallest_group=1)


@cache
def _session(name: str) -> duckdb.DuckDBPyConnection:
    session = duckdb.connect()
    session.execute("SET TimeZone = 'UTC'")
    for table, rows in world(name).tables.items():
        session.register("_rows", rows)
        session.execute(f"CREATE TABLE {table} AS FROM _rows")
        session.unregister("_rows")
    return session


def _public(session: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """The public columns of all tables, in an order that says nothing."""
    return {
        table.name: session.sql(
            f"SELECT {_columns(table)} FROM {table.name} ORDER BY hash({table.name})"
        ).to_arrow_table()
        for table in TABLES.values()
    }


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.public)


def _imported(name: str, archive: Path) -> Settings:
    settings = Settings(Path(mkdtemp()), name, privacy={"preset": "open"})
    import_archive(settings, archive, lambda _what, _done, _all: None)
    return settings


def _tables_of(settings: Settings) -> dict[str, pa.Table]:
    with store.reading(settings.store) as session:
        return _public(session)


def _town() -> World:
    """The golden town, and what collecting, scrubbing and sending would have noted of it."""
    settings = _imported("town", GOLDEN / "community")
    with store.writing(settings.store) as session:
        for statement in _NOTED:
            session.execute(statement)
    return World("town", "UTC", _tables_of(settings))


_NOTED = (
    "INSERT INTO store.workspace (team_id, url) VALUES ('T1', 'https://town.slack.com/')",
    """INSERT INTO store.coverage (channel_id, since, until, hidden_before, swept_at, swept_from,
        full_at, sweep_until, sweep_position)
    SELECT channel_id, '1771459200.000000', '1773878400.123457',
        CASE WHEN channel_id < 'C02' THEN '1771700000.000000' END,
        TIMESTAMPTZ '2026-03-19 00:00:00Z', '1772000000.000001',
        TIMESTAMPTZ '2026-03-01 00:00:00Z', '1774000000.000000', '1773900000.000000'
    FROM store.channels WHERE name <> 'old'""",
    """INSERT INTO store.readings (channel_id, ts, kind, wanted, got, got_at)
    SELECT channel_id, ts, 'thread', latest_reply,
        CASE WHEN hash(ts) % 2 = 0 THEN latest_reply END, posted_at + INTERVAL 1 HOUR
    FROM store.messages WHERE thread_ts IS NOT NULL""",
    """INSERT INTO store.alerts (channel_id, ts, kind, found)
    SELECT channel_id, ts, unnest(['EMAIL', 'PHONE', 'url']), 1 + hash(ts) % 3
    FROM store.messages WHERE words > 3""",
    """INSERT INTO store.deliveries (delivery, report, period, user_id, channel_id, state, reason,
        pictures, changed_at) VALUES
        ('d1', 'weekly', '2026-W10', 'U01MINA', NULL, 'sent', NULL, 2, '2026-03-09 08:00:00Z'),
        ('d2', 'weekly', '2026-W10', NULL, 'C01GEN', 'sent', NULL, 0, '2026-03-09 08:00:00Z'),
        ('d3', 'weekly', '2026-W10', 'U99', NULL, 'skipped', 'left', 0, '2026-03-09 08:00:00Z'),
        ('d4', 'check', 'round-1', NULL, 'C99', 'failed', 'not_in_channel', NULL,
            '2026-03-10 00:00:00Z')
    """,
    """INSERT INTO store.runs (run_id, verb, started_at, added, left_out, policy, text_days,
        row_days)
    VALUES ('r1', 'collect', '2026-03-01 00:00:00Z', 1234567, 3, 'standard', 20, 30),
        ('r2', 'collect', '2026-03-02 00:00:00Z', 7, NULL, NULL, 0, 0),
        ('r3', 'import', '2026-03-20 00:00:00Z', NULL, 1, 'standard+', 12, 25)""",
    """INSERT INTO store.reaction_changes (channel_id, ts, user_id, name, is_there, changed_at)
    SELECT channel_id, ts, user_id, name, true, TIMESTAMPTZ '2026-03-22 11:50:00Z'
    FROM store.reactions WHERE hash(user_id || name) % 2 = 0""",
)


def _houston() -> World:
    archive = shared("data/export-houstondatavis")
    return World("houston", "America/Chicago", _tables_of(_imported("houston", archive)))


def _synthetic(name: str, messages: int) -> World:
    archive = Path(mkdtemp()) / "export.zip"
    write_export(archive, messages)
    settings = _imported("synthetic", archive)
    return World(name, "America/Sao_Paulo", _tables_of(settings))


def _region() -> World:
    """The invented region, with reports that repeat others, name their AO, or cannot be read."""
    told = invented()
    posts = [Post(held) for held in told]
    posts += [Post(held, hours=9, channel="C09") for held in told[:60:7]]
    posts += [Post(held, hours=5, status="doubtful") for held in told[3:60:9]]
    posts += [Post(held, hours=6, status="refused") for held in told[5:60:11]]
    posts += [
        Post(Beatdown(held.day + timedelta(1), held.ao, q), hours=2, channel="C09",
             ao_as={"name": name, "kind": "name"})
        for held, q, name in zip(
            told[:40:8], ("Émile", BOT, "ÉMILE", "U03", "\u3000U03 "),
            ("#Ao-Mudflats", "Zoo", "zoo ", "#ÉCOLE", "école"), strict=True)
    ]  # fmt: skip
    return World("region", "America/Chicago", _public(stored(posts)))


def _circle(name: str, written: str) -> World:
    settings = Settings(
        Path(mkdtemp()), "circle", timezone="Asia/Seoul", privacy={"preset": "open"}
    )
    import_archive(set_up(settings, written), write_circle(Path(mkdtemp()) / "export"))
    return World(name, "Asia/Seoul", _tables_of(settings), Catalog(settings.pack))


_WORLDS: dict[str, Callable[[], World]] = {
    "town": _town,
    "houston": _houston,
    "region": _region,
    "circle": lambda: _circle("circle", SET),
    "free circle": lambda: _circle("free circle", ""),
    "synthetic": lambda: _synthetic("synthetic", 100_000),
}


def cases() -> Iterator[Case]:
    """What is always asked."""
    yield from _of_town()
    everybodys = {each.name for each in _CATALOG.metrics() if each.file.pack == EVERYBODYS}
    yield from (case for case in _of_all("houston") if case.metric in everybodys)
    for metric in _CATALOG.metrics():
        if metric.file.pack == "f3":
            yield from _of_region(metric)
        if metric.file.pack == "writing":
            yield from _of_circle(metric)


def more_cases() -> Iterator[Case]:
    """What the long tests ask too: every metric of a real community, and of 100,000 messages."""
    yield from _of_all("houston")
    yield from _of_all("synthetic")


def _of_all(name: str) -> Iterator[Case]:
    """Every metric, up to the newest message."""
    for metric in _CATALOG.metrics():
        yield Case(name, metric.name, (("as_of", "latest"),))


def _of_town() -> Iterator[Case]:
    """Every metric of the golden town once, and once more in each other time zone."""
    asked: set[tuple[str, str]] = set()
    for path in CASES:
        case = read_case(path)
        given = {"as_of": AS_OF, **case.parameters}
        given.pop("zeros", None)
        zone = given.pop("timezone", "UTC")
        if (case.metric, zone) not in asked:
            asked.add((case.metric, zone))
            yield Case("town", case.metric, (*given.items(),), zone)


def _of_region(metric: Metric) -> Iterator[Case]:
    as_of = ("as_of", "2026-03-08")
    yield Case("region", metric.name, (as_of,))
    chosen = ("member", "otter") if "member" in metric.parameters else ("channel", "ao-mudflats")
    yield Case("region", metric.name, (as_of, chosen))


def _of_circle(metric: Metric) -> Iterator[Case]:
    as_of = ("as_of", "2026-04-05")
    yield Case("circle", metric.name, (as_of,))
    yield Case("free circle", metric.name, (as_of, ("since", "")))
    for chosen in (("late_days", "3"), ("top", "1")):
        if chosen[0] in metric.parameters:
            yield Case("circle", metric.name, (as_of, chosen))
