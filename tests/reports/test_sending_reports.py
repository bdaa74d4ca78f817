"""The whole way: a report's files, the command, and what then stands in the local Slack."""

import json
from pathlib import Path

import pytest
from tests.reports.garden import Garden, arrived, planted, slack

from hubbub.errors import Exit
from hubbub.flows.choosing_letters import choose
from hubbub.simulator.state import Raw

MINE = """
title = "Mine"
doc = "Each member who wrote gets their figures."
[audience]
each = "member"
metric = "leaderboard"
column = "user_id"
[period]
of = "month"
[data.mine]
metric = "leaderboard"
by = "user_id"
[message]
file = "mine"
"""
WORDS = "Hello {{ recipient.name }}: {{ data.mine[0].messages }} in {{ period.name }}."
KOREAN = "{{ recipient.name }} 님: {{ period.name }} {{ data.mine[0].messages }}개."
CHARTED = """
[[charts]]
chart = "messages_per_week"
title = "{{ recipient.name }} in October"
"""


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    return planted(tmp_path)


def texts(found: list[tuple[str, Raw]]) -> dict[str, str]:
    """What each recipient got; nobody got two."""
    assert len({place for place, _ in found}) == len(found)
    return {place: message["text"] for place, message in found}


def test_each_member_with_rows_gets_their_own_figures_of_the_month(garden: Garden) -> None:
    garden.report("mine", MINE, en=WORDS)
    with slack(garden) as simulator:
        assert garden.run("send", "mine", "--period", "2026-10") == Exit.DONE
        sent = texts(arrived(simulator))
    # by hand: U1 wrote three in October of Seoul, five in all; U4 nothing, U9 is a bot
    assert {place: text.partition(": ")[2] for place, text in sent.items()} == {
        "U1": "3 in October 2026.",
        "U2": "1 in October 2026.",
        "U3": "2 in October 2026.",
    }
    assert sent["U1"].startswith("Hello Olive")
    called = sent["U3"].replace("\u2060", "")
    assert called.startswith("Hello &lt;!channel&gt; @here &amp; &lt;@U1&gt;")
    assert "@here" not in sent["U3"]


def test_nobody_gets_it_twice_and_another_month_is_another_letter(
    garden: Garden, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report("mine", MINE, en=WORDS)
    with slack(garden) as simulator:
        for _ in range(2):
            assert garden.run("send", "mine", "--period", "2026-10", "--json") == Exit.DONE
        assert len(arrived(simulator)) == 3
        assert garden.run("send", "mine", "--period", "2026-09", "--json") == Exit.DONE
        assert len(arrived(simulator)) == 4
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["sent"], each["already"]) for each in told] == [(3, 0), (0, 3), (1, 0)]


def test_members_get_their_own_language_where_the_message_has_it(garden: Garden) -> None:
    garden.report("mine", MINE, en=WORDS, ko=KOREAN)
    with slack(garden, {"U2": "ko-KR", "U3": "pt-BR"}) as simulator:
        assert garden.run("send", "mine", "--period", "2026-10") == Exit.DONE
        sent = texts(arrived(simulator))
    assert sent["U2"] == "브람 님: 2026년 10월 1개."
    assert sent["U1"] == "Hello Olive: 3 in October 2026."
    assert sent["U3"].endswith("2 in October 2026.")  # no Portuguese: English


def test_the_workspaces_language_beats_the_members(tmp_path: Path) -> None:
    garden = planted(tmp_path, language="ko")
    garden.report("mine", MINE, en=WORDS, ko=KOREAN)
    with slack(garden) as simulator:
        assert garden.run("send", "mine", "--period", "2026-10", "--to", "@olive") == Exit.DONE
        assert texts(arrived(simulator)) == {"U1": "Olive 님: 2026년 10월 3개."}


def test_who_wants_no_letters_gets_none(garden: Garden, capsys: pytest.CaptureFixture[str]) -> None:
    garden.report("mine", MINE, en=WORDS)
    choose(garden.settings, "U1", "mine", wanted=False)
    with slack(garden) as simulator:
        assert garden.run("send", "mine", "--period", "2026-10") == Exit.DONE
        assert set(texts(arrived(simulator))) == {"U2", "U3"}
    assert "1 skipped" in capsys.readouterr().err


def test_who_wants_no_letters_is_not_in_a_dry_run(
    garden: Garden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report("mine", MINE, en=WORDS)
    choose(garden.settings, "U1", "mine", wanted=False)
    folder = tmp_path / "shown"
    assert garden.run("send", "mine", "--period", "2026-10", "-o", str(folder)) == Exit.DONE
    said = capsys.readouterr().err
    assert "A dry run: 2 letters" in said
    assert "1 get none: they do not want these letters." in said
    written = {path.name.partition("-")[2] for path in (folder / "letters").iterdir()}
    assert not any(name.startswith("Olive") for name in written)
    assert len(written) == 2
    assert "Olive" not in (folder / "index.html").read_text(encoding="utf-8")


def test_a_letter_that_cannot_be_written_stops_all_before_the_first(
    garden: Garden, capsys: pytest.CaptureFixture[str]
) -> None:
    # only U3, the last of them, has two messages: the others' letters are fine
    broken = "Hello!\n{% if data.mine[0].messages == 2 %}\n{{ data.mine[0].pots }}\n{% endif %}"
    garden.report("mine", MINE, en=broken)
    with slack(garden) as simulator:
        assert garden.run("send", "mine", "--period", "2026-10") == Exit.USAGE
        assert not arrived(simulator)
    said = capsys.readouterr().err
    assert "mine.en.j2, line 3: there is no 'pots' here" in said
    assert "data.mine (rank, user_id, member, messages" in said
    assert garden.run("send", "mine", "--period", "2026-10", "--dry-run") == Exit.USAGE


def test_a_report_to_a_channel_comes_with_its_charts_in_one_message(garden: Garden) -> None:
    with slack(garden) as simulator:
        assert garden.run("send", "weekly-summary", "--period", "2026-W42") == Exit.DONE
        ((place, message),) = arrived(simulator)
        contents = [simulator.backend.contents[file["id"]] for file in message["files"]]
    assert place == "C1"
    # the week of Monday 12 October: 브람 and the mean one, 2 messages; 1 in the week before
    assert "*2 messages* by *2 members*" in message["text"]
    assert [content[:8] for content in contents] == [b"\x89PNG\r\n\x1a\n"] * 2


def test_to_names_another_channel_or_one_of_many(
    garden: Garden, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report("mine", MINE, en=WORDS)
    with slack(garden) as simulator:
        week = ("send", "newcomers", "--period", "2026-W40", "--to", "garden")
        assert garden.run(*week) == Exit.DONE
        mine = ("send", "mine", "--period", "2026-10", "--to")
        assert garden.run(*mine, "@브람") == Exit.DONE
        assert set(texts(arrived(simulator))) == {"C2", "U2"}
        assert garden.run(*mine, "@quiet") == Exit.USAGE
        assert "has nothing for @quiet" in capsys.readouterr().err
        assert garden.run(*mine, "@oliv") == Exit.USAGE
        assert "Did you mean olive" in capsys.readouterr().err


def test_a_list_is_sent_with_its_placeholders(
    garden: Garden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report(
        "coupons",
        'title = "C"\ndoc = "C"\n[audience]\nlist = "people.csv"\n[period]\nof = "once"\n'
        '[message]\nfile = "coupons"\n',
        en="{{ recipient.name }}: `{{ row.coupon }}`",
    )
    people = tmp_path / "people.csv"
    people.write_text('\ufeffmember,coupon\n@olive,A&B\nU2,"C, D"\n', encoding="utf-8")
    with slack(garden) as simulator:
        assert garden.run("send", "coupons") == Exit.USAGE  # beside the report there is none
        assert garden.run("send", "coupons", "--list", str(people)) == Exit.DONE
        assert texts(arrived(simulator)) == {"U1": "Olive: `A&amp;B`", "U2": "브람: `C, D`"}
        again = ("send", "coupons", "--list", str(people), "--period", "spring")
        assert garden.run(*again) == Exit.DONE
        assert len(arrived(simulator)) == 4
    capsys.readouterr()
    for line, reason in (
        ("member,coupon\n@nobody,A\n", "line 2: There is no member '@nobody'"),
        ("member,coupon\nU1,A\n@olive,B\n", "line 3: '@olive' stands in line 2 already"),
        ("member,coupon\nU1,A,B\n", "line 2: 3 cells, but 2 columns"),
        ("name,coupon\nU1,A\n", "line 1: no column member"),
        ("member,cou pon\nU1,A\n", "line 1: 'cou pon' is no name"),
        ("member,prize\nU1,A\n", "coupons.en.j2, line 1: there is no 'coupon' here"),
    ):
        people.write_text(line, encoding="utf-8")
        assert garden.run("send", "coupons", "--list", str(people), "--dry-run") == Exit.USAGE
        assert reason in capsys.readouterr().err


def test_more_than_twenty_get_a_dry_run_until_it_is_said_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    garden = planted(tmp_path)
    monkeypatch.setattr("hubbub.flows.sending_reports.MANY", 2)
    garden.report("mine", MINE + CHARTED, en=WORDS)
    with slack(garden) as simulator:
        assert garden.run("send", "mine", "--period", "2026-10") == Exit.DONE
        assert not arrived(simulator)
        out, err = capsys.readouterr()
        page = Path(out.strip())
        assert page.name == "index.html"
        assert "Nothing was sent." in err
        assert "Send them with --yes." in err
        assert garden.run("send", "mine", "--period", "2026-10", "--yes") == Exit.DONE
        assert len(arrived(simulator)) == 3


def test_a_dry_run_needs_no_slack_and_shows_every_letter(
    garden: Garden, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    garden.report("mine", MINE + CHARTED, en=WORDS)
    folder = tmp_path / "shown"
    asked = ("send", "mine", "--period", "2026-10", "-o", str(folder))
    assert garden.run(*asked) == Exit.DONE
    assert capsys.readouterr().out.strip() == str(folder / "index.html")
    names = sorted(path.name for path in (folder / "letters").iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["png", "txt"] * 3
    assert (folder / "letters" / "001-Olive.txt").read_text() == "Hello Olive: 3 in October 2026.\n"
    # a second run replaces the first, and nothing else
    (folder / "letters" / "999-old.txt").write_text("old")
    assert garden.run(*asked) == Exit.DONE
    assert not (folder / "letters" / "999-old.txt").exists()
    other = tmp_path / "export"
    assert garden.run(*asked[:-1], str(other)) == Exit.USAGE
    assert (other / "users.json").exists()


def test_a_dry_run_shows_members_by_their_names(garden: Garden, tmp_path: Path) -> None:
    to_all = MINE.replace(
        'each = "member"\nmetric = "leaderboard"\ncolumn = "user_id"', 'to = "C1"'
    )
    words = "Thank you, {% for row in data.mine %}{{ row.user_id | mention }} {% endfor %}"
    garden.report("mine", to_all.replace('by = "user_id"\n', ""), en=words)
    folder = tmp_path / "shown"
    assert garden.run("send", "mine", "--period", "2026-10", "-o", str(folder), "--dry-run") == 0
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert '<span class="mention">@Olive</span>' in page
    assert '<span class="mention">@브람</span>' in page


def test_what_has_not_ended_is_not_sent(garden: Garden, capsys: pytest.CaptureFixture[str]) -> None:
    garden.report("mine", MINE, en=WORDS)
    assert garden.run("send", "mine", "--period", "2199-01", "--dry-run") == Exit.USAGE
    assert "has not ended" in capsys.readouterr().err
    assert garden.run("send", "mine", "--period", "October", "--dry-run") == Exit.USAGE
    assert "Write 2026-10." in capsys.readouterr().err


def test_reports_are_listed(garden: Garden, capsys: pytest.CaptureFixture[str]) -> None:
    garden.report("mine", MINE, en=WORDS)
    assert garden.run("list", "reports", "--json") == Exit.DONE
    listed = {each["report"]: each for each in json.loads(capsys.readouterr().out)}
    assert {"weekly-summary", "unanswered", "newcomers", "mine"} <= set(listed)
    assert listed["mine"]["goes_to"] == "each member in leaderboard"
    assert listed["weekly-summary"]["suggested_schedule"] == "0 9 * * 1"
