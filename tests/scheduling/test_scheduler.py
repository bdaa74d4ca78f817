"""What a schedule runs, and how often, when its clock is at a given time."""

from datetime import timedelta
from pathlib import Path

import pytest
from timetable import Died, Timetable, instant, schedule

from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows.schedule_overview import overview
from hubbub.flows.scheduling import Scheduler, run_now, sole_scheduler
from hubbub.settings import load

NIGHTLY = "0 3 * * * collect"


def begun(home: Path, moment: str = "2026-11-20T12:00", **entries: str) -> Timetable:
    """A schedule that somebody begins to run at a moment."""
    table = Timetable(schedule(home, **(entries or {"nightly": NIGHTLY})), instant(moment))
    assert table.look(moment) == [], "nothing is caught up from before it was there"
    return table


def test_it_runs_when_it_is_due_and_not_before(tmp_path: Path) -> None:
    table = begun(tmp_path)
    assert table.look("2026-11-21T02:59") == []
    assert table.next_look == instant("2026-11-21T03:00")
    assert table.look("2026-11-21T03:00") == ["11-21 03:00 collect"]
    assert table.look("2026-11-21T03:00") == []
    last = table.remembered("nightly").last
    assert last is not None
    assert (last.began_at, last.exit, last.times) == (instant("2026-11-21T03:00"), 0, 1)


def test_what_was_missed_is_caught_up_by_one_run(tmp_path: Path) -> None:
    table = begun(tmp_path)
    table.begin()
    assert table.look("2026-11-24T10:00") == ["11-24 10:00 collect"]
    assert table.look("2026-11-24T10:01") == []
    last = table.remembered("nightly").last
    assert last is not None
    assert last.times == 4  # the 21st to the 24th
    assert table.look("2026-11-25T03:00") == ["11-25 03:00 collect"]
    assert "for 4 times" in " ".join(table.told)


def test_the_list_says_what_was_missed(tmp_path: Path) -> None:
    table = begun(tmp_path, timezone="Europe/Lisbon", nightly="0 3 * * * collect")
    [line] = overview(table.settings, instant("2026-11-24T10:00"))
    assert (line.last_run(), line.next_run()) == ("never", "2026-11-25 03:00, 4 missed")
    table.look("2026-11-24T10:00")
    [line] = overview(table.settings, instant("2026-11-24T10:05"))
    assert line.last_run() == "2026-11-24 10:00 done, for 4 times"
    assert line.next_run() == "2026-11-25 03:00"


def test_what_is_due_for_longest_runs_first_and_equals_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    table = begun(
        tmp_path, letters="0 9 * * * doctor", b="0 4 * * * collect", a="0 4 * * * privacy retain"
    )
    assert table.look("2026-11-21T09:30") == [
        "11-21 09:30 collect", "11-21 09:30 privacy retain", "11-21 09:30 doctor"
    ]  # fmt: skip


def test_the_night_on_which_the_clocks_change(tmp_path: Path) -> None:
    autumn = begun(
        tmp_path / "a", "2026-10-24T12:00", timezone="Europe/Berlin", x="30 2 * * * doctor"
    )
    seen = [autumn.look(f"2026-10-25T{at}") for at in ("00:29", "00:30", "01:10", "01:30", "02:30")]
    assert seen == [[], ["10-25 00:30 doctor"], [], [], []]
    spring = begun(
        tmp_path / "b", "2026-03-28T12:00", timezone="Europe/Berlin", x="30 2 * * * doctor"
    )
    seen = [spring.look(f"2026-03-29T{at}") for at in ("00:30", "01:00", "01:30", "02:30")]
    assert seen == [[], ["03-29 01:00 doctor"], [], []]


def test_a_failure_is_remembered_and_stops_nothing_else(tmp_path: Path) -> None:
    table = begun(tmp_path, bad="0 3 * * * collect", good="0 3 * * * doctor")
    table.exits["collect"] = [1]
    assert len(table.look("2026-11-21T03:00")) == 2
    last = table.remembered("bad").last
    assert last is not None
    assert (last.exit, last.said) == (1, ("It did not work. Mend it.",))
    assert table.look("2026-11-21T04:00") == []
    assert len(table.look("2026-11-22T03:00")) == 2


def test_what_asks_to_be_tried_again_is_tried_again(tmp_path: Path) -> None:
    table = begun(tmp_path, charts="0 9 1 * * collect")
    table.exits["collect"] = [4, 4, 0]
    assert table.look("2026-12-01T09:00") == ["12-01 09:00 collect"]
    assert table.look("2026-12-01T09:04") == []
    assert table.next_look == instant("2026-12-01T09:05")
    assert table.look("2026-12-01T09:05") == ["12-01 09:05 collect"]
    assert table.look("2026-12-01T09:14") == []
    assert table.look("2026-12-01T09:15") == ["12-01 09:15 collect"]
    assert table.look("2026-12-01T23:00") == []


def test_tries_come_to_an_end(tmp_path: Path) -> None:
    table = begun(tmp_path, charts="0 9 1 * * collect")
    table.exits["collect"] = [4] * 100
    for hour in range(9, 24):
        table.look(f"2026-12-01T{hour:02}:59")
    assert len(table.ran) == 7
    assert table.look("2027-01-01T09:00") == ["01-01 09:00 collect"]


def test_a_run_during_which_the_schedule_ends_is_begun_anew(tmp_path: Path) -> None:
    table = begun(tmp_path)
    table.exits["collect"] = [130]
    table.meanwhile = table.stop.set
    assert table.look("2026-11-21T03:00") == ["11-21 03:00 collect"]
    table.meanwhile = table.stop.clear
    table.stop.clear()
    table.begin()
    assert table.look("2026-11-21T08:00") == ["11-21 08:00 collect"]
    assert table.look("2026-11-21T08:10") == []


def test_a_run_that_was_killed_is_begun_once_more_but_not_for_ever(tmp_path: Path) -> None:
    table = begun(tmp_path)
    table.exits["collect"] = [-9, -9, 0]
    for _ in range(2):
        with pytest.raises(Died):
            table.look("2026-11-21T03:00")
        table.begin()
    assert table.look("2026-11-21T03:05") == []
    assert "killed twice" in table.told[-1]
    last = table.remembered("nightly").last
    assert last is not None
    assert last.exit < 0
    assert table.look("2026-11-22T03:00") == ["11-22 03:00 collect"]


def test_a_run_that_takes_longer_than_its_interval_does_not_pile_up(tmp_path: Path) -> None:
    table = begun(tmp_path, often="*/10 * * * * collect")
    table.takes = timedelta(minutes=35)
    table.stop.clear()
    table.meanwhile = lambda: table.stop.set() if len(table.ran) == 2 else None
    assert table.look("2026-11-20T12:10") == ["11-20 12:10 collect", "11-20 12:45 collect"]


def test_new_entries_begin_now_and_changed_ones_anew(tmp_path: Path) -> None:
    table = begun(tmp_path)
    schedule(tmp_path, nightly="0 5 * * * collect", tidy="0 4 * * * privacy retain")
    table.now = instant("2026-11-21T04:30")
    assert table.scheduler.heed_changes()
    assert table.look("2026-11-21T04:30") == []
    assert table.look("2026-11-21T05:00") == ["11-21 05:00 collect"]
    assert table.look("2026-11-22T04:00") == ["11-22 04:00 privacy retain"]


def test_a_change_for_the_worse_leaves_the_schedule_as_it_was(tmp_path: Path) -> None:
    table = begun(tmp_path)
    schedule(tmp_path, nightly="0 77 * * * collect")
    assert not table.scheduler.heed_changes()
    assert not table.scheduler.heed_changes()
    assert len(table.told) == 1
    assert "line 5" in table.told[0]
    assert table.look("2026-11-21T03:00") == ["11-21 03:00 collect"]


def test_a_clock_that_was_far_ahead_does_not_silence_it(tmp_path: Path) -> None:
    table = begun(tmp_path, "2040-01-01T00:00")
    table.look("2026-11-20T12:00")
    assert table.look("2026-11-21T03:00") == ["11-21 03:00 collect"]
    assert table.look("2026-11-21T02:59") == []


def test_while_somebody_runs_an_entry_by_hand_the_schedule_waits(tmp_path: Path) -> None:
    table = begun(tmp_path)
    seen: list[list[str]] = []
    table.meanwhile = lambda: seen.append(table.look("2026-11-21T03:00")) if not seen else None
    table.now = instant("2026-11-21T02:55")
    run_now(table.settings, "nightly", stop=table.stop, runs=table.run, now=lambda: table.now)
    assert seen == [[]]
    assert table.look("2026-11-21T03:00:30") == ["11-21 03:00 collect"]


def test_what_was_run_by_hand_and_well_need_not_be_caught_up(tmp_path: Path) -> None:
    table = begun(tmp_path)
    table.exits["collect"] = [1, 0]
    for due in (True, False):
        table.now = instant("2026-11-21T10:00")
        run_now(table.settings, "nightly", stop=table.stop, runs=table.run, now=lambda: table.now)
        [line] = overview(table.settings, table.now)
        assert bool(line.missed) == due
    assert table.look("2026-11-21T10:00") == []
    with pytest.raises(UsageError, match="has no 'weekly'"):
        run_now(table.settings, "weekly", stop=table.stop, runs=table.run)


def test_one_scheduler_a_workspace(tmp_path: Path) -> None:
    settings = schedule(tmp_path, nightly=NIGHTLY)
    with sole_scheduler(settings):
        with pytest.raises(TryAgain), sole_scheduler(settings):
            pytest.fail("there were two")
        with sole_scheduler(schedule(tmp_path, "meadow", nightly=NIGHTLY)):
            pass
    with sole_scheduler(settings):
        pass


def test_a_damaged_memory_is_told_of_and_nothing_is_run(tmp_path: Path) -> None:
    table = begun(tmp_path)
    table.settings.schedule_state.write_text("{", encoding="utf-8")
    with pytest.raises(HubbubError, match="damaged"):
        table.look("2026-11-21T03:00")
    assert not table.ran


def test_flags_are_handed_on_to_what_is_run(tmp_path: Path) -> None:
    schedule(tmp_path, nightly=NIGHTLY)
    seen: list[list[str]] = []
    table = begun(tmp_path)
    flagged = load(str(tmp_path), "grove", preset="strict", timezone="Asia/Seoul")
    table.settings = flagged

    def runs(command: list[str], **_: object) -> object:
        seen.append(command)
        return table.run(["grove", *command[-1:]], stop=table.stop, keeps=[])

    table.scheduler = Scheduler(
        flagged,
        tell=lambda _state, _told: None,
        now=lambda: table.now,
        runs=runs,  # type: ignore[arg-type]
    )
    table.look("2026-11-20T17:59")
    assert table.look("2026-11-20T18:00") == ["11-20 18:00 collect"]  # 3:00 in Seoul
    assert seen[0][3:-1] == [
        "--home", str(tmp_path), "--workspace", "grove", "--timezone", "Asia/Seoul",
        "--privacy", "strict",
    ]  # fmt: skip
