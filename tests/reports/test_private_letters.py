"""What a policy keeps back is in no letter but that of the one whom it is about."""

from pathlib import Path
from typing import Any

import pytest
from tests.privacy.home import holding
from tests.reports.garden import NOW, Garden, arrived, planted, slack
from tests.reports.test_sending_reports import MINE, WORDS

from hubbub.core.letters import Letter
from hubbub.errors import Exit
from hubbub.flows.recipients import Person
from hubbub.flows.reporting import Composed, Wish, compose
from hubbub.flows.workspace import keys_of
from hubbub.metrics.small_groups import TooFewMembers

CHANNEL = """
title = "All"
doc = "A channel hears who wrote where."
[audience]
to = "general"
[period]
of = "month"
[data.people]
metric = "leaderboard"
[data.channels]
metric = "messages_by_channel"
[data.months]
metric = "messages_per_month"
[[charts]]
chart = "leaderboard"
[message]
file = "all"
"""
ALL = (
    "{{ data.people | map(attribute='member') | join('+') }}|"
    "{{ data.channels | map(attribute='channel') | join('+') }}|"
    "{{ data.months | map(attribute='messages') | join('+') }}|"
)


def composed(garden: Garden, name: str, **more: Any) -> Composed:
    wish = Wish("2026-10", more.pop("to", ()))
    return compose(garden.settings, name, wish, people=more.pop("people", None), now=NOW, **more)


def only(letters: list[Letter]) -> Letter:
    (letter,) = letters
    return letter


def test_private_channels_are_told_to_themselves_alone(tmp_path: Path) -> None:
    garden = planted(tmp_path)
    garden.report("all", CHANNEL, en=ALL)
    assert only(composed(garden, "all").letters).text.split("|")[1] == "garden+general"
    council = only(composed(garden, "all", to=("council",)).letters)
    assert council.text.split("|")[1] == "garden+general+council"


def test_questions_asked_in_private_are_not_carried_out(tmp_path: Path) -> None:
    garden = planted(tmp_path)
    wish = Wish("2026-W43")
    letter = only(compose(garden.settings, "unanswered", wish, people=None, now=NOW).letters)
    assert "who calls @\u2060here &amp; @브람 in #general?" in letter.text
    assert "closed doors" not in letter.text
    assert "1 question waits" in letter.text


def test_small_groups_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    garden = planted(tmp_path, smallest_group=2)
    garden.report("all", CHANNEL, en=ALL)
    found = composed(garden, "all")
    letter = only(found.letters)
    people, channels, months, _ = letter.text.split("|")
    assert people == ""
    assert not letter.pictures
    assert "leaderboard" in found.notes[0]
    # in the first and the last week of October one member wrote: those are in no figure; two did
    # in #garden then, but one each in the others, so that the total would tell
    assert channels == ""
    assert months == "4"
    garden.report(
        "all", CHANNEL.partition("[data.channels]")[0] + '[message]\nfile = "all"', en="x"
    )
    with pytest.raises(TooFewMembers):
        composed(garden, "all")


def test_a_member_gets_their_own_figures_and_nobody_elses(tmp_path: Path) -> None:
    garden = planted(tmp_path, smallest_group=5)
    own = MINE + '[data.others]\nmetric = "leaderboard"\n'
    garden.report("mine", own, en="{{ data.mine | length }} {{ data.others | length }}")
    found = composed(garden, "mine")
    assert [letter.text for letter in found.letters] == ["1 0"] * 3
    assert found.is_private


def test_a_dry_run_shows_no_letters_about_single_members(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    garden = planted(tmp_path, smallest_group=5)
    garden.report("mine", MINE, en=WORDS)
    assert garden.run("send", "mine", "--period", "2026-10", "--dry-run") == Exit.DONE
    page = Path(capsys.readouterr().out.strip())
    assert page.read_text(encoding="utf-8").count("Written, and not shown") == 3
    assert not list((page.parent / "letters").iterdir())
    garden.settings.written.write_text(
        garden.settings.written.read_text() + "\noperator_sql = true", encoding="utf-8"
    )
    assert garden.run("send", "mine", "--period", "2026-10", "--dry-run") == Exit.DONE
    assert len(list((page.parent / "letters").iterdir())) == 3


@pytest.fixture
def strict(tmp_path: Path) -> Garden:
    garden = planted(tmp_path, preset="strict", private_channels=[],
                     only_channels=["general", "garden"])  # fmt: skip
    garden.report("mine", MINE, en=WORDS)
    return garden


def test_pseudonyms_are_resolved_by_slacks_directory_in_memory_only(
    strict: Garden, capsys: pytest.CaptureFixture[str]
) -> None:
    with slack(strict) as simulator:
        assert strict.run("send", "mine", "--period", "2026-10") == Exit.DONE
        sent = {place: message["text"] for place, message in arrived(simulator)}
    # without the private channel the mean one has a message less
    assert sent["U1"] == "Hello Olive: 3 in October 2026."
    assert sent["U3"].endswith(": 1 in October 2026.")
    assert set(sent) == {"U1", "U2", "U3"}
    assert "Olive" not in capsys.readouterr().err
    assert not holding(strict.settings.home, "Olive", "브람", '"U1"', "U2")


def test_a_dry_run_under_pseudonyms_names_nobody(
    strict: Garden, capsys: pytest.CaptureFixture[str]
) -> None:
    assert strict.run("send", "mine", "--period", "2026-10", "--dry-run") == Exit.DONE
    page = Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")
    assert keys_of(strict.settings).pseudonym("member", "U1") in page
    assert "Olive" not in page


def test_members_who_left_slack_are_counted(strict: Garden) -> None:
    pseudonym = keys_of(strict.settings).pseudonym
    people = {pseudonym("member", "U1"): Person("U1", ("Olive",), "en-US")}
    found = composed(strict, "mine", people=people)
    assert [letter.to.id for letter in found.letters] == ["U1"]
    assert found.unknown == 2
