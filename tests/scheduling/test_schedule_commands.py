"""`hubbub schedule` and `hubbub serve` as their users run them: real processes, locks and kills."""

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from busy_slack import BusySlack, Hubbub, wait_for
from busy_slack import children as children_of
from timetable import schedule

from hubbub.cli.program import run
from hubbub.flows.schedule_state import Last, Remembered, ScheduleState
from hubbub.settings import Settings

NIGHTLY = "0 3 * * *"
Here = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hubbub(tmp_path: Path, slack: BusySlack) -> Iterator[Hubbub]:
    program = Hubbub(tmp_path, SLACK_API_URL=slack.url, SLACK_BOT_TOKEN="xoxb-of-grove")
    yield program
    program.end()


@pytest.fixture
def here(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Here:
    """Runs a command in this process: its exit code, what it printed and what it said."""

    def done(*words: str) -> tuple[int, str, str]:
        code = run([*words, "--home", str(tmp_path)])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return done


def remember(settings: Settings, entry: str, days: int, last: Last | None = None) -> None:
    """Let an entry have been looked after until some days ago."""
    upto = datetime.now(UTC) - timedelta(days=days)
    with ScheduleState(settings.schedule_state).changing() as state:
        state[entry] = Remembered(NIGHTLY, upto, last)


def last_of(settings: Settings, entry: str) -> Last | None:
    """How the last run of an entry ended."""
    known = ScheduleState(settings.schedule_state).read().get(entry)
    return known.last if known else None


def test_the_list_says_what_when_how_it_went_and_what_was_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = schedule(
        tmp_path, timezone="Asia/Seoul", nightly=f"{NIGHTLY} collect", tidy="0 4 1 * * doctor"
    )
    began_at = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    remember(settings, "nightly", 3, Last(began_at, 12.0, 4, ("Slack is busy.",), 1))
    assert run(["schedule", "list", "--home", str(tmp_path)]) == 0
    printed, said = capsys.readouterr()
    head, nightly, tidy = printed.splitlines()
    assert head.split("  ")[0] == "what"
    what, when, last, following = re.split(r"  +", nightly)
    assert (what, when) == ("nightly: collect", "At 03:00 every day")
    assert last == "2026-11-21 03:00 try again"
    assert following.endswith(" 03:00, 3 missed")
    assert "At 04:00 on the first day of every month" in tidy
    assert "never" in tidy
    assert "nightly: Slack is busy." in said
    assert "nobody runs the schedule" in said
    assert run(["schedule", "list", "--json", "--home", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(each["entry"], each["missed"], each["is_kept"]) for each in told] == [
        ("nightly", 3, False), ("tidy", 0, False)
    ]  # fmt: skip
    assert told[0]["last"]["exit"] == 4


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("serve", "does not end by itself"),
        ("schedule start", "does not end by itself"),
        ("colect", "no command `hubbub colect`"),
        ("privacy", "no command `hubbub privacy`"),
        ("collect --sinec 3", "--sinec"),
        ("show", "METRIC"),
        ("collect --workspace other", "--workspace has no place"),
        ("collect --help", "only shows a text"),
        ("send weekly-sumary", "no report 'weekly-sumary'"),
    ],
)
def test_what_cannot_be_scheduled_is_found_by_the_doctor_and_never_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, reason: str
) -> None:
    settings = schedule(tmp_path, x=f"{NIGHTLY} {words}")
    for command in (["doctor"], ["schedule", "start"], ["schedule", "run", "x"],
                    ["schedule", "run", "--due"], ["serve", "--port", "0"]):  # fmt: skip
        code = run([*command, "--home", str(tmp_path)])
        printed, said = capsys.readouterr()
        told = " ".join(f"{printed} {said}".split())
        assert code == (3 if command == ["doctor"] else 2), told
        assert "schedule.x:" in told
        assert reason in told
        if command != ["doctor"]:
            assert f"{settings.written}, line 5" in told


def test_the_doctor_finds_wrong_expressions_failures_and_that_nobody_runs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def doctor() -> list[tuple[str, str]]:
        run(["doctor", "--json", "--home", str(tmp_path)])
        found = json.loads(capsys.readouterr().out)
        return [(each["state"], each["found"]) for each in found if each["check"] == "schedule"]

    schedule(tmp_path, x="0 99 * * * collect", y="0 3 30 2 * collect")
    wrong = doctor()
    assert [state for state, _ in wrong] == ["problem", "problem"]
    assert "line 5: schedule.x: '0 99 * * *' is no cron expression: hour." in wrong[0][1]
    assert "line 6: schedule.y:" in wrong[1][1]
    settings = schedule(tmp_path, x=f"{NIGHTLY} collect")
    remember(settings, "x", 2, Last(datetime.now(UTC), 1.0, 1))
    assert doctor() == [
        ("note", f"x at {datetime.now(UTC):%Y-%m-%d %H:%M}: failed."),
        ("note", "Nobody runs it at present; 2 runs were missed."),
    ]
    schedule(tmp_path)
    assert doctor() == []


_TO_EACH = """
title = "You"
doc = "Each member gets something."
[audience]
each = "member"
metric = "member_activity"
column = "user_id"
[period]
of = "month"
[message]
file = "you"
"""


def test_the_doctor_says_that_many_recipients_want_a_yes(tmp_path: Path, here: Here) -> None:
    settings = schedule(
        tmp_path,
        careful=f"{NIGHTLY} send you",
        sure=f"{NIGHTLY} send you --yes",
        channel=f"{NIGHTLY} send weekly-summary",
    )
    (settings.pack / "reports").mkdir(parents=True)
    (settings.pack / "reports" / "you.toml").write_text(_TO_EACH, encoding="utf-8")
    found = [
        each for each in json.loads(here("doctor", "--json")[1]) if each["check"] == "schedule"
    ]
    assert [each["state"] for each in found] == ["note", "note"]
    assert found[0]["found"].startswith("careful goes to 20 recipients at most")
    assert found[0]["fix"].endswith("'send you --yes'")
    assert found[1]["found"] == "Nobody runs it at present."


def test_an_entry_that_is_run_by_hand_shows_what_it_says_and_ends_as_it_does(
    tmp_path: Path, here: Here
) -> None:
    settings = schedule(tmp_path, look="0 3 * * * show totals", fine="0 3 * * * audit verify")
    code, printed, said = here("schedule", "run", "look")
    assert code == 1
    assert "Import an archive first" in said
    last = last_of(settings, "look")
    assert last is not None
    assert (last.exit, last.times) == (1, 0)
    code, printed, said = here("schedule", "run", "fine")
    assert (code, printed) == (0, "There is no audit log yet.\n"), said
    assert here("schedule", "run", "other")[0] == 2
    assert here("schedule", "run")[0] == 2


def test_start_catches_up_holds_the_lock_and_ends_by_ctrl_c(
    tmp_path: Path, hubbub: Hubbub, here: Here, slack: BusySlack
) -> None:
    settings = schedule(tmp_path, nightly=f"{NIGHTLY} collect")
    remember(settings, "nightly", 3)
    process = hubbub.start("schedule", "start")
    wait_for(lambda: slack.tokens)
    assert slack.tokens == ["xoxb-of-grove"]
    assert here("schedule", "start")[0] == 4
    code, _, said = here("schedule", "run", "--due")
    assert (code, "Another hubbub runs the schedule" in said) == (0, True)
    code, _, said = here("schedule", "run", "nightly")
    assert (code, "A run of grove's schedule is under way" in said) == (4, True)
    [child] = children_of(process.pid)
    code, _, said = hubbub.interrupt(process)
    assert code == 0, said
    assert "for 3 times that it was due" in said
    assert "nightly: interrupted" in said
    assert not Path(f"/proc/{child}").exists()
    last = last_of(settings, "nightly")
    assert last is not None
    assert last.exit == 130
    assert ScheduleState(settings.schedule_state).read()["nightly"].upto < last.began_at


def test_after_kill_9_the_run_goes_on_alone_and_no_second_one_begins_beside_it(
    tmp_path: Path, hubbub: Hubbub, here: Here, slack: BusySlack
) -> None:
    settings = schedule(tmp_path, nightly=f"{NIGHTLY} collect")
    remember(settings, "nightly", 1)
    first = hubbub.start("schedule", "start")
    wait_for(lambda: slack.tokens)
    [orphan] = children_of(first.pid)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert here("schedule", "run", "nightly")[0] == 4
    assert here("schedule", "run", "--due")[0] == 0
    assert len(slack.tokens) == 1
    os.kill(orphan, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{orphan}/exe").exists())
    second = hubbub.start("schedule", "start")
    wait_for(lambda: len(slack.tokens) == 2)
    assert hubbub.interrupt(second)[0] == 0


def test_a_server_runs_the_schedule_too_and_hands_it_on(
    tmp_path: Path, hubbub: Hubbub, here: Here, slack: BusySlack
) -> None:
    settings = schedule(tmp_path, look=f"{NIGHTLY} audit verify")
    del hubbub.environment["SLACK_BOT_TOKEN"]
    remember(settings, "look", 1)
    process = hubbub.start("serve", "--port", "0")
    wait_for(lambda: last_of(settings, "look"))
    last = last_of(settings, "look")
    assert last is not None
    assert (last.exit, last.times) == (0, 1)
    assert here("schedule", "start")[0] == 4
    assert hubbub.interrupt(process)[0] == 0
    remember(settings, "look", 1)
    assert here("schedule", "run", "--due")[0] == 0
    assert last_of(settings, "look") != last
