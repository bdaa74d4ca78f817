"""The schedules of many workspaces in one process: each alone, several at once, one lock each."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
from timetable import instant, schedule

from hubbub.flows.keeping_schedules import Keeper
from hubbub.flows.processes import Ended
from hubbub.flows.schedule_state import Remembered, ScheduleState
from hubbub.flows.scheduling import State, sole_scheduler
from hubbub.settings import load, workspaces

NIGHTLY = "0 3 * * *"
NOW = instant("2026-11-24T10:00")


class Kept:
    """A keeper of all workspaces of a home, and what it runs and tells."""

    def __init__(self, home: Path, at_once: int = 2) -> None:
        self.ran: list[str] = []
        self.told: list[tuple[str, State, str]] = []
        self.most = 0
        self.now = NOW
        self.together: Barrier | None = None
        self._running = 0
        self._lock = threading.Lock()
        self.keeper = Keeper(
            partial(workspaces, home),
            partial(load, str(home)),
            at_once=at_once,
            news=self._tell,
            now=lambda: self.now,
            runs=self._run,
        )

    def _tell(self, workspace: str, state: State, told: str) -> None:
        self.told.append((workspace, state, told))

    def _run(self, command: Sequence[str], *, stop: Event, keeps: Sequence[int]) -> Ended:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        if self.together is not None:
            self.together.wait(30)
        with self._lock:
            self._running -= 1
            self.ran.append(command[command.index("--workspace") + 1])
        if "explode" in command:
            raise ValueError
        return Ended(1 if "doctor" in command else 0, 0.0, ())

    def look(self) -> list[str]:
        """Run what is due; returns the workspaces in which something was."""
        self.ran.clear()
        self.keeper.run_due(Event())
        return sorted(self.ran)


def overdue(home: Path, name: str, run: str = "collect") -> None:
    """A workspace with something to catch up."""
    settings = schedule(home, name, x=f"{NIGHTLY} {run}")
    with ScheduleState(settings.schedule_state).changing() as state:
        state["x"] = Remembered(NIGHTLY, NOW - timedelta(days=2))


def test_one_process_runs_the_schedules_of_all_workspaces(tmp_path: Path) -> None:
    names = [f"region-{number:03}" for number in range(30)]
    for name in names:
        overdue(tmp_path, name)
    kept = Kept(tmp_path)
    assert kept.look() == names
    assert kept.look() == []
    overdue(tmp_path, "newcomer")
    assert kept.look() == ["newcomer"]


@pytest.mark.parametrize("at_once", [1, 3])
def test_so_many_at_once_and_no_more(tmp_path: Path, at_once: int) -> None:
    for number in range(3 * at_once):
        overdue(tmp_path, f"w{number}")
    kept = Kept(tmp_path, at_once)
    kept.together = Barrier(at_once)  # nobody goes on before so many are under way
    assert len(kept.look()) == 3 * at_once
    assert kept.most == at_once


def test_what_goes_wrong_in_one_workspace_stays_there(tmp_path: Path) -> None:
    for name, run in (("a", "explode"), ("b", "doctor"), ("e", "collect")):
        overdue(tmp_path, name, run)
    overdue(tmp_path, "c")
    (tmp_path / "c" / "hubbub.toml").write_text("[schedule", encoding="utf-8")
    overdue(tmp_path, "d")
    (tmp_path / "d" / "schedule.json").write_text("?", encoding="utf-8")
    kept = Kept(tmp_path)
    found = kept.keeper.run_due(Event())
    assert sorted(kept.ran) == ["a", "b", "e"]
    states = {(name, state) for name, state, _ in kept.told if state != "running"}
    assert states == {
        ("a", "failed"),
        ("b", "failed"),
        ("c", "failed"),
        ("d", "failed"),
        ("e", "idle"),
    }
    assert {(name, each.entry, each.exit) for name, each in found} == {
        ("b", "x", 1), ("c", "", 2), ("d", "", 1), ("e", "x", 0)
    }  # fmt: skip


def test_a_schedule_that_another_process_runs_is_left_to_it_and_taken_over_later(
    tmp_path: Path,
) -> None:
    overdue(tmp_path, "grove")
    kept = Kept(tmp_path)
    with sole_scheduler(load(str(tmp_path), "grove")):
        assert kept.look() == []
        assert kept.look() == []
        [(_, state, told)] = kept.told
        assert state == "waiting"
        assert told.startswith("Another hubbub runs the schedule of grove.")
    assert kept.look() == ["grove"]


def test_it_looks_again_until_it_is_stopped_and_lets_go(tmp_path: Path) -> None:
    overdue(tmp_path, "grove")
    kept, stop = Kept(tmp_path), Event()
    kept.together = Barrier(2)
    thread = Thread(target=kept.keeper.run, args=[stop])
    thread.start()
    kept.together.wait(30)
    kept.now = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)  # due again; the first look is over
    kept.together.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert kept.ran == ["grove", "grove"]
    with sole_scheduler(load(str(tmp_path), "grove")):
        pass
