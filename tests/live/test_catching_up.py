"""Gaps are filled by the collector: together, again after trouble, and never after the end."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from zoneinfo import ZoneInfo

import pytest

from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows import catching_up
from hubbub.flows.catching_up import CatchingUp
from hubbub.flows.collecting import Report, Wish
from hubbub.flows.gates import Gates
from hubbub.flows.vitals import Vitals
from hubbub.settings import Settings

REPORT = Report(
    run_id="", workspace="", calls={"conversations.history": 3}, messages=0, added=0, updated=0,
    quarantined=0, bytes=0, retries=0, limited=0, waited=0, seconds=0, channels=0, not_joined=[],
    troubles=[], no_user_groups="", is_interrupted=False, is_capped=False, keeps_text=True,
    clock_ahead=0,
)  # fmt: skip


class Collector:
    """Stands in for `collect`: does what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.troubles: list[Exception] = []
        self.called = Event()

    def __call__(self, settings: Settings, wish: Wish, *, stop: Event) -> Report:
        self.asked.append(wish.channels)
        self.called.set()
        if self.troubles:
            raise self.troubles.pop(0)
        return REPORT


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "_TOGETHER_SECONDS", 0.2)
    monkeypatch.setattr(catching_up, "_FIRST_PAUSE", 0.05)


@contextmanager
def filling(
    home: Path, collector: Collector, vitals: Vitals
) -> Generator[tuple[CatchingUp, list[bool]]]:
    """What fills gaps, at work in a thread; and whether it told of what was collected."""
    settings = Settings(home, "grove", privacy={"preset": "open"})
    told: list[bool] = []
    stop = Event()
    filler = CatchingUp(
        settings, Gates(settings, list), vitals, lambda: told.append(True), collector
    )
    thread = Thread(target=filler.run, args=(stop,))
    thread.start()
    try:
        yield filler, told
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that will be."""
    waiting = Event()
    for _ in range(400):
        if holds():
            return
        waiting.wait(0.05)
    pytest.fail("it did not come")


def test_gaps_that_are_told_together_are_filled_by_one_run(tmp_path: Path) -> None:
    collector, vitals = Collector(), Vitals()
    with filling(tmp_path, collector, vitals) as (filler, told):
        filler.gap("C2", "history has changed")
        filler.gap("C1", "history has changed")
        until(lambda: told == [True])
        assert collector.asked == [("C1", "C2")]
        filler.gap("C1", "history has changed")
        filler.gap(None, "the connection was lost")
        until(lambda: len(told) == 2)
        assert collector.asked[1:] == [()], "everything has the channel in it"
    assert vitals.state("collector").state == "idle"
    assert b'api_calls_total{method="conversations.history"} 6' in exposed(vitals)


@pytest.mark.parametrize(
    "trouble",
    [TryAgain("Another hubbub collects.", "Wait."), HubbubError("No.", "Look."), ValueError("x")],
)
def test_what_fails_is_tried_again(tmp_path: Path, trouble: Exception) -> None:
    collector, vitals = Collector(), Vitals()
    collector.troubles = [trouble]
    with filling(tmp_path, collector, vitals) as (filler, told):
        filler.gap("C1", "history has changed")
        until(lambda: told == [True])
    assert collector.asked == [("C1",), ("C1",)]


def test_a_channel_that_nobody_sees_is_not_asked_for_ever(tmp_path: Path) -> None:
    collector, vitals = Collector(), Vitals()
    collector.troubles = [UsageError("The token sees no channel 'C9'.", "Check its name.")]
    with filling(tmp_path, collector, vitals) as (filler, told):
        filler.gap("C9", "a channel that was not known")
        until(lambda: vitals.state("collector").told.startswith("The token sees no channel"))
        filler.gap("C1", "history has changed")
        until(lambda: told == [True])
    assert collector.asked == [("C9",), ("C1",)]


def test_nothing_is_asked_after_the_app_was_removed(tmp_path: Path) -> None:
    collector, vitals = Collector(), Vitals()
    with filling(tmp_path, collector, vitals) as (filler, _):
        filler.gone("The app was removed from the workspace.")
        filler.gap(None, "the connection was lost")
        until(lambda: vitals.state("collector").state == "failed")
    assert collector.asked == []
    assert "removed" in vitals.state("collector").told


def test_the_night_is_three_o_clock_of_the_workspace() -> None:
    night = datetime.fromtimestamp(catching_up.next_night("Asia/Seoul"), ZoneInfo("Asia/Seoul"))
    assert (night.hour, night.minute) == (3, 0)
    now = datetime.now(ZoneInfo("Asia/Seoul"))
    assert 0 < (night - now).total_seconds() <= 25 * 3600


def exposed(vitals: Vitals) -> bytes:
    """The counters as monitoring reads them."""
    from prometheus_client.exposition import generate_latest

    return generate_latest(vitals.registry)
