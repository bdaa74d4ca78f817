"""Every chart that is found is held to the same contract; then what drawing promises."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from click.testing import CliRunner

from hubbub.charts import emoji, fonts
from hubbub.charts.catalog import Chart, Charts, check_fields, check_metric, parse
from hubbub.charts.render import draw, drawable
from hubbub.charts.typesetting import StandIns, typeset
from hubbub.cli.draw import command
from hubbub.content import ContentFile
from hubbub.errors import BadContent, HubbubError, UsageError
from hubbub.flows.drawing import draw_chart
from hubbub.flows.importing import import_archive
from hubbub.metrics.catalog import Catalog
from hubbub.metrics.header import Metric
from hubbub.metrics.run import Runner
from hubbub.settings import Settings
from hubbub.stores import duckdb as store
from tests.parts import shared

NO_PACK = Path("no-pack-of-its-own")
CHARTS = {chart.name: chart for chart in Charts(NO_PACK).charts()}
METRICS = Catalog(NO_PACK)
NAMES = (
    "김민준",
    "さくら 🌸",
    "Ann-Kathrin von und zu Württemberg-Hohenlohe",
    "👩🏽‍💻 Ada",
    "<b>&amp;",
)
PNG = b"\x89PNG\r\n\x1a\n"
SUBTITLE = "1 Jan – 31 Dec 2025 · UTC"

every_chart = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace with a real export."""
    export = shared("data/export-houstondatavis")
    settings = Settings(tmp_path_factory.mktemp("home"), "default", privacy={"preset": "open"})
    import_archive(settings, export, lambda _what, _done, _total: None)
    return settings


@pytest.fixture(scope="module")
def real_rows(archive: Settings) -> dict[str, pa.Table]:
    """Each charted metric's rows of the real export."""
    with store.reading(archive.store) as connection:
        runner = Runner(connection, METRICS, "UTC", smallest_group=1)
        return {
            name: runner.run(runner.prepare(METRICS.metric(name), {"as_of": "latest"}))
            for name in {chart.metric for chart in CHARTS.values()}
        }


def invented(metric: Metric, count: int) -> pa.Table:
    """Rows of a metric, as many as asked for."""

    def row(number: int) -> dict[str, Any]:
        instant = datetime(2025, 1, 6, 23, 30, tzinfo=UTC) + timedelta(days=number)
        by_type = {
            "id": f"U{number:04}",
            "text": NAMES[number % len(NAMES)],
            "markup": f"<@U1> {NAMES[number % len(NAMES)]} &amp; others",
            "integer": number + 1,
            "number": 7.0 * 3**number,
            "flag": number % 2 == 0,
            "instant": instant,
            "date": instant.date(),
        }
        amount = 3 * (count - number)
        return {
            column.name: amount
            if column.unit and column.type == "integer"
            else by_type[column.type]
            for column in metric.columns.values()
        }

    return pa.Table.from_pylist([row(number) for number in range(count)])


def encodings(part: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every channel that a spec encodes, layers included."""
    if isinstance(part, dict):
        here = cast("dict[str, Any]", part)
        for channel, definition in here.get("encoding", {}).items():
            if isinstance(definition, dict):
                yield channel, cast("dict[str, Any]", definition)
        for layer in here.get("layer", []):
            yield from encodings(layer)


def svg_of(chart: Chart, rows: pa.Table, **more: str) -> str:
    """What a chart's SVG says."""
    return draw(chart, rows, subtitle=SUBTITLE, form="svg", **more).decode()


class TestEveryChart:
    """The contract of a chart file."""

    def test_there_are_many(self) -> None:
        assert len(CHARTS) >= 14

    @every_chart
    def test_reads_columns_that_its_metric_has(self, chart: Chart) -> None:
        check_metric(chart, METRICS.files)
        metric = METRICS.metric(chart.metric)
        check_fields(chart, metric.columns)
        assert set(chart.parameters) <= {*metric.parameters, "as_of"}

    @every_chart
    def test_names_its_subject_and_its_units(self, chart: Chart) -> None:
        amounts = [
            told.get("title")
            for channel, definition in encodings(chart.spec)
            if channel in {"x", "y", "color"}
            if (told := definition.get("axis") or definition.get("legend"))
            # of amounts that are written into cells, the axis of these says what they are
            if definition.get("type") == "quantitative" or told.get("title")
        ]
        kinds = [
            definition
            for channel, definition in encodings(chart.spec)
            if channel == "color" and definition.get("type") == "nominal"
        ]
        assert chart.title[0].isupper()
        assert amounts or kinds, "what is no amount is told by its colour"
        assert all(amounts)

    @every_chart
    def test_shows_times_as_the_workspace_has_them(self, chart: Chart) -> None:
        for channel, definition in encodings(chart.spec):
            if channel in {"x", "y"} and definition.get("type") == "temporal":
                assert definition["scale"]["type"] == "utc"

    @every_chart
    def test_leaves_looks_to_the_theme(self, chart: Chart) -> None:
        assert "config" not in chart.spec
        assert not re.search(r'"(font|fontSize|background)"', json.dumps(chart.spec))

    @every_chart
    @pytest.mark.parametrize("count", [1, 40])
    def test_draws_invented_rows(self, chart: Chart, count: int) -> None:
        rows = invented(METRICS.metric(chart.metric), count)
        assert draw(chart, rows, subtitle=SUBTITLE, form="png").startswith(PNG)
        svg = svg_of(chart, rows)
        assert chart.title in svg
        assert SUBTITLE in svg
        assert chart.empty not in svg
        assert "NaN" not in svg
        assert "undefined" not in svg

    @every_chart
    def test_draws_real_rows(self, chart: Chart, real_rows: dict[str, pa.Table]) -> None:
        rows = real_rows[chart.metric]
        assert draw(chart, rows, subtitle=SUBTITLE, form="png").startswith(PNG)
        assert chart.title in svg_of(chart, rows)

    @every_chart
    def test_says_a_sentence_where_there_are_no_rows(self, chart: Chart) -> None:
        none = invented(METRICS.metric(chart.metric), 1).slice(0, 0)
        svg = svg_of(chart, none)
        assert chart.title in svg
        assert chart.empty in svg
        assert draw(chart, none, subtitle=SUBTITLE, form="png").startswith(PNG)

    @every_chart
    def test_page_loads_nothing(self, chart: Chart) -> None:
        rows = invented(METRICS.metric(chart.metric), 3)
        page = draw(chart, rows, subtitle=SUBTITLE, form="html").decode()
        assert chart.title in page
        assert "default-src 'none'" in page
        assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
        assert "<b>" not in page.partition('vegaEmbed("#chart"')[2]


class TestRows:
    """What becomes of a metric's rows."""

    def test_nothing_but_zeros_is_said_in_words(self) -> None:
        quiet = {"weekday": 1, "hour": 0, "messages": 0, "members": 0}
        hours = pa.Table.from_pylist([quiet, quiet | {"hour": 1}])
        assert CHARTS["busiest_hours"].empty in svg_of(CHARTS["busiest_hours"], hours)

    def test_gaps_without_a_gap_are_said_in_words(self) -> None:
        first = pa.Table.from_pylist([{"seconds": None}, {"seconds": None}])
        assert CHARTS["member_gaps"].empty in svg_of(CHARTS["member_gaps"], first)

    def test_instants_are_in_the_workspaces_time_zone(self) -> None:
        # in Seoul it is already Monday, the first day of the next week
        joined = pa.Table.from_pylist([{"joined_at": datetime(2025, 1, 5, 20, tzinfo=UTC)}])
        spec = drawable(CHARTS["new_members"], joined, subtitle="", timezone="Asia/Seoul")
        wall_clock = datetime(2025, 1, 6, 5, tzinfo=UTC)
        assert spec["datasets"]["rows"] == [{"joined_at": wall_clock.timestamp() * 1000}]

    def test_only_the_first_are_drawn_and_only_columns_in_use(self) -> None:
        rows = invented(METRICS.metric("leaderboard"), 40)
        drawn = drawable(CHARTS["leaderboard"], rows, subtitle="")["datasets"]["rows"]
        assert len(drawn) == 15
        assert "rank" not in drawn[0]

    def test_members_of_the_same_name_have_a_bar_each(self) -> None:
        twins = invented(METRICS.metric("leaderboard"), 2).to_pylist()
        rows = pa.Table.from_pylist([each | {"member": "J. Kim"} for each in twins])
        assert svg_of(CHARTS["leaderboard"], rows).count(">J. Kim</text>") == 2


class TestNames:
    """Names from everywhere."""

    def test_survive_into_the_picture(self) -> None:
        svg = svg_of(CHARTS["leaderboard"], invented(METRICS.metric("leaderboard"), 5))
        for shown in (
            ">김민준</text>",
            ">さくら 🌸</text>",
            ">👩🏽‍💻 Ada</text>",
            ">&lt;b&gt;&amp;amp;</text>",
        ):
            assert shown in svg

    def test_are_cut_with_an_ellipsis(self) -> None:
        svg = svg_of(CHARTS["leaderboard"], invented(METRICS.metric("leaderboard"), 5))
        assert re.search(r">Ann-Kathrin von[^<]*…</text>", svg)

    @pytest.mark.parametrize(
        "text", ["🇰🇷 한국어", "┌─┐ 🎉", "👨‍👩‍👧‍👦👩🏽‍💻", "1️⃣ ❤️ ☝🏽", "سلام 👍🏽", "", "plain"]
    )
    def test_stand_ins_give_the_emoji_back(self, text: str) -> None:
        stand_ins = StandIns()
        put = stand_ins.put(text)
        assert not emoji.pattern().search(put)
        assert stand_ins.remove(put) == text

    def test_an_emoji_that_is_cut_in_two_is_left_out(self) -> None:
        stand_ins = StandIns()
        assert stand_ins.remove(stand_ins.put("a 🎉")[:-1] + "…") == "a …"

    def test_each_stretch_has_its_font(self) -> None:
        said = '<text text-anchor="end" font-size="19px" fill="#000">김 a&amp;b 🇰🇷</text>'
        spans = re.findall(
            r'<tspan x="(-?[\d.]+)" font-family="([^",]+)[^>]*>([^<]+)', typeset(said)
        )
        assert [(font, text) for _, font, text in spans] == [
            ("Noto Sans CJK KR", "김"),
            ("sans-serif", "\u00a0a&amp;b\u00a0"),
            ("Noto Color Emoji", "🇰🇷"),
        ]
        places = [float(x) for x, _, _ in spans]
        assert places == sorted(places)
        assert places[-1] < 0

    def test_texts_that_need_no_font_stay_as_they_are(self) -> None:
        said = '<svg><text font-size="19px">Œuvre &amp; Łódź</text></svg>'
        assert typeset(said) == said

    def test_standard_emoji_are_shown_and_others_named(self) -> None:
        assert emoji.shown("tada") == "tada 🎉"
        assert emoji.shown("ok_hand") == "ok hand 👌"
        assert emoji.shown("partyparrot") == ":partyparrot:"

    def test_emoji_are_named_where_there_is_no_font(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fonts, "has_font", lambda _script: False)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        rows = pa.Table.from_pylist([{"emoji": "tada", "reactions": 3, "members": 2}])
        assert ">:tada:</text>" in svg_of(CHARTS["emoji_ranking"], rows)


class TestMissingFonts:
    """What this machine cannot show is said, and only if something needs it."""

    def test_names_each_script_and_its_package(self) -> None:
        said = fonts.missing(["김민준", "さくら", "🎉"], lambda _script: False)
        assert [sentence.split("font for ")[1].split(",")[0] for sentence in said] == [
            "Korean",
            "Japanese or Chinese",
            "emoji",
        ]
        assert "apt-get install fonts-noto-cjk" in said[0]
        assert "apt-get install fonts-noto-color-emoji" in said[2]

    def test_is_silent_where_nothing_is_missing(self) -> None:
        assert fonts.missing(["김민준 🎉"], lambda _script: True) == []
        assert fonts.missing(["Ångström, Łódź, naïve"], lambda _script: False) == []

    def test_without_fontconfig_looks_for_well_known_files(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(fonts.sys, "platform", "linux")
        monkeypatch.setattr(fonts.shutil, "which", lambda _name: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        monkeypatch.setattr(fonts, "FOLDERS", (str(tmp_path),))
        assert not fonts.has_font.__wrapped__(fonts.EMOJI)
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "NotoColorEmoji.ttf").touch()
        assert fonts.has_font.__wrapped__(fonts.EMOJI)


GOOD: dict[str, Any] = {
    "title": "Messages per day",
    "usermeta": {"hubbub": {"metric": "messages_per_day", "empty": "Nobody wrote."}},
    "data": {"name": "rows"},
    "mark": "bar",
    "encoding": {"x": {"field": "day"}, "y": {"field": "messages"}},
}


def chart_file(spec: dict[str, Any] | str) -> ContentFile:
    """A chart file of a workspace's own pack."""
    text = spec if isinstance(spec, str) else json.dumps(spec, indent=1)
    return ContentFile("mine", "pack", Path("/pack/charts/mine.vl.json"), text)


class TestWrongFiles:
    """Errors name the file, the line and the fix."""

    @pytest.mark.parametrize(
        ("change", "place", "reason"),
        [
            ({"title": ""}, '"title"', "no title"),
            ({"usermeta": {}}, '"usermeta"', "no usermeta.hubbub"),
            ({"usermeta": {"hubbub": {"empty": "None."}}}, '"hubbub"', "no metric"),
            ({"usermeta": {"hubbub": {"metric": "m"}}}, '"hubbub"', "no empty"),
            ({"usermeta": {"hubbub": {"metric": "m", "top": 5}}}, '"top"', "unknown key 'top'"),
            ({"usermeta": {"hubbub": {"metric": "m", "limit": "x"}}}, '"limit"', "limit is"),
            ({"data": {"values": []}}, '"data"', "the data are not the metric's rows"),
            ({"layer": [{"data": {"url": "https://a.example"}}]}, '"url"', "a chart loads nothing"),
        ],
    )
    def test_is_refused(self, change: dict[str, Any], place: str, reason: str) -> None:
        file = chart_file(GOOD | change)
        with pytest.raises(BadContent) as caught:
            parse(file)
        assert place in file.text.splitlines()[caught.value.line - 1]
        assert (
            f"/pack/charts/mine.vl.json, line {caught.value.line}: {reason}" in caught.value.reason
        )
        assert caught.value.fix

    def test_what_is_no_json_is_refused_with_its_line(self) -> None:
        with pytest.raises(BadContent, match=r"mine\.vl\.json, line 3: no JSON: "):
            parse(chart_file('{\n "title": "x",\n oops\n}'))
        with pytest.raises(BadContent, match="line 1: no JSON object"):
            parse(chart_file("[]"))

    def test_an_unknown_metric_is_refused(self) -> None:
        chart = parse(chart_file(GOOD))
        with pytest.raises(BadContent) as caught:
            check_metric(chart, ["messages_per_week", "totals"])
        assert "there is no metric 'messages_per_day'" in caught.value.reason
        assert "Did you mean messages_per_week?" in caught.value.fix
        assert '"metric"' in chart.file.text.splitlines()[caught.value.line - 1]

    @pytest.mark.parametrize(
        "use",
        [
            {"encoding": {"x": {"field": "dya"}}},
            {"transform": [{"filter": "datum.dya > 0"}]},
            {"transform": [{"aggregate": [{"op": "count", "as": "n"}], "groupby": ["dya"]}]},
        ],
    )
    def test_an_unknown_field_is_refused(self, use: dict[str, Any]) -> None:
        chart = parse(chart_file(GOOD | use))
        with pytest.raises(BadContent) as caught:
            check_fields(chart, ["day", "messages"])
        assert "'dya' is no column of the metric messages_per_day" in caught.value.reason
        assert "dya" in chart.file.text.splitlines()[caught.value.line - 1]

    def test_fields_that_the_chart_computes_are_known(self) -> None:
        computed = {"transform": [{"calculate": "2 * datum.messages", "as": "twice"}]}
        chart = parse(chart_file(GOOD | computed | {"encoding": {"x": {"field": "twice"}}}))
        check_fields(chart, ["day", "messages"])

    def test_an_unknown_chart_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(UsageError) as caught:
            Charts(NO_PACK).chart("leaderbord")
        assert "Did you mean leaderboard?" in caught.value.fix
        assert "hubbub list charts" in caught.value.fix


class TestDrawing:
    """From the store into a file."""

    @pytest.mark.parametrize(
        ("ending", "begin"), [(".png", PNG), (".svg", b"<svg"), (".HTML", b"<!DOCTYPE html>")]
    )
    def test_the_files_name_says_how(
        self, archive: Settings, tmp_path: Path, ending: str, begin: bytes
    ) -> None:
        path = tmp_path / f"activity{ending}"
        path.write_text("what was there before")
        drawn = draw_chart(archive, "messages_per_day", {"as_of": "latest"}, path)
        assert drawn.path == path
        assert drawn.rows == 418
        assert path.read_bytes().startswith(begin)
        assert [each.name for each in tmp_path.iterdir()] == [path.name]
        assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()

    @pytest.mark.parametrize(
        ("window", "subtitle"),
        [
            ({"as_of": "latest"}, "6 Jun 2015 – 27 Jul 2016 · UTC"),
            ({"since": "2016-01-02", "as_of": "2016-03-01"}, "2 Jan – 1 Mar 2016 · UTC"),
            ({"since": "2016-01-02", "as_of": "2016-01-02"}, "2 Jan 2016 · UTC"),
            (
                {"channel": "general", "as_of": "latest"},
                "6 Jun 2015 – 27 Jul 2016 · #general · UTC",
            ),
        ],
    )
    def test_the_subtitle_is_the_window(
        self, archive: Settings, tmp_path: Path, window: dict[str, str], subtitle: str
    ) -> None:
        drawn = draw_chart(archive, "messages_per_week", window, tmp_path / "a.svg")
        assert drawn.subtitle == subtitle
        assert subtitle in drawn.path.read_text(encoding="utf-8")

    def test_the_subtitle_says_that_there_is_more(self, archive: Settings, tmp_path: Path) -> None:
        drawn = draw_chart(archive, "link_domains", {"as_of": "latest"}, tmp_path / "a.svg")
        assert drawn.subtitle.endswith(" · first 15 of 168 · UTC")

    def test_what_cannot_be_is_refused(self, archive: Settings, tmp_path: Path) -> None:
        for name, path, reason in (
            ("messages_per_day", tmp_path / "a.gif", "does not say how to draw"),
            ("messages_per_day", tmp_path / "no" / "a.png", "There is no folder"),
            ("messages_per_dya", tmp_path / "a.png", "There is no chart"),
        ):
            with pytest.raises(HubbubError, match=reason):
                draw_chart(archive, name, {}, path)
        assert not list(tmp_path.iterdir())

    def test_a_write_that_fails_leaves_what_was_there(
        self, archive: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.svg"
        path.write_text("before")

        def fail(_from: Path, _to: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="No space"):
            draw_chart(archive, "messages_per_day", {"as_of": "latest"}, path)
        assert [each.name for each in tmp_path.iterdir()] == ["a.svg"]
        assert path.read_text() == "before"

    def test_the_verb_prints_where_the_picture_is(self, archive: Settings, tmp_path: Path) -> None:
        path = tmp_path / "a.svg"
        arguments = ["leaderboard", "-o", str(path), "--as-of", "latest"]
        options = ["--home", str(archive.home)]
        plain = CliRunner().invoke(command, [*arguments, *options])
        assert (plain.exit_code, plain.stdout) == (0, f"{path}\n")
        told = json.loads(CliRunner().invoke(command, [*arguments, *options, "--json"]).stdout)
        assert told["path"] == str(path)
        assert told["rows"] == 13


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
