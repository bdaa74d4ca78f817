"""The log of events: entries are whole, ids stay known, other processes may read and prune, and a
full disk or a damaged file is told."""

import multiprocessing
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from ingest import WORDS, delivery

from hubbub.core.batch import Admitted, Batch
from hubbub.errors import DiskFull, HubbubError, TryAgain
from hubbub.privacy.gate import Channel, Gate
from hubbub.privacy.policy import policy_of
from hubbub.slack.events import envelope_of
from hubbub.slack.normalize import normalize
from hubbub.stores.eventlog import COPIES_OF_ENTRY, EventLog, Logged
from hubbub.stores.staging import mapped, packed

DAYS = timedelta(days=3)
GATE = Gate(policy_of("open"), {"C0ROOTS01": Channel("roots", "public")})
NOTHING = GATE.admit(Batch())


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    opened = EventLog(tmp_path / "events.sqlite")
    yield opened
    opened.close()


def admitted(log: EventLog, *numbers: int) -> tuple[Admitted, list[Logged], list[str]]:
    """Messages of those numbers, as they are appended."""
    first = log.next_number() << COPIES_OF_ENTRY
    events = [delivery(number) for number in numbers]
    batch = normalize([envelope_of(each) for each in events], raw=False, copies=first)
    logged = [
        Logged(each.event_id, "message", "C0ROOTS01", first + place, 1)
        for place, each in enumerate(events)
    ]
    return GATE.admit(batch), logged, [each.event_id for each in events]


def append(log: EventLog, *numbers: int) -> int:
    return log.append(*admitted(log, *numbers))


def fill(log: EventLog) -> None:
    for number in range(1000):
        append(log, number)


def ids(*numbers: int) -> list[str]:
    return [f"Ev{number:010}" for number in numbers]


def test_an_entry_is_read_as_it_was_appended(log: EventLog) -> None:
    assert (log.last, log.next_number(), log.entries(0), log.waiting(0)) == (0, 1, [], (0, 0))
    assert [append(log, 1, 2), append(log, 3)] == [1, 2]
    first, second = log.entries(0)
    assert [each.event_id for each in first.events] == ids(1, 2)
    assert first.tables["messages"].column("text").to_pylist() == [f"{WORDS} 1", f"{WORDS} 2"]
    assert second.tables["messages"].column("copy").to_pylist() == [2 << 24]
    assert [first.events[1].owns(copy) for copy in (1 << 24, (1 << 24) + 1)] == [False, True]
    assert log.entries(1) == [second]
    assert log.entries(0, limit=1) == [first]
    assert first.received_at <= second.received_at
    events, size = log.waiting(1)
    assert events == 1
    assert size > len(WORDS)


def test_an_event_without_rows_is_remembered_without_an_entry(log: EventLog) -> None:
    assert log.append(NOTHING, [], ids(1)) == 0
    assert log.unseen(ids(1, 2)) == set(ids(2))
    assert log.entries(0) == []
    assert append(log, 2) == 1


def test_what_was_seen_and_the_numbers_outlive_pruning_and_restarts(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    log = EventLog(path)
    for number in (1, 2, 3):
        append(log, number)
    log.prune(2, DAYS)
    assert [entry.number for entry in log.entries(0)] == [3]
    log.prune(3, DAYS)
    log.close()
    log = EventLog(path)
    assert log.unseen(ids(1, 2, 3, 4)) == set(ids(4))
    assert (log.last, log.next_number()) == (3, 4)
    log.prune(3, timedelta(0))
    assert log.unseen(ids(1, 2)) == set(ids(1, 2))
    log.close()


def test_many_entries_are_pruned_in_several_steps(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.stores.eventlog._PRUNED_AT_ONCE", 2)
    for number in range(7):
        append(log, number)
    log.prune(5, DAYS)
    assert [entry.number for entry in log.entries(0)] == [6, 7]
    assert log.waiting(0)[0] == 2


def test_what_was_pruned_is_not_on_the_disk(log: EventLog, tmp_path: Path) -> None:
    append(log, 1)
    append(log, 2)
    log.prune(1, DAYS)
    log.shrink()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert f"{WORDS} 2".encode() in held
    assert f"{WORDS} 1".encode() not in held


def test_entries_are_staged_for_the_merge_up_to_a_size(log: EventLog, tmp_path: Path) -> None:
    assert log.staged(0, tmp_path) == ({}, 0, 0)
    for number in range(4):
        append(log, 2 * number, 2 * number + 1)
    first = log.entries(0)[0]
    size = log.waiting(0)[1] // 4

    def texts(after: int, limit: int) -> tuple[list[str], int]:
        files, upto, oldest = log.staged(after, tmp_path, limit)
        [path] = files["messages"]
        assert set(files) == {"messages"}
        assert oldest == log.entries(after)[0].received_at
        rows = pa.ipc.open_file(str(path)).read_all()
        return [str(each).rpartition(" ")[2] for each in rows.column("text").to_pylist()], upto

    assert first.received_at > 1_700_000_000_000_000
    assert texts(0, 1) == (["0", "1"], 1)
    assert texts(1, 2 * size + 2) == (["2", "3", "4", "5"], 3)
    assert texts(0, 100 * size) == (["0", "1", "2", "3", "4", "5", "6", "7"], 4)
    assert log.staged(4, tmp_path) == ({}, 4, 0)


def test_only_its_owner_may_read_it(log: EventLog, tmp_path: Path) -> None:
    append(log, 1)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("events.sqlite*")}
    assert modes == {0o600}


def _pruned_elsewhere(path: str) -> None:
    log = EventLog(Path(path))
    if len(log.entries(0)) != 2:
        os._exit(1)
    log.prune(1, DAYS)
    log.close()


def test_another_process_may_read_and_prune(log: EventLog, tmp_path: Path) -> None:
    append(log, 1)
    append(log, 2)
    other = multiprocessing.get_context("spawn").Process(
        target=_pruned_elsewhere, args=(str(tmp_path / "events.sqlite"),)
    )
    other.start()
    other.join()
    assert other.exitcode == 0
    assert [entry.number for entry in log.entries(0)] == [2]
    assert append(log, 3) == 3


def test_two_that_append_find_each_other(log: EventLog, tmp_path: Path) -> None:
    other = EventLog(tmp_path / "events.sqlite")
    prepared = admitted(other, 2)
    append(log, 1)
    with pytest.raises(TryAgain, match="Another hubbub"):
        other.append(*prepared)
    assert other.next_number() == 2
    assert append(other, 2) == 2
    assert [entry.number for entry in log.entries(0)] == [1, 2]
    other.close()


def test_who_is_kept_waiting_too_long_is_told(
    log: EventLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.stores.sqlite._WAIT_SECONDS", 0.05)
    impatient = EventLog(tmp_path / "events.sqlite")
    holding = sqlite3.connect(tmp_path / "events.sqlite")
    holding.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryAgain, match="is writing"):
        append(impatient, 1)
    holding.rollback()
    holding.close()
    assert append(impatient, 1) == 1
    impatient.close()


def test_a_full_disk_is_told_and_work_goes_on_once_there_is_room(
    mount: Callable[[str], Path],
) -> None:
    folder = mount("size=400k")
    log = EventLog(folder / "events.sqlite")
    with pytest.raises(DiskFull) as error:
        fill(log)
    stored = log.last
    assert "events.sqlite cannot be written" in error.value.reason
    assert "Make room" in error.value.fix
    assert stored > 0
    assert log.unseen(ids(stored)) == set(ids(stored))
    mount("size=4m")
    append(log, stored)
    log.close()
    log = EventLog(folder / "events.sqlite")
    kept = [event.event_id for entry in log.entries(0) for event in entry.events]
    assert kept == ids(*range(stored + 1))
    log.close()


def test_a_full_disk_does_not_hinder_reading(mount: Callable[[str], Path], tmp_path: Path) -> None:
    folder = mount("size=400k")
    log = EventLog(folder / "events.sqlite")
    with pytest.raises(DiskFull):
        fill(log)
    assert len(log.entries(0)) == log.last
    with pytest.raises(DiskFull, match="mounted"):
        log.staged(0, folder)
    files, upto, _ = log.staged(0, tmp_path)
    assert (set(files), upto) == ({"messages"}, log.last)
    log.close()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    path.write_bytes(b"no log of events" * 1000)
    with pytest.raises(HubbubError, match="is damaged") as error:
        EventLog(path)
    assert "hubbub collect" in error.value.fix


def test_rows_of_an_older_version_get_the_columns_of_this_one(
    log: EventLog, tmp_path: Path
) -> None:
    append(log, 1)
    older = log.entries(0)[0].tables["messages"].drop_columns(["reply_count", "text"])
    database = sqlite3.connect(tmp_path / "events.sqlite")
    piece = packed(older, "messages")
    database.execute("UPDATE pieces SET rows = ? WHERE name = 'messages'", (piece,))
    database.commit()
    database.close()
    append(log, 2)
    first, second = log.entries(0)
    assert first.tables["messages"].schema == second.tables["messages"].schema
    files, upto, _ = log.staged(0, tmp_path)
    rows = mapped(files["messages"])
    assert upto == 2
    assert rows.column("text").to_pylist() == [None, f"{WORDS} 2"]
    assert rows.column("ts").to_pylist() == ["1790000100.000001", "1790000100.000002"]


def test_entries_are_arrow_streams_of_their_own(log: EventLog, tmp_path: Path) -> None:
    """Other versions read them too, and each can be moved without the others."""
    append(log, 1, 2)
    database = sqlite3.connect(tmp_path / "events.sqlite")
    [(piece,)] = database.execute("SELECT rows FROM pieces WHERE name = 'messages'").fetchall()
    database.close()
    rows = pa.ipc.open_stream(piece).read_all()
    assert rows.column("text").to_pylist() == [f"{WORDS} 1", f"{WORDS} 2"]


def test_many_entries_of_several_versions_are_staged_in_their_order(
    log: EventLog, tmp_path: Path
) -> None:
    for number in range(150):
        append(log, number)
    older = log.entries(0)[70].tables["messages"].drop_columns(["reply_count"])
    database = sqlite3.connect(tmp_path / "events.sqlite")
    piece = packed(older, "messages")
    database.execute("UPDATE pieces SET rows = ? WHERE number = 71", (piece,))
    database.commit()
    database.close()
    files, upto, _ = log.staged(0, tmp_path)
    texts = mapped(files["messages"]).column("text").to_pylist()
    assert (upto, texts) == (150, [f"{WORDS} {number}" for number in range(150)])


@pytest.mark.parametrize("lost", [1, 40, 400])
def test_an_entry_whose_end_is_lost_is_told_among_others(
    log: EventLog, tmp_path: Path, lost: int
) -> None:
    for number in range(3):
        append(log, number)
    database = sqlite3.connect(tmp_path / "events.sqlite")
    database.execute(
        "UPDATE pieces SET rows = substr(rows, 1, length(rows) - ?) WHERE number = 2", (lost,)
    )
    database.commit()
    database.close()
    with pytest.raises(HubbubError, match="is damaged"):
        log.staged(0, tmp_path)


@pytest.mark.parametrize("damage", [b"", b"no Arrow", None])
def test_damaged_rows_are_told(log: EventLog, tmp_path: Path, damage: bytes | None) -> None:
    append(log, 1)
    database = sqlite3.connect(tmp_path / "events.sqlite")
    if damage is None:  # half of it
        database.execute("UPDATE pieces SET rows = substr(rows, 1, length(rows) / 2)")
    else:
        database.execute("UPDATE pieces SET rows = ?", (damage,))
    database.commit()
    database.close()
    with pytest.raises(HubbubError, match="is damaged"):
        log.entries(0)
    with pytest.raises(HubbubError, match="is damaged"):
        log.staged(0, tmp_path)
