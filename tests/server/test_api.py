"""The JSON API: it answers what the command line does, and refuses what it must."""

import csv
import io
import json
from datetime import date, datetime
from typing import Any

import pytest
import urllib3

from hubbub.flows.auditing import audit_of
from hubbub.flows.measuring import measure
from hubbub.flows.vitals import Vitals
from hubbub.metrics.catalog import Catalog
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.server.serving import COMMUNITY, Site, imported, serving

METRICS = list(Catalog(COMMUNITY / "no-pack").files)
AS_OF = "2026-03-22T12:00:00Z"


def plain(value: Any) -> Any:
    """A value as it must look in JSON."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_answers_what_measuring_it_gives(name: str, site: Site) -> None:
    expected = measure(site.settings, name, {"as_of": AS_OF})
    told = site.json(f"/api/v1/metrics/{name}?as_of={AS_OF}&limit=50000")
    columns = [column["name"] for column in told["columns"]]
    rows = [dict(zip(columns, row, strict=True)) for row in told["rows"]]
    wanted = [
        {column: plain(value) for column, value in row.items()} for row in expected.rows.to_pylist()
    ]
    assert rows == wanted
    assert (told["total_rows"], told["as_of"]) == (len(wanted), AS_OF)


def test_the_list_of_metrics_has_all(site: Site) -> None:
    listed = {metric["name"]: metric for metric in site.json("/api/v1/metrics")}
    assert set(listed) == set(METRICS)
    board = listed["leaderboard"]
    assert board["question"] == "Who writes the most?"
    assert [each["name"] for each in board["parameters"]] == ["since", "channel", "as_of"]
    assert board["columns"][3] == {
        "name": "messages", "type": "integer", "doc": "posts, replies and broadcasts",
        "unit": "messages",
    }  # fmt: skip


def test_filters_and_limits_are_heeded(site: Site) -> None:
    def messages(query: str) -> int:
        told = site.json(f"/api/v1/metrics/totals?as_of={AS_OF}&{query}")
        return told["rows"][0][0]

    # by the golden tests' README: 33 messages by people
    everything, general = messages(""), messages("channel=general")
    assert everything == 33
    assert 0 < general < 33
    assert messages("channel=C01GEN") == messages("channel=%23general") == general
    assert messages("since=2026-03-22") == 0
    told = site.json(f"/api/v1/metrics/leaderboard?as_of={AS_OF}&limit=1")
    assert (len(told["rows"]), told["total_rows"] > 1) == (1, True)


def test_csv_has_all_rows(site: Site) -> None:
    answer = site.get(f"/api/v1/metrics/leaderboard.csv?as_of={AS_OF}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="leaderboard.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.data.decode())))
    expected = measure(site.settings, "leaderboard", {"as_of": AS_OF}).rows.to_pylist()
    assert rows == [{name: str(each) for name, each in row.items()} for row in expected]


def test_the_dashboard_says_what_there_is(site: Site) -> None:
    told = site.json("/api/v1/dashboard")
    assert (told["title"], told["workspace"], told["community"]) == ("Community", "town", "town")
    assert (told["policy"], told["smallest_group"]) == ("open", 1)
    assert (told["shows_names"], told["shows_text"]) == (True, True)
    assert {"id": "C01GEN", "name": "general"} in told["channels"]
    assert [period["value"] for period in told["periods"]][:2] == ["7 days", "30 days"]
    panels = {panel["name"]: panel for panel in told["panels"]}
    assert list(panels) == ["all_messages", "by_day", "writers"]
    assert panels["writers"]["filters"] == ["period", "channel"]
    assert panels["by_day"]["metric"] == "messages_per_day"
    explained = panels["writers"]["explain"]
    assert explained["question"] == "Who writes the most?"
    assert explained["columns"][2]["doc"] == "their name"


def test_a_panel_follows_the_filters_of_the_page(site: Site) -> None:
    def card(query: str) -> tuple[int, str]:
        told = site.json(f"/api/v1/panels/all_messages{query}")
        names = [column["name"] for column in told["columns"]]
        return told["rows"][0][names.index("messages")], told["subtitle"]

    assert card("")[0] == 33
    assert card("?period=all")[0] == 33
    assert card("?period=7%20days")[0] == 0  # the town has been silent since March
    general, subtitle = card("?channel=general&period=all")
    assert 0 < general < 33
    assert subtitle.endswith("#general")


def test_a_table_shows_its_first_rows_and_says_how_many_there_are(site: Site) -> None:
    told = site.json("/api/v1/panels/writers?period=all")
    assert (len(told["rows"]), told["total_rows"] > 2) == (2, True)
    whole = csv.reader(io.StringIO(site.get("/api/v1/panels/writers.csv?period=all").data.decode()))
    assert len(list(whole)) == 1 + told["total_rows"]


def test_an_empty_panel_says_why(site: Site) -> None:
    told = site.json("/api/v1/panels/writers")
    assert told["rows"] == []
    assert told["empty"] == "Nothing in this time: the newest message is of 20 Mar 2026."


def test_a_chart_comes_as_a_spec_and_as_a_picture(site: Site) -> None:
    told = site.json("/api/v1/panels/by_day?period=all")
    spec = told["spec"]
    assert (spec["width"], spec["background"]) == ("container", None)
    assert "title" not in spec
    assert spec["config"]["style"]["messages"]["color"].startswith("#")
    drawn = spec["datasets"]["rows"]
    assert [row["messages"] for row in drawn] == [row[1] for row in told["rows"]]
    answer = site.get("/api/v1/panels/by_day.png?period=all")
    assert answer.headers["content-type"] == "image/png"
    assert answer.data.startswith(b"\x89PNG\r\n\x1a\n")


def test_an_unchanged_panel_is_not_sent_again(site: Site) -> None:
    first = site.get("/api/v1/panels/all_messages?period=all")
    again = site.get(
        "/api/v1/panels/all_messages?period=all", **{"if-none-match": first.headers["etag"]}
    )
    assert (again.status, again.data) == (304, b"")
    other = site.get(
        "/api/v1/panels/all_messages?period=all&channel=general",
        **{"if-none-match": first.headers["etag"]},
    )
    assert other.status == 200


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/api/v1/nothing", 404, "There is nothing at /api/v1/nothing."),
        ("/api/v1/panels/nothing", 404, "There is no panel 'nothing' with data."),
        ("/api/v1/metrics/nothing.csv", 404, "There is no metric 'nothing'."),
        ("/api/v1/panels/writers.png", 404, "The panel writers is no chart"),
        ("/static/nothing.js", 404, "There is no file"),
        ("/static/..%2fapi.py", 404, "There is no file"),
        ("/api/v1/panels/writers?period=8%20days", 400, "There is no period '8 days'."),
        ("/api/v1/panels/writers?channel=nowhere", 400, "There is no channel 'nowhere'."),
        ("/api/v1/panels/writers?colour=red", 400, "There is no parameter 'colour' here."),
        ("/api/v1/panels/writers?period=all&period=all", 400, "period is given twice."),
        ("/api/v1/stream?channel=nowhere", 400, "There is no channel 'nowhere'."),
        ("/api/v1/metrics/totals?since=soon", 400, "since 'soon' is no time."),
        ("/api/v1/metrics/totals?since=9999-12-31", 400, "since '9999-12-31' is too far away."),
        ("/api/v1/metrics/totals?as_of=0001-01-01", 400, "as_of '0001-01-01' is too far away."),
        ("/api/v1/metrics/totals?since=%C2%B2%20days", 400, "since '² days' is no time."),
        ("/api/v1/metrics/totals?limit=0", 400, "limit is '0'."),
        ("/api/v1/metrics/totals?limit=١", 400, "limit is '١'."),
        ("/api/v1/metrics/totals?member=olive", 400, "There is no parameter 'member' here."),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason(
    path: str, status: int, reason: str, site: Site
) -> None:
    found, error = site.error(path)
    assert (found, error["reason"][: len(reason)]) == (status, reason)
    assert error["fix"]


def test_a_while_longer_than_slack_is_the_beginning(site: Site) -> None:
    told = site.json("/api/v1/metrics/totals?since=999999999999%20weeks")
    assert (told["since"], told["rows"][0][0]) == (None, 33)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(method: str, site: Site) -> None:
    answer = site.get("/api/v1/panels/writers", method)
    assert answer.status == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert json.loads(answer.data)["error"]["reason"] == f"{method} is not possible here."


def test_head_answers_without_a_body_even_for_the_stream(site: Site) -> None:
    for path in ("/api/v1/stream", "/api/v1/dashboard", "/api/v1/metrics/totals.csv"):
        answer = site.get(path, "HEAD")
        assert (answer.status, answer.data) == (200, b"")


def test_a_busy_store_is_told_from_a_broken_one(town: Settings) -> None:
    with serving(town, wait=0.2) as site:
        with store.writing(town.store):
            answer = site.get("/api/v1/metrics/totals")
        assert answer.status == 503
        assert answer.headers["retry-after"] == "2"
        assert "has held" in json.loads(answer.data)["error"]["reason"]
        assert site.get("/api/v1/metrics/totals").status == 200


def test_an_empty_home_is_served_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings(tmp_path_factory.mktemp("home"), "new", privacy={"preset": "open"})
    with serving(settings) as site:
        assert site.json("/api/v1/dashboard")["channels"] == []
        name = next(panel["name"] for panel in site.json("/api/v1/dashboard")["panels"]
                    if panel["metric"])  # fmt: skip
        told = site.json(f"/api/v1/panels/{name}")
        assert (told["rows"], told["empty"]) == ([], "There are no messages yet.")
        assert site.error("/api/v1/metrics/totals")[0] == 503


def test_reading_is_noted(town: Settings) -> None:
    def noted(action: str) -> list[str]:
        return [each.what for each in audit_of(town).entries() if each.action == action]

    reads, draws = noted("read"), noted("draw")
    with serving(town) as site:
        site.json("/api/v1/status")
        site.json("/api/v1/dashboard")
        assert noted("read") == reads, "that there is a dashboard says nothing of people"
        site.json("/api/v1/metrics/totals")
        site.get("/api/v1/metrics/totals.csv")
        site.get("/api/v1/panels/writers.csv")
        assert noted("read") == [*reads, "totals", "totals", "leaderboard"]
        for _ in range(3):
            site.json("/api/v1/panels/writers")
        site.json("/api/v1/panels/writers?period=all")
        assert noted("read")[len(reads) + 3 :] == ["writers", "writers"], "once a view"
        site.get("/api/v1/panels/by_day.png")
        assert noted("draw") == [*draws, "by_day"]


# policies


def test_strict_shows_no_row_about_a_single_member(strict_site: Site) -> None:
    status, error = strict_site.error("/api/v1/metrics/leaderboard")
    assert status == 403
    assert error["reason"] == (
        "Each row of leaderboard is about a single member, and no figure about fewer than 5 "
        "members may leave."
    )
    assert strict_site.error("/api/v1/metrics/totals?channel=general")[0] == 403
    assert strict_site.error("/api/v1/panels/all_messages?period=all")[0] == 403
    assert strict_site.error("/api/v1/stream?channel=C01GEN")[0] == 403
    told = strict_site.json("/api/v1/panels/writers")
    assert told["rows"] == []
    assert told["error"]["reason"] == "Not shown: it would tell of fewer than 5 members."


def test_strict_offers_no_filters(strict_site: Site) -> None:
    told = strict_site.json("/api/v1/dashboard")
    assert (told["channels"], told["periods"]) == ([], [])
    assert (told["shows_names"], told["shows_text"], told["smallest_group"]) == (False, False, 5)
    assert all(panel["filters"] == [] for panel in told["panels"])


def test_strict_shows_a_month_and_never_calls_it_all_time(strict_site: Site) -> None:
    of_month = strict_site.json("/api/v1/panels/of_a_month")
    assert of_month["error"] is None
    first, last = of_month["since"][:10], of_month["as_of"][:10]
    assert first.endswith("-01")
    assert first[:7] == last[:7]
    of_all = strict_site.json("/api/v1/panels/of_all_time")
    assert of_all["rows"] == []
    assert of_all["error"]["reason"] == "Not shown: it would tell of fewer than 5 members."


def test_strict_says_what_is_suppressed(strict_site: Site) -> None:
    told = strict_site.json("/api/v1/panels/by_day")
    assert told["columns"][-1]["name"] == "suppressed"
    assert told["note"].startswith("Counts of members are rounded down to multiples of 5.")
    expected = measure(strict_site.settings, "messages_per_day", {}).rows.to_pylist()
    assert [row[-1] for row in told["rows"]] == [row["suppressed"] for row in expected][:500]


def test_nobody_is_named_where_the_policy_forbids_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    names = {"Mina", "Tom", "Alex"}
    settings = imported(
        tmp_path_factory.mktemp("keyed"), "standard", names=False, pseudonyms=True, text="dropped"
    )
    with serving(settings) as site:
        told = [
            site.get(path).data.decode()
            for path in (
                "/api/v1/dashboard", "/api/v1/panels/writers?period=all",
                "/api/v1/panels/writers.csv?period=all", "/api/v1/metrics/network_edges",
                "/api/v1/metrics/unanswered.csv?since=",
            )
        ]  # fmt: skip
        assert site.json("/api/v1/panels/writers?period=all")["rows"]
    assert not [name for name in names for text in told if name in text]


# watching over it


def test_monitoring_reads_the_vitals(site: Site) -> None:
    site.vitals.received.labels(source="http").inc(3)
    lines = site.get("/metrics").data.decode().splitlines()
    assert 'hubbub_events_received_total{source="http"} 3.0' in lines
    openmetrics = site.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert openmetrics.data.endswith(b"# EOF\n")


def test_ready_says_what_is_not(town: Settings) -> None:
    gate: list[bool] = []
    with serving(town, ready=lambda: bool(gate)) as site:
        assert site.json("/healthz") == {"state": "ok"}

        def reasons() -> tuple[int, list[str]]:
            answer = site.get("/readyz")
            return answer.status, json.loads(answer.data)["reasons"]

        assert reasons() == (503, ["The gate is not ready: events cannot be admitted yet."])
        gate.append(True)
        assert reasons() == (200, [])
        site.vitals.set("log", "full", "the disk is full")
        site.vitals.set("loader", "failed", "…")
        assert reasons() == (503, [
            "The disk of the event log is full.",
            "The loader has failed: events do not reach the store.",
        ])  # fmt: skip


def test_the_status_is_that_of_the_vitals(site: Site) -> None:
    vitals: Vitals = site.vitals
    vitals.set("broker", "down", "not reached")
    told = site.json("/api/v1/status")
    assert told["broker"]["state"] == "down"
    assert told["broker"]["told"] == "not reached"


# files and page


def test_the_drawing_library_may_be_kept_for_ever(site: Site) -> None:
    whole: urllib3.BaseHTTPResponse = site.get("/static/vega.js")
    assert whole.headers["cache-control"] == "no-cache"
    tag = whole.headers["etag"]
    packed = site.http.request(
        "GET",
        f"http://127.0.0.1:{site.port}/static/vega.js?v={tag.strip(chr(34))}",
        headers={"accept-encoding": "gzip"},
        decode_content=False,
    )
    assert "immutable" in packed.headers["cache-control"]
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.data) < len(whole.data) / 2
    assert site.get("/static/vega.js", **{"if-none-match": tag}).status == 304


def test_the_page_has_what_is_known_and_lies_under_the_prefix(town: Settings) -> None:
    def page(dashboard: Any, frame: bytes | None = None, *, vega: str) -> bytes:
        shown = json.loads(frame or b"{}")["panels"]["all_messages"]["subtitle"]
        return f"{dashboard['title']} {shown} {vega.partition('=')[0]}".encode()

    with serving(town, page=page, prefix="/hubbub") as site:
        assert site.get("/").status == 404
        answer = site.get("/hubbub/?channel=general&period=all")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        told = answer.data.decode()
        assert told.startswith("Community ")
        assert "#general" in told
        assert told.endswith(" static/vega.js?v")
        assert "#" not in site.get("/hubbub/?channel=gone").data.decode()
        assert site.json("/hubbub/openapi.json")["servers"] == [{"url": "/hubbub"}]
