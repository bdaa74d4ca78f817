"""Every report of the packs is held to one contract; and what is wrong with a file is said with its
line."""

import re
from pathlib import Path

import pytest
from tests.reports.garden import Garden, planted
from tests.reports.test_sending_reports import MINE, WORDS

from hubbub.charts.catalog import Charts
from hubbub.content import ContentFile
from hubbub.errors import BadContent, Exit
from hubbub.metrics.catalog import Catalog
from hubbub.reports.catalog import Report, Reports, parse
from hubbub.reports.messages import Messages

NO_PACK = Path("no-pack-of-its-own")
REPORTS = {report.name: report for report in Reports(NO_PACK).reports()}
CATALOG = Catalog(NO_PACK)
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


@every_report
def test_names_metrics_charts_and_messages_that_are_there(report: Report) -> None:
    assert report.title[0].isupper()
    assert report.doc.endswith(".")
    for rows in report.data:
        metric = CATALOG.metric(rows.metric)
        assert not rows.by or rows.by in metric.columns
        assert set(rows.parameters) <= set(metric.parameters)
    for picture in report.charts:
        assert picture.chart in Charts(NO_PACK).files
    Messages(NO_PACK).check(report.message, report.message_part)


@every_report
def test_speaks_english_and_korean_of_the_same_things(report: Report) -> None:
    messages = Messages(NO_PACK)
    languages = messages.languages(report.message)
    assert {"en", "ko"} <= set(languages) or report.file.pack not in {"community", "writing"}
    used = [
        set(re.findall(r"\bdata\.(\w+)", messages.files[f"{report.message}.{language}"].text))
        for language in languages
    ]
    assert all(names == {rows.name for rows in report.data} for names in used)


def wrong(toml: str) -> BadContent:
    file = ContentFile("mine", "pack", Path("pack/reports/mine.toml"), toml)
    with pytest.raises(BadContent) as raised:
        parse(file)
    return raised.value


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ('title = "Mine"', "title = 3", 2, "title is no text"),
        ('title = "Mine"', "", 1, "no title"),
        ('title = "Mine"', 'titel = "Mine"', 2, "unknown key 'titel'"),
        ('each = "member"', 'each = "moderator"', 5, "each is 'moderator'"),
        ('each = "member"', 'each = "member"\nto = "general"', 5, "to and each"),
        ('each = "member"', 'to = "general"', 7, "column without each"),
        ('metric = "leaderboard"\ncolumn', "column", 5, "needs a metric and a column"),
        ('of = "month"', 'of = "fortnight"', 9, "the period is 'fortnight'"),
        ("[data.mine]", "[data.Mine]", 10, "'Mine' is no name for data"),
        ('by = "user_id"', 'buy = "user_id"', 12, "unknown key 'buy' in data"),
        ('by = "user_id"', 'parameters = "x"', 12, "parameters is no table"),
        ('file = "mine"', "", 13, "no file"),
        ("[message]", "[massage]", 13, "unknown key 'massage'"),
        ('of = "month"', "of = month", 9, "no TOML"),
        ("[message]", "[[charts]]\nby = 1\n[message]", 14, "no chart"),
    ],
)
def test_a_bad_file_is_said_with_line_and_fix(
    before: str, after: str, line: int, said: str
) -> None:
    assert MINE.count(before) >= 1
    error = wrong(MINE.replace(before, after, 1))
    assert said in error.reason
    assert error.line in {line, line - 1}, error.reason
    assert error.fix


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Garden:
    return planted(tmp_path_factory.mktemp("garden"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('metric = "leaderboard"\nby', 'metric = "leaderbord"\nby', "line 11: there is no metric"),
        ('by = "user_id"', 'by = "user"', "line 12: 'user' is no column of the metric leaderboard"),
        ('column = "user_id"', 'column = "id"', "line 7: 'id' is no column"),
        ("[message]", '[[charts]]\nchart = "leder"\n[message]', "line 14: there is no chart"),
        ('by = "user_id"', 'parameters = { color = "red" }', "line 12: 'color' is no parameter"),
        ("[message]", '[parameters]\nlimit = "3"\n[message]', "line 14: no metric of this report"),
        ('file = "mine"', 'file = "thine"', "line 14: there is no message 'thine'"),
        ('of = "month"', 'of = "week"\nx = 1', "unknown key 'x' in period"),
    ],
)
def test_what_a_report_names_and_is_not_there_is_said_with_its_line(
    garden: Garden, before: str, after: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report("mine", MINE.replace(before, after, 1), en=WORDS)
    assert garden.run("send", "mine", "--dry-run") == Exit.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("fine\n{{ recipient.nam }}", "line 2: there is no 'nam' here"),
        ("fine\n\n{{ nothing }}", "line 3: 'nothing' is undefined"),
        ("{{ recipient.name | safe }}", "line 1: No filter named 'safe'"),
        ("a\n{% autoescape false %}b{% endautoescape %}", "line 2: autoescape is not"),
        ("a\n{% if %}", "line 2: Expected an expression"),
        ("{{ 1 / (recipient.name | length - recipient.name | length) }}", "line 1: division"),
        ("{{ ''.__class__.__mro__ }}", "line 1: access to attribute '__class__'"),
        ("{% for n in range(10 ** 9) %}{% endfor %}", "line 1: Range too big"),
        ("{% include 'elsewhere' %}", "line 1: elsewhere"),
        ("{{ period.begin.replace(year=0) }}", "line 1: year 0 is out of range"),
    ],
)
def test_a_bad_message_is_found_by_a_dry_run_with_its_line(
    garden: Garden, message: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report("mine", MINE, en=message)
    assert garden.run("send", "mine", "--period", "2026-10", "--dry-run") == Exit.USAGE
    said_by_program = capsys.readouterr().err
    assert f"mine.en.j2, {said}" in said_by_program


def test_a_mistake_in_a_language_that_nobody_reads_is_found_too(
    garden: Garden, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report("mine", MINE, en=WORDS, ko="{% if %}")
    assert garden.run("send", "mine", "--period", "2026-10", "--dry-run") == Exit.USAGE
    assert "mine.ko.j2, line 1" in capsys.readouterr().err
    (garden.settings.pack / "messages" / "mine.ko.j2").unlink()


def test_messages_share_parts(garden: Garden, capsys: pytest.CaptureFixture[str]) -> None:
    garden.write("messages/greeting.en.j2", "{% macro hello(name) %}Hi *{{ name }}*{% endmacro %}")
    words = "{% from 'greeting' import hello %}{{ hello('<a & b>') }}"
    garden.report("mine", MINE, en=words)
    assert garden.run("send", "mine", "--period", "2026-10", "--dry-run") == Exit.DONE
    page = Path(capsys.readouterr().out.strip())
    shown = (page.parent / "letters" / "001-Olive.txt").read_text()
    assert shown == "Hi *&lt;a &amp; b&gt;*\n"
