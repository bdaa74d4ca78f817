"""Receivers: each event once, what Slack is told is true, and no event stops another."""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest import TEAM, WORDS, Place, delivery, place, texts_of, wait_for

from hubbub.core.ports import Outcome
from hubbub.flows.applying_policy import kept_out
from hubbub.flows.gates import Gates
from hubbub.slack.events import Delivery

FRESH, AGAIN = Outcome.DONE, Outcome.DUPLICATE


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        yield found


def received(here: Place, *deliveries: Delivery) -> list[Outcome]:
    """What becomes of events that are delivered at once."""

    async def all_at_once() -> list[Outcome]:
        return await asyncio.gather(*(here.receiver.receive(each) for each in deliveries))

    return asyncio.run(all_at_once())


class Holding:
    """Holds the receiver's thread in its first entry, so that more events gather behind it."""

    def __init__(self, here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_held, self.go_on = threading.Event(), threading.Event()
        unseen = here.log.unseen

        def held(event_ids: Sequence[str]) -> set[str]:
            self.is_held.set()
            self.go_on.wait()
            return unseen(event_ids)

        monkeypatch.setattr(here.log, "unseen", held)


def test_what_waits_together_is_one_entry(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    holding = Holding(here, monkeypatch)

    async def deliver() -> list[Outcome]:
        first = asyncio.ensure_future(here.receiver.receive(delivery(0)))
        await asyncio.to_thread(holding.is_held.wait)
        later = [asyncio.ensure_future(here.receiver.receive(delivery(n))) for n in range(1, 9)]
        await asyncio.sleep(0)
        holding.go_on.set()
        return [await first, *await asyncio.gather(*later)]

    assert asyncio.run(deliver()) == [FRESH] * 9
    assert [len(entry.events) for entry in here.log.entries(0)] == [1, 8]
    wait_for(lambda: len(here.entries) == 2)
    assert texts_of(here.entries[1].tables) == [f"{WORDS} {n}" for n in range(1, 9)]
    assert [(each.number, each.events) for each in here.entries] == [
        (each.number, each.events) for each in here.log.entries(0)
    ]
    copies = [
        copy for entry in here.entries for copy in entry.tables["messages"]["copy"].to_pylist()
    ]
    assert len(set(copies)) == 9


def test_more_than_may_wait_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with place(tmp_path, capacity=3) as here:
        holding = Holding(here, monkeypatch)

        async def deliver() -> list[Outcome]:
            some = [asyncio.ensure_future(here.receiver.receive(delivery(n))) for n in range(5)]
            await asyncio.to_thread(holding.is_held.wait)
            holding.go_on.set()
            outcomes = await asyncio.gather(*some)
            return [*outcomes, await here.receiver.receive(delivery(3))]

        assert asyncio.run(deliver()) == [FRESH] * 3 + [Outcome.BUSY] * 2 + [FRESH]
    with place(tmp_path / "small", capacity_bytes=100) as here:
        assert received(here, delivery(1)) == [Outcome.BUSY]


def test_events_that_come_after_the_end_are_sent_away(tmp_path: Path) -> None:
    with place(tmp_path) as here:
        pass
    assert received(here, delivery(1)) == [Outcome.BUSY]


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=9), max_size=5), st.data())
def test_each_event_is_kept_once_whatever_is_delivered_how_often(
    rounds: list[list[int]], data: st.DataObject
) -> None:
    met: set[int] = set()
    merged: list[str] = []
    gates: Gates | None = None
    with tempfile.TemporaryDirectory() as folder:
        for numbers in rounds:
            with place(Path(folder), gates=gates) as here:  # as after a restart
                gates = here.gates
                outcomes = received(here, *map(delivery, numbers))
                new = [n for n in dict.fromkeys(numbers) if n not in met]
                firsts = {numbers.index(n) for n in new}
                expected = [FRESH if at in firsts else AGAIN for at in range(len(numbers))]
                assert outcomes == expected
                met.update(new)
                if data.draw(st.booleans(), "are merged"):
                    merged += here.texts()
                    here.log.prune(here.log.last, timedelta(days=1))
        with place(Path(folder), gates=gates) as here:
            assert sorted(merged + here.texts()) == [f"{WORDS} {n}" for n in sorted(met)]


def test_another_workspaces_events_are_refused(here: Place) -> None:
    assert received(here, delivery(1, team="T0OTHER01")) == [Outcome.WRONG_WORKSPACE]
    assert here.log.unseen([delivery(1).event_id])
    assert TEAM != "T0OTHER01"


def test_of_channels_that_are_not_admitted_nothing_is_kept(here: Place) -> None:
    outcomes = received(
        here,
        delivery(1, channel="G0SECRET1", channel_type="group"),
        delivery(2, channel="D0SECRET1", channel_type="im"),
        delivery(3),
    )
    assert outcomes == [FRESH] * 3
    [entry] = here.log.entries(0)
    assert [each.event_id for each in entry.events] == [delivery(3).event_id]
    assert here.texts() == [f"{WORDS} 3"]
    held = b"".join(path.read_bytes() for path in here.settings.folder.glob("events.sqlite*"))
    assert b"SECRET1" not in held
    assert f"{WORDS} 2".encode() not in held
    assert received(here, delivery(1)) == [AGAIN]


def test_nothing_is_kept_of_personal_data_that_the_policy_takes_out(tmp_path: Path) -> None:
    with place(tmp_path, preset="standard") as here:
        assert received(here, delivery(1, text="ask olive@example.org about it")) == [FRESH]
        [text] = here.texts()
        assert text.startswith("ask ")
        assert text.endswith(" about it")
        held = b"".join(path.read_bytes() for path in here.settings.folder.glob("events.sqlite*"))
        assert b"olive@example.org" not in held
        assert here.count("pii_alerts", kind="EMAIL") == 1


def breaking(place: str, monkeypatch: pytest.MonkeyPatch, when: Callable[[Any], bool]) -> None:
    """Let reading meet what nobody has thought of."""
    from hubbub.flows import admitting

    real = getattr(admitting, place)

    def broken(delivery: Delivery) -> Any:
        if when(delivery):
            raise ZeroDivisionError(f"because of {delivery.event!r}")
        return real(delivery)

    monkeypatch.setattr(admitting, place, broken)


def test_an_event_that_cannot_be_read_stops_no_other(
    here: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    breaking("envelope_of", monkeypatch, lambda each: each.event_id == delivery(2).event_id)
    assert received(here, *map(delivery, (1, 2, 3))) == [FRESH] * 3
    assert sorted(here.texts()) == [f"{WORDS} 1", f"{WORDS} 3"]
    [quarantined] = [
        row
        for entry in here.log.entries(0)
        if "quarantine" in entry.tables
        for row in entry.tables["quarantine"].to_pylist()
    ]
    assert quarantined["origin"] == f"event {delivery(2).event_id}"
    assert quarantined["reason"].startswith("could not be read: ZeroDivisionError in broken, line")
    assert quarantined["record"] is None
    assert received(here, delivery(2), delivery(4)) == [AGAIN, FRESH]
    assert here.heard.gaps == [("C0ROOTS01", "an event could not be read")]
    assert "ZeroDivisionError" in caplog.text
    assert WORDS not in caplog.text


def test_the_thread_outlives_what_nobody_has_thought_of(
    here: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError(WORDS)

    with monkeypatch.context() as patch:
        patch.setattr(here.log, "append", broken)
        assert received(here, delivery(1)) == [Outcome.FAILED]
    here.receiver.listeners.insert(0, broken)
    assert received(here, delivery(1)) == [FRESH]
    wait_for(lambda: "not told" in caplog.text)
    assert "ZeroDivisionError in broken" in caplog.text
    assert WORDS not in caplog.text


def test_a_full_disk_is_told_and_ends(mount: Callable[[str], Path]) -> None:
    folder = mount("size=600k")
    with place(folder) as here:
        outcomes: list[Outcome] = []
        while Outcome.DISK_FULL not in outcomes:
            assert len(outcomes) < 1000
            outcomes += received(here, delivery(len(outcomes)))
        assert outcomes[:-1] == [FRESH] * (len(outcomes) - 1)
        state = here.vitals.state("log")
        assert state.state == "full"
        assert "Make room" in state.told
        mount("size=6m")
        assert received(here, delivery(len(outcomes) - 1)) == [FRESH]
        assert here.vitals.state("log").state == "ok"
        assert len(here.texts()) == len(outcomes)


@pytest.mark.parametrize(
    ("fields", "gaps", "farewells"),
    [
        (
            {"type": "channel_history_changed"},
            [("C0ROOTS01", "Slack sent channel_history_changed")],
            0,
        ),
        ({"type": "app_uninstalled"}, [], 1),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["U2"]}}, [], 1),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}, [], 0),
        ({"type": "message"}, [], 0),
    ],
)
def test_what_events_say_of_slacks_own_deliveries_is_told_once(
    here: Place, fields: dict[str, Any], gaps: list[Any], farewells: int
) -> None:
    assert received(here, *[delivery(1, **fields)] * 2) == [FRESH, AGAIN]
    here.receiver.stop()
    assert here.heard.gaps == gaps
    assert len(here.heard.farewells) == farewells


def test_a_request_that_is_given_up_costs_nothing(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = Holding(here, monkeypatch)

    async def give_up() -> Outcome:
        asking = asyncio.ensure_future(here.receiver.receive(delivery(1)))
        await asyncio.to_thread(holding.is_held.wait)
        asking.cancel()
        holding.go_on.set()
        return await here.receiver.receive(delivery(1))

    assert asyncio.run(give_up()) is AGAIN
    assert here.texts() == [f"{WORDS} 1"]


def test_the_receiver_goes_on_when_the_loop_has_gone(here: Place, monkeypatch: Any) -> None:
    holding = Holding(here, monkeypatch)

    async def leave() -> None:
        asking = asyncio.ensure_future(here.receiver.receive(delivery(1)))
        await asyncio.to_thread(holding.is_held.wait)
        assert not asking.done()

    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, leave()).result()
    holding.go_on.set()
    wait_for(lambda: len(here.entries) == 1)
    assert received(here, delivery(1)) == [AGAIN]


def test_a_channel_that_a_reaction_names_first_is_looked_up_and_kept(here: Place) -> None:
    """A reaction does not say whether its channel is public: what is said there later does."""
    reaction = {
        "type": "reaction_added",
        "reaction": "seedling",
        "item": {"type": "message", "channel": "C0NEWER01", "ts": "1790000100.000001"},
        "channel": None,
        "channel_type": None,
    }
    assert received(here, delivery(1, **reaction)) == [FRESH]
    assert received(here, delivery(2, **reaction)) == [FRESH]
    gate = here.gates.current()
    assert gate is not None
    assert kept_out(gate) == [], "nothing of an unknown channel is thrown away"
    assert received(here, delivery(3, channel="C0NEWER01")) == [FRESH]
    here.receiver.stop()
    assert here.texts() == [f"{WORDS} 3"]
    assert here.heard.gaps == [("C0NEWER01", "an event named a channel that is not known yet")]
