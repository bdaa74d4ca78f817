"""Small groups are suppressed: in a town whose every count was made by hand, with k = 5."""

import csv
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from click.testing import CliRunner

from hubbub.charts.catalog import Charts
from hubbub.cli.program import program
from hubbub.content import EVERYBODYS
from hubbub.core.periods import last_month, whole_periods
from hubbub.errors import BadContent, UsageError
from hubbub.flows.asking import ask
from hubbub.flows.drawing import draw_chart
from hubbub.flows.exporting import (
    export_bundle,
    export_metrics,
    export_network,
    export_tables,
)
from hubbub.flows.importing import import_archive
from hubbub.flows.measuring import measure
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import ABOUT
from hubbub.metrics.small_groups import TooFewMembers, period_of
from hubbub.settings import Settings, load
from tests.invented import message

K = 5
NO_PACK = Path("no-pack-of-its-own")
METRICS = {metric.name: metric for metric in Catalog(NO_PACK).metrics()}
OF_GROUPS = sorted(name for name, metric in METRICS.items() if metric.members not in ABOUT)
REFUSED = sorted(
    name for name, metric in METRICS.items() if metric.members in {"one", "overlapping"}
)
CHANNELS = [
    {"id": "C1", "name": "general"},
    {"id": "C2", "name": "garden"},
    {"id": "C3", "name": "help"},
]
REACTIONS = [
    {"name": "heart", "users": [*"ABCDEF"]},
    {"name": "wave", "users": [*"ABCDE"]},
    {"name": "eyes", "users": ["G"]},
]

# Who wrote, one letter a message. Parts: what a week (from Monday) and a month share.
DIARY = [
    # 5 to 11 January: 8 members. The 8th is about two, so the 7th, the smaller of the others, goes
    # with it.
    ("2026-01-06", "general", "ABCDEF"),
    ("2026-01-07", "general", "ABCDEABCDE"),
    ("2026-01-08", "help", "GGH"),
    # 12 to 18 January: 7 members, but on no day five.
    ("2026-01-13", "general", "ABC"),
    ("2026-01-14", "garden", "DEFG"),
    # 19 to 25 January: a single member, and so in no figure.
    ("2026-01-20", "general", "AAAAAAAAA"),
    # 26 to 31 January: five.
    ("2026-01-27", "garden", "ABCDE"),
    # 1 February, a Sunday and a part of its own: a single member.
    ("2026-02-01", "help", "H"),
    ("2026-02-10", "general", "ABCDEF"),
]  # fmt: skip


def write_town(folder: Path) -> Path:
    """The diary as an export. All is said at 10 o'clock, UTC."""
    folder.mkdir(parents=True)
    (folder / "users.json").write_text("[]")
    (folder / "channels.json").write_text(json.dumps(CHANNELS))
    for day, channel, authors in DIARY:
        at = int(datetime.fromisoformat(f"{day}T10:00+00:00").timestamp())
        said = [
            message(f"{at + number}.000100", author, f"look: <https://{channel}.example/>")
            for number, author in enumerate(authors)
        ]
        if day == "2026-01-06":
            said[0]["reactions"] = REACTIONS
        (folder / channel).mkdir(exist_ok=True)
        (folder / channel / f"{day}.json").write_text(json.dumps(said))
    return folder


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The town, under a policy that keeps everything and lets no figure about fewer than 5 out."""
    folder = tmp_path_factory.mktemp("town")
    settings = Settings(folder / "home", "town", privacy={"preset": "open", "smallest_group": K})
    import_archive(settings, write_town(folder / "export"))
    settings.written.write_text(f'[privacy]\npreset = "open"\nsmallest_group = {K}\n')
    return settings


@pytest.fixture
def own(town: Settings, tmp_path: Path) -> Callable[[str], Settings]:
    """Makes settings whose workspace has a metric `own` with such a file."""

    def write(text: str) -> Settings:
        settings = Settings(tmp_path, "town", privacy=dict(town.privacy))
        (settings.pack / "metrics").mkdir(parents=True)
        (settings.pack / "metrics" / "own.sql").write_text(text)
        settings.store.write_bytes(town.store.read_bytes())
        return settings

    return write


def rows(settings: Settings, metric: str, **window: str) -> list[dict[str, Any]]:
    """A metric's rows, without the columns that are empty in all of them."""
    records: list[dict[str, Any]] = measure(settings, metric, window).rows.to_pylist()
    full = [name for name in records[0] if any(row[name] is not None for row in records)]
    return [{name: row[name] for name in full} for row in records]


def test_days_of_few_members_are_suppressed_and_one_beside_them(town: Settings) -> None:
    told = {row["day"]: row for row in rows(town, "messages_per_day")}
    hidden = {day for day, row in told.items() if row["suppressed"] == "yes"}
    january = {date(2026, 1, day) for day in (7, 8, 13, 14, *range(19, 26))}
    assert hidden == january | {date(2026, 2, 1)}
    assert all(told[day]["messages"] is told[day]["members"] is None for day in hidden)
    assert {
        day: (row["messages"], row["members"]) for day, row in told.items() if row["messages"]
    } == {date(2026, 1, 6): (6, 5), date(2026, 1, 27): (5, 5), date(2026, 2, 10): (6, 5)}
    assert told[date(2026, 1, 9)]["messages"] == 0
    assert list(told) == sorted(told)


def test_weeks_leave_out_parts_of_few_members_and_say_so(town: Settings) -> None:
    assert rows(town, "messages_per_week") == [
        {"week": date(2026, 1, 5), "messages": 19, "members": 5, "suppressed": "no"},
        {"week": date(2026, 1, 12), "messages": 7, "members": 5, "suppressed": "no"},
        {"week": date(2026, 1, 19), "messages": None, "members": None, "suppressed": "yes"},
        {"week": date(2026, 1, 26), "messages": 5, "members": 5, "suppressed": "partly"},
        {"week": date(2026, 2, 2), "messages": 0, "members": 0, "suppressed": "no"},
        {"week": date(2026, 2, 9), "messages": 6, "members": 5, "suppressed": "no"},
    ]


def test_months_leave_them_out_too(town: Settings) -> None:
    assert rows(town, "messages_per_month") == [
        {"month": date(2026, 1, 1), "messages": 31, "members": 5, "suppressed": "partly"},
        {"month": date(2026, 2, 1), "messages": 6, "members": 5, "suppressed": "partly"},
    ]
    assert rows(town, "totals", as_of="2026-01-15") == [
        {"messages": 31, "active_members": 5, "members": 5, "suppressed": "partly"}
    ]


def test_a_channel_of_few_members_goes_with_the_smallest_of_the_others(town: Settings) -> None:
    # general 6 members, garden 7, help 2. Those left out stand in the order of their ids.
    assert rows(town, "messages_by_channel", as_of="2026-01-31") == [
        {"channel_id": "C2", "channel": "garden", "messages": 9, "members": 5,
         "suppressed": "partly"},
        {"channel_id": "C1", "channel": "general", "messages": None, "members": None,
         "suppressed": "yes"},
        {"channel_id": "C3", "channel": "help", "messages": None, "members": None,
         "suppressed": "yes"},
    ]  # fmt: skip


def test_names_that_few_members_use_are_not_told(town: Settings) -> None:
    assert rows(town, "emoji_ranking", as_of="2026-01-31") == [
        {"emoji": "heart", "reactions": 6, "members": 5, "suppressed": "partly"},
        {"emoji": None, "reactions": None, "members": None, "suppressed": "yes"},
    ]
    # links: garden.example by 7 members, general.example by 6, help.example by 2
    assert rows(town, "link_domains", as_of="2026-01-31") == [
        {"domain": "garden.example", "links": 9, "members": 5, "suppressed": "partly"},
        {"domain": None, "links": None, "members": None, "suppressed": "yes"},
    ]


def test_hours_are_those_of_shown_days(town: Settings) -> None:
    told = rows(town, "busiest_hours", as_of="2026-01-31")
    assert [(row["weekday"], row["hour"]) for row in told] == [
        (day, hour) for day in range(1, 8) for hour in range(24)
    ]
    # the 6th and the 27th are Tuesdays
    assert [row for row in told if row["messages"]] == [
        {"weekday": 2, "hour": 10, "messages": 11, "members": 5, "suppressed": "partly"}
    ]


def test_a_month_of_which_nothing_may_be_told_says_so(town: Settings) -> None:
    # nobody reacted in February, but on the 1st somebody could have
    assert rows(town, "emoji_ranking", as_of="2026-02-28") == [{"suppressed": "yes"}]


def test_one_allows_all_figures(town: Settings) -> None:
    opened = Settings(town.home, "town", privacy={"preset": "open", "smallest_group": 1})
    told = measure(opened, "messages_by_channel", {}).rows
    assert "suppressed" not in told.column_names
    assert [(row["channel"], row["messages"], row["members"]) for row in told.to_pylist()] == [
        ("general", 34, 6), ("garden", 9, 7), ("help", 4, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("window", [
    {"since": "2026-01-08T00:00:00Z"}, {"since": "2026-01-06T10:00:03Z"},
    {"as_of": "2026-01-27T10:00:02Z"}, {"since": "2026-01-08", "as_of": "2026-01-26"},
])  # fmt: skip
@pytest.mark.parametrize("name", [name for name in OF_GROUPS if period_of(METRICS[name])])
def test_a_window_chooses_rows_and_changes_none(
    town: Settings, name: str, window: dict[str, str]
) -> None:
    every = measure(town, name, {}).rows.to_pylist()
    chosen = measure(town, name, window).rows.to_pylist()
    assert chosen
    assert all(row in every for row in chosen)


@pytest.mark.parametrize("name", [name for name in OF_GROUPS if not period_of(METRICS[name])])
def test_windows_of_a_month_are_whole_months(town: Settings, name: str) -> None:
    told = [
        measure(town, name, {"as_of": as_of}).rows
        for as_of in ("2026-01-01", "2026-01-06T10:00:03Z", "2026-01-31")
    ]
    assert told[0] == told[1] == told[2]
    with pytest.raises(TooFewMembers, match="one calendar month"):
        measure(town, name, {"since": "2026-01-06"})


@pytest.mark.parametrize("name", OF_GROUPS)
def test_no_filter_splits_a_figure(town: Settings, name: str) -> None:
    if "channel" in METRICS[name].parameters:
        with pytest.raises(TooFewMembers, match="takes no channel"):
            measure(town, name, {"channel": "general"})


@pytest.mark.parametrize("name", OF_GROUPS)
@pytest.mark.parametrize("as_of", ["2026-01-31", "2026-02-28"])
def test_every_metric_shows_only_what_its_header_allows(
    town: Settings, name: str, as_of: str
) -> None:
    metric = METRICS[name]
    for row in measure(town, name, {"as_of": as_of}).rows.to_pylist():
        filled = {each for each, value in row.items() if value is not None} - {"suppressed"}
        assert filled <= (set(metric.keys) if row["suppressed"] == "yes" else metric.released)
        counted = [each.name for each in metric.columns.values() if each.unit == "members"]
        assert all((row[each] or 0) % K == 0 for each in counted)
        if row[metric.members] == 0:
            assert not any(row[each] for each in metric.shown if each != "members")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_how_many_members_a_row_is_about(name: str) -> None:
    assert METRICS[name].members


@pytest.mark.parametrize("name", REFUSED)
def test_metrics_of_single_members_are_refused(town: Settings, name: str, tmp_path: Path) -> None:
    with pytest.raises(TooFewMembers, match=r"single member|overlap"):
        measure(town, name, {})
    with pytest.raises(TooFewMembers):
        export_metrics(town, [name], {}, tmp_path, "csv")
    assert not list(tmp_path.iterdir())


def test_what_is_about_no_member_is_shown(town: Settings) -> None:
    assert measure(town, "coverage", {"channel": "general"}).rows.num_rows


SILENT = """/*
title = "Words"
question = "How many words?"
{says}
[parameters]
since = ""

[columns]
words = {{ type = "integer", doc = "words", unit = "words" }}
people = {{ type = "integer", doc = "who wrote them", unit = "members" }}
*/
SELECT sum(words)::BIGINT AS words, count(DISTINCT user_id) AS people
FROM people_messages WHERE posted_at BETWEEN $since AND $as_of
"""


def test_a_metric_that_cannot_say_how_many_is_refused(own: Callable[[str], Settings]) -> None:
    settings = own(SILENT.format(says=""))
    with pytest.raises(TooFewMembers, match="does not say how many members") as error:
        measure(settings, "own", {})
    assert "own.sql" in error.value.fix
    opened = Settings(settings.home, "town", privacy={"preset": "open"})
    assert measure(opened, "own", {}).rows.num_rows == 1


def test_a_column_that_is_not_declared_is_not_shown(own: Callable[[str], Settings]) -> None:
    settings = own(SILENT.format(says='members = "people"'))
    assert rows(settings, "own", as_of="2026-01-31") == [{"people": 5, "suppressed": "partly"}]


def test_a_metric_that_cannot_be_kept_to_a_month_is_refused(
    own: Callable[[str], Settings],
) -> None:
    text = SILENT.format(says='members = "people"').replace("BETWEEN $since AND", "<=")
    settings = own(text.replace('[parameters]\nsince = ""', ""))
    with pytest.raises(TooFewMembers, match="no parameter since"):
        measure(settings, "own", {})


@pytest.mark.parametrize(("says", "reason"), [
    ('members = "person"', "no integer column"),
    ('members = "people"\nkeys = ["day"]', "keys names 'day'"),
    ('members = "one"\nshown = ["words"]', "shown without a column that counts"),
    ('shown = ["words"]', "shown without a column that counts"),
])  # fmt: skip
def test_a_header_that_names_no_column_is_wrong(
    own: Callable[[str], Settings], says: str, reason: str
) -> None:
    with pytest.raises(BadContent, match=reason):
        measure(own(SILENT.format(says=says)), "own", {})


def test_the_added_column_cannot_be_a_metrics_own(own: Callable[[str], Settings]) -> None:
    text = SILENT.format(says="").replace("people", "suppressed")
    with pytest.raises(BadContent, match="Hubbub's own"):
        measure(own(text), "own", {})


def test_an_export_leaves_out_and_names_what_may_not_leave(town: Settings, tmp_path: Path) -> None:
    told: list[str] = []
    written = export_metrics(town, [], {"as_of": "2026-01-31"}, tmp_path, "csv", told.append)
    about_nobody = ["coverage", "policies"]
    assert sorted(path.stem for path in written) == sorted([*OF_GROUPS, *about_nobody])
    assert len(told) == 1
    assert all(name in told[0] for name in REFUSED if METRICS[name].file.pack == EVERYBODYS)
    with (tmp_path / "messages_by_channel.csv").open(encoding="utf-8", newline="") as file:
        assert [[*row.values()] for row in csv.DictReader(file)] == [
            ["C2", "garden", "9", "", "5", "partly"],
            ["C1", "general", "", "", "", "yes"],
            ["C3", "help", "", "", "", "yes"],
        ]


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_no_form_holds_more_than_is_shown(town: Settings, tmp_path: Path, form: str) -> None:
    (path,) = export_metrics(town, ["messages_per_day"], {}, tmp_path, form)
    # DuckDB would take a CSV's yes and no for flags
    source = f"read_csv('{path}', all_varchar = true)" if form == "csv" else f"'{path}'"
    query = f"SELECT day::DATE, messages::BIGINT, suppressed FROM {source}"
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchall()
    shown = measure(town, "messages_per_day", {}).rows.to_pylist()
    assert found == [(row["day"], row["messages"], row["suppressed"]) for row in shown]


def test_rows_about_single_members_stay_inside(town: Settings, tmp_path: Path) -> None:
    for refuse in (
        lambda: ask(town, "SELECT count(*) FROM messages"),
        lambda: export_tables(town, tmp_path / "tables", "csv"),
        lambda: export_network(town, {}, tmp_path / "network"),
    ):
        with pytest.raises(TooFewMembers, match="single members") as error:
            refuse()
        assert "operator_sql = true" in error.value.fix
    assert not list(tmp_path.iterdir())
    told: list[str] = []
    (metrics,) = export_bundle(town, [], {}, tmp_path, "csv", told.append)
    with zipfile.ZipFile(metrics) as file:
        assert "leaderboard.csv" not in file.namelist()
    assert [sentence.partition(" ")[0] for sentence in told] == ["data.zip", "Not"]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.zip"]


def test_the_policy_can_open_them_to_the_operator(town: Settings, tmp_path: Path) -> None:
    trusted = Settings(town.home, "town", privacy=town.privacy | {"operator_sql": True})
    assert ask(trusted, "SELECT count(*) AS n FROM messages").to_pylist() == [{"n": 47}]
    assert export_tables(trusted, tmp_path, "csv")
    assert export_network(trusted, {}, tmp_path)
    with pytest.raises(TooFewMembers):
        measure(trusted, "leaderboard", {})


@pytest.mark.parametrize("name", [chart.name for chart in Charts(NO_PACK).charts()])
def test_every_chart_is_drawn_without_small_groups_or_refused(
    town: Settings, name: str, tmp_path: Path
) -> None:
    metric = METRICS[Charts(NO_PACK).chart(name).metric]
    path = tmp_path / "drawn.svg"
    if metric.name in REFUSED:
        with pytest.raises(TooFewMembers):
            draw_chart(town, name, {}, path)
        assert not path.exists()
        return
    drawn = draw_chart(town, name, {"as_of": "2026-01-31"}, path)
    svg = path.read_text(encoding="utf-8")
    without = "without groups under 5 members"
    says_so = any(row["suppressed"] != "no" for row in
                  measure(town, metric.name, {"as_of": "2026-01-31"}).rows.to_pylist())  # fmt: skip
    assert (without in drawn.subtitle or "Too few members" in svg) == says_so
    for hidden in ("general", "help", "wave", "eyes", "null", "NaN", "undefined"):
        assert hidden not in svg


def test_a_chart_of_nothing_but_small_groups_says_so(town: Settings, tmp_path: Path) -> None:
    path = tmp_path / "drawn.svg"
    draw_chart(town, "emoji_ranking", {"as_of": "2026-02-28"}, path)
    assert "Too few members: no group here has 5." in path.read_text(encoding="utf-8")


def hubbub(settings: Settings, *arguments: str) -> Any:
    return CliRunner().invoke(program, [*arguments, "--home", str(settings.home)])


def test_a_chart_of_a_column_that_is_not_shown_is_refused(
    own: Callable[[str], Settings], tmp_path: Path
) -> None:
    settings = own(SILENT.format(says='members = "people"'))
    (settings.pack / "charts").mkdir()
    (settings.pack / "charts" / "own.vl.json").write_text(json.dumps({
        "title": "Words", "usermeta": {"hubbub": {"metric": "own", "empty": "None."}},
        "data": {"name": "rows"}, "mark": "bar",
        "encoding": {"x": {"field": "words", "type": "quantitative"}},
    }))  # fmt: skip
    with pytest.raises(TooFewMembers, match="draws words"):
        draw_chart(settings, "own", {}, tmp_path / "drawn.svg")


def test_the_terminal_says_what_is_suppressed(town: Settings) -> None:
    done = hubbub(town, "show", "messages_per_week")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[3].split() == ["2026-01-19", "yes"]
    assert "about fewer than 5 members" in done.stderr
    assert "Partly: leaves out times" in done.stderr


@pytest.mark.parametrize("metric", ["coverage", "totals", "messages_per_day", "link_domains"])
@pytest.mark.parametrize("as_of", ["latest", "now"])
def test_no_time_of_a_message_is_told(town: Settings, metric: str, as_of: str) -> None:
    done = hubbub(town, "show", metric, "--as-of", as_of)
    assert done.exit_code == 0
    assert "10:00" not in done.output


def test_the_list_of_channels_counts_no_messages(town: Settings) -> None:
    assert "messages" not in hubbub(town, "list", "channels").stdout


def test_options_of_one_command_do_not_loosen_it(town: Settings) -> None:
    flagged = load(str(town.home), preset="open")
    with pytest.raises(TooFewMembers):
        measure(load(str(town.home), preset="standard"), "leaderboard", {})
    assert flagged.privacy["smallest_group"] == K
    elsewhere = load(str(town.home), timezone="Asia/Seoul")
    for read in (
        lambda: measure(elsewhere, "totals", {}),
        lambda: export_metrics(elsewhere, ["totals"], {}, town.home / "out", "csv"),
        lambda: draw_chart(elsewhere, "messages_per_day", {}, town.home / "x.svg"),
    ):
        with pytest.raises(UsageError, match="time zone"):
            read()


@pytest.mark.parametrize(("period", "as_of", "now", "end"), [
    # 1 April 2026 is a Wednesday: its week is cut in two parts
    ("day", "2026-03-31T12:00", "2026-04-01T00:00", date(2026, 4, 1)),
    ("day", "2026-03-31T12:00", "2026-03-31T23:59", date(2026, 3, 30)),
    ("day", "2026-04-03T12:00", "2026-04-04T00:00", date(2026, 4, 1)),
    ("week", "2026-04-01T12:00", "2026-04-04T00:00", date(2026, 3, 30)),
    ("week", "2026-04-01T12:00", "2026-04-06T00:00", date(2026, 4, 6)),
    ("month", "2026-03-31T12:00", "2026-04-01T00:00", date(2026, 4, 1)),
    ("month", "2026-04-30T12:00", "2026-04-30T12:00", date(2026, 4, 1)),
    ("month", "2027-04-30T12:00", "2026-04-30T12:00", date(2026, 4, 1)),
])  # fmt: skip
def test_nothing_is_shown_before_it_has_ended(period: str, as_of: str, now: str, end: date) -> None:
    asked, clock = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (as_of, now))
    assert whole_periods(period, None, asked, clock, ZoneInfo("UTC")).end == end
    if period == "month":
        first = last_month(asked, clock, ZoneInfo("UTC"))
        assert (first.begin, first.end) == (date(2026, 3, 1), end)


def test_days_are_those_of_the_workspaces_time_zone(town: Settings) -> None:
    # There 10 o'clock UTC is the next day's first hour, so all is a day later. 1 February becomes
    # Monday the 2nd, in the part from the 2nd to the 8th.
    there = Settings(town.home, "town", timezone="Pacific/Kiritimati", privacy=dict(town.privacy))
    told = {row["day"]: row for row in rows(there, "messages_per_day")}
    assert {day for day, row in told.items() if row["suppressed"] == "yes"} == {
        *(date(2026, 1, day) for day in (8, 9, 14, 15, *range(19, 26))),
        *(date(2026, 2, day) for day in range(2, 9)),
    }
    assert {day: row["messages"] for day, row in told.items() if row["messages"]} == {
        date(2026, 1, 7): 6, date(2026, 1, 28): 5, date(2026, 2, 11): 6,
    }  # fmt: skip
    assert [(row["messages"], row["suppressed"]) for row in rows(there, "messages_per_week")] == [
        (19, "no"), (7, "no"), (None, "yes"), (5, "no"), (None, "yes"), (6, "no"),
    ]  # fmt: skip
    # the 7th and the 28th are Wednesdays
    hours = rows(there, "busiest_hours", as_of="2026-01-31")
    assert [(row["weekday"], row["hour"], row["messages"]) for row in hours if row["messages"]] == [
        (3, 0, 11)
    ]
