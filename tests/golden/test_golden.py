"""Every metric over a small community, against figures that were worked out by hand.

`community/` is an export of a town that README.md tells, message by message. `expected/` holds a
table a case, named `<metric>.csv` or `<metric>.<case>.csv`; see README.md for how they are written.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hubbub.content import EVERYBODYS
from hubbub.flows.importing import Report, import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import Metric, MetricColumn
from hubbub.metrics.run import Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store

HERE = Path(__file__).parent
CASES = sorted((HERE / "expected").glob("*.csv"))
NO_PACK = HERE / "no-pack"
"""The workspace has no pack of its own: the metrics are Hubbub's."""
AS_OF = "2026-03-22T12:00:00Z"
"""End of the window, where a case says no other."""


@dataclass(frozen=True)
class Town:
    """The community in a store, and what its import reported."""

    settings: Settings
    report: Report


@dataclass(frozen=True)
class Case:
    """A metric with parameters, and the rows that it must give."""

    metric: str
    parameters: dict[str, str]
    columns: list[str]
    rows: list[list[str]]


def read_case(path: Path) -> Case:
    """A file of `expected/`: parameters after `#:`, comments after `#`, then CSV."""
    lines = path.read_text(encoding="utf-8").splitlines()
    said = (line[2:].partition(" = ") for line in lines if line.startswith("#:"))
    parameters = {name.strip(): value for name, _, value in said}
    header, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    return Case(path.name.partition(".")[0], parameters, header, rows)


def instant(written: str) -> datetime:
    """`02-15 23:45` of the town's year, UTC. All its messages are 0.2 ms after the minute."""
    moment = datetime.strptime(f"2026-{written}+0000", "%Y-%m-%d %H:%M%z")
    return moment.astimezone(UTC) + timedelta(microseconds=200)


def ts(written: str) -> str:
    """The same as Slack's `ts`."""
    return f"{int(instant(written).timestamp())}.000200"


def microseconds(written: str) -> int:
    """The same as microseconds since 1970."""
    return int(ts(written).replace(".", ""))


READ: dict[str, Callable[[str], Any]] = {
    "id": str,
    "text": str,
    "markup": str,
    "integer": int,
    "number": lambda written: pytest.approx(float(written), abs=1e-3),
    "flag": {"yes": True, "no": False}.__getitem__,
    "instant": instant,
    "date": date.fromisoformat,
}


def value(column: MetricColumn, written: str) -> Any:
    """A cell as the metric gives it; an empty one is null."""
    if not written:
        return None
    return ts(written) if column.name in {"ts", "thread_ts"} else READ[column.type](written)


def expected_rows(case: Case, metric: Metric) -> list[dict[str, Any]]:
    """The rows of a case, in their order."""
    return [
        {
            name: value(metric.columns[name], cell)
            for name, cell in zip(case.columns, row, strict=True)
        }
        for row in case.rows
    ]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The community, imported with the preset that keeps everything."""
    settings = Settings(tmp_path_factory.mktemp("home"), "town", privacy={"preset": "open"})
    import_archive(settings, HERE / "heard", lambda _what, _done, _all: None)
    return Town(
        settings, import_archive(settings, HERE / "community", lambda _what, _done, _all: None)
    )


@pytest.fixture(scope="module")
def connection(town: Town) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session that reads the town's store."""
    with store.reading(town.settings.store) as session:
        yield session


@pytest.fixture(scope="module")
def run(town: Town) -> Callable[..., list[dict[str, Any]]]:
    """Runs a metric; parameters by name, `timezone` too."""
    catalog = Catalog(NO_PACK)

    def rows(metric: str, *, timezone: str = "UTC", **given: str) -> list[dict[str, Any]]:
        with store.reading(town.settings.store) as session:
            runner = Runner(session, catalog, timezone, smallest_group=1)
            query = runner.prepare(catalog.metric(metric), {"as_of": AS_OF, **given})
            return runner.run(query).to_pylist()

    return rows


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_metric_gives_the_figures_worked_out_by_hand(
    path: Path, run: Callable[..., list[dict[str, Any]]]
) -> None:
    case = read_case(path)
    metric = Catalog(NO_PACK).metric(case.metric)
    assert case.columns == list(metric.columns), "the table has the metric's columns"
    parameters = dict(case.parameters)
    leaves_zeros_out = parameters.pop("zeros", None) == "left out"
    rows = run(case.metric, **parameters)
    if leaves_zeros_out:
        rows = [row for row in rows if row["messages"]]
    assert rows == expected_rows(case, metric)


def test_every_metric_has_figures_worked_out_by_hand() -> None:
    """Those of other packs are held to the same in their own folders: `tests/f3`."""
    metrics = {name for name, file in Catalog(NO_PACK).files.items() if file.pack == EVERYBODYS}
    assert {read_case(path).metric for path in CASES} == metrics


def test_the_busiest_hours_name_every_hour_of_the_week(
    run: Callable[..., list[dict[str, Any]]],
) -> None:
    rows = run("busiest_hours")
    hours = [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]
    assert [(row["weekday"], row["hour"]) for row in rows] == hours
    assert all(row["members"] == 0 for row in rows if row["messages"] == 0)


def test_the_import_counts_what_the_export_holds(town: Town) -> None:
    report = town.report
    counted = {name: report.rows[name] for name in ("users", "channels", "messages", "files")}
    # 33 messages by people, 8 by others, 6 of the system, a tombstone and one that is known only
    # from its deletion. message_replied and the root inside the broadcast make no row, and the
    # message that is in two files makes one.
    assert counted == {"users": 8, "channels": 4, "messages": 49, "files": 2}
    assert (report.added, report.left_out) == (49, 0)


def test_a_record_without_a_ts_is_quarantined(
    town: Town, connection: duckdb.DuckDBPyConnection
) -> None:
    found = connection.execute("SELECT origin, place, reason FROM quarantine").fetchall()
    assert found == [("community/old/2026-03-04.json", 4, "ts is not digits.digits")]
    assert town.report.quarantined == 1


def test_messages_are_of_the_kinds_that_the_definitions_say(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = "SELECT kind, count(*) FROM messages WHERE deleted_at IS NULL GROUP BY ALL ORDER BY ALL"
    # By people 22 posts, 9 replies and 2 broadcasts. By others: posts by the CI's bot (2), Tom's
    # app, Helper, USLACKBOT, USLACK and nobody; a reply by Helper. System: three join notices, a
    # topic, a huddle and an archived channel.
    assert connection.execute(query).fetchall() == [
        ("broadcast", 2), ("post", 29), ("reply", 10), ("system", 6),
    ]  # fmt: skip


def test_a_deleted_message_keeps_its_row_and_loses_its_text(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        SELECT ts, epoch_us(deleted_at), text, words,
            (SELECT count(*) FROM reactions r WHERE r.ts = m.ts)
        FROM messages m WHERE deleted_at IS NOT NULL ORDER BY ts"""
    assert connection.execute(query).fetchall() == [
        # nothing says when the root of the thread went, so it counts from when it was posted
        (ts("03-12 10:00"), microseconds("03-12 10:00"), None, None, 0),
        (ts("03-21 10:00"), microseconds("03-21 10:05"), None, None, 0),
    ]


def test_user_groups_are_as_events_have_left_them(connection: duckdb.DuckDBPyConnection) -> None:
    """Made with Mina and Tom; then Tom went and 하나 came, which is told once more in the group's
    next state. The other was disabled, with nothing said of its members since."""
    groups = "SELECT group_id, handle, name, is_disabled FROM user_groups ORDER BY ALL"
    assert connection.execute(groups).fetchall() == [
        ("S01CREW", "crew", "Crew of the fair", False), ("S02PAST", "choir", "Choir", True),
    ]  # fmt: skip
    members = "SELECT group_id, user_id FROM user_group_members ORDER BY ALL"
    assert connection.execute(members).fetchall() == [
        ("S01CREW", "U01MINA"), ("S01CREW", "U06KIM"), ("S02PAST", "U03ALEX"),
    ]  # fmt: skip


def test_reactions_that_slack_counts_but_does_not_name_are_kept_as_a_number(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = "SELECT ts, unnamed FROM messages WHERE unnamed > 0"
    assert connection.execute(query).fetchall() == [(ts("03-01 05:30"), 3)]
