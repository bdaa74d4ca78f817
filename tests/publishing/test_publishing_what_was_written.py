"""Publications read only what was written since the one before, and miss nothing of it."""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Timer

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import hubbub
from hubbub.core.warehouse import DAY_OF_TS
from hubbub.errors import TryAgain
from hubbub.flows import publishing
from hubbub.flows.publishing import Asked, Published, publish
from hubbub.stores import comparing
from hubbub.stores import duckdb as store
from hubbub.stores.erasing import erase_members
from hubbub.stores.telling_apart import near
from hubbub.stores.writes import last_write, written_after
from tests.publishing.communities import NAMES, sorted_rows, stored
from tests.publishing.kept_in_memory import Memory
from tests.publishing.world import FILES, HAPPENS, KEYED, World

pytestmark = pytest.mark.long


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A destination in memory, in place of whatever is named."""
    return _opened(monkeypatch, writes_days=False)


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def _opened(patch: pytest.MonkeyPatch, *, writes_days: bool) -> Memory:
    there = Memory(writes_days=writes_days)

    def opened(*_: object) -> Memory:
        return there

    patch.setattr(publishing, "open_warehouse", opened)
    return there


WRITES = {name: each for name, each in HAPPENS.items() if name not in FILES}
"""What is written to the store, other than what people do with its file."""
OTHERS = {"stores/journal.py", "stores/eventlog.py", "stores/deliveries.py"}
"""Modules with databases of their own."""


def assert_same(world: World, there: Memory) -> None:
    """A destination holds what the store holds."""
    found, wanted = there.tables(NAMES), stored(world.settings)
    for name in NAMES:
        assert sorted_rows(found[name]) == sorted_rows(wanted[name]), name


def _published(world: World, asked: Asked | None = None) -> Published:
    return publish(world.settings, "memory", asked or Asked())


def test_every_kind_of_write_reaches_the_destination(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path)
    _published(world)
    for number, happens in enumerate(WRITES.values()):
        happens(world)
        if number % 2:
            _published(world)
            assert_same(world, memory)


def test_an_edit_writes_no_more_than_it_changes(tmp_path: Path) -> None:
    world = World(tmp_path)
    hanging = ["reactions", "mentions", "links"]
    for happens, expected in ((world.reword, [0, 0, 0]), (world.edit, [-2, -1, -1])):
        with store.reading(world.path) as connection:
            before, last = _counts(connection, hanging), last_write(connection)
        happens()
        with store.reading(world.path) as connection:
            after = _counts(connection, hanging)
            assert [new - old for old, new in zip(before, after, strict=True)] == expected
            assert _counts(connection, ["messages"], last) == [1]
            assert _counts(connection, hanging, last) == [0, 0, 0]


def _counts(connection: duckdb.DuckDBPyConnection, tables: list[str], after: int = 0) -> list[int]:
    """How many rows of tables are from writes after one."""
    queries = [
        f"(SELECT count(*) FROM store.{each} WHERE {written_after(after)})" for each in tables
    ]
    return [*connection.execute(f"SELECT {', '.join(queries)}").fetchall()[0]]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_restored_backup_is_not_taken_for_the_store_that_was_read(
    tmp_path: Path, memory: Memory, goes_on: bool
) -> None:
    world = World(tmp_path)
    _published(world)
    world.back_up()
    world.edit()
    world.post()
    _published(world)
    world.restore()
    if goes_on:  # by as many writes as before, and one
        world.rename()
        world.reply()
        world.react()
    _published(world)
    assert_same(world, memory)


def test_a_store_that_was_migrated_is_compared_whole(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path, is_guarded=False)
    _published(world)
    world.grow_old()
    world.post()
    _published(world)
    assert_same(world, memory)
    with closing(duckdb.connect(str(world.path))) as step:  # as a step of a migration would
        step.execute("UPDATE users SET title = 'gardener'")
        step.execute("UPDATE schema SET version = version - 1")
    _published(world)
    assert_same(world, memory)


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_broken_off_is_compared_whole(tmp_path: Path, memory: Memory, when: str) -> None:
    world = World(tmp_path)
    _published(world)
    world.edit()
    world.post()
    world.take_back()
    memory.ends = when
    with pytest.raises(TryAgain):
        _published(world)
    memory.ends = None
    _published(world)
    assert_same(world, memory)


@pytest.mark.parametrize("is_known", [False, True], ids=["emptied", "of before"])
def test_a_destination_that_is_not_as_it_was_left_gets_all(
    tmp_path: Path, memory: Memory, is_known: bool
) -> None:
    world = World(tmp_path)
    restore = memory.backup()
    _published(world)
    if is_known:
        restore = memory.backup()
    world.edit()
    _published(world)
    world.edit()
    world.delete()
    restore()
    done = _published(world)
    assert all(each.change.is_whole for each in done.tables)
    assert_same(world, memory)
    assert not _published(world).tables, "what is there now is known again"


def test_a_destination_that_does_not_answer_is_told_of(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path)
    _published(world)
    world.edit()
    memory.ends = "asked"
    with pytest.raises(TryAgain):
        _published(world)
    memory.ends = None
    _published(world)
    assert_same(world, memory)


@pytest.mark.parametrize("error", [KeyboardInterrupt, TryAgain("It is locked.", "")])
def test_who_interrupts_does_not_wait_for_the_destination_and_who_fails_does(
    tmp_path: Path,
    memory: Memory,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException | type[BaseException],
) -> None:
    world = World(tmp_path)
    _published(world)
    world.edit()
    is_failure = isinstance(error, Exception)

    def raising(*_: object, **__: object) -> None:
        raise error

    memory.answers = Event()
    if is_failure:
        Timer(0.5, memory.answers.set).start()
    with monkeypatch.context() as patch:
        patch.setattr(comparing.Comparison, "table", raising)
        with pytest.raises((KeyboardInterrupt, TryAgain)):
            _published(world)
    assert memory.was_waited_for is is_failure, "what has opened something can be closed"
    memory.answers.set()
    _published(world)
    assert_same(world, memory)


def test_before_anything_is_sent_it_is_noted_of_which_rows(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path)
    _published(world)
    world.delete()  # so that what is known has a gap before the rows that change
    _published(world)
    world.edit()
    world.post()
    memory.ends = "before"
    with pytest.raises(TryAgain):
        _published(world)
    edited = {ts for (ts,) in _asked(world.path, "SELECT ts FROM messages WHERE text ^@ 'edited'")}
    known = {key["ts"] for key in memory.tables(["messages"])["messages"]}
    stored_now = {ts for (ts,) in _asked(world.path, "SELECT ts FROM messages")}
    assert len(edited) == 1
    assert _without_hash(world) == edited | (stored_now - known)
    memory.ends = None
    _published(world)
    assert _without_hash(world) == set()


def test_what_is_known_lies_in_one_file_after_a_publication(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path)
    for what in (world.run, world.edit, world.run):
        what()
        _published(world)
    endings = {file.suffix for file in world.settings.publications.glob("[!.]*")}
    assert endings == {".json", ".duckdb", ".lock"}
    assert_same(world, memory)


def _without_hash(world: World) -> set[str]:
    (keys,) = world.settings.publications.glob("*.duckdb")
    return {ts for (ts,) in _asked(keys, "SELECT ts FROM messages WHERE hash IS NULL")}


def _asked(path: Path, query: str) -> list[tuple[str]]:
    with closing(duckdb.connect(str(path))) as by_hand:
        return by_hand.execute(query).fetchall()


def test_rows_that_have_moved_while_a_large_table_was_read_come_next(
    tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    monkeypatch.setattr(comparing, "PART_ROWS", 3)
    read = comparing.read_part

    def moved(connection: duckdb.DuckDBPyConnection, part: comparing.Part) -> None:
        is_last = part.end > 7  # another has taken the place of what lay there
        read(connection, replace(part, begin=part.end if is_last else part.begin))

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "read_part", moved)
        _published(world)
    assert len(memory.there["messages"]) < 8
    _published(world)
    assert_same(world, memory)


def test_what_nobody_has_written_is_not_read_again(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path, is_guarded=False)
    _published(world)
    with closing(duckdb.connect(str(world.path))) as by_hand:
        by_hand.execute("UPDATE users SET title = 'gardener'")
    world.post()
    done = _published(world)
    assert {each.change.shape.name: each.change.row_count for each in done.tables} == {
        "messages": 8, "reactions": 16, "mentions": 8, "links": 8
    }  # fmt: skip
    assert "gardener" not in str(memory.there["users"])
    _published(world, Asked(is_whole=True))
    assert_same(world, memory)


def test_rows_that_came_by_hand_are_found(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path)
    _published(world)
    with closing(duckdb.connect(str(world.path))) as by_hand:
        by_hand.execute("INSERT INTO users (user_id, name) VALUES ('U9', 'nine')")
        by_hand.execute("DELETE FROM users WHERE user_id = 'U1'")
    _published(world)
    assert_same(world, memory)


def test_windows_leave_nothing_out_for_later(tmp_path: Path, memory: Memory) -> None:
    world = World(tmp_path)
    _published(world)
    world.post()
    world.edit()
    _published(world, Asked(since="2026-03-04"))
    _published(world)
    assert_same(world, memory)


def test_the_keys_of_what_has_gone_leave_the_file_within_a_day(
    tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    world.run()
    _published(world)
    (keys,) = world.settings.publications.glob("*.duckdb")
    assert KEYED.encode() in keys.read_bytes()
    with world.writing() as connection:
        erase_members(connection, [KEYED])
    _published(world)
    assert_same(world, memory)
    monkeypatch.setattr(publishing, "_yesterday", lambda: datetime.now(UTC) + timedelta(hours=1))
    _published(world)
    assert KEYED.encode() not in keys.read_bytes()
    kept = keys.read_bytes()
    _published(world)
    assert keys.read_bytes() == kept


_TS = st.integers(0, 10**11).map(str) | st.dates(date(2001, 9, 7), date(2001, 9, 12)).map(
    lambda day: str((day - date(1970, 1, 1)).days * 86_400)
) | st.integers(1_700_000_000, 1_700_900_000).map(str)  # fmt: skip


@given(st.lists(st.tuples(_TS, st.sampled_from(["", "0"])), min_size=1, max_size=60))
def test_a_row_of_a_day_is_near_it(told: list[tuple[str, str]]) -> None:
    values = ", ".join(f"('{zero}{seconds}.000100')" for seconds, zero in told)
    rows = f"(SELECT ts, {DAY_OF_TS} AS day FROM (VALUES {values}) each(ts))"
    days = [
        day for (day,) in duckdb.execute(f"SELECT DISTINCT day FROM {rows} ORDER BY 1").fetchall()
    ]
    for some in (days, days[::2], days[-1:]):
        listed = ", ".join(f"DATE '{day}'" for day in some)
        lacking = f"FROM {rows} WHERE day IN ({listed}) AND NOT ({near(some)})"
        assert duckdb.execute(lacking).fetchall() == []


def test_no_update_of_a_store_is_written_but_by_updating() -> None:
    root = Path(hubbub.__file__).parent
    of_stores = ("stores", "flows", "metrics", "server", "cli", "privacy")
    found = {
        str(path.relative_to(root))
        for name in of_stores
        for path in (root / name).rglob("*.py")
        if re.search(r"\bUPDATE\s+[a-z{]|\bMERGE INTO\b|\bON CONFLICT\b|\bOR REPLACE INTO\b",
                     path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert (
        found
        == {
            "stores/writes.py",
            "stores/duckdb.py",  # steps of migrations: what they lead on is compared whole
            "stores/publications.py",  # the file of keys
        }
        | OTHERS
    )


@given(st.lists(
    st.sampled_from([*HAPPENS, "publish", "publish", "break off before", "break off after"]),
    min_size=3, max_size=8,
), st.booleans())  # fmt: skip
@settings(max_examples=settings().max_examples // 5)
def test_whatever_happens_between_publications_nothing_is_missed(
    tmp_path_factory: pytest.TempPathFactory,
    patch: pytest.MonkeyPatch,
    history: list[str],
    writes_days: bool,
) -> None:
    there = _opened(patch, writes_days=writes_days)
    world = World(tmp_path_factory.mktemp("world"))
    _published(world)
    for what in history:
        if what in HAPPENS:
            HAPPENS[what](world)
        elif what == "publish":
            _published(world)
            assert_same(world, there)
        else:
            there.ends = what.rpartition(" ")[2]
            with suppress(TryAgain):  # or there is nothing to bring
                _published(world)
            there.ends = None
    _published(world)
    assert_same(world, there)
